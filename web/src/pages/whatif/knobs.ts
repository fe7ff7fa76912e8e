import { conditionNumbers, withNumber } from "../../core/whatif/condition";
import { tidy, withValue } from "../../core/whatif/edits";
import type { Plan } from "../../core/whatif/plan";
import type { Sliding } from "../../core/whatif/session";
import { type Edits, edited, type Settings, valueAt } from "../../core/whatif/settings";
import type { Source } from "../../core/whatif/source";
import { evenStops, growingStops } from "../../core/whatif/stops";
import type { Spread, Spreads } from "./spreads";

/** What a number counts: it decides the stops of its slider and how it is written. */
export type Unit = "days" | "count" | "money" | "share" | "plain";

/** A number of the strategy that a slider moves. */
export interface Knob {
  /** Stands for it as long as the page lives. */
  id: string;
  /** Key of its name in the texts, or the name as the strategy writes it. */
  name: { key: string } | { text: string };
  /** What it is compared with, in words of the condition: silence_days <. */
  aside: string;
  unit: Unit;
  value: number;
  /** As published. */
  published: number;
  stops: readonly number[];
  spread: Spread | undefined;
  /** What a typed number may be. */
  least: number;
  most: number;
  /** Whether it is a whole number. */
  whole: boolean;
  sliding: Sliding | undefined;
  apply: (edits: Edits, value: number) => Edits;
}

/** A condition of a tag, a segment or an own stage, with the knobs of its numbers. */
export interface Rule {
  path: string;
  name: string;
  label: { zh: string; en: string };
  when: string;
  published: string;
  knobs: Knob[];
}

