/** How long an answer took, in milliseconds. */
export interface Timing {
  /** slide: from a cube; scan: the base was evaluated; count: a condition was counted. */
  kind: "slide" | "scan" | "count";
  /** Of the slowest worker. */
  compute: number;
  /** From the event (of the pointer or the keyboard) that asked until the answer was painted; null when it was not painted. */
  painted: number | null;
  /** Milliseconds since the page began. */
  at: number;
}

const MOST = 1000;

/** The last thousand answers, and what became of them. */
export class Timings {
  private list: Timing[] = [];

  add(kind: Timing["kind"], compute: number): Timing {
    const timing: Timing = { kind, compute, painted: null, at: performance.now() };
    this.list.push(timing);
    if (this.list.length > MOST) this.list.shift();
    return timing;
  }

  all(): Timing[] {
    return this.list.map((one) => ({ ...one }));
  }
}

/** Tells once what the browser has been given by now is painted. */
export function afterPaint(then: (at: number) => void): void {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      then(performance.now());
    };
    channel.port2.postMessage(null);
  });
}
