// Measures Weir's what-if beside DuckDB on the same users, alternately, in one session, each on one core, and prints medians and
// ratios as Markdown. Both must give the same answers.
//
//   go build -o bin/whatif ./infra/bench/whatif && bin/whatif generate DIR 1000000
//   npm ci --prefix infra/bench && node infra/bench/whatif.mjs bin/whatif DIR
//
// DuckDB holds the users in memory, with stages, names and tiers as small integers and channels and cities as enumerations.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { cpus } from 'node:os';
import { DuckDBInstance, version } from '@duckdb/node-api';
import { parts, questions, table } from './questions.mjs';

const [binary, dir, runsText = '5'] = process.argv.slice(2);
if (!binary || !dir) {
  console.error('usage: node whatif.mjs BINARY DIR [RUNS]');
  process.exit(2);
}
const runs = Number(runsText);
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const seconds = (usage) => (usage.user + usage.system) / 1e6;

const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const db = await instance.connect();
const rows = async (sql) => (await db.runAndReadAll(sql)).getRows();
for (const sql of table(join(dir, 'users.parquet'))) await db.run(sql);
const kinds = questions((sql) => db.run(sql), rows);

const child = spawn(binary, ['serve', dir], { env: { ...process.env, GOMAXPROCS: '1' }, stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  if (done) throw new Error('the Weir process ended');
  return JSON.parse(value);
};
const ask = (question) => {
  child.stdin.write(`${question}\n`);
  return next();
};
const loaded = await next();

async function both(kind, n, duck, question, part) {
  const weir = await ask(question);
  const usage = process.cpuUsage();
  const start = performance.now();
  const answer = await duck();
  const wall = (performance.now() - start) / 1000;
  const cpu = seconds(process.cpuUsage(usage));
  const ours = weir.answer.split(';').filter(part).toSorted().join('\n');
  const theirs = answer.toSorted().join('\n');
  if (ours !== theirs) throw new Error(`${question}: the answers differ:\n${ours}\n--- DuckDB\n${theirs}`);
  return { weir: weir.seconds, weirCPU: weir.cpu_seconds, duck: wall, duckCPU: cpu };
}

console.log(`${loaded.rows.toLocaleString('en')} users, medians of ${runs} alternating runs, ${cpus()[0].model}, one core each, DuckDB ${version()} with one thread. Loading the shards took Weir ${loaded.seconds.toFixed(2)} s.\n`);
console.log('| what is evaluated | Weir, ns a user | of CPU | DuckDB, ns a user | ratio | ratio of CPU time |');
console.log('|---|---:|---:|---:|---:|---:|');
const labels = { all: 'everything: scores, names, tiers, candidate and settled stages, a tag, two segments, each user’s outputs, sums and moves', scores: 'scores, names and tiers with their sums and moves (DuckDB writes no outputs)' };
for (const kind of ['all', 'scores']) {
  const list = [];
  for (let i = 0; i <= runs; i++) { // the first run warms up and does not count
    const n = 7 + 11 * i;
    const r = await both(kind, n, () => kinds[kind](n), `${kind} ${n}`, parts[kind]);
    if (i > 0) list.push(r);
  }
  const ns = (key) => (median(list.map((r) => r[key])) / loaded.rows) * 1e9;
  console.log(`| ${labels[kind]} | ${ns('weir').toFixed(1)} | ${ns('weirCPU').toFixed(1)} | ${ns('duck').toFixed(0)} | ${(ns('duck') / ns('weir')).toFixed(1)} × | ${(ns('duckCPU') / ns('weirCPU')).toFixed(1)} × |`);
}

const published = readFileSync(new URL('./whatif/rules.txt', import.meta.url), 'utf8').trim().split('\n').map((line) => line.split('###').map((s) => s.trim()));
console.log(`\nThe ${published.length} published audience rules (\`infra/bench/whatif/rules.txt\`), each compiled, evaluated, counted and summed, in milliseconds; the first time that a rule is asked some columns are made for it:\n`);
console.log('| rule | first time | Weir | of CPU | DuckDB | ratio |');
console.log('|---|---:|---:|---:|---:|---:|');
let [worst, worstCPU] = [0, 0];
for (const [k, [rule, sql]] of published.entries()) {
  const list = [];
  for (let i = 0; i <= runs; i++) list.push(await both('rule', i, () => kinds.rule(sql), `rule ${k} ${i}`, parts.rule));
  const warm = list.slice(1);
  const ms = (key) => median(warm.map((r) => r[key])) * 1000;
  [worst, worstCPU] = [Math.max(worst, ms('weir')), Math.max(worstCPU, ms('weirCPU'))];
  const shown = (rule.length > 70 ? `${rule.slice(0, 67)}…` : rule).replaceAll('|', '\\|');
  console.log(`| \`${shown}\` | ${(list[0].weir * 1000).toFixed(1)} | ${ms('weir').toFixed(2)} | ${ms('weirCPU').toFixed(2)} | ${ms('duck').toFixed(1)} | ${(ms('duck') / ms('weir')).toFixed(1)} × |`);
}
console.log(`\nThe slowest takes ${worst.toFixed(1)} ms, the one with the most CPU time ${worstCPU.toFixed(1)} ms.`);

const [scores, stage, cells, built] = (await ask('slide 5000')).answer.split(';');
const [s50, s99] = scores.split(' ');
const [t50, t99] = stage.split(' ');
console.log(`\nA slider that moves between its stops is answered from cubes, whatever the number of users: cuts of R, F and M with all sums and moves of names ${s50} µs (99 of 100 below ${s99} µs); thresholds of the stages, conditions compiled, with all sums and moves ${t50} µs (${t99} µs; ${cells} cells). The cubes are built in ${built} ms.`);
child.stdin.end();
