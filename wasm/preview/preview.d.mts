// Types of the loader, for the console.

export const version: number;

export interface Sum {
  users: number;
  revenue: number;
  value: number;
}

export interface Group {
  names: string[];
  before: Sum[];
  after: Sum[];
  moves: Sum[][];
}

export interface Member {
  name: string;
  before: Sum;
  after: Sum;
  enter: Sum;
  leave: Sum;
}

export interface Report {
  users: number;
  stage: Group;
  candidate: Group;
  rfm: Group;
  rfmCN: Group;
  tier: Group;
  r: Group;
  f: Group;
  m: Group;
  /** Bands of the engagement score; without names where no strategy gives points. */
  points: Group;
  tags: Member[];
  segments: Member[];
  churn: Member | null;
  rules: { name: string; enter: Sum; existing: Sum }[];
}

export interface Stops {
  ref: string;
  stops: readonly (number | bigint)[];
}

export interface Spread {
  kind: string;
  name: string;
  before: bigint;
  after: bigint;
}

export interface Histogram {
  low: bigint;
  high: bigint;
  counts: number[];
}

export interface Wanted {
  kind: "stage" | "segments" | "tags" | "churn";
  name?: string;
  from?: string;
  to?: string;
  id?: string;
  most?: number;
  refs?: readonly string[];
}

export interface Moved {
  row: number;
  id: string;
  before: string;
  after: string;
  values: number[];
}

export class PreviewError extends Error {
  constructor(code: string, message: string, hint: string, line?: number, column?: number);
  code: string;
  hint: string;
  line: number;
  column: number;
}

export interface Preview {
  memory(): number;
  open(plan: Uint8Array): void;
  thin(share: number): void;
  add(shard: Uint8Array, verified?: boolean): void;
  start(): void;
  prepare(): boolean;
  try(plan: Uint8Array): void;
  report(): Uint8Array;
  count(condition: string): Sum;
  rows(from: number, n: number): Uint8Array;
  ranks(average: boolean): Uint8Array;
  rank(ranks: Uint8Array | null): void;
  recut(plan: Uint8Array): Uint8Array;
  histogram(axes: readonly Stops[]): Histogram[];
  spreads(): Spread[];
  sample(wanted: Wanted): Moved[];
  scoreCube(axes: readonly Stops[]): void;
  slideScores(values: readonly number[], eleven: boolean): boolean;
  stageCube(dwell: number, axes: readonly Stops[]): void;
  slideStages(plan: Uint8Array): boolean;
  result(): Uint8Array;
}

export function preview(module: WebAssembly.Module, options?: { reserve?: number }): Promise<Preview>;
export function decodeReport(bytes: Uint8Array): Report;

export class Reader {
  constructor(bytes: Uint8Array);
  at: number;
  bytes: Uint8Array;
  u8(): number;
  u32(): number;
  i64(): number;
  big(): bigint;
  f64(): number;
  hex(): string;
  text(): string;
  list<T>(each: () => T): T[];
  sum(): Sum;
}

export class Writer {
  u8(n: number): void;
  u32(n: number): void;
  i64(n: number | bigint): void;
  f64(n: number): void;
  text(s: string): void;
  raw(bytes: Uint8Array): void;
  list<T>(items: readonly T[], each: (item: T) => void): void;
  done(): Uint8Array;
}
