import { sha256 } from "./sha256";

/** A value of a strategy: as its JSON has it. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** A strategy with its defaults filled in, as a snapshot carries it (shared/strategy, Strategy). Its keys keep their order. */
export interface Settings {
  readonly zone: string;
  readonly currency: string;
  readonly activity: { readonly of: string };
  readonly events: readonly string[];
  readonly rfm: {
    readonly ties: string;
    readonly recency: readonly number[];
    readonly frequency: readonly number[];
    readonly monetary: readonly number[];
    readonly grid: string;
    readonly cn: { readonly m_kind: string; readonly cut: string; readonly fixed: readonly number[] };
  };
  readonly tiers: readonly { readonly name: string; readonly top: number; readonly zh: string; readonly en: string }[];
  readonly lifecycle: Lifecycle;
  readonly churn?: { readonly horizon_days: number; readonly threshold: number };
  readonly engagement?: readonly Points[];
  readonly tags: readonly Named[];
  readonly segments: readonly Named[];
  readonly templates: { readonly [name: string]: Value };
  readonly outreach: { readonly daily_ceiling: number; readonly rules: readonly Rule[] };
}

export interface Named {
  readonly name: string;
  readonly when: string;
  readonly zh: string;
  readonly en: string;
}

/** An entry of the engagement score. */
export interface Points extends Named {
  readonly points: number;
}

export interface Lifecycle {
  readonly preset: string;
  readonly thresholds: {
    readonly silent_days: number;
    readonly churned_days: number;
    readonly window_days: number;
    readonly mature: number;
    readonly growing: number;
    readonly core_metric: string;
  };
  readonly stages: readonly Named[];
  readonly dwell_days: { readonly [stage: string]: number };
  readonly transitions: { readonly [stage: string]: readonly string[] };
}

export interface Rule {
  readonly name: string;
  readonly on: { readonly enter_stage?: string; readonly enter_segment?: string };
  readonly template: string;
  readonly channel: string;
  readonly shadow: boolean;
  readonly include_existing?: boolean;
  readonly after_cuts?: boolean;
}

/**
 * Changes of settings by their path, as a strategy diff writes it: lifecycle.thresholds.silent_days, segments.vip.when. The path of
 * an entry of a list alone adds it; null takes an entry of a list or a map away.
 */
export type Edits = { readonly [path: string]: Value };

/** The settings under some changes. A path that is not there is left out of account. */
export function edited(settings: Settings, edits: Edits): Settings {
  let out = settings as unknown as Value;
  for (const path of Object.keys(edits)) out = set(out, keysOf(path), edits[path] as Value);
  return expanded(out as unknown as Settings);
}

/** The value at a path; undefined when there is none. */
export function valueAt(settings: Settings, path: string): Value | undefined {
  let at: Value | undefined = settings as unknown as Value;
  for (const key of keysOf(path)) {
    if (at === undefined || at === null || typeof at !== "object") return undefined;
    at = isList(at)
      ? at.find((one) => nameOf(one) === key)
      : Object.hasOwn(at, key)
        ? (at as { [key: string]: Value })[key]
        : undefined;
  }
  return at;
}

/** Names hold no dots: the strategy refuses them. */
function keysOf(path: string): string[] {
  return path.split(".");
}

/** Keys that the strategy leaves out while they are at their defaults. */
const omitted: { [key: string]: Value } = { churn: { horizon_days: 0, threshold: 0 }, engagement: [] };

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function nameOf(value: Value): string | undefined {
  if (value === null || typeof value !== "object" || isList(value)) return undefined;
  const first = Object.values(value)[0];
  return typeof first === "string" ? first : undefined;
}

/** Maps, whose entries come and go and stand in the order of their keys. */
const maps = new Set(["dwell_days", "transitions", "templates", "locales"]);

