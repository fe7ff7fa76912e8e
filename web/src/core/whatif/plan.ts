import { Reader, Writer } from "../../../../wasm/preview/preview.mjs";

/** A strategy as the what-if module reads it (docs/wasm-abi.md, Plan). Money is in minor units. */
export interface Plan {
  version: string;
  zone: { name: string; from: number[]; offsets: number[] };
  activity: string;
  grid: string;
  metrics: { name: string; windows: number[]; of: string[] }[];
  purchase: string;
  events: string[];
  eventTags: string[];
  messages: string[];
  rfm: string[];
  rfmCN: string[];
  tiers: string[];
  refused: { name: string; why: string }[];
  stages: { name: string; when: string; dwell: number; bound: boolean; allowed: string[] }[];
  tags: Audience[];
  segments: Audience[];
  engagement: (Audience & { points: number })[];
  rules: { name: string; stage: string; segment: string }[];
  churn: number;
  churnSilence: number;
  missing: { prefix: string; why: string }[];
  cuts: Cuts;
  recut: Recut | null;
}

export interface Audience {
  name: string;
  when: string;
}

export interface Cuts {
  scored: boolean;
  recency: number[];
  frequency: number[];
  monetary: number[];
  ranked: boolean[];
  fromRow: number[] | null;
  cn: { known: boolean; average: boolean; recency: number; frequency: number; monetary: number };
  tiers: { name: string; least: number; rest: boolean }[];
}

/** How cuts are to be computed from the base. */
export interface Recut {
  ties: string;
  average: boolean;
  cut: string;
  tiers: { name: string; top: number }[];
  keepScores: boolean;
  keepCN: boolean;
}

const MAGIC = "weir.pln";
const LAYOUT = 2;

/** Reads a plan; undefined for a layout that this page does not know. */
export function decodePlan(bytes: Uint8Array): Plan | undefined {
  const r = new Reader(bytes);
  if (new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) return undefined;
  r.at = 8;
  if (r.u32() !== LAYOUT) return undefined;
  const text = () => r.text();
  const whole = () => r.i64();
  const truth = () => r.u8() === 1;
  const texts = () => r.list(text);
  const four = () => [whole(), whole(), whole(), whole()];
  const audience = () => ({ name: text(), when: text() });
  const plan: Plan = {
    version: text(),
    zone: { name: text(), from: r.list(whole), offsets: r.list(whole) },
    activity: text(),
    grid: text(),
    metrics: r.list(() => ({ name: text(), windows: r.list(whole), of: [text(), text(), text(), text()] })),
    purchase: text(),
    events: texts(),
    eventTags: texts(),
    messages: texts(),
    rfm: texts(),
    rfmCN: texts(),
    tiers: texts(),
    refused: r.list(() => ({ name: text(), why: text() })),
    stages: r.list(() => ({ name: text(), when: text(), dwell: whole(), bound: truth(), allowed: texts() })),
    tags: r.list(audience),
    segments: r.list(audience),
    engagement: r.list(() => ({ ...audience(), points: whole() })),
    rules: r.list(() => ({ name: text(), stage: text(), segment: text() })),
    churn: r.f64(),
    churnSilence: whole(),
    missing: r.list(() => ({ prefix: text(), why: text() })),
    cuts: {
      scored: truth(),
      recency: four(),
      frequency: four(),
      monetary: four(),
      ranked: [truth(), truth(), truth(), truth()],
      fromRow: truth() ? four() : null,
      cn: { known: truth(), average: truth(), recency: whole(), frequency: whole(), monetary: whole() },
      tiers: r.list(() => ({ name: text(), least: whole(), rest: truth() })),
    },
    recut: truth()
      ? {
          ties: text(),
          average: truth(),
          cut: text(),
          tiers: r.list(() => ({ name: text(), top: r.f64() })),
          keepScores: truth(),
          keepCN: truth(),
        }
      : null,
  };
  return plan;
}

export function encodePlan(plan: Plan): Uint8Array {
  const w = new Writer();
  const text = (s: string) => w.text(s);
  const whole = (n: number) => w.i64(n);
  const truth = (b: boolean) => w.u8(b ? 1 : 0);
  const texts = (list: readonly string[]) => w.list(list, text);
  w.raw(new TextEncoder().encode(MAGIC));
  w.u32(LAYOUT);
  text(plan.version);
  text(plan.zone.name);
  w.list(plan.zone.from, whole);
  w.list(plan.zone.offsets, whole);
  text(plan.activity);
  text(plan.grid);
  w.list(plan.metrics, (metric) => {
    text(metric.name);
    w.list(metric.windows, whole);
    metric.of.forEach(text);
  });
  text(plan.purchase);
  for (const list of [plan.events, plan.eventTags, plan.messages, plan.rfm, plan.rfmCN, plan.tiers]) texts(list);
  w.list(plan.refused, ({ name, why }) => [text(name), text(why)]);
  w.list(plan.stages, (stage) => {
    text(stage.name);
    text(stage.when);
    whole(stage.dwell);
    truth(stage.bound);
    texts(stage.allowed);
  });
  for (const list of [plan.tags, plan.segments]) w.list(list, ({ name, when }) => [text(name), text(when)]);
  w.list(plan.engagement, ({ name, when, points }) => [text(name), text(when), whole(points)]);
  w.list(plan.rules, ({ name, stage, segment }) => [text(name), text(stage), text(segment)]);
  w.f64(plan.churn);
  whole(plan.churnSilence);
  w.list(plan.missing, ({ prefix, why }) => [text(prefix), text(why)]);
  encodeCuts(w, plan.cuts);
  truth(plan.recut !== null);
  if (plan.recut) {
    text(plan.recut.ties);
    truth(plan.recut.average);
    text(plan.recut.cut);
    w.list(plan.recut.tiers, ({ name, top }) => [text(name), w.f64(top)]);
    truth(plan.recut.keepScores);
    truth(plan.recut.keepCN);
  }
  return w.done();
}

function encodeCuts(w: Writer, cuts: Cuts): void {
  const truth = (b: boolean) => w.u8(b ? 1 : 0);
  truth(cuts.scored);
  for (const list of [cuts.recency, cuts.frequency, cuts.monetary]) for (const v of list) w.i64(v);
  for (const b of cuts.ranked) truth(b);
  truth(cuts.fromRow !== null);
  for (const v of cuts.fromRow ?? []) w.i64(v);
  truth(cuts.cn.known);
  truth(cuts.cn.average);
  for (const v of [cuts.cn.recency, cuts.cn.frequency, cuts.cn.monetary]) w.i64(v);
  w.list(cuts.tiers, (tier) => {
    w.text(tier.name);
    w.i64(tier.least);
    truth(tier.rest);
  });
}
