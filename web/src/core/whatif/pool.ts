import { decodeReport, Reader } from "../../../../wasm/preview/preview.mjs";
import { Member } from "./member";
import { encodePlan, type Plan } from "./plan";
import {
  type Histogram,
  type Moved,
  type Shard,
  type Spread,
  type Stops,
  type Sum,
  type Wanted,
  WhatIfError,
} from "./protocol";
import { mergeReports, plus, type Report, zero } from "./report";
import { CACHE, type Source, shardUrl } from "./source";

/** How far the load is. Rows are those that answers are of. */
export interface Progress {
  bytes: number;
  totalBytes: number;
  rows: number;
  totalRows: number;
  /** Shards that were left out because memory had run out. */
  left: number;
  complete: boolean;
}

export interface Options {
  source: Source;
  module: Promise<WebAssembly.Module>;
  make: () => Worker;
  workers: number;
  token: string;
  /** The most bytes that each worker's module may take; 0 leaves it to the browser. */
  memory: number;
  onProgress: (progress: Progress) => void;
  /** Workers were replaced, and what was asked is asked anew; lost: one had died, and not for want of memory. */
  onRestart: (why: string, lost: boolean) => void;
}

const errorOf = (code: string, message: string) => new WhatIfError({ code, message, hint: "", line: 0, column: 0 });

/** The workers and the rows that they share: what is asked of the base is asked of each of them, and the answers are added up. */
export class Pool {
  private members: Member[] = [];
  private loaded = new Map<string, number>();
  /** Workers whose answers count: they have evaluated the plan of the start. */
  private ready: Member[] = [];
  private rows = 0;
  private complete = false;
  private left = 0;
  private ranked: "" | "plain" | "average" = "";
  private closed = false;
  memory = 0;

  constructor(private readonly o: Options) {}

  get progress(): Progress {
    const { snapshot } = this.o.source;
    let bytes = 0;
    for (const n of this.loaded.values()) bytes += n;
    const totalBytes = snapshot.shards.reduce((sum, shard) => sum + shard.bytes, 0);
    const { rows, left, complete } = this;
    return { bytes, totalBytes, rows, totalRows: snapshot.rows, left, complete };
  }

  close(): void {
    this.closed = true;
    for (const member of this.members) member.end("the page was left");
  }

  /** Loads the base: `first` is told when there are answers of the first shard. */
  async load(first: (report: Report) => void): Promise<Report> {
    const { source, workers, token } = this.o;
    const shards: Shard[] = source.snapshot.shards.map(({ name, rows, bytes, sha256 }) => ({
      url: shardUrl(name),
      rows,
      bytes,
      sha256,
      token,
      cache: CACHE,
    }));
    const count = Math.max(1, Math.min(workers, shards.length));
    const parts = Array.from({ length: count }, (_, i) => shards.filter((_, k) => k % count === i));
    const made = parts.map((part) => this.hire(part));
    this.members = made;
    const [lead] = made;
    const [head, ...rest] = parts[0] ?? [];
    if (!lead) throw errorOf("internal", "there are no workers");
    // A worker answers one question after the other, and fetches what it is to load before its turn: everything is asked at once.
    const booted = made.map((member) => this.boot(member));
    const begun = Promise.all([booted[0], head && this.add(lead, head), this.start(lead)]);
    const filled = made.map((member, i) => this.fill(member, i === 0 ? rest : (parts[i] ?? [])));
    for (const one of [...booted, ...filled]) one.catch(() => undefined); // told below
    const [, , report] = await begun;
    this.ready = [lead];
    this.count();
    first(report);
    await Promise.all(booted);
    const others = await Promise.all(filled);
    this.members = others;
    const reports = await Promise.all(others.map((member, i) => this.begin(member, i)));
    this.complete = true;
    this.ready = this.members;
    this.count();
    return mergeReports(reports);
  }

  /** Evaluates a plan over the rows that are there. */
  async try(plan: Plan): Promise<{ report: Report; ms: number }> {
    const bytes = await this.resolved(plan);
    const told = await this.each((member) => member.ask("try", { plan: bytes }));
    this.memory = told.reduce((sum, one) => sum + one.answer.memory, 0);
    const reports = told.map((one) => decodeReport(one.answer.report));
    return { report: mergeReports(reports), ms: Math.max(...told.map((one) => one.ms)) };
  }

  async sum(condition: string): Promise<Sum> {
    const told = await this.each((member) => member.ask("count", { condition }));
    return told.reduce((sum, one) => plus(sum, one.answer), zero);
  }

  async histograms(axes: Stops[]): Promise<Histogram[]> {
    const told = await this.each((member) => member.ask("histogram", { axes }));
    return axes.map((_, i) => {
      const parts = told.flatMap((one) => one.answer[i] ?? []);
      const some = parts.filter((part) => part.low <= part.high);
      return {
        low: some.reduce((least, part) => (part.low < least ? part.low : least), some[0]?.low ?? 1n),
        high: some.reduce((most, part) => (part.high > most ? part.high : most), some[0]?.high ?? 0n),
        counts: (parts[0]?.counts ?? []).map((_, k) => parts.reduce((sum, part) => sum + (part.counts[k] ?? 0), 0)),
      };
    });
  }