const money = /^(spend|average_order|clv|expected_value)(\[|$)/;
const days = /(_days|days_since\(.*\)|_age)$/;
const shares = /^(p_alive|churn_p)$/;

export function unitOf(ref: string, settings: Settings): Unit {
  if (ref === "purchase_days" || ref === "active_days") return "count";
  if (money.test(ref)) return "money";
  if (days.test(ref)) return "days";
  if (shares.test(ref)) return "share";
  const metric = /^metrics\.([^.[]+)/.exec(ref)?.[1];
  const declared = (settings as unknown as { metrics?: { name: string; unit: string }[] }).metrics;
  if (metric && declared?.find(({ name }) => name === metric)?.unit === "money") return "money";
  return /count|orders|\[\d+\]$/.test(ref) ? "count" : "plain";
}

/** The stops of a slider, wide enough for the base and for the number as it is published. */
export function stopsOf(unit: Unit, spread: Spread | undefined, value: number): number[] {
  if (unit === "share") return evenStops(0, 1, 100, false);
  const far = Math.max(spread?.far ?? 0, value * 1.6, unit === "days" ? 30 : 4);
  if (unit === "days") return evenStops(1, Math.min(far, 3650), 365, true).map((stop) => Math.max(stop, 1));
  if (unit === "count" && far <= 200) return evenStops(0, far, 200, true);
  return growingStops(far);
}

/** The knobs of everything that a what-if can move, by the section of the strategy. */
export function knobsOf(source: Source, edits: Edits, spreads: Spreads) {
  const published = source.settings;
  const settings = edited(published, edits);
  const set = (path: string) => (old: Edits, value: number) => withValue(old, path, value, published);
  const numberAt = (of: Settings, path: string) => Number(valueAt(of, path) ?? 0);

  const threshold = (key: string, ref: string, unit: Unit, least: number, most: number): Knob => {
    const path = `lifecycle.thresholds.${key}`;
    const spread = spreads.of(ref);
    const was = numberAt(published, path);
    const stops = stopsOf(unit, spread, was).filter((stop) => stop >= 1);
    return {
      id: path,
      name: { key },
      aside: ref,
      unit,
      value: numberAt(settings, path),
      published: was,
      stops,
      spread,
      least,
      most,
      whole: true,
      sliding: { kind: "stages", ref, stops },
      apply: set(path),
    };
  };

  const t = settings.lifecycle.thresholds;
  const stages: Knob[] = [];
  if (settings.lifecycle.preset !== "custom") {
    stages.push(threshold("silent_days", "silence_days", "days", 1, t.churned_days - 1));
    stages.push(threshold("churned_days", "silence_days", "days", t.silent_days + 1, 3650));
  }
  if (settings.lifecycle.preset === "growth") {
    const counted = t.core_metric
      ? `metrics.${t.core_metric}`
      : settings.activity.of === "purchase"
        ? "orders"
        : "active_days";
    const core = `${counted}[${t.window_days}]`;
    stages.push(threshold("growing", core, "count", 1, t.mature - 1));
    stages.push(threshold("mature", core, "count", t.growing + 1, 3650));
  }

  const rule = (path: string, one: { name: string; when: string; zh: string; en: string }, staged: boolean): Rule => {
    const was = String(valueAt(published, `${path}.when`) ?? "");
    const old = conditionNumbers(was);
    const knobs = conditionNumbers(one.when).map((number, i): Knob => {
      const unit = unitOf(number.ref, settings);
      const spread = spreads.of(number.ref);
      const before = old[i]?.ref === number.ref ? (old[i]?.value ?? number.value) : number.value;
      const stops = stopsOf(unit, spread, Math.max(before, number.value));
      return {
        id: `${path}.when#${i}`,
        name: { text: number.ref },
        aside: number.op,
        unit,
        value: number.value,
        published: before,
        stops,
        spread,
        least: unit === "share" ? 0 : -1e9,
        most: unit === "share" ? 1 : 1e12,
        whole: unit === "days" || unit === "count",
        sliding: staged ? { kind: "stages", ref: number.ref, stops } : undefined,
        apply: (all, value) => {
          const text = String(valueAt(edited(published, all), `${path}.when`) ?? "");
          const place = conditionNumbers(text)[i];
          if (!place) return all;
          return withValue(all, `${path}.when`, withNumber(text, place, value), published);
        },
      };
    });
    return { path, name: one.name, label: { zh: one.zh, en: one.en }, when: one.when, published: was, knobs };
  };

  const own = settings.lifecycle.preset === "custom";
  const ownStages = own
    ? settings.lifecycle.stages.flatMap((one) => (one.when ? [rule(`lifecycle.stages.${one.name}`, one, true)] : []))
    : [];
  const dwell = settings.lifecycle.stages.map(({ name, zh, en }) => ({
    name,
    label: { zh, en },
    path: `lifecycle.dwell_days.${name}`,
    value: settings.lifecycle.dwell_days[name] ?? 0,
    published: published.lifecycle.dwell_days[name] ?? 0,
  }));

  const tiers = settings.tiers.slice(0, -1).map((tier, i): Knob => {
    const path = `tiers.${tier.name}.top`;
    return {
      id: path,
      name: { text: tier.name },
      aside: "",
      unit: "share",
      value: tier.top,
      published: published.tiers[i]?.top ?? tier.top,
      stops: evenStops(0.01, 1, 99, false).filter((stop) => stop < 1),
      spread: undefined,
      least: (settings.tiers[i - 1]?.top ?? 0) + 0.0001,
      most: (settings.tiers[i + 1]?.top ?? 1) - 0.0001,
      whole: false,
      sliding: undefined,
      apply: set(path),
    };
  });

  const warned = source.plan.churn > 0;
  const churn: Knob | undefined = warned
    ? {
        id: "churn.threshold",
        name: { key: "churn_threshold" },
        aside: "churn_p",
        unit: "share",
        value: settings.churn?.threshold || source.snapshot.models?.set.churn?.threshold || 0,
        published: source.plan.churn,
        stops: evenStops(0.01, 0.99, 99, false),
        spread: spreads.of("churn_p"),
        least: 0.0001,
        most: 0.9999,
        whole: false,
        sliding: undefined,
        apply: set("churn.threshold"),
      }
    : undefined;

  const engagement = (settings.engagement ?? []).map((one) => {
    const path = `engagement.${one.name}`;
    const points: Knob = {
      id: `${path}.points`,
      name: { key: "points" },
      aside: "",
      unit: "plain",
      value: one.points,
      published: Number(valueAt(published, `${path}.points`) ?? one.points),
      stops: evenStops(-100, 100, 200, true).filter((stop) => stop !== 0),
      spread: undefined,
      least: -100,
      most: 100,
      whole: true,
      sliding: undefined,
      apply: (all, value) => (value === 0 ? all : withValue(all, `${path}.points`, value, published)),
    };
    const made = rule(path, one, false);
    return { ...made, knobs: [points, ...made.knobs] };
  });

  return {
    settings,
    engagement,
    stages,
    ownStages,
    dwell,
    tiers,
    churn,
    tags: settings.tags.map((one) => rule(`tags.${one.name}`, one, false)),
    segments: settings.segments.map((one) => rule(`segments.${one.name}`, one, false)),
  };
}

export type Knobs = ReturnType<typeof knobsOf>;

/** The dimensions of the scores with their four cuts, in the units of the strategy file: days, purchase days, major units. */
export interface CutRow {
  key: "recency" | "frequency" | "monetary";
  ref: string;
  unit: Unit;
  values: number[];
  published: number[];
  stops: readonly number[];
  spread: Spread | undefined;
}

export function cutRows(plan: Plan, settings: Settings, spreads: Spreads, digits: number): CutRow[] {
  const fixed = settings.rfm.ties === "fixed";
  const major = (list: readonly number[]) => list.map((minor) => minor / 10 ** digits);
  const rows: [CutRow["key"], string, Unit, number[]][] = [
    ["recency", "recency_days", "days", plan.cuts.recency],
    ["frequency", "purchase_days", "count", plan.cuts.frequency],
    ["monetary", "spend", "money", major(plan.cuts.monetary)],
  ];
  return rows.map(([key, ref, unit, published]) => {
    const spread = spreads.of(ref);
    const stops = stopsOf(unit, spread, published[3] ?? 0);
    return { key, ref, unit, values: fixed ? [...settings.rfm[key]] : published, published, stops, spread };
  });
}

/** The three cuts of the Chinese eight, in the units of the strategy file; none where nobody has bought anything. */
export function eightKnobs(
  plan: Plan,
  published: Settings,
  settings: Settings,
  spreads: Spreads,
  digits: number,
): Knob[] {
  const { cn } = plan.cuts;
  if (!cn.known) return [];
  const base = [cn.recency, cn.frequency, cn.monetary / 10 ** digits];
  const values = settings.rfm.cn.cut === "fixed" ? settings.rfm.cn.fixed : base;
  const average = settings.rfm.cn.m_kind === "average";
  const rows: [string, string, Unit][] = [
    ["eight_recency", "recency_days", "days"],
    ["eight_frequency", "purchase_days", "count"],
    ["eight_monetary", average ? "average_order" : "spend", "money"],
  ];
  return rows.map(([key, ref, unit], i) => ({
    id: `rfm.cn.fixed#${i}`,
    name: { key },
    aside: "",
    unit,
    value: values[i] ?? 0,
    published: base[i] ?? 0,
    stops: stopsOf(unit, spreads.of(ref), base[i] ?? 0),
    spread: spreads.of(ref),
    least: 0,
    most: 1e12,
    whole: unit !== "money",
    sliding: undefined,
    apply: (all, value) => {
      const now = edited(published, all).rfm.cn;
      const from = now.cut === "fixed" ? now.fixed : base;
      const fixed = from.map((one, k) => Number((k === i ? value : one).toFixed(2)));
      return tidy({ ...all, "rfm.cn.cut": "fixed", "rfm.cn.fixed": fixed }, published);
    },
  }));
}

/** The changes under which the cuts of the Chinese eight are found in another way. */
export function withEight(edits: Edits, cut: string, knobs: readonly Knob[], published: Settings): Edits {
  const fixed = cut === "fixed" ? knobs.map(({ value }) => value) : [0, 0, 0];
  return tidy({ ...edits, "rfm.cn.cut": cut, "rfm.cn.fixed": fixed }, published);
}

/** The changes under which the cuts of scores are found in another way: fixed where they stand, or from the base. */
export function withTies(edits: Edits, ties: string, rows: readonly CutRow[], published: Settings): Edits {
  const [first] = rows;
  if (ties === "fixed" && first) return tidy(withCut(edits, rows, first.key, 0, first.values[0] ?? 0), published);
  const none = Object.fromEntries(rows.map(({ key }) => [`rfm.${key}`, []]));
  const given = published.rfm.ties === "fixed" ? none : {};
  return tidy({ ...withoutCuts(edits), "rfm.ties": ties, ...given }, published);
}

/** The changes after one cut was moved: from now on the strategy has fixed cuts. Neighbours give way, so that cuts ascend. */
export function withCut(
  edits: Edits,
  rows: readonly CutRow[],
  key: CutRow["key"],
  place: number,
  value: number,
): Edits {
  const out: { [path: string]: Edits[string] } = { ...edits, "rfm.ties": "fixed" };
  for (const row of rows) {
    const values = [...row.values];
    if (row.key === key) {
      const step = row.unit === "money" ? 0.01 : 1;
      values[place] = value;
      for (let i = place + 1; i < 4; i++) values[i] = Math.max(values[i] ?? 0, (values[i - 1] ?? 0) + step);
      for (let i = place - 1; i >= 0; i--) values[i] = Math.min(values[i] ?? 0, (values[i + 1] ?? 0) - step);
    } else
      for (let i = 1; i < 4; i++) if ((values[i] ?? 0) <= (values[i - 1] ?? 0)) values[i] = (values[i - 1] ?? 0) + 1;
    out[`rfm.${row.key}`] = values.map((v) => Number(v.toFixed(2)));
  }
  return out;
}

/** The changes without fixed cuts, as published. */
export function withoutCuts(edits: Edits): Edits {
  const own = new Set(["rfm.ties", "rfm.recency", "rfm.frequency", "rfm.monetary"]);
  return Object.fromEntries(Object.entries(edits).filter(([path]) => !own.has(path)));
}
