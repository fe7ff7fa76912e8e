import { conditionNumbers } from "./condition";
import type { Stops } from "./protocol";
import type { Settings } from "./settings";

/** The largest number of axes of a cube of stages. */
const AXES = 4;

/** Where the numbers of a column must be cut for a comparison to be exact: a bin ends at each. Raw numbers. */
function edgesOf(op: string, value: number, scale: number): number[] {
  const raw = value * scale;
  const whole = Math.floor(raw);
  if (op === "<" || op === ">=") return [Math.ceil(raw) - 1];
  if (op === "<=" || op === ">") return [whole];
  return [whole - 1, whole];
}

/**
 * The cube that answers for a slider of a column: its stops on one axis, on the others what else the stages are compared with.
 * undefined when the stages read too much for one.
 */
export function cubeOf(
  settings: Settings,
  ref: string,
  stops: readonly number[],
  scaleOf: (ref: string) => number | undefined,
): { dwell: number; axes: Stops[] } | undefined {
  const edges = new Map<string, Set<number>>();
  const add = (of: string, op: string, value: number): boolean => {
    const scale = scaleOf(of);
    if (scale === undefined) return false;
    const known = edges.get(of) ?? new Set();
    for (const edge of edgesOf(op, value, scale)) known.add(edge);
    edges.set(of, known);
    return true;
  };
  for (const { when } of settings.lifecycle.stages)
    for (const { ref: of, op, value } of conditionNumbers(when)) {
      if (of !== ref) {
        if (!add(of, op, value)) return undefined;
        continue;
      }
      for (const stop of stops) if (!add(of, op, stop)) return undefined;
    }
  if (edges.size === 0 || edges.size > AXES) return undefined;
  const axes = [...edges].map(([of, set]) => ({ ref: of, stops: [...set].sort((a, b) => a - b) }));
  const dwell = Math.max(0, ...settings.lifecycle.stages.map(({ name }) => settings.lifecycle.dwell_days[name] ?? 0));
  return { dwell, axes };
}

/** The axes of a cube of scores. */
export function scoreStops(
  recency: readonly number[],
  frequency: readonly number[],
  spend: readonly number[],
): Stops[] {
  const whole = (list: readonly number[]) => [...new Set(list.map(Math.floor))].sort((a, b) => a - b);
  return [
    { ref: "recency_days", stops: whole(recency) },
    { ref: "purchase_days", stops: whole(frequency) },
    { ref: "spend", stops: whole(spend) },
  ];
}

/** A round number near a quotient: 1, 2, 2.5 or 5 times a power of ten. */
export function round(n: number): number {
  if (n <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(n));
  const digit = n / power;
  return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 2.5 ? 2.5 : digit <= 5 ? 5 : 10) * power;
}

/** Round stops from a least to a greatest number: at most so many. */
export function evenStops(least: number, greatest: number, most: number, whole: boolean): number[] {
  const step = Math.max(round((greatest - least) / most), whole ? 1 : 0);
  const by = whole ? Math.ceil(step) : step;
  const from = Math.floor(least / by) * by;
  const count = Math.min(Math.ceil((greatest - from) / by), 2 * most);
  return Array.from({ length: count + 1 }, (_, i) => Number((from + i * by).toPrecision(12)));
}

/** Round stops that grow with the numbers, for what has a long tail: 1, 2, 3 … 10, 12, 14 … */
export function growingStops(greatest: number): number[] {
  const out = [0];
  for (let at = 1; at <= greatest * 1.2; ) {
    out.push(at);
    const power = 10 ** Math.floor(Math.log10(at));
    const lead = at / power;
    at = Number((at + (lead < 2 ? power / 10 : lead < 5 ? power / 5 : power / 2 || 1)).toPrecision(6));
    if (power < 10) at = Math.ceil(at);
  }
  return out;
}
