// Loads the what-if module and speaks its border (docs/wasm-abi.md): in a browser, in a worker, and in Node.

/** Version of the border that this loader speaks. */
export const version = 3;

const codes = ['', 'invalid', 'not_found', 'too_large', 'unavailable', 'internal'];
const not = 6; // no failure: a slider between two stops, or nothing to prepare

/** What a call refused, with the way out in hint; line and column count from 1 in a condition, 0 elsewhere. */
export class PreviewError extends Error {
  constructor(code, message, hint, line = 0, column = 0) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.line = line;
    this.column = column;
  }
}

const pageBytes = 65_536;

/**
 * Makes an instance of a compiled WebAssembly.Module. `reserve` is how many bytes it will take at least: they are had at once, which is
 * faster than memory that grows by and by.
 */
export async function preview(module, { reserve = 0 } = {}) {
  let instance;
  const view = () => new DataView(instance.exports.memory.buffer);
  const env = new TextEncoder().encode('GOGC=10\0'); // shards stay: the heap must not double before it is swept
  const none = 8; // EBADF
  const wasi = {
    args_sizes_get: (count, size) => (view().setUint32(count, 0, true), view().setUint32(size, 0, true), 0),
    args_get: () => 0,
    environ_sizes_get: (count, size) => (view().setUint32(count, 1, true), view().setUint32(size, env.length, true), 0),
    environ_get(list, at) {
      view().setUint32(list, at, true);
      new Uint8Array(instance.exports.memory.buffer, at, env.length).set(env);
      return 0;
    },
    clock_time_get: (_id, _precision, at) => (view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true), 0),
    random_get: (at, n) => (crypto.getRandomValues(new Uint8Array(instance.exports.memory.buffer, at, n)), 0),
    // Nothing is polled for: the runtime asks once when it would sleep, and goes on.
    poll_oneoff: (_in, _out, _n, count) => (view().setUint32(count, 0, true), 0),
    sched_yield: () => 0,
    fd_write(_fd, list, n, written) {
      let text = '';
      let total = 0;
      for (let i = 0; i < n; i++) {
        const at = view().getUint32(list + i * 8, true);
        const size = view().getUint32(list + i * 8 + 4, true);
        text += new TextDecoder().decode(new Uint8Array(instance.exports.memory.buffer, at, size));
        total += size;
      }
      last = (last + text).slice(-2000);
      view().setUint32(written, total, true);
      return 0;
    },
    fd_fdstat_get: () => none,
    fd_fdstat_set_flags: () => none,
    fd_prestat_get: () => none,
    fd_prestat_dir_name: () => none,
    proc_exit(code) {
      throw new Error(`the module ended with ${code}`);
    },
  };
  let last = ''; // what the runtime wrote before it died
  let dead = null;
  instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi });
  const x = instance.exports;
  const pages = Math.floor(reserve / pageBytes) - x.memory.buffer.byteLength / pageBytes;
  if (pages > 0) {
    try {
      x.memory.grow(pages); // before the runtime starts, which takes all that is there for its own
    } catch {
      // Then it grows as it needs to.
    }
  }
  x._initialize();
  if (x.weir_version() !== version) {
    throw new PreviewError('invalid', `the module speaks border ${x.weir_version()}, this page border ${version}`, 'load the page again');
  }

  // guarded runs a call; a trap (such as memory that has run out) ends the instance.
  const guarded = (call) => {
    if (dead) throw dead;
    try {
      return call();
    } catch (e) {
      const memory = /out of memory|cannot allocate/.test(last);
      dead = new PreviewError(memory ? 'too_large' : 'internal', memory ? 'the memory of the preview has run out' : `the preview stopped: ${last.split('\n')[0] || e.message}`, memory ? 'use a sample of the base' : 'load the page again');
      throw dead;
    }
  };
  const result = () => new Uint8Array(x.memory.buffer, x.weir_result(), x.weir_result_len());
  const fail = (code) => {
    const r = new Reader(result().slice());
    const [name, message, hint] = [r.text(), r.text(), r.text()];
    return new PreviewError(codes[code] ?? name, message, hint, r.u32(), r.u32());
  };
  const call = (name, ...args) => {
    const code = guarded(() => x[name](...args));
    if (code !== 0 && code !== not) throw fail(code);
    return code === 0;
  };
  // buffer copies bytes into the module.
  const buffer = (bytes) => {
    const at = guarded(() => x.weir_alloc(bytes.length));
    if (at === 0) throw new PreviewError('too_large', `a buffer of ${bytes.length} bytes cannot be had`, 'use smaller shards');
    new Uint8Array(x.memory.buffer, at, bytes.length).set(bytes);
    return at;
  };
  const withBuffer = (bytes, fn) => {
    const at = buffer(bytes);
    try {
      return fn(at);
    } finally {
      if (!dead) x.weir_free(at);
    }
  };
  const text = (s) => new TextEncoder().encode(s);
  const cuts = guarded(() => x.weir_alloc(96)); // stays for sliders

  return {
    /** Bytes of linear memory. */
    memory: () => x.memory.buffer.byteLength,
    /** Starts a base with the plan that others are compared with. */
    open: (plan) => withBuffer(plan, (at) => call('weir_open', at)),
    /** Of shards that are added from now on only a share of the rows is kept: a sample by hash, the same every time. 1 keeps all. */
    thin: (share) => guarded(() => x.weir_thin(share >= 1 ? 0 : Math.max(1, Math.floor(share * 2 ** 32)))),
    /** Adds a shard; the checksum of one that is verified, as by its SHA-256, is not computed again. */
    add(shard, verified = false) {
      const at = buffer(shard);
      try {
        call(verified ? 'weir_add_verified' : 'weir_add', at);
      } catch (e) {
        if (!dead) x.weir_free(at);
        throw e;
      }
    },
    /** Evaluates the first plan over the shards that are there. Those that are added later count once it is started again. */
    start: () => call('weir_start'),
    /** Lays out what other plans read, a shard at a time; false when nothing is left to do. Without it the first plan that is tried takes longer. */
    prepare: () => call('weir_prepare'),
    /** Evaluates another plan. */
    try: (plan) => withBuffer(plan, (at) => call('weir_try', at)),
    /** The report, as bytes that stay; decodeReport reads them. */
    report: () => (call('weir_report'), result().slice()),
    /** Users, revenue and value of a condition. */
    count: (condition) => withBuffer(text(condition), (at) => (call('weir_count', at), new Reader(result()).sum())),
    /** What users are, from a row on, as bytes. */
    rows: (from, n) => (call('weir_rows', from, n), result().slice()),
    /** The numbers of buyers, as bytes that stay: for rank of one of several modules that share the rows of a base. */
    ranks: (average) => (call('weir_ranks', average ? 1 : 0), result().slice()),
    /** Adds ranks to what recut computes cuts from; null forgets those that were added. */
    rank: (ranks) => (ranks === null ? call('weir_rank', 0) : withBuffer(ranks, (at) => call('weir_rank', at))),
    /** A plan whose cuts are to be computed, with the cuts that follow from the ranks that were added. */
    recut: (plan) => withBuffer(plan, (at) => (call('weir_recut', at), result().slice())),
    /** How the base spreads over columns: of each the least and greatest number and the users by bin, raw as columns hold them. */
    histogram: (axes) =>
      withBuffer(encodeStops(axes), (at) => {
        call('weir_histogram', at);
        const r = new Reader(result());
        return axes.map(() => ({ low: r.big(), high: r.big(), counts: r.list(() => r.i64()) }));
      }),
    /** Squares of revenue by kind and name, at the start and now: what intervals of samples follow from. */
    spreads() {
      call('weir_spreads');
      const r = new Reader(result());
      const square = () => (BigInt.asUintN(64, r.big()) << 64n) | BigInt.asUintN(64, r.big());
      return r.list(() => ({ kind: r.text(), name: r.text(), before: square(), after: square() }));
    },
    /** Some of the users who move: {kind, name, from, to, id, most, refs}. Ids are texts of 16 hexadecimal digits. */
    sample: (wanted) =>
      withBuffer(encodeWanted(wanted), (at) => {
        call('weir_sample', at);
        const r = new Reader(result());
        return r.list(() => ({
          row: r.i64(), id: r.hex(), before: r.text(), after: r.text(), values: r.list(() => r.f64()),
        }));
      }),
    /** Builds the cube of scores; stops ascend: [{ref, stops}] of recency, frequency and spend. */
    scoreCube: (axes) => withBuffer(encodeStops(axes), (at) => call('weir_score_cube', at)),
    /** Twelve cuts, four of each; false when one divides a bin: then try the plan. The answer is sums() until the next call. */
    slideScores(values, eleven) {
      const v = view();
      for (let i = 0; i < 12; i++) v.setBigInt64(cuts + i * 8, BigInt(values[i]), true);
      return call('weir_slide_scores', cuts, eleven ? 1 : 0);
    },
    /** Builds the cube of stages. */
    stageCube: (dwell, axes) => withBuffer(encodeStops([{ ref: '', stops: [dwell] }, ...axes]), (at) => call('weir_stage_cube', at)),
    slideStages: (plan) => withBuffer(plan, (at) => call('weir_slide_stages', at)),
    /** The bytes of the last answer, in place: they stand until the next call. */
    result,
  };
}