function set(value: Value, [key, ...rest]: string[], to: Value, parent = ""): Value {
  if (key === undefined) return to;
  if (value === null || typeof value !== "object") return value;
  if (isList(value) && rest.length === 0) {
    if (to === null) return value.filter((one) => nameOf(one) !== key);
    if (!value.some((one) => nameOf(one) === key)) return [...value, to];
  }
  if (isList(value))
    return value.map((one) => (nameOf(one) === key ? set(one, rest, to, key) : one)) as unknown as Value;
  const old = value as { [key: string]: Value };
  if (maps.has(parent)) {
    const entries = Object.entries({ ...old, [key]: set(old[key] ?? null, rest, to, key) });
    return Object.fromEntries(entries.filter(([, v]) => v !== 0 && v !== null).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  const known = old[key] ?? omitted[key];
  if (known === undefined) return value;
  return { ...old, [key]: set(known, rest, to, key) };
}

/** Stages of a preset follow from its thresholds (shared/strategy/preset.go). */
function expanded(settings: Settings): Settings {
  const { lifecycle } = settings;
  const t = lifecycle.thresholds;
  let when: string[];
  if (lifecycle.preset === "commerce") {
    when = [
      "orders == 0",
      `purchase_days == 1 && silence_days < ${t.silent_days}`,
      `silence_days < ${t.silent_days}`,
      `silence_days < ${t.churned_days}`,
      "",
    ];
  } else if (lifecycle.preset === "growth") {
    const alive = `silence_days < ${t.silent_days}`;
    const counted = t.core_metric
      ? `metrics.${t.core_metric}`
      : settings.activity.of === "purchase"
        ? "orders"
        : "active_days";
    const core = `${counted}[${t.window_days}]`;
    when = [
      `${alive} && ${core} < ${t.growing}`,
      `${alive} && ${core} < ${t.mature}`,
      alive,
      `silence_days < ${t.churned_days}`,
      "",
    ];
  } else return settings;
  const stages = lifecycle.stages.map((stage, i) => ({ ...stage, when: when[i] ?? "" }));
  return { ...settings, lifecycle: { ...lifecycle, stages } };
}

/** The order of the keys that are left out at their defaults. */
const order =
  "weir name zone currency purchase refund activity events metrics event_tags rfm tiers lifecycle churn value engagement tags segments templates outreach";

/** The version of a strategy: 12 hexadecimal digits of the SHA-256 of its canonical JSON. */
export function versionOf(settings: Settings): string {
  const { churn, engagement } = settings;
  const left = new Set([
    ...(churn?.horizon_days || churn?.threshold ? [] : ["churn"]),
    ...(engagement?.length ? [] : ["engagement"]),
  ]);
  const given = Object.entries(settings).filter(([key]) => !left.has(key));
  const keys = order.split(" ");
  given.sort(([a], [b]) => keys.indexOf(a) - keys.indexOf(b));
  const escapes = /[<>&\u2028\u2029]/g;
  const json = JSON.stringify(Object.fromEntries(given)).replace(
    escapes,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return sha256(new TextEncoder().encode(json)).slice(0, 12);
}

export interface Change {
  path: string;
  from: string;
  to: string;
}

/** The differences in meaning between two strategies, in the order of the file's keys (shared/strategy, Changes). */
export function changesOf(a: Settings, b: Settings): Change[] {
  const list: Change[] = [];
  const add = (path: string, from: string, to: string) => {
    if (from !== to) list.push({ path, from, to });
  };
  const join = (path: string, key: string) => (path ? `${path}.${key}` : key);
  const compare = (path: string, x: Value, y: Value, key: string): void => {
    if (isList(x) && isList(y)) {
      if (x.some((one) => nameOf(one) !== undefined) || y.some((one) => nameOf(one) !== undefined)) named(path, x, y);
      else add(path, show(x), show(y));
    } else if (x && y && typeof x === "object" && typeof y === "object") {
      const [p, q] = [x as { [key: string]: Value }, y as { [key: string]: Value }];
      const keys = [...new Set([...Object.keys(p), ...Object.keys(q)])];
      if (maps.has(key)) for (const k of keys.sort()) entry(join(path, k), p[k], q[k], k);
      else for (const k of keys) compare(join(path, k), p[k] ?? null, q[k] ?? null, k);
    } else add(path, show(x), show(y));
  };
  const entry = (path: string, x: Value | undefined, y: Value | undefined, key: string) => {
    if (x === undefined) add(path, "", show(y ?? null));
    else if (y === undefined) add(path, show(x), "");
    else compare(path, x, y, key);
  };
  const named = (path: string, x: readonly Value[], y: readonly Value[]) => {
    for (const one of x) {
      const name = nameOf(one) ?? "";
      entry(
        join(path, name),
        one,
        y.find((other) => nameOf(other) === name),
        name,
      );
    }
    for (const one of y) {
      const name = nameOf(one) ?? "";
      if (!x.some((other) => nameOf(other) === name)) add(join(path, name), "", show(one));
    }
  };
  const whole = (settings: Settings) => {
    const full = { ...(settings as unknown as { [key: string]: Value }) };
    for (const [key, value] of Object.entries(omitted)) full[key] ??= value;
    const keys = order.split(" ").filter((key) => full[key] !== undefined);
    return Object.fromEntries(keys.map((key) => [key, full[key] as Value]));
  };
  compare("", whole(a), whole(b), "");
  return list;
}

/** A value as a person would write it in the file, on one line. */
function show(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return numberText(value);
  if (isList(value as Value)) return `[${(value as readonly Value[]).map(show).join(", ")}]`;
  if (value && typeof value === "object") {
    const zero = (v: Value) => v === "" || v === 0 || v === false || v === null || (isList(v) && v.length === 0);
    const entries = Object.entries(value).filter(([, v]) => !zero(v));
    return `{${entries.map(([k, v]) => `${k}: ${show(v)}`).join(", ")}}`;
  }
  return String(value);
}

/** A number as Go prints it: with an exponent below a ten-thousandth, of two digits at least. */
function numberText(n: number): string {
  if (n === 0 || (Math.abs(n) >= 1e-4 && Math.abs(n) < 1e21)) return String(n);
  const [digits = "", exponent = ""] = n.toExponential().split("e");
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
