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

const [binary, dir, runsText = '5'] = process.argv.slice(2);
if (!binary || !dir) {
  console.error('usage: node whatif.mjs BINARY DIR [RUNS]');
  process.exit(2);
}
const runs = Number(runsText);
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const seconds = (usage) => (usage.user + usage.system) / 1e6;

const stages = ['potential', 'first_purchase', 'active', 'silent', 'churned'];
const names = ['', 'champions', 'loyal_customers', 'potential_loyalists', 'new_customers', 'promising', 'need_attention', 'about_to_sleep', 'at_risk', 'cant_lose', 'hibernating', 'lost'];
const tiers = ['', 'top', 'high', 'low'];
const grid = [[10, 10, 8, 8, 9], [10, 10, 8, 8, 9], [7, 7, 6, 2, 2], [5, 3, 3, 2, 2], [4, 3, 3, 1, 1]];
grid[0][0] = 11; // the grid of eleven

const above = (column, cuts) => cuts.map((c) => `(${column} > ${c})::TINYINT`).join(' + ');

// evaluated is a query of every output for every user under three thresholds, as spec in infra/bench/whatif/questions.go.
function evaluated(silent, churned, recency) {
  const name = grid.map((row, r) => row.map((code, f) => `WHEN r = ${r + 1} AND f = ${f + 1} THEN ${code}`).join(' ')).join(' ');
  return `
    WITH scored AS (SELECT *,
        CASE WHEN purchase_days > 0 THEN 5 - (${above('recency_days', [recency, 60 + recency, 180 + recency, 400 + recency])}) ELSE 0 END::TINYINT AS r,
        CASE WHEN purchase_days > 0 THEN 1 + ${above('purchase_days', [1, 2, 4, 8])} ELSE 0 END::TINYINT AS f,
        CASE WHEN purchase_days > 0 THEN 1 + ${above('spend', [5000, 10000, 25000 + 13 * recency, 50000])} ELSE 0 END::TINYINT AS m,
        CASE WHEN purchase_days = 0 THEN 0 WHEN spend >= 80000 THEN 1 WHEN spend >= ${30000 + 7 * recency} THEN 2 ELSE 3 END::TINYINT AS tier,
        CASE WHEN purchase_days = 0 THEN 0 ELSE 8 + 4 * (recency_days <= ${2 * recency})::TINYINT + 2 * (purchase_days > 3)::TINYINT + (spend > 20000)::TINYINT END::TINYINT AS cn,
        CASE WHEN orders = 0 THEN 0 WHEN purchase_days = 1 AND silence_days < ${silent} THEN 1 WHEN silence_days < ${silent} THEN 2 WHEN silence_days < ${churned} THEN 3 ELSE 4 END::TINYINT AS candidate
      FROM users),
    settled AS (SELECT *,
        CASE ${name} ELSE 0 END::TINYINT AS name,
        CASE WHEN stage_before = 3 AND stage_days < 7 THEN 3 WHEN stage_before = 4 AND candidate NOT IN (1, 2, 3) THEN 4 ELSE candidate END::TINYINT AS stage
      FROM scored)
    SELECT r, f, m, tier, cn, name, candidate, stage, purchase_days >= 2 AS repeat, stage IN (1, 2) AND r >= 3 AS good,
      (coalesce(recency_days >= ${recency} AND recency_days < 211, false) OR orders >= 7) AND NOT vip AND channel IN ('channel 1', 'channel 4', 'channel 7') AND (coupon OR spend >= 12345) AS rule,
      stage_start, name_start, tier_start, revenue, value FROM settled`;
}

const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const db = await instance.connect();
const rows = async (sql) => (await db.runAndReadAll(sql)).getRows();
await db.run(`CREATE TYPE channels AS ENUM (SELECT DISTINCT channel FROM '${join(dir, 'users.parquet')}')`);
await db.run(`CREATE TYPE cities AS ENUM (SELECT DISTINCT city FROM '${join(dir, 'users.parquet')}')`);
await db.run(`CREATE TABLE users AS SELECT recency_days::SMALLINT AS recency_days, purchase_days::SMALLINT AS purchase_days, orders::SMALLINT AS orders, spend::INTEGER AS spend,
  silence_days::SMALLINT AS silence_days, (list_position(['${stages.join("', '")}'], stage_before) - 1)::TINYINT AS stage_before, stage_days::SMALLINT AS stage_days,
  revenue::INTEGER AS revenue, value::INTEGER AS value, epoch_ms(epoch_ms(first_seen)) AS first_seen, active_days_28::TINYINT AS active_days_28, views_30::TINYINT AS views_30, p_alive,
  channel::channels AS channel, city::cities AS city, vip, coupon, quiet, 0::TINYINT AS stage_start, 0::TINYINT AS name_start, 0::TINYINT AS tier_start FROM '${join(dir, 'users.parquet')}'`);
await db.run(`CREATE TABLE began AS ${evaluated(60, 120, 30)}`);
await db.run('CREATE TABLE again AS SELECT u.* EXCLUDE (stage_start, name_start, tier_start), b.stage AS stage_start, b.name AS name_start, b.tier AS tier_start FROM users u POSITIONAL JOIN began b');
await db.run('DROP TABLE users; DROP TABLE began; ALTER TABLE again RENAME TO users');

const matrix = async (from, what, start, list, word) =>
  (await rows(`SELECT ${start}, ${what}, count(*), sum(revenue)::BIGINT, sum(value)::BIGINT FROM ${from} GROUP BY 1, 2`)).map(([a, b, n, r, v]) => `${word} ${list[a]}>${list[b]} ${n} ${r} ${v}`);

// questions gives, for each kind, Weir's question and DuckDB's way to the same answer.
const kinds = {
  all: async (n) => {
    await db.run(`CREATE OR REPLACE TABLE outputs AS ${evaluated(60 + (n % 30), 120 + (n % 40), 30 + (n % 50))}`);
    const [sets] = await rows(['repeat', 'good', 'rule'].map((s) => `count(*) FILTER (${s}), sum(revenue) FILTER (${s})::BIGINT, sum(value) FILTER (${s})::BIGINT`).join(', ').replace(/^/, 'SELECT ').concat(' FROM outputs'));
    return [
      ...(await matrix('outputs', 'stage', 'stage_start', stages, 'stage')), ...(await matrix('outputs', 'name', 'name_start', names, 'rfm')), ...(await matrix('outputs', 'tier', 'tier_start', tiers, 'tier')),
      ...['repeat', 'good', 'rule'].map((s, i) => `in ${s} ${sets.slice(3 * i, 3 * i + 3).join(' ')}`),
    ];
  },
  scores: async (n) => {
    const q = `(${evaluated(60, 120, 30 + (n % 50))})`;
    return [...(await matrix(q, 'name', 'name_start', names, 'rfm')), ...(await matrix(q, 'tier', 'tier_start', tiers, 'tier'))];
  },
};
const parts = { all: () => true, scores: (line) => line.startsWith('rfm ') || line.startsWith('tier ') };

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
  const duck = async () => (await rows(`SELECT count(*), sum(revenue)::BIGINT FROM users WHERE ${sql}`)).map(([n, r]) => `${n} ${r ?? 0}`);
  const list = [];
  for (let i = 0; i <= runs; i++) list.push(await both('rule', i, duck, `rule ${k} ${i}`, () => true));
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