/** Reads the numbers and texts of an answer. */
export class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  u8() {
    return this.view.getUint8(this.at++);
  }

  u32() {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  /** A whole number of 64 bits; money and counts stay exact to 2^53. */
  i64() {
    this.at += 8;
    return this.view.getInt32(this.at - 4, true) * 2 ** 32 + this.view.getUint32(this.at - 8, true);
  }

  big() {
    this.at += 8;
    return this.view.getBigInt64(this.at - 8, true);
  }

  f64() {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  hex() {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, true).toString(16).padStart(16, '0');
  }

  text() {
    const n = this.u32();
    this.at += n;
    return new TextDecoder().decode(this.bytes.slice(this.at - n, this.at));
  }

  list(each) {
    return Array.from({ length: this.u32() }, each);
  }

  sum() {
    return { users: this.i64(), revenue: this.i64(), value: this.i64() };
  }
}

/** Reads a report: sums at the start and now, moves from the name at the start to the name now. */
export function decodeReport(bytes) {
  const r = new Reader(bytes);
  const sum = () => r.sum();
  const group = () => ({ names: r.list(() => r.text()), before: r.list(sum), after: r.list(sum), moves: r.list(() => r.list(sum)) });
  const member = () => ({ name: r.text(), before: sum(), after: sum(), enter: sum(), leave: sum() });
  return {
    users: r.i64(), stage: group(), candidate: group(), rfm: group(), rfmCN: group(), tier: group(), r: group(), f: group(), m: group(), points: group(),
    tags: r.list(member), segments: r.list(member), churn: r.u8() ? member() : null,
    rules: r.list(() => ({ name: r.text(), enter: sum(), existing: sum() })),
  };
}

