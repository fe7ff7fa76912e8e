import { minorDigits } from "../format";
import { encodePlan } from "./plan";
import type { Ground } from "./planOf";
import { planOf } from "./planOf";
import { Pool, type Progress, type StageAnswer } from "./pool";
import { type Moved, type Spread, type Stops, type Sum, type Wanted, WhatIfError } from "./protocol";
import { type Group, plus, type Report, type WhatIf, whatIf, zero } from "./report";
import { changesOf, type Edits, edited, type Settings, versionOf } from "./settings";
import { readModule, readSource, type Source } from "./source";
import { cubeOf, scoreStops } from "./stops";
import { afterPaint, Timings } from "./timings";

export type Phase = "reading" | "none" | "loading" | "ready" | "failed";

export interface State {
  phase: Phase;
  /** Why loading failed. */
  failure: Error | undefined;
  progress: Progress | undefined;
  source: Source | undefined;
  /** The newest answer, and the changes that it is of. */
  report: Report | undefined;
  of: Edits;
  /** Whether all of the report is of those changes: while a slider moves, only what it moves is. */
  whole: boolean;
  recut: boolean;
  /** Of a sample: what the intervals of the report follow from. */
  spreads: readonly Spread[] | undefined;
  /** Why the changes that were asked for last have no answer. */
  refused: WhatIfError | undefined;
  /** How often a worker was started again. */
  restarts: number;
  /** Bytes that the modules take. */
  memory: number;
}

const NOTHING: Edits = {};
const started: State = {
  phase: "reading",
  failure: undefined,
  progress: undefined,
  source: undefined,
  report: undefined,
  of: NOTHING,
  whole: true,
  recut: false,
  spreads: undefined,
  refused: undefined,
  restarts: 0,
  memory: 0,
};

/** What a slider moves: the stages by a column, or the cuts of scores. */
export type Sliding = { kind: "stages"; ref: string; stops: readonly number[] } | { kind: "scores" };

export interface Surroundings {
  moduleUrl: string;
  make: () => Worker;
  workers: number;
  memory: number;
  token: () => Promise<string>;
}

interface Asked {
  edits: Edits;
  sliding: Sliding | undefined;
  /** When the event happened that asked, by performance.now; undefined: nobody waits. */
  at: number | undefined;
}

/** One visit to the what-if page: the base in its workers, and what is tried on it. */
export class Session {
  private state = started;
  private listeners = new Set<() => void>();
  private pool: Pool | undefined;
  private ground: Ground | undefined;
  private running = false;
  private pending: Asked | undefined;
  private asked: Asked = { edits: NOTHING, sliding: undefined, at: undefined };
  private cube = "";
  private scored = "";
  private reports = new Map<string, Promise<Report>>();
  private visit = 0;
  readonly timings = new Timings();

  constructor(private readonly around: Surroundings) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get = (): State => this.state;

  private set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  /** Reads the snapshot and loads it into workers. Again after it failed, or to get a newer one. */
  async load(): Promise<void> {
    const visit = ++this.visit;
    this.pool?.close();
    this.pool = undefined;
    this.cube = this.scored = "";
    this.reports.clear();
    this.set({ ...started, of: this.state.of });
    try {
      const module = readModule(this.around.moduleUrl);
      module.catch(() => undefined); // the pool tells
      const token = await this.around.token();
      const source = await readSource(token);
      if (visit !== this.visit) return;
      this.ground = {
        settings: source.settings,
        start: source.plan,
        threshold: source.snapshot.models?.set.churn?.threshold,
        models: source.snapshot.models !== undefined,
        minorDigits: minorDigits(source.snapshot.currency),
      };
      const { make, workers, memory } = this.around;
      const pool = new Pool({
        source,
        module,
        make,
        workers,
        memory,
        token,
        onProgress: (progress) => visit === this.visit && this.set({ progress }),
        onRestart: (_why, lost) => {
          this.cube = this.scored = "";
          this.reports.clear();
          if (lost) this.set({ restarts: this.state.restarts + 1 });
        },
      });
      this.pool = pool;
      this.set({ phase: "loading", source });
      const report = await pool.load((first) => {
        if (visit !== this.visit) return;
        this.set({ phase: "ready", report: first, whole: true });
        this.again();
      });
      if (visit !== this.visit) return;
      this.cube = this.scored = "";
      this.reports.clear();
      this.set({ phase: "ready", progress: pool.progress, ...(this.running ? {} : { report, of: NOTHING }) });
      this.again();
    } catch (error) {
      if (visit !== this.visit) return;
      this.pool?.close();
      this.pool = undefined;
      const none = error instanceof WhatIfError && error.code === "not_found";
      this.set({ phase: none ? "none" : "failed", failure: error as Error });
    }
  }

  close(): void {
    this.visit++;
    this.pool?.close();
    this.pool = undefined;
  }

  settings(edits: Edits): Settings | undefined {
    return this.ground && edited(this.ground.settings, edits);
  }

