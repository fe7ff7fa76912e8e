/** SHA-256 (FIPS 180-4) as hexadecimal digits, for pages without crypto.subtle: those that are not served from a secure place. */
export function sha256(bytes: Uint8Array): string {
  const state = new Uint32Array(start);
  const schedule = new Uint32Array(64);
  const whole = bytes.length - (bytes.length % 64);
  for (let at = 0; at < whole; at += 64) block(state, schedule, bytes, at);
  const tail = new Uint8Array(bytes.length - whole < 56 ? 64 : 128);
  tail.set(bytes.subarray(whole));
  tail[bytes.length - whole] = 0x80;
  const view = new DataView(tail.buffer);
  view.setUint32(tail.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(tail.length - 4, (bytes.length << 3) >>> 0);
  for (let at = 0; at < tail.length; at += 64) block(state, schedule, tail, at);
  return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}

/** SHA-256 by the browser where it offers it, else by this page. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!globalThis.crypto?.subtle) return sha256(bytes);
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The first 32 bits of the fractions of a root of the first primes. */
function fractions(count: number, root: (prime: number) => number): number[] {
  const out: number[] = [];
  for (let n = 2; out.length < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) out.push(((root(n) % 1) * 2 ** 32) >>> 0);
  }
  return out;
}

const start = fractions(8, Math.sqrt);
const rounds = fractions(64, Math.cbrt);

function block(state: Uint32Array, w: Uint32Array, bytes: Uint8Array, from: number): void {
  const read = (of: ArrayLike<number>, i: number) => of[i] ?? 0;
  const turn = (x: number, n: number) => (x >>> n) | (x << (32 - n));
  for (let i = 0; i < 16; i++) {
    const at = from + i * 4;
    w[i] = (read(bytes, at) << 24) | (read(bytes, at + 1) << 16) | (read(bytes, at + 2) << 8) | read(bytes, at + 3);
  }
  for (let i = 16; i < 64; i++) {
    const x = read(w, i - 15);
    const y = read(w, i - 2);
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    w[i] = read(w, i - 16) + s0 + read(w, i - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (h + s1 + ((e & f) ^ (~e & g)) + read(rounds, i) + read(w, i)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((v, i) => {
    state[i] = read(state, i) + v;
  });
}
