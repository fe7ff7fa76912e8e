import type { Group, Member, Report, Sum } from "../../../../wasm/preview/preview.mjs";
import { type Interval, sumInterval, usersInterval } from "./interval";
import type { Spread } from "./protocol";
import type { Change } from "./settings";

export type { Group, Member, Report, Sum };

export const zero: Sum = { users: 0, revenue: 0, value: 0 };

export function plus(a: Sum, b: Sum): Sum {
  return { users: a.users + b.users, revenue: a.revenue + b.revenue, value: a.value + b.value };
}

/** Adds the reports of the parts of a base up. Every part was asked the same. */
export function mergeReports(parts: readonly Report[]): Report {
  const [first, ...others] = parts;
  if (!first) throw new Error("there is no report to add up");
  if (others.length === 0) return first;
  const group = (of: (report: Report) => Group) => mergeGroups(parts.map(of));
  const members = (of: (report: Report) => readonly Member[]) =>
    of(first).map((one, i) => mergeMembers(parts.map((part) => of(part)[i] ?? one)));
  return {
    users: parts.reduce((sum, part) => sum + part.users, 0),
    stage: group((part) => part.stage),
    candidate: group((part) => part.candidate),
    rfm: group((part) => part.rfm),
    rfmCN: group((part) => part.rfmCN),
    tier: group((part) => part.tier),
    r: group((part) => part.r),
    f: group((part) => part.f),
    m: group((part) => part.m),
    points: group((part) => part.points),
    tags: members((part) => part.tags),
    segments: members((part) => part.segments),
    churn: first.churn && mergeMembers(parts.flatMap((part) => (part.churn ? [part.churn] : []))),
    rules: first.rules.map((rule, i) => ({
      name: rule.name,
      enter: parts.reduce((sum, part) => plus(sum, part.rules[i]?.enter ?? zero), zero),
      existing: parts.reduce((sum, part) => plus(sum, part.rules[i]?.existing ?? zero), zero),
    })),
  };
}

/** Names that some part has and others have not come after those of the parts before. */
export function mergeGroups(parts: readonly Group[]): Group {
  const names = [...new Set(parts.flatMap((part) => part.names))];
  const before = names.map(() => zero);
  const after = names.map(() => zero);
  const moves = names.map(() => names.map(() => zero));
  const add = (list: Sum[] | undefined, i: number, sum: Sum | undefined) => {
    if (list && sum) list[i] = plus(list[i] ?? zero, sum);
  };
  for (const part of parts) {
    const places = part.names.map((name) => names.indexOf(name));
    for (const [i, from] of places.entries()) {
      add(before, from, part.before[i]);
      add(after, from, part.after[i]);
      for (const [j, to] of places.entries()) add(moves[from], to, part.moves[i]?.[j]);
    }
  }
  return { names, before, after, moves };
}

function mergeMembers(parts: readonly Member[]): Member {
  const sum = (of: (member: Member) => Sum) => parts.reduce((all, part) => plus(all, of(part)), zero);
  return {
    name: parts[0]?.name ?? "",
    before: sum((part) => part.before),
    after: sum((part) => part.after),
    enter: sum((part) => part.enter),
    leave: sum((part) => part.leave),
  };
}

/** What `weir whatif --snapshot DIR --strategy FILE --json` prints. Money is in minor units. */
export interface WhatIf {
  as_of: string;
  currency: string;
  users: number;
  published_version: string;
  tried_version: string;
  cuts: "published" | "recomputed";
  changes: Change[];
  stages: WhatIfGroup;
  stage_candidates: WhatIfGroup;
  rfm: WhatIfGroup;
  rfm_cn: WhatIfGroup;
  tiers: WhatIfGroup;
  /** By bands of the score; null where neither strategy gives points. */
  engagement: WhatIfGroup | null;
  segments: WhatIfMember[];
  tags: WhatIfMember[];
  churn_warning: WhatIfMember | null;
  outreach_rules: { name: string; enter: WhatIfSum; existing: WhatIfSum }[];
  snapshot: { made_at: string; age_seconds: number; base_users: number; sampling_rate: number; weight: number };
}