  /** Asks for an answer under some changes. One is computed at a time; of those that wait only the newest is kept. */
  ask(edits: Edits, sliding?: Sliding, at?: number): void {
    this.asked = { edits, sliding, at };
    this.pending = this.asked;
    void this.run();
  }

  private again(): void {
    this.pending = { ...this.asked, sliding: undefined, at: undefined };
    void this.run();
  }

  private async run(): Promise<void> {
    if (this.running || this.state.phase !== "ready" || !this.pool) return;
    this.running = true;
    try {
      for (let next = this.pending; next && this.pool; next = this.pending) {
        this.pending = undefined;
        await this.evaluate(this.pool, next);
      }
    } finally {
      this.running = false;
    }
  }

  private async evaluate(pool: Pool, asked: Asked): Promise<void> {
    const settings = this.settings(asked.edits);
    if (!settings || !this.ground) return;
    const plan = planOf(this.ground, settings);
    try {
      if (asked.sliding && (await this.slide(pool, settings, asked))) {
        // A newer stop of the slider is on its way: the rest waits until it rests.
        await new Promise((resolve) => setTimeout(resolve));
        if (this.pending) return;
      }
      const { report, ms } = await pool.try(plan);
      if (pool !== this.pool) return;
      const sampled = pool.progress.complete && report.users < (this.state.source?.snapshot.users ?? 0);
      const spreads = sampled ? await pool.spreads() : undefined;
      if (pool !== this.pool) return;
      const timing = this.timings.add("scan", ms);
      this.set({
        report,
        of: asked.edits,
        whole: true,
        recut: plan.recut !== null,
        spreads,
        refused: undefined,
        memory: pool.memory,
      });
      this.painted(asked.at, timing);
    } catch (error) {
      if (pool !== this.pool) return;
      if (error instanceof WhatIfError && error.code !== "dead") this.set({ refused: error });
      else this.fail(error as Error);
    }
  }

  private fail(error: Error): void {
    this.pool?.close();
    this.pool = undefined;
    this.set({ phase: "failed", failure: error });
  }

  private painted(at: number | undefined, timing: { painted: number | null }): void {
    if (at === undefined) return;
    afterPaint((now) => {
      timing.painted = now - at;
    });
  }

  /** Answers for a slider from a cube; false when only an evaluation of the base is exact. */
  private async slide(pool: Pool, settings: Settings, { edits, sliding, at }: Asked): Promise<boolean> {
    const { report } = this.state;
    if (!sliding || !report || !this.ground) return false;
    const asked =
      sliding.kind === "stages"
        ? this.slideStages(pool, settings, sliding, report)
        : this.slideScores(pool, settings, report);
    // What a cube refuses, such as one too fine, or of a worker that was started again, an evaluation answers.
    const told = await asked.catch((error: unknown) => {
      this.cube = this.scored = "";
      if (error instanceof WhatIfError && error.code !== "dead") return undefined;
      throw error;
    });
    if (!told || pool !== this.pool) return false;
    const timing = this.timings.add("slide", told.ms);
    this.set({ report: told.report, of: edits, whole: false, refused: undefined });
    this.painted(at, timing);
    return true;
  }

  private async slideStages(pool: Pool, settings: Settings, sliding: Sliding & { kind: "stages" }, report: Report) {
    const cube = cubeOf(settings, sliding.ref, sliding.stops, this.scaleOf);
    if (!cube) return undefined;
    const key = JSON.stringify(cube);
    if (key !== this.cube) {
      await pool.stageCube(cube.dwell, cube.axes);
      this.cube = key;
    }
    if (!this.ground) return undefined;
    const { parts, ms } = (await pool.slideStages(encodePlan({ ...planOf(this.ground, settings), recut: null }))) ?? {};
    if (!parts || ms === undefined) return undefined;
    const names = [...new Set([...settings.lifecycle.stages.map(({ name }) => name), ...report.stage.names])];
    return { report: { ...report, stage: stagesOf(names, parts) }, ms };
  }

  private async slideScores(pool: Pool, settings: Settings, report: Report) {
    const { ground } = this;
    const axes = this.scoreAxes;
    if (!ground || !axes || settings.rfm.ties !== "fixed") return undefined;
    const { cuts } = planOf(ground, settings);
    const key = JSON.stringify(axes.map(({ stops }) => stops.length));
    if (key !== this.scored) {
      await pool.scoreCube(axes);
      this.scored = key;
    }
    const eleven = settings.rfm.grid === "eleven";
    const told = await pool.slideScores([...cuts.recency, ...cuts.frequency, ...cuts.monetary], eleven);
    if (!told) return undefined;
    return { report: { ...report, rfm: namesOf(report.rfm, told.answer.moves) }, ms: told.ms };
  }

  private scoreAxes: Stops[] | undefined;

  /** The stops of the sliders of the cuts of scores, in raw numbers. */
  setScoreStops(recency: readonly number[], frequency: readonly number[], spend: readonly number[]): void {
    this.scoreAxes = scoreStops(recency, frequency, spend);
  }

