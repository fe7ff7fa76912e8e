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
  /** The share of the rows that are kept: below 1 because memory had run out. */
  share: number;
  /** Whether one worker does everything because a strategy breaks ties by the order of users. */
  alone: boolean;
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

/** The least share of the rows that says something about the base. */
const LEAST = 1 / 256;

const errorOf = (code: string, message: string) => new WhatIfError({ code, message, hint: "", line: 0, column: 0 });

/** The workers and the rows that they share: what is asked of the base is asked of each of them, and the answers are added up. */
export class Pool {
  private members: Member[] = [];
  /** Every worker since the rows were shared out last. */
  private hired: Member[] = [];
  private loaded = new Map<string, number>();
  /** Workers whose answers count: they have evaluated the plan of the start. */
  private ready: Member[] = [];
  private rows = 0;
  private complete = false;
  private share = 1;
  private alone = false;
  private ranked: "" | "plain" | "average" = "";
  private closed = false;
  memory = 0;

  constructor(private readonly o: Options) {}

  get progress(): Progress {
    const { snapshot } = this.o.source;
    let bytes = 0;
    for (const n of this.loaded.values()) bytes += n;
    const totalBytes = snapshot.shards.reduce((sum, shard) => sum + shard.bytes, 0);
    const { rows, share, alone, complete } = this;
    return { bytes, totalBytes, rows, totalRows: snapshot.rows, share, alone, complete };
  }

  close(): void {
    this.closed = true;
    this.end("the page was left");
  }

  private end(why: string): void {
    for (const member of this.hired) member.end(why);
    this.hired = [];
    this.members = [];
    this.ready = [];
    this.loaded.clear();
    this.ranked = "";
    this.complete = false;
  }

  private loading: Promise<Report> | undefined;

  /** Loads the base, or as large a sample as memory holds: `first` is told when there are answers of the first shard. */
  load(first?: (report: Report) => void): Promise<Report> {
    const loading = this.gathered(first).finally(() => {
      if (this.loading === loading) this.loading = undefined;
    });
    this.loading = loading;
    return loading;
  }

  private async gathered(first?: (report: Report) => void): Promise<Report> {
    for (let lost = 0; ; ) {
      try {
        return await this.gather(first);
      } catch (error) {
        if (this.closed || !(error instanceof WhatIfError)) throw error;
        if (outOfMemory(error) || this.members.some((member) => member.full)) this.sparser();
        else if (fatal(error) && lost++ < 2) this.o.onRestart(error.message, true);
        else throw error;
      }
    }
  }

  /** Makes workers with the rows between them. */
  private async gather(first?: (report: Report) => void): Promise<Report> {
    const { source, workers, token } = this.o;
    const shards: Shard[] = source.snapshot.shards.map(({ name, rows, bytes, sha256 }) => ({
      url: shardUrl(name),
      rows,
      bytes,
      sha256,
      token,
      cache: CACHE,
    }));
    const count = this.alone ? 1 : Math.max(1, Math.min(workers, shards.length));
    const parts = Array.from({ length: count }, (_, i) => shards.filter((_, k) => k % count === i));
    this.end("the rows are shared out anew");
    const made = parts.map((part) => this.hire(part));
    this.members = made;
    const [lead] = made;
    const [head, ...rest] = parts[0] ?? [];
    if (!lead) throw errorOf("internal", "there are no workers");
    // A worker answers one question after the other, and fetches what it is to load before its turn: everything is asked at once.
    const booted = made.map((member) => this.boot(member));
    const begun = Promise.all([booted[0], head && this.add(lead, head), this.start(lead)]);
    const filled = made.map((member, i) => this.fill(member, i === 0 ? rest : (parts[i] ?? []), begun));
    for (const one of [...booted, ...filled]) one.catch(() => undefined); // told below
    const [, , report] = await begun;
    this.ready = [lead];
    this.count();
    first?.(report);
    await Promise.all(booted);
    const others = await Promise.all(filled);
    this.members = others;
    const reports = await Promise.all(others.map((member) => this.start(member)));
    this.complete = true;
    this.ready = this.members;
    this.count();
    return mergeReports(reports);
  }

  /** From now on a smaller share of the rows is kept. */
  private sparser(): void {
    const fits = this.members.reduce((sum, member) => sum + member.shards.length, 0);
    const all = this.o.source.snapshot.shards.length;
    this.share *= Math.min(0.75, Math.max(0.25, (0.8 * fits) / Math.max(1, all)));
    if (this.share < LEAST) throw errorOf("memory", "not even a sample of the base fits into memory");
  }

  /** Evaluates a plan over the rows that are there. */
  async try(plan: Plan): Promise<{ report: Report; ms: number }> {
    if (plan.recut?.ties === "ntile_first" && !this.alone && this.members.length > 1) {
      await this.loading;
      if (!this.alone) {
        this.alone = true;
        await this.again("ties are broken by the order of users: one worker needs all rows");
      }
    }
    const told = await this.evaluated(plan);
    this.memory = told.reduce((sum, one) => sum + one.answer.memory, 0);
    const reports = told.map((one) => decodeReport(one.answer.report));
    return { report: mergeReports(reports), ms: Math.max(...told.map((one) => one.ms)) };
  }

