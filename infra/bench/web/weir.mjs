// A page that asks the console's what-if workers: weir.html?dir=DIR&shards=SIZE,SIZE…&workers=N. It loads at once; `bench` has the rest.
import { decodeReport, Reader } from '../../../wasm/preview/preview.mjs';
import { Member } from '../../../web/src/core/whatif/member.ts';
import { CACHE, readModule } from '../../../web/src/core/whatif/source.ts';
import { parts } from '../questions.mjs';

const start = performance.now();
const query = new URLSearchParams(location.search);
const dir = query.get('dir');
const file = async (name) => new Uint8Array(await (await fetch(`/data/${dir}/${name}`)).arrayBuffer());
const shards = JSON.parse(query.get('shards')).map(({ name, ...s }) => ({ ...s, url: `/data/${dir}/${name}`, token: '', cache: CACHE }));
const count = Math.min(Number(query.get('workers')), shards.length);
const patience = { patience: 300_000 };
const members = [];

// load does what the console's pool does: everything is asked at once, and the first worker answers from its first shard while the rest
// arrives.
async function load() {
  const module = readModule('/preview.wasm');
  const mine = Array.from({ length: count }, (_, i) => shards.filter((_, k) => k % count === i));
  for (let i = 0; i < count; i++) members.push(new Member(() => new Worker('/worker.js', { type: 'module' })));
  const plan = await file('start.plan');
  const told = members.map(async (m, i) => {
    const bytes = mine[i].reduce((sum, s) => sum + s.bytes, 0);
    return m.ask('boot', { wasm: await module, plan, memory: 0, bytes });
  });
  const [lead] = members;
  const begun = [lead.ask('load', mine[0].shift(), patience), lead.ask('start', null, patience)];
  told.push(...members.flatMap((m, i) => mine[i].map((s) => m.ask('load', s, patience))));
  decodeReport((await begun[1]).answer.report);
  const first = performance.now() - start;
  await Promise.all([...told, ...begun]);
  const done = await each('start', () => null);
  const users = done.reduce((sum, one) => sum + decodeReport(one.answer.report).users, 0);
  return { first, complete: performance.now() - start, users, workers: count };
}

const each = (name, ask) => Promise.all(members.map((m) => m.ask(name, ask(), patience)));
const slowest = (told) => Math.max(...told.map((one) => one.ms));
const plans = new Map();
const planOf = async (name) => plans.get(name) ?? plans.set(name, await file(`${name}.plan`)).get(name);

// merged adds the workers' lines up.
function merged(lists) {
  const sums = new Map();
  for (const [key, ...values] of lists.flat()) sums.set(key, values.map((v, i) => v + (sums.get(key)?.[i] ?? 0)));
  return [...sums].map(([key, values]) => [key, ...values].join(' ').trim());
}

function linesOf(report) {
  const out = [];
  for (const [word, group] of [['stage', report.stage], ['rfm', report.rfm], ['tier', report.tier]])
    group.moves.forEach((row, i) => row.forEach((m, j) => m.users > 0 && out.push([`${word} ${group.names[i]}>${group.names[j]}`, m.users, m.revenue, m.value])));
  for (const m of [...report.tags, ...report.segments]) out.push([`in ${m.name}`, m.after.users, m.after.revenue, m.after.value]);
  return out;
}

// slide asks n times and returns how long each answer took: at the page, and in the slowest worker.
async function slide(name, n, ask) {
  const took = { page: [], worker: [] };
  for (let i = 0; i < n + 100; i++) {
    const one = ask(i);
    const from = performance.now();
    const told = await each(name, () => one);
    for (const { answer } of told) {
      if (!answer) throw new Error('a threshold stands between two stops');
      new Reader(answer).u32();
    }
    if (i < 100) continue;
    took.page.push(performance.now() - from);
    took.worker.push(slowest(told));
  }
  return took;
}
const stops = (from, to, by) => Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => from + i * by);

globalThis.bench = {
  loaded: load(),
  async ask(kind, n) {
    const plan = await planOf(`${kind}-${n}`);
    const from = performance.now();
    const told = await each('try', () => ({ plan }));
    const reports = told.map((one) => decodeReport(one.answer.report));
    const ms = performance.now() - from;
    return { ms, worker: slowest(told), memory: told.map((one) => one.answer.memory), lines: merged(reports.map(linesOf)).filter(parts[kind]).toSorted() };
  },
  async rule(condition) {
    const from = performance.now();
    const told = await each('count', () => ({ condition }));
    const ms = performance.now() - from;
    return { ms, worker: slowest(told), lines: merged(told.map((one) => [['', one.answer.users, one.answer.revenue]])) };
  },
  async sliders(n) {
    const from = performance.now();
    await each('scoreCube', () => ({ axes: [{ ref: 'recency_days', stops: stops(5, 640, 5) }, { ref: 'purchase_days', stops: stops(1, 31, 1) }, { ref: 'spend', stops: stops(1_000, 64_000, 1_000) }] }));
    const scoreCube = performance.now() - from;
    await each('stageCube', () => ({ dwell: 7, axes: [{ ref: 'silence_days', stops: stops(4, 640, 5) }, { ref: 'purchase_days', stops: [0, 1] }, { ref: 'orders', stops: [0] }] }));
    const stageCube = performance.now() - from - scoreCube;
    const cuts = (i) => [5 + (i % 20) * 5, 110 + (i % 10) * 5, 200, 400, 1, 2, 4, 8, 5_000, 10_000 + (i % 10) * 1_000, 25_000, 50_000];
    const some = await Promise.all([0, 5, 10, 15, 20, 25].map((k) => planOf(`stages-${k}`)));
    return {
      scoreCube, stageCube,
      scores: await slide('slideScores', n, (i) => ({ cuts: cuts(i), eleven: true })),
      stages: await slide('slideStages', n, (i) => ({ plan: some[i % 6] })),
    };
  },
};