  scaleOf = (ref: string): number | undefined => {
    const of = ref === "silence_days" ? "recency_days" : ref;
    return this.state.source?.snapshot.columns.find((column) => column.ref === of && column.kind === "number")?.scale;
  };

  /** The report of other changes, beside those that are tried. */
  beside(edits: Edits): Promise<Report> {
    const settings = this.settings(edits);
    const { pool, ground } = this;
    if (!settings || !pool || !ground) return Promise.reject(new Error("the base is not loaded"));
    const key = versionOf(settings);
    let report = this.reports.get(key);
    if (!report) {
      report = this.queued(async () => {
        const told = await pool.try(planOf(ground, settings));
        return told.report;
      });
      report.catch(() => this.reports.delete(key));
      this.reports.set(key, report);
    }
    return report;
  }

  /** Works while nothing else is computed, and then goes back to what is tried. */
  private async queued<T>(work: () => Promise<T>): Promise<T> {
    while (this.running || this.pending) await new Promise((resolve) => setTimeout(resolve, 20));
    this.running = true;
    try {
      return await work();
    } finally {
      this.running = false;
      this.again();
    }
  }

  /** Users, revenue and value of a condition under the changes that are tried. */
  async count(condition: string): Promise<Sum> {
    if (!this.pool) throw new Error("the base is not loaded");
    const from = performance.now();
    const sum = await this.pool.sum(condition);
    this.timings.add("count", performance.now() - from);
    return sum;
  }

  async sample(wanted: Wanted): Promise<Moved[]> {
    if (!this.pool) throw new Error("the base is not loaded");
    return this.pool.sample(wanted);
  }

  async histograms(axes: Stops[]) {
    if (!this.pool) throw new Error("the base is not loaded");
    return this.pool.histograms(axes);
  }

  /** What `weir whatif --snapshot DIR --strategy FILE --json` prints of the changes that are tried; null before there is an answer. */
  report(): WhatIf | null {
    const { report, source, of, recut, progress, spreads } = this.state;
    const settings = this.settings(of);
    if (!report || !source || !settings) return null;
    const { snapshot } = source;
    const all = (progress?.rows ?? snapshot.rows) === snapshot.rows;
    const age = Math.floor((Date.now() - source.readAt) / 1000) + snapshot.age_seconds;
    return whatIf(report, {
      asOf: snapshot.as_of.replace(/\.\d+Z$/, "Z"),
      currency: snapshot.currency,
      published: snapshot.strategy_version,
      tried: versionOf(settings),
      recut,
      changes: changesOf(source.settings, settings),
      madeAt: snapshot.made_at.replace(/\.\d+Z$/, "Z"),
      ageSeconds: age,
      baseUsers: snapshot.users,
      rate: all ? (snapshot.sampling?.rate ?? 1) : report.users / snapshot.users,
      weight: all ? (snapshot.sampling?.weight ?? 1) : snapshot.users / report.users,
      spreads,
    });
  }
}

function stagesOf(names: readonly string[], parts: readonly StageAnswer[]): Group {
  const all = [...new Set([...names, ...parts.flatMap((part) => part.moves.flatMap(({ from, to }) => [from, to]))])];
  return groupOf(
    all,
    parts.flatMap((part) => part.moves.map(({ from, to, ...sum }) => ({ from, to, sum }))),
  );
}

/** The names that a cube of scores numbers, from 0: nobody's first. */
const scoreNames = [
  "",
  "champions",
  "loyal_customers",
  "potential_loyalists",
  "new_customers",
  "promising",
  "need_attention",
  "about_to_sleep",
  "at_risk",
  "cant_lose",
  "hibernating",
  "lost",
];

/** The names of scores out of a cube's answer; users without a purchase are in none of its cells and stay. */
function namesOf(group: Group, moves: readonly (readonly Sum[])[]): Group {
  const list = moves.flatMap((row, i) =>
    row.flatMap((sum, j) => (sum.users ? [{ from: scoreNames[i] ?? "", to: scoreNames[j] ?? "", sum }] : [])),
  );
  const nobody = group.names.indexOf("");
  const stay = nobody < 0 ? undefined : group.moves[nobody]?.[nobody];
  if (stay?.users) list.push({ from: "", to: "", sum: stay });
  return groupOf(group.names, list);
}

function groupOf(names: readonly string[], list: readonly { from: string; to: string; sum: Sum }[]): Group {
  const group: Group = {
    names: [...names],
    before: names.map(() => zero),
    after: names.map(() => zero),
    moves: names.map(() => names.map(() => zero)),
  };
  for (const { from, to, sum } of list) {
    const [i, j] = [names.indexOf(from), names.indexOf(to)];
    const row = group.moves[i];
    if (!row || j < 0) continue;
    group.before[i] = plus(group.before[i] ?? zero, sum);
    group.after[j] = plus(group.after[j] ?? zero, sum);
    row[j] = plus(row[j] ?? zero, sum);
  }
  return group;
}