  /** Asks every worker for its report; anew when other rows are there than those that the cuts follow from. */
  private async evaluated(plan: Plan) {
    for (;;) {
      if (this.ready.length === 0) await this.loading;
      const { ready } = this;
      const bytes = await this.resolved(plan);
      const told = await this.each((member) => member.ask("try", { plan: bytes }));
      if (!plan.recut || ready === this.ready) return told;
    }
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
    const { average } = plan.recut;
    const cut = async (lead: Member) => {
      // Ranks with averages serve plans without them too.
      if (this.ranked !== "average" && (this.ranked === "" || average)) {
        const told = await this.each((member) => member.ask("ranks", { average }));
        await lead.ask("rank", { ranks: null });
        for (const { answer } of told) await lead.ask("rank", { ranks: answer });
        this.ranked = average ? "average" : "plain";
      }
      return (await lead.ask("recut", { plan: bytes })).answer;
    };
    const [resolved = bytes] = await this.each(cut, 1);
    return resolved;
  }

  /** Asks every worker, or the first so many. One that died is started again and the base is asked anew; one that refuses speaks for all. */
  private async each<T>(ask: (member: Member) => Promise<T>, most = Number.POSITIVE_INFINITY): Promise<T[]> {
    for (let attempt = 0; ; attempt++) {
      if (this.ready.length === 0) await this.loading;
      const ready = this.ready.slice(0, most);
      if (ready.length === 0) throw errorOf("dead", "there are no workers");
      const told = await Promise.allSettled(ready.map(ask));
      const failed = told.filter((one) => one.status === "rejected").map((one) => one.reason as Error);
      const dead = failed.find((error) => error instanceof WhatIfError && (fatal(error) || outOfMemory(error)));
      told.forEach((one, i) => {
        const member = ready[i];
        if (one.status === "fulfilled" || !member || !(one.reason instanceof WhatIfError)) return;
        member.full ||= outOfMemory(one.reason);
        if (member.full || fatal(one.reason)) member.end(one.reason.message);
      });
      if (!dead) {
        if (failed[0]) throw failed[0];
        return told.map((one) => (one as PromiseFulfilledResult<T>).value);
      }
      if (this.closed || attempt === 5) throw dead;
      if (this.loading) await this.loading;
      else await this.heal(dead.message);
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

  /** New workers have the shards of those before; when memory ran out all have a smaller sample. Whoever prepared something must prepare it again. */
  private async replace(why: string): Promise<void> {
    if (this.ready.some((member) => member.full)) {
      this.sparser();
      await this.again(why);
      return;
    }
    if (!this.ready.some((member) => member.dead)) return; // another question found them dead before
    this.ranked = "";
    let ready: Member[];
    try {
      ready = await Promise.all(this.ready.map((member) => (member.dead ? this.instead(member) : member)));
    } catch (error) {
      if (this.closed || !(error instanceof WhatIfError)) throw error;
      if (outOfMemory(error)) this.sparser();
      else if (!fatal(error)) throw error;
      await this.again(why, fatal(error));
      return;
    }
    this.members = this.members.map((member) => ready[this.ready.indexOf(member)] ?? member);
    this.ready = ready;
    this.count();
    this.o.onRestart(why, true);
  }

  /** A worker with the shards of one that died. */
  private async instead({ shards }: Member): Promise<Member> {
    for (const shard of shards) this.loaded.delete(shard.url);
    const made = this.hire(shards);
    await this.boot(made);
    for (const shard of shards) await this.add(made, shard);
    await this.start(made);
    return made;
  }

  /** Shares the rows out anew. */
  private async again(why: string, lost = false): Promise<void> {
    await this.load();
    this.o.onRestart(why, lost);
  }

  private hire(shards: readonly Shard[]): Member {
    const member = new Member(this.o.make);
    member.wanted = [...shards];
    this.hired.push(member);
    return member;
  }

  private async boot(member: Member): Promise<void> {
    const bytes = member.wanted.reduce((sum, shard) => sum + shard.bytes, 0);
    const { source, memory } = this.o;
    const { share } = this;
    await member.ask("boot", { wasm: await this.o.module, plan: source.planBytes, memory, bytes, share });
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

  /** Adds shards. A worker that dies over them after the first answers is replaced once; before, the whole load begins again. */
  private async fill(member: Member, shards: readonly Shard[], begun: Promise<unknown>): Promise<Member> {
    const told = await Promise.allSettled(shards.map((shard) => this.add(member, shard)));
    const failed = told.find((one) => one.status === "rejected")?.reason as Error | undefined;
    if (!failed) return member;
    await begun;
    // A worker that is full gets no other with as many rows; one that is hired no more was ended because the rows are shared out anew.
    const ended = this.closed || member.full || !this.hired.includes(member);
    if (ended || !(failed instanceof WhatIfError) || !fatal(failed)) throw failed;
    for (const shard of member.wanted) this.loaded.delete(shard.url);
    member.end(failed.message);
    const made = this.hire(member.wanted);
    await this.boot(made);
    for (const shard of made.wanted) await this.add(made, shard);
    this.o.onRestart(failed.message, true);
    return made;
  }

  private async start(member: Member): Promise<Report> {
    const { answer } = await member.ask("start", null, { patience: 120_000 });
    const report = decodeReport(answer.report);
    member.rows = report.users;
    return report;
  }

  /** Counts the rows that answers are of, and tells. */
  private count(): void {
    this.rows = this.ready.reduce((sum, member) => sum + member.rows, 0);
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
