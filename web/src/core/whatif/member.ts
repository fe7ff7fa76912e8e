import { type Ask, type Calls, type Name, type Said, type Shard, WhatIfError } from "./protocol";

/** How long a worker may take for an answer before it is taken for dead, in milliseconds. */
export const PATIENCE = 8_000;

interface Waiting {
  resolve: (value: { answer: never; ms: number }) => void;
  reject: (error: Error) => void;
  progress: ((bytes: number) => void) | undefined;
  timer: ReturnType<typeof setTimeout>;
}

/** A worker as the page sees it: questions with answers. It counts as dead when it breaks, or does not answer. */
export class Member {
  /** Shards that it has, and those that it is to have. */
  readonly shards: Shard[] = [];
  wanted: Shard[] = [];
  /** Rows that its answers are of. */
  rows = 0;
  private worker: Worker;
  private waiting = new Map<number, Waiting>();
  private next = 1;
  dead = false;
  /** Its memory has run out: all begin again with a smaller sample. */
  full = false;

  constructor(make: () => Worker) {
    this.worker = make();
    this.worker.onmessage = ({ data }: MessageEvent<Said>) => this.hear(data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.end(event.message || "the worker broke");
    };
    this.worker.onmessageerror = () => this.end("the worker's answer cannot be read");
  }

  /** Asks, and rejects with a WhatIfError: of code dead when there will be no answer any more. */
  ask<N extends Name>(
    name: N,
    ask: Calls[N]["ask"],
    options: { progress?: (bytes: number) => void; patience?: number } = {},
  ): Promise<{ answer: Calls[N]["answer"]; ms: number }> {
    if (this.dead) return Promise.reject(died("the worker has ended"));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end("the worker does not answer"), options.patience ?? PATIENCE);
      this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject, progress: options.progress, timer });
      this.worker.postMessage({ id, name, ask } satisfies Ask);
    });
  }

  end(why: string): void {
    this.dead = true;
    this.worker.terminate();
    for (const one of this.waiting.values()) {
      clearTimeout(one.timer);
      one.reject(died(why));
    }
    this.waiting.clear();
  }

  private hear(said: Said): void {
    const one = this.waiting.get(said.id);
    if (!one) return;
    if ("bytes" in said) {
      one.progress?.(said.bytes);
      clearTimeout(one.timer); // it lives: how long a download takes is the network's matter
      one.timer = setTimeout(() => this.end("the worker does not answer"), 15 * PATIENCE);
      return;
    }
    this.waiting.delete(said.id);
    clearTimeout(one.timer);
    if ("refusal" in said) one.reject(new WhatIfError(said.refusal));
    else one.resolve({ answer: said.answer as never, ms: said.ms });
  }
}

export function died(message: string): WhatIfError {
  return new WhatIfError({ code: "dead", message, hint: "", line: 0, column: 0 });
}
