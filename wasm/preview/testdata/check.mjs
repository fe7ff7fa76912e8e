// Loads shards into the module and prints, for the first plan and then for each other one, the hashes of the report and of every
// row as a line of JSON; then what damaged input is answered with. Arguments: the loader, the module, a folder.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [loader, wasm, dir] = process.argv.slice(2);
const { preview, decodeReport } = await import(pathToFileURL(loader).href);
const file = (name) => new Uint8Array(readFileSync(join(dir, name)));
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const say = (value) => console.log(JSON.stringify(value));
const module = await WebAssembly.compile(readFileSync(wasm));

const p = await preview(module, { reserve: 64 << 20 });
const refused = (fn) => {
  try {
    fn();
  } catch (e) {
    return { code: e.code, message: e.message, hint: e.hint, line: e.line };
  }
  return { code: '' };
};
const early = refused(() => p.start());
p.open(file('start.plan'));
for (const name of readdirSync(dir).filter((n) => n.endsWith('.weir')).toSorted()) p.add(file(name));
p.start();
const rows = Number(p.report().length > 0 && decodeReport(p.report()).users);
const evaluated = (name) => {
  const bytes = p.report();
  const report = decodeReport(bytes);
  const stages = Object.fromEntries(report.stage.names.map((n, i) => [n, report.stage.after[i].users]));
  say({ name, report: hash(bytes), rows: hash(p.rows(0, rows)), users: report.users, stages, count: p.count('stage == "churned" && f >= 2') });
};
evaluated('start.plan');
for (const name of readdirSync(dir).filter((n) => n.startsWith('try-')).toSorted()) {
  p.try(file(name));
  evaluated(name);
}
p.spreads();
const spreads = hash(p.result());
const kept = hash(p.report());

const shard = file('users-0001.weir');
const changed = (at, by) => {
  const b = shard.slice();
  b[at] ^= by;
  return b;
};
say({
  early,
  corrupt: refused(() => p.add(changed(shard.length >> 1, 1))),
  cut: refused(() => p.add(shard.slice(0, 1000))),
  older: refused(() => p.add(changed(8, 3))),
  plan: refused(() => p.try(new Uint8Array([1, 2, 3]))),
  condition: refused(() => p.count('orders >\n > 3')),
  unknown: refused(() => p.count('metrics.nothing > 3')),
  rows: refused(() => p.rows(rows, 1)),
  kept: kept === hash(p.report()),
});

// Cubes answer as the scan does; the shards are verified, and come one after the other.
p.open(file('start.plan'));
for (const name of readdirSync(dir).filter((n) => n.endsWith('.weir')).toSorted()) {
  p.add(file(name), true);
  p.start();
}
while (p.prepare());
const stops = (from, to, by) => Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);
p.scoreCube([{ ref: 'recency_days', stops: stops(5, 640, 5) }, { ref: 'purchase_days', stops: stops(1, 31, 1) }, { ref: 'spend', stops: stops(500, 32_000, 500) }]);
const cuts = [30, 90, 180, 360, 1, 2, 4, 8, 1_000, 3_000, 6_000, 12_000];
const exact = p.slideScores(cuts, true);
const scores = hash(p.result());
const between = p.slideScores([33, ...cuts.slice(1)], true);
p.stageCube(0, [{ ref: 'silence_days', stops: stops(4, 640, 5) }, { ref: 'purchase_days', stops: [0, 1] }, { ref: 'orders', stops: [0] }]);
const thin = await preview(module);
thin.open(file('start.plan'));
thin.thin(0.25);
for (const name of readdirSync(dir).filter((n) => n.endsWith('.weir')).toSorted()) thin.add(file(name), true);
thin.start();
say({ spreads, thin: decodeReport(thin.report()).users, exact, between, scores, stages: p.slideStages(file('stops.plan')), moved: hash(p.result()) });

// Two modules that share the shards: cuts from the ranks of both are those of one module with all rows; so are histograms.
const shards = readdirSync(dir).filter((n) => n.endsWith('.weir')).toSorted();
const halves = await Promise.all([shards.slice(0, 1), shards.slice(1)].map(async (names) => {
  const half = await preview(module);
  half.open(file('start.plan'));
  for (const name of names) half.add(file(name));
  half.start();
  return half;
}));
for (const half of halves) halves[0].rank(half.ranks(true));
halves[0].rank(null);
for (const half of halves) halves[0].rank(half.ranks(false));
let recut = 0;
const tried = readdirSync(dir).filter((n) => n.startsWith('try-')).toSorted().filter((name) => {
  const plan = file(name);
  p.try(plan);
  const alone = hash(p.report());
  try {
    const resolved = halves[0].recut(plan);
    recut += hash(resolved) === hash(plan) ? 0 : 1;
    p.try(resolved);
  } catch (e) {
    return !/ties of frequency|average of an order/.test(e.message); // what ranks do not hold is refused
  }
  return hash(p.report()) !== alone;
});
const axes = [{ ref: 'recency_days', stops: [30, 90, 180] }, { ref: 'spend', stops: [1000, 5000] }];
const [whole, ...parts] = [p, ...halves].map((one) => one.histogram(axes).map((h) => h.counts));
const added = whole.map((counts, i) => counts.map((_, k) => parts.reduce((n, part) => n + part[i][k], 0)));
p.try(file('stops.plan'));
const movers = p.sample({ kind: 'stage', most: 1000, refs: ['recency_days', 'traits.none'] });
const stage = decodeReport(p.report()).stage;
const movedUsers = stage.moves.flatMap((row, i) => row.filter((_, j) => i !== j)).reduce((n, sum) => n + sum.users, 0);
say({
  tried: tried.join(), recut: recut > 0, histogram: JSON.stringify(whole) === JSON.stringify(added),
  movers: movers.length === Math.min(movedUsers, 1000) && movers.every((m) => m.before !== m.after && Number.isNaN(m.values[1])),
  wanted: refused(() => p.sample({ kind: 'nothing' })).code, ranks: refused(() => p.rank(new Uint8Array([1]))).code,
});