  /** Squares of revenue by kind and name, of all rows: asked of samples alone. */
  async spreads(): Promise<Spread[]> {
    const told = await this.each((member) => member.ask("spreads", null));
    const all = new Map<string, Spread>();
    for (const one of told.flatMap(({ answer }) => answer)) {
      const key = `${one.kind} ${one.name}`;
      const known = all.get(key);
      const sum = known && { before: known.before + one.before, after: known.after + one.after };
      all.set(key, { ...one, ...sum });
    }
    return [...all.values()];
  }

  async sample(wanted: Wanted): Promise<Moved[]> {
    const told = await this.each((member) => member.ask("sample", wanted));
    const all = told.flatMap((one) => one.answer).sort((a, b) => a.row - b.row);
    return all.slice(0, wanted.most ?? 20);
  }

  /** Prepares the answers of sliders of the cuts of scores. */
  async scoreCube(axes: Stops[]): Promise<void> {
    await this.each((member) => member.ask("scoreCube", { axes }));
  }

  /** Twelve cuts: who moves from which name to which; undefined when one stands between two stops. */
  async slideScores(cuts: number[], eleven: boolean): Promise<{ answer: ScoreAnswer; ms: number } | undefined> {
    const told = await this.each((member) => member.ask("slideScores", { cuts, eleven }));
    const parts: ScoreAnswer[] = [];
    for (const { answer } of told) {
      if (!answer) return undefined;
      const r = new Reader(answer);
      const sums = (n: number) => Array.from({ length: n }, () => r.sum());
      parts.push({
        moves: Array.from({ length: 12 }, () => sums(12)),
        scores: Array.from({ length: 3 }, () => sums(6)),
      });
    }
    const add = (of: (part: ScoreAnswer) => Sum[][]) =>
      (parts[0] ? of(parts[0]) : []).map((row, i) =>
        row.map((_, j) => parts.reduce((sum, part) => plus(sum, of(part)[i]?.[j] ?? zero), zero)),
      );
    const ms = Math.max(...told.map((one) => one.ms));
    return { answer: { moves: add((part) => part.moves), scores: add((part) => part.scores) }, ms };
  }

  /** Prepares the answers of sliders of stages. */
  async stageCube(dwell: number, axes: Stops[]): Promise<void> {
    await this.each((member) => member.ask("stageCube", { dwell, axes }));
  }

  /** The stages of a plan: candidates and moves; undefined when the cube cannot tell exactly. */
  async slideStages(plan: Uint8Array): Promise<{ parts: StageAnswer[]; ms: number } | undefined> {
    const told = await this.each((member) => member.ask("slideStages", { plan }));
    const parts: StageAnswer[] = [];
    for (const { answer } of told) {
      if (!answer) return undefined;
      const r = new Reader(answer);
      const names = r.list(() => r.text());
      const asked = names.map(() => r.sum());
      const moves = r.list(() => ({ from: names[r.u32()] ?? "", to: names[r.u32()] ?? "", ...r.sum() }));
      parts.push({ names, asked, moves });
    }
    return { parts, ms: Math.max(...told.map((one) => one.ms)) };
  }

  /** A plan as bytes; cuts that are to be computed follow from the ranks of all rows, wherever they stand. */
  private async resolved(plan: Plan): Promise<Uint8Array> {
    const bytes = encodePlan(plan);
    if (!plan.recut || this.ready.length === 1) return bytes;
    const [lead] = this.ready;
    if (!lead) return bytes;
    // Ranks with averages serve plans without them too.
    if (this.ranked !== "average" && (this.ranked === "" || plan.recut.average)) {
      const { average } = plan.recut;
      const told = await this.each((member) => member.ask("ranks", { average }));
      await lead.ask("rank", { ranks: null });
      for (const { answer } of told) await lead.ask("rank", { ranks: answer });
      this.ranked = average ? "average" : "plain";
    }
    return (await lead.ask("recut", { plan: bytes })).answer;
  }

  /** Asks every worker. One that died is started again and the base is asked anew; one that refuses speaks for all. */
  private async each<T>(ask: (member: Member) => Promise<T>): Promise<T[]> {
    for (let attempt = 0; ; attempt++) {
      const told = await Promise.allSettled(this.ready.map(ask));
      const failed = told.filter((one) => one.status === "rejected").map((one) => one.reason as Error);
      const dead = failed.find((error) => error instanceof WhatIfError && (fatal(error) || outOfMemory(error)));
      told.forEach((one, i) => {
        const member = this.ready[i];
        if (one.status === "fulfilled" || !member || !(one.reason instanceof WhatIfError)) return;
        member.full = outOfMemory(one.reason);
        if (member.full || fatal(one.reason)) member.end(one.reason.message);
      });
      if (!dead) {
        if (failed[0]) throw failed[0];
        return told.map((one) => (one as PromiseFulfilledResult<T>).value);
      }
      if (this.closed || attempt === 5) throw dead;
      await this.heal(dead.message);
    }
  }

