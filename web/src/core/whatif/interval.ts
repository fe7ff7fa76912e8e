/** What a number of a sample says of the whole base: an estimate, and the bounds that hold the truth in 95 of 100 samples. */
export type Interval = [estimate: number, low: number, high: number];

/** The standard normal quantile of 0.975. */
const z = 1.959963984540054;

/** Half away from zero, as the engine rounds. */
const round = (v: number) => (v < 0 ? -Math.round(-v) : Math.round(v)) + 0;

/** How many of a base are what k of a sample of n are: Wilson, with the finite population correction (shared/whatif, UsersInterval). */
export function usersInterval(k: number, n: number, base: number): Interval {
  if (n >= base || n <= 0) return [k, k, k];
  const p = k / n;
  const m = (n * (base - 1)) / (base - n);
  const zz = z * z;
  const middle = (p + zz / (2 * m)) / (1 + zz / m);
  const half = (z / (1 + zz / m)) * Math.sqrt((p * (1 - p)) / m + zz / (4 * (m * m)));
  const of = (share: number) => Math.min(Math.max(round(share * base), k), base - (n - k));
  return [of(p), of(middle - half), of(middle + half)];
}

/** What all of a base have of which a sample of n has a sum, with the squares of the single numbers (shared/whatif, SumInterval). */
export function sumInterval(sum: number, squares: bigint, n: number, base: number): Interval {
  if (n >= base || n <= 0) return [sum, sum, sum];
  const weight = base / n;
  const estimate = sum * weight;
  if (n === 1) return [round(estimate), round(Math.min(estimate, 0)), round(Math.max(estimate, 0))];
  const all = Number(squares >> 64n) * 2 ** 64 + Number(BigInt.asUintN(64, squares));
  const variance = Math.max(all - (sum * sum) / n, 0) / (n - 1);
  const half = z * base * Math.sqrt(((1 - n / base) * variance) / n);
  return [round(estimate), round(estimate - half), round(estimate + half)];
}
