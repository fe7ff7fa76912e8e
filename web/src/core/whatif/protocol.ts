import type { Histogram, Moved, Spread, Stops, Sum, Wanted } from "../../../../wasm/preview/preview.mjs";

export type { Histogram, Moved, Spread, Stops, Sum, Wanted };

/** What the page asks a worker, and what it gets back. */
export interface Calls {
  /**
   * Makes the module and opens the base under the plan that others are compared with. What is asked before waits for it, and shards are
   * fetched meanwhile. memory is the most bytes that the module may take, bytes those of the shards that it is to hold, share that of
   * their rows which are kept.
   */
  boot: {
    ask: { wasm: WebAssembly.Module; plan: Uint8Array; memory: number; bytes: number; share: number };
    answer: null;
  };
  /** Fetches a shard, checks it, keeps it for later visits and adds it: it counts from the next start on. */
  load: { ask: Shard; answer: { memory: number } };
  start: { ask: null; answer: { report: Uint8Array; memory: number } };
  try: { ask: { plan: Uint8Array }; answer: { report: Uint8Array; memory: number } };
  count: { ask: { condition: string }; answer: Sum };
  histogram: { ask: { axes: Stops[] }; answer: Histogram[] };
  spreads: { ask: null; answer: Spread[] };
  sample: { ask: Wanted; answer: Moved[] };
  ranks: { ask: { average: boolean }; answer: Uint8Array };
  rank: { ask: { ranks: Uint8Array | null }; answer: null };
  recut: { ask: { plan: Uint8Array }; answer: Uint8Array };
  scoreCube: { ask: { axes: Stops[] }; answer: null };
  slideScores: { ask: { cuts: number[]; eleven: boolean }; answer: Uint8Array | null };
  stageCube: { ask: { dwell: number; axes: Stops[] }; answer: null };
  slideStages: { ask: { plan: Uint8Array }; answer: Uint8Array | null };
}

export interface Shard {
  url: string;
  rows: number;
  bytes: number;
  sha256: string;
  /** Of an API that wants one; "" without. */
  token: string;
  /** Name of the cache that keeps it; "" keeps nothing. */
  cache: string;
}

export type Name = keyof Calls;

export interface Ask<N extends Name = Name> {
  id: number;
  name: N;
  ask: Calls[N]["ask"];
}

/** What a worker refuses, with the way out; line and column in a condition, 0 elsewhere. */
export interface Refusal {
  /** As the module's codes, and of loading: unreachable (no network), corrupt (another content), fetch (an answer of the server); memory: it has run out; dead: there is no answer any more. */
  code: string;
  message: string;
  hint: string;
  line: number;
  column: number;
}

export type Said =
  | { id: number; answer: unknown; ms: number }
  | { id: number; refusal: Refusal }
  | { id: number; bytes: number };

/** What the page shows when something was refused. */
export class WhatIfError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly line: number;
  readonly column: number;

  constructor({ code, message, hint, line, column }: Refusal) {
    super(message);
    this.name = "WhatIfError";
    this.code = code;
    this.hint = hint;
    this.line = line;
    this.column = column;
  }
}
