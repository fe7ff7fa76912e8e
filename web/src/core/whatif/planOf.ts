import { conditionNumbers } from "./condition";
import type { Cuts, Plan } from "./plan";
import { changesOf, type Settings, versionOf } from "./settings";

/** What plans of changed strategies follow from: the strategy of the snapshot, its plan, and its models. */
export interface Ground {
  readonly settings: Settings;
  readonly start: Plan;
  /** From which probability the fitted model warns of churn; undefined without models of churn. */
  readonly threshold: number | undefined;
  /** Whether the snapshot was scored with models. */
  readonly models: boolean;
  /** Minor units of one unit of the currency, as a power of ten. */
  readonly minorDigits: number;
}

/** The plan of changed settings over the base of a snapshot (shared/whatif/fill, Plan and RecutPlan). */
export function planOf(ground: Ground, settings: Settings): Plan {
  const { start } = ground;
  const stages = settings.lifecycle.stages.map(({ name, when }) => {
    const allowed = settings.lifecycle.transitions[name];
    return {
      name,
      when,
      dwell: settings.lifecycle.dwell_days[name] ?? 0,
      bound: allowed !== undefined,
      allowed: [...(allowed ?? [])],
    };
  });
  const warned = start.churn > 0 && ground.threshold !== undefined;
  const plan: Plan = {
    ...start,
    version: versionOf(settings),
    activity: settings.activity.of,
    grid: settings.rfm.grid,
    rfm: [...start.rfm.filter((name) => name !== "lost"), ...(settings.rfm.grid === "eleven" ? ["lost"] : [])],
    stages,
    tags: settings.tags.map(({ name, when }) => ({ name, when })),
    segments: settings.segments.map(({ name, when }) => ({ name, when })),
    engagement: (settings.engagement ?? []).map(({ name, when, points }) => ({ name, when, points })),
    messages: messagesOf(settings),
    refused: refused(start, settings),
    rules: settings.outreach.rules.map(({ name, on }) => ({
      name,
      stage: on.enter_stage ?? "",
      segment: on.enter_segment ?? "",
    })),
    churn: warned ? settings.churn?.threshold || (ground.threshold ?? 0) : 0,
    churnSilence: warned ? silenceLimit(settings) : 0,
    missing: missing(ground, settings),
    recut: null,
  };
  if (sameCuts(ground.settings, settings)) return plan;
  const fixed = settings.rfm.ties === "fixed";
  plan.cuts = nobody(settings, ground.minorDigits);
  plan.recut = {
    ties: settings.rfm.ties,
    average: settings.rfm.cn.m_kind === "average",
    cut: settings.rfm.cn.cut,
    tiers: settings.tiers.map(({ name, top }) => ({ name, top })),
    keepScores: fixed,
    keepCN: settings.rfm.cn.cut === "fixed",
  };
  return plan;
}

/** What message("NAME") may name: the rules, then the templates that no rule is named after (shared/strategy, MessageNames). */
function messagesOf({ outreach, templates }: Settings): string[] {
  const rules = outreach.rules.map(({ name }) => name);
  return [
    ...rules,
    ...Object.keys(templates)
      .filter((name) => !rules.includes(name))
      .sort(),
  ];
}

/** Names that conditions may not read: the engagement score where nothing gives points (shared/strategy, Names). */
function refused(start: Plan, settings: Settings): Plan["refused"] {
  const others = start.refused.filter(({ name }) => name !== "engagement");
  if (settings.engagement?.length) return others;
  return [...others, { name: "engagement", why: "engagement: the strategy declares no points under engagement" }];
}

/** Whether cuts that were computed under one strategy hold under another. */
export function sameCuts(a: Settings, b: Settings): boolean {
  return !changesOf(a, b).some(({ path }) => path.startsWith("rfm.") || /^tiers(\.[^.]*(\.top)?$|$)/.test(path));
}

/** The cuts of a base without buyers: those that the strategy fixes. */
function nobody(settings: Settings, minorDigits: number): Cuts {
  const { rfm } = settings;
  const fixed = rfm.ties === "fixed";
  const minor = (amount: number) => minorOf(amount, minorDigits);
  const known = rfm.cn.cut === "fixed";
  const [days = 0, count = 0, money = 0] = rfm.cn.fixed;
  return {
    scored: fixed,
    recency: fixed ? rfm.recency.map(Math.floor) : [0, 0, 0, 0],
    frequency: fixed ? rfm.frequency.map(Math.floor) : [0, 0, 0, 0],
    monetary: fixed ? rfm.monetary.map(minor) : [0, 0, 0, 0],
    ranked: [false, false, false, false],
    fromRow: null,
    cn: {
      known,
      average: known && rfm.cn.m_kind === "average",
      recency: known ? Math.floor(days) : 0,
      frequency: known ? Math.floor(count) : 0,
      monetary: known ? minor(money) : 0,
    },
    tiers: [],
  };
}

/** An amount in minor units by its decimal digits, half away from zero. */
export function minorOf(amount: number, digits: number): number {
  const [whole = "0", part = ""] = Math.abs(amount).toFixed(10).split(".");
  const minor = Number(whole + part.slice(0, digits).padEnd(digits, "0")) + (Number(part[digits] ?? 0) >= 5 ? 1 : 0);
  return amount < 0 ? -minor : minor;
}

/** The days of silence from which the strategy calls a user churned (shared/score, silenceLimit). */
export function silenceLimit(settings: Settings): number {
  const { preset, thresholds, stages } = settings.lifecycle;
  if (preset !== "custom" && thresholds.churned_days > 0) return thresholds.churned_days;
  let longest = 0;
  for (const stage of stages)
    for (const number of conditionNumbers(stage.when)) {
      if (number.ref !== "silence_days" && number.ref !== "recency_days") continue;
      if (number.op === "==" || number.op === "!=") continue;
      let first = Math.ceil(Math.min(Math.max(number.value, 0), 3650));
      if ((number.op === "<=" || number.op === ">") && first === number.value) first++;
      longest = Math.max(longest, first);
    }
  if (longest > 0) return longest;
  return settings.churn?.horizon_days || thresholds.churned_days || 90;
}

/** What conditions may name although the columns do not have it under the changed strategy (shared/whatif/fill, missing). */
function missing({ settings: old, start, models }: Ground, settings: Settings): Plan["missing"] {
  const list = [...start.missing];
  const sameModels =
    old.activity.of === settings.activity.of && (old.churn?.horizon_days ?? 0) === (settings.churn?.horizon_days ?? 0);
  if (models && !sameModels)
    for (const prefix of ["p_alive", "expected_purchases", "expected_value", "clv", "churn_p", "churn_warning"])
      list.push({ prefix, why: "the models were fitted under other settings" });
  return list;
}