  private healing: Promise<void> | undefined;

  /** Puts new workers in the place of dead ones: once, however many questions find them dead. */
  private heal(why: string): Promise<void> {
    this.healing ??= this.replace(why).finally(() => {
      this.healing = undefined;
    });
    return this.healing;
  }

  /** New workers have the shards of those before. Whoever prepared something must prepare it again. */
  private async replace(why: string): Promise<void> {
    this.ranked = "";
    const again = async (member: Member) => {
      if (!member.dead) return member;
      if (member.full) return this.smaller(member);
      const made = await this.booted(member.shards);
      const filled = await this.fill(made, [...member.shards]);
      await this.start(filled);
      return filled;
    };
    const lost = this.ready.some((member) => member.dead && !member.full);
    for (const member of this.ready) if (member.dead) this.forget(member);
    const ready = await Promise.all(this.ready.map(again));
    this.members = this.members.map((member) => ready[this.ready.indexOf(member)] ?? member);
    this.ready = ready;
    this.count();
    this.o.onRestart(why, lost);
  }

  private hire(shards: readonly Shard[]): Member {
    const member = new Member(this.o.make);
    member.wanted = [...shards];
    return member;
  }

  private async boot(member: Member): Promise<void> {
    const bytes = member.wanted.reduce((sum, shard) => sum + shard.bytes, 0);
    const { source, memory } = this.o;
    await member.ask("boot", { wasm: await this.o.module, plan: source.planBytes, memory, bytes });
  }

  private async booted(shards: readonly Shard[]): Promise<Member> {
    const member = this.hire(shards);
    await this.boot(member);
    return member;
  }

  private async add(member: Member, shard: Shard): Promise<void> {
    await member.ask("load", shard, {
      progress: (bytes) => {
        this.loaded.set(shard.url, bytes);
        this.o.onProgress(this.progress);
      },
      patience: 120_000,
    });
    member.shards.push(shard);
  }

  /** Adds shards. When memory runs out the worker starts again with those that fitted. */
  private async fill(member: Member, shards: readonly Shard[]): Promise<Member> {
    const told = await Promise.allSettled(shards.map((shard) => this.add(member, shard)));
    const failed = told.find((one) => one.status === "rejected")?.reason as Error | undefined;
    if (!failed) return member;
    if (failed instanceof WhatIfError && failed.code === "memory") return this.smaller(member);
    if (failed instanceof WhatIfError && fatal(failed) && !this.closed) {
      const wanted = member.wanted;
      this.forget(member);
      const made = await this.booted(wanted);
      for (const shard of wanted) await this.add(made, shard);
      this.o.onRestart(failed.message, true);
      return made;
    }
    throw failed;
  }

  /** A worker in the place of one whose memory ran out, with fewer shards. */
  private async smaller(member: Member): Promise<Member> {
    let fits = member.shards.length;
    for (;;) {
      fits = Math.min(fits - 1, Math.floor(fits * 0.75));
      if (fits < 1) throw errorOf("memory", "not even a sample of the base fits into memory");
      const shards = member.wanted.slice(0, fits);
      member.end("the memory has run out");
      this.forget(member);
      const made = await this.booted(shards);
      try {
        for (const shard of shards) await this.add(made, shard);
        await this.start(made);
        this.left += member.wanted.length - fits;
        this.count();
        return made;
      } catch (error) {
        made.end("the memory has run out");
        if (!(error instanceof WhatIfError) || (error.code !== "memory" && !fatal(error))) throw error;
      }
    }
  }

  private forget(member: Member): void {
    for (const shard of member.wanted) this.loaded.delete(shard.url);
  }

  private async start(member: Member): Promise<Report> {
    const { answer } = await member.ask("start", null, { patience: 120_000 });
    return decodeReport(answer.report);
  }

  /** Starts a worker with all of its shards, or with those that fit. */
  private async begin(member: Member, place: number): Promise<Report> {
    try {
      return await this.start(member);
    } catch (error) {
      if (!(error instanceof WhatIfError) || (error.code !== "memory" && !fatal(error))) throw error;
      const made = await this.smaller(member);
      this.members[place] = made;
      return this.start(made);
    }
  }

  /** Counts the rows that answers are of, and tells. */
  private count(): void {
    const of = (member: Member) =>
      (this.complete ? member.shards : member.shards.slice(0, 1)).reduce((sum, shard) => sum + shard.rows, 0);
    this.rows = this.ready.reduce((sum, member) => sum + of(member), 0);
    this.o.onProgress(this.progress);
  }
}

/** Whether a worker's memory has run out. */
function outOfMemory(error: WhatIfError): boolean {
  return error.code === "memory";
}

/** Whether a worker is lost: it died, or its module has stopped for good. */
function fatal(error: WhatIfError): boolean {
  return error.code === "dead" || error.code === "internal";
}

/** Users by the name at the start and now (codes of names), and by R, F and M from 0. */
export interface ScoreAnswer {
  moves: Sum[][];
  scores: Sum[][];
}

export interface StageAnswer {
  names: string[];
  asked: Sum[];
  moves: ({ from: string; to: string } & Sum)[];
}
