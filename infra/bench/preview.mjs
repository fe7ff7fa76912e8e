// Measures the what-if module in Node, in one thread: preview.mjs MODULE DIR, where DIR holds what `whatif generate` and
// `whatif plans` wrote. Prints medians as Markdown.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeReport, preview } from '../../wasm/preview/preview.mjs';

const [wasm, dir] = process.argv.slice(2);
const file = (name) => new Uint8Array(readFileSync(join(dir, name)));
const ranked = (list, share) => list.toSorted((a, b) => a - b)[Math.min(Math.floor(list.length * share), list.length - 1)];
const timed = (fn) => {
  const start = performance.now();
  const value = fn();
  return [performance.now() - start, value];
};
const row = (what, list, unit = 1, digits = 1) => console.log(`| ${what} | ${(ranked(list, 0.5) * unit).toFixed(digits)} | ${(ranked(list, 0.99) * unit).toFixed(digits)} |`);

const bytes = readFileSync(wasm);
let start = performance.now();
const module = await WebAssembly.compile(bytes);
const compiled = performance.now() - start;
start = performance.now();
const p = await preview(module);
const began = performance.now() - start;
const shards = readdirSync(dir).filter((n) => n.endsWith('.shard')).toSorted().map(file);
const [loaded] = timed(() => {
  p.open(file('start.plan'));
  for (const s of shards) p.add(s);
});
const [first] = timed(() => p.start());
const users = decodeReport(p.report()).users;
console.log(`${users.toLocaleString('en')} users, Node ${process.version}, one thread. Compile ${compiled.toFixed(0)} ms, start ${began.toFixed(0)} ms, shards in ${loaded.toFixed(0)} ms, first evaluation ${first.toFixed(0)} ms, memory ${(p.memory() / 2 ** 20).toFixed(0)} MiB.\n`);
console.log('| | median | p99 |\n|---|---:|---:|');
for (const [kind, label] of [['all', 'full evaluation with its report, ms'], ['scores', 'scores, names and tiers, ms'], ['stages', 'stages, ms']]) {
  const plans = Array.from({ length: 40 }, (_, i) => file(`${kind}-${i}.plan`));
  const list = [];
  for (let i = 0; i < 80; i++) {
    const [ms] = timed(() => (p.try(plans[(i * 7 + 3) % 40]), p.report()));
    if (i > 10) list.push(ms);
  }
  row(label, list);
}
const rule = [];
for (let i = 0; i < 60; i++) {
  const [ms] = timed(() => p.count(`(recency_days >= ${30 + i} && recency_days < 211 || orders >= 7) && !tags.has("vip") && traits.channel in ["channel 1", "channel 4"] && (tags.has("coupon") || spend >= 123.45)`));
  if (i > 10) rule.push(ms);
}
row('a condition, compiled, counted and summed, ms', rule, 1, 2);
const stops = (from, to, by) => Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);
const [scoreCube] = timed(() => p.scoreCube([{ ref: 'recency_days', stops: stops(5, 640, 5) }, { ref: 'purchase_days', stops: stops(1, 31, 1) }, { ref: 'spend', stops: stops(1_000, 64_000, 1_000) }]));
const [stageCube] = timed(() => p.stageCube(7, [{ ref: 'silence_days', stops: stops(4, 640, 5) }, { ref: 'purchase_days', stops: [0, 1] }, { ref: 'orders', stops: [0] }]));
const scores = [];
for (let i = 0; i < 5000; i++) {
  const [ms, exact] = timed(() => p.slideScores([5 + (i % 20) * 5, 110 + (i % 10) * 5, 200, 400, 1, 2, 4, 8, 5_000, 10_000 + (i % 10) * 1_000, 25_000, 50_000], true));
  if (!exact) throw new Error('a cut stands between two stops');
  if (i > 100) scores.push(ms);
}
row('a slider of scores on its stops, µs', scores, 1000);
const stages = [];
const plans = Array.from({ length: 6 }, (_, i) => file(`stages-${i * 5}.plan`));
for (let i = 0; i < 2000; i++) {
  const [ms, exact] = timed(() => p.slideStages(plans[i % 6]));
  if (i > 100 && exact) stages.push(ms);
}
if (stages.length) row('a slider of stages on its stops, µs', stages, 1000);
console.log(`\nThe cubes took ${scoreCube.toFixed(0)} and ${stageCube.toFixed(0)} ms; memory is ${(p.memory() / 2 ** 20).toFixed(0)} MiB.`);