/** Puts numbers and texts together. */
export class Writer {
  constructor() {
    this.bytes = new Uint8Array(256);
    this.view = new DataView(this.bytes.buffer);
    this.at = 0;
  }

  room(n) {
    if (this.at + n > this.bytes.length) {
      const larger = new Uint8Array(2 * (this.at + n));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    this.at += n;
    return this.at - n;
  }

  u8(n) {
    const at = this.room(1);
    this.view.setUint8(at, n);
  }

  u32(n) {
    const at = this.room(4);
    this.view.setUint32(at, n, true);
  }

  i64(n) {
    const at = this.room(8);
    this.view.setBigInt64(at, BigInt(n), true);
  }

  f64(n) {
    const at = this.room(8);
    this.view.setFloat64(at, n, true);
  }

  text(s) {
    const bytes = new TextEncoder().encode(s);
    this.u32(bytes.length);
    this.raw(bytes);
  }

  raw(bytes) {
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  list(items, each) {
    this.u32(items.length);
    for (const item of items) each(item);
  }

  done() {
    return this.bytes.slice(0, this.at);
  }
}

function encodeStops(axes) {
  const w = new Writer();
  w.list(axes, ({ ref, stops }) => {
    w.text(ref);
    w.list(stops, (s) => w.i64(s));
  });
  return w.done();
}

function encodeWanted({ kind, name = '', from = '', to = '', id = '', most = 20, refs = [] }) {
  const w = new Writer();
  for (const s of [kind, name, from, to, id]) w.text(s);
  w.i64(most);
  w.list(refs, (ref) => w.text(ref));
  return w.done();
}
