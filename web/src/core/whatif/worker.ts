import { type Preview, PreviewError, preview } from "../../../../wasm/preview/preview.mjs";
import type { Ask, Calls, Name, Refusal, Said, Shard } from "./protocol";
import { digest } from "./sha256";

// A worker has a module of its own and some of the shards of a base. It answers one question after the other.

let module: Preview | undefined;
/** The most bytes that the module may take; 0 leaves it to the browser. */
let limit = 0;
/** Shards on their way: they are fetched while the module works on others, a few at a time. */
const arriving = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();
let free = 3;
const queue: (() => void)[] = [];

const post = (said: Said, transfer: Transferable[] = []) => self.postMessage(said, { transfer });

function base(): Preview {
  if (!module) throw refusal("invalid", "the base is not open", "load the page again");
  return module;
}

/** The memory that is taken, unless it is more than may be. */
function memory(): number {
  const taken = base().memory();
  if (limit > 0 && taken > limit) throw refusal("memory", "the memory of the preview has run out", "");
  return taken;
}

function refusal(code: string, message: string, hint: string): PreviewError {
  return new PreviewError(code, message, hint);
}

/** A copy of the module's answer, which stands in its memory. */
const kept = (exact: boolean) => (exact ? base().result().slice() : null);

const calls: { [N in Name]: (ask: Calls[N]["ask"], id: number) => Calls[N]["answer"] | Promise<Calls[N]["answer"]> } = {
  async boot({ wasm, plan, memory: most, bytes, share }) {
    limit = most;
    const likely = 2 * bytes * share + 2 ** 24; // the shards, and what the module lays out beside them
    module = await preview(wasm, { reserve: most > 0 ? Math.min(likely, most / 2) : likely });
    module.open(plan);
    module.thin(share);
    return null;
  },
  async load(_shard, id) {
    try {
      const bytes = await arriving.get(id);
      if (!bytes) throw refusal("internal", "the shard was not asked for", "");
      base().add(bytes, true);
      drop(bytes.buffer);
    } finally {
      arriving.delete(id);
      next();
    }
    return { memory: memory() };
  },
  start() {
    base().start();
    unprepared = true;
    return { report: base().report(), memory: memory() };
  },
  try({ plan }) {
    base().try(plan);
    return { report: base().report(), memory: memory() };
  },
  count: ({ condition }) => base().count(condition),
  histogram: ({ axes }) => base().histogram(axes),
  spreads: () => base().spreads(),
  sample: (wanted) => base().sample(wanted),
  ranks: ({ average }) => base().ranks(average),
  rank({ ranks }) {
    base().rank(ranks);
    return null;
  },
  recut: ({ plan }) => base().recut(plan),
  scoreCube({ axes }) {
    base().scoreCube(axes);
    return null;
  },
  slideScores: ({ cuts, eleven }) => kept(base().slideScores(cuts, eleven)),
  stageCube({ dwell, axes }) {
    base().stageCube(dwell, axes);
    return null;
  },
  slideStages: ({ plan }) => kept(base().slideStages(plan)),
};

/** Waits until fewer than three other shards are on their way: what has arrived takes memory until the module has taken it over. */
async function turn(): Promise<void> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => queue.push(resolve));
}

function next(): void {
  const waiting = queue.shift();
  if (waiting) waiting();
  else free++;
}

/** Gives the memory of a buffer back at once, where the browser can do that. */
function drop(buffer: ArrayBuffer & { transfer?: (bytes: number) => ArrayBuffer }): void {
  buffer.transfer?.(0);
}

/** The content of a shard: the one that was kept, else the server's. Another content than the snapshot's is refused. */
async function fetched(shard: Shard, progress: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const cache = shard.cache && "caches" in self ? await caches.open(shard.cache) : undefined;
  const key = `${shard.url}?sha256=${shard.sha256}`;
  const known = await cache?.match(key);
  if (known) {
    const bytes = new Uint8Array(await known.arrayBuffer());
    if ((await digest(bytes)) === shard.sha256) {
      progress(bytes.length);
      return bytes;
    }
    await cache?.delete(key);
  }
  const bytes = await download(shard, progress);
  if ((await digest(bytes)) !== shard.sha256)
    throw refusal("corrupt", `${shard.url.split("/").at(-1)} is not what the snapshot says`, "");
  // A browser that has no room keeps nothing: the page works, though not without the server.
  await cache?.put(key, new Response(bytes)).catch(() => undefined);
  return bytes;
}

async function download(shard: Shard, progress: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const headers = shard.token ? { Authorization: `Bearer ${shard.token}` } : undefined;
  const answer = await fetch(shard.url, { headers }).catch(() => {
    throw refusal("unreachable", "the server does not answer", "");
  });
  if (!answer.ok || !answer.body) throw refusal("fetch", `the server answers ${answer.status}`, "");
  const bytes = new Uint8Array(shard.bytes);
  const reader = answer.body.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw refusal("unreachable", "the connection was cut off", "");
    });
    if (done) break;
    if (at + value.length > bytes.length) throw refusal("corrupt", `${shard.url.split("/").at(-1)} is too long`, "");
    bytes.set(value, at);
    at += value.length;
    progress(at);
  }
  return bytes.subarray(0, at);
}

function said(error: unknown): Refusal {
  if (error instanceof PreviewError) {
    const { code, message, hint, line, column } = error;
    // A cube that is too fine is too large as well, and no matter of memory.
    const full = code === "too_large" && /memory|buffer/.test(message);
    return { code: full ? "memory" : code, message, hint, line, column };
  }
  const message = error instanceof Error ? error.message : String(error);
  const full = error instanceof RangeError || /memory/i.test(message);
  return { code: full ? "memory" : "internal", message, hint: "", line: 0, column: 0 };
}

/** How many questions wait for an answer. */
let asked = 0;
/** Whether the module has columns to lay out, which it does while nobody asks. */
let unprepared = false;
let resting = false;

function rest(): void {
  resting = false;
  if (asked > 0 || !unprepared) return;
  try {
    unprepared = base().prepare();
  } catch {
    unprepared = false; // what is asked next tells
  }
  linger();
}

function linger(): void {
  if (resting || !unprepared) return;
  resting = true;
  setTimeout(rest);
}

let booted = () => {};
let last = new Promise<void>((resolve) => {
  booted = resolve;
});

self.onmessage = ({ data }: MessageEvent<Ask>) => {
  const { id, name, ask } = data;
  asked++;
  if (name === "boot") {
    void answer(data).then(booted);
    return;
  }
  if (name === "load") {
    const content = turn().then(() => fetched(ask as Shard, (n) => post({ id, bytes: n })));
    content.catch(() => undefined); // told when its turn comes
    arriving.set(id, content);
  }
  last = last.then(() => answer(data));
};

async function answer({ id, name, ask }: Ask): Promise<void> {
  const from = performance.now();
  try {
    const value = await (calls[name] as (ask: unknown, id: number) => unknown)(ask, id);
    post({ id, answer: value, ms: performance.now() - from });
  } catch (error) {
    post({ id, refusal: said(error) });
  } finally {
    asked--;
    linger();
  }
}