export interface WhatIfSum {
  users: number;
  revenue_minor: number;
  value_minor: number;
}

/** What the numbers of a sample say of the whole base. */
export interface WhatIfBounds {
  users: Interval;
  revenue_minor: Interval;
}

export interface WhatIfSize {
  name: string;
  before: WhatIfSum;
  after: WhatIfSum;
  /** Left out where the numbers are of all users. */
  interval?: { before: WhatIfBounds; after: WhatIfBounds };
}

export interface WhatIfGroup {
  sizes: WhatIfSize[];
  moves: ({ from: string; to: string } & WhatIfSum)[];
}

export interface WhatIfMember extends WhatIfSize {
  enter: WhatIfSum;
  leave: WhatIfSum;
}

/** What a report is of. */
export interface Origin {
  asOf: string;
  currency: string;
  published: string;
  tried: string;
  recut: boolean;
  changes: Change[];
  madeAt: string;
  ageSeconds: number;
  baseUsers: number;
  rate: number;
  weight: number;
  spreads: readonly Spread[] | undefined;
}

/** A report as the command line prints it. */
export function whatIf(report: Report, origin: Origin): WhatIf {
  const sum = (s: Sum): WhatIfSum => ({ users: s.users, revenue_minor: s.revenue, value_minor: s.value });
  const { spreads, baseUsers } = origin;
  const size = (kind: string, name: string, before: Sum, after: Sum): WhatIfSize => {
    const made = { name, before: sum(before), after: sum(after) };
    if (!spreads) return made;
    const squares = spreads.find((one) => one.kind === kind && one.name === name);
    const bounds = (s: Sum, of: bigint): WhatIfBounds => ({
      users: usersInterval(s.users, report.users, baseUsers),
      revenue_minor: sumInterval(s.revenue, of, report.users, baseUsers),
    });
    return {
      ...made,
      interval: { before: bounds(before, squares?.before ?? 0n), after: bounds(after, squares?.after ?? 0n) },
    };
  };
  const group = (g: Group, kind = ""): WhatIfGroup => ({
    sizes: g.names.map((name, i) => {
      const [before, after] = [g.before[i] ?? zero, g.after[i] ?? zero];
      return kind ? size(kind, name, before, after) : { name, before: sum(before), after: sum(after) };
    }),
    moves: movesOf(g).map(({ from, to, ...of }) => ({ from, to, ...sum(of) })),
  });
  const member = (m: Member, kind = ""): WhatIfMember => ({
    ...(kind ? size(kind, m.name, m.before, m.after) : { name: m.name, before: sum(m.before), after: sum(m.after) }),
    enter: sum(m.enter),
    leave: sum(m.leave),
  });
  return {
    as_of: origin.asOf,
    currency: origin.currency,
    users: report.users,
    published_version: origin.published,
    tried_version: origin.tried,
    cuts: origin.recut ? "recomputed" : "published",
    changes: origin.changes,
    stages: group(report.stage, "stage"),
    stage_candidates: group(report.candidate),
    rfm: group(report.rfm, "rfm"),
    rfm_cn: group(report.rfmCN, "rfm_cn"),
    tiers: group(report.tier, "tier"),
    engagement: report.points.names.length > 0 ? group(report.points) : null,
    segments: report.segments.map((one) => member(one, "segments")),
    tags: report.tags.map((one) => member(one, "tags")),
    churn_warning: report.churn && member(report.churn),
    outreach_rules: report.rules.map((rule) => ({
      name: rule.name,
      enter: sum(rule.enter),
      existing: sum(rule.existing),
    })),
    snapshot: {
      made_at: origin.madeAt,
      age_seconds: origin.ageSeconds,
      base_users: origin.baseUsers,
      sampling_rate: origin.rate,
      weight: origin.weight,
    },
  };
}

/** Who is where of whom; cells that nobody is in are left out. */
export function movesOf(group: Group): ({ from: string; to: string } & Sum)[] {
  return group.names.flatMap((from, i) =>
    group.names.flatMap((to, j) => {
      const sum = group.moves[i]?.[j] ?? zero;
      return sum.users > 0 ? [{ from, to, ...sum }] : [];
    }),
  );
}
