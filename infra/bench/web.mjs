// Measures the what-if of the console beside DuckDB-WASM in headless Chromium, on the same users, alternately, in one run, and
// writes what it found as Markdown. Both must give the same answers. `make bench-web` runs it:
//
//   node infra/bench/web.mjs bin/whatif OUT.md [USERS…]
//
// The pages take the console's own workers (web/src/core/whatif). Cross-origin isolation makes their clock tick every 5 µs; nothing
// else of it is used. WEIR_BENCH_RUNS is how many alternating runs there are. CHROMIUM names a browser.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { table } from './questions.mjs';

const [binary, out, ...sizes] = process.argv.slice(2);
if (!binary || !out) {
  console.error('usage: node web.mjs BINARY OUT.md [USERS…]');
  process.exit(2);
}
const runs = Number(process.env.WEIR_BENCH_RUNS ?? 5);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const web = createRequire(here('../../web/package.json'));
const { chromium } = web('playwright-core');
const { rolldown } = await import(web.resolve('rolldown'));
const rules = readFileSync(here('./whatif/rules.txt'), 'utf8').trim().split('\n').map((line) => line.split('###').map((s) => s.trim()));
const module = here('../../web/src/core/whatif/preview.wasm');

const ranked = (list, share) => list.toSorted((a, b) => a - b)[Math.min(Math.floor(list.length * share), list.length - 1)];
const median = (list) => ranked(list, 0.5);
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const ms = (n) => `${n.toFixed(n < 10 ? 2 : n < 100 ? 1 : 0)} ms`;
const us = (n) => `${(n * 1000).toFixed(0)} µs`;
const lines = [];
const say = (text) => {
  console.log(text);
  lines.push(text);
};
const row = (...cells) => say(`| ${cells.join(' | ')} |`);

const base = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'weir-web-'));
process.on('exit', () => rmSync(base, { recursive: true, force: true }));

/** Bundles one page or worker. */
async function bundled(input) {
  const bundle = await rolldown({ input: here(input), platform: 'browser', logLevel: 'warn' });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
  await bundle.close();
  return output[0].code;
}

const page = (script) => `<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="${script}"></script>`;
const made = {
  '/weir.html': ['text/html', page('/weir.js')],
  '/duckdb.html': ['text/html', page('/duckdb.js')],
  '/weir.js': ['text/javascript', await bundled('./web/weir.mjs')],
  '/duckdb.js': ['text/javascript', await bundled('./web/duckdb.mjs')],
  '/worker.js': ['text/javascript', await bundled('../../web/src/core/whatif/worker.ts')],
};
const duckdb = here('./node_modules/@duckdb/duckdb-wasm/dist/');
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://127.0.0.1');
  const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cache-Control': 'max-age=3600' };
  const known = made[pathname];
  if (known) return response.writeHead(200, { ...isolated, 'Content-Type': known[0] }).end(known[1]);
  const found = /^\/(duckdb|data\/\w+)\/([\w.-]+)$/.exec(pathname);
  const path = pathname === '/preview.wasm' ? module : found && join(found[1] === 'duckdb' ? duckdb : join(base, found[1].slice(5)), found[2]);
  if (!path || !existsSync(path)) return response.writeHead(404, isolated).end();
  const type = { wasm: 'application/wasm', js: 'text/javascript' }[path.split('.').at(-1)] ?? 'application/octet-stream';
  response.writeHead(200, { ...isolated, 'Content-Type': type, 'Content-Length': statSync(path).size });
  createReadStream(path).pipe(response);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${server.address().port}`;

/** Draws users and writes them as shards, plans and a file of DuckDB's. */
async function prepare(users) {
  const name = `n${users}`;
  const dir = join(base, name);
  mkdirSync(dir);
  execFileSync(binary, ['generate', dir, String(users)]);
  execFileSync(binary, ['plans', dir]);
  const instance = await DuckDBInstance.create(':memory:');
  const db = await instance.connect();
  for (const sql of table(join(dir, 'users.parquet'))) await db.run(sql);
  await db.run(`ATTACH '${join(dir, 'users.duckdb')}' AS kept (STORAGE_VERSION 'v1.2.0')`);
  await db.run('CREATE TABLE kept.users AS SELECT * FROM users');
  await db.run('DETACH kept');
  db.closeSync();
  instance.closeSync();
  const shards = readdirSync(dir).filter((n) => n.endsWith('.shard')).toSorted().map((n) => {
    const bytes = readFileSync(join(dir, n));
    return { name: n, rows: 0, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  return { name, shards };
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const cdp = await browser.newBrowserCDPSession();

/** Memory of each renderer by process id: its proportional share of what is resident. Nothing where /proc is not. */
async function renderers() {
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  const of = (id) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  const list = [];
  for (const { type, id } of processInfo) {
    try {
      if (type === 'renderer') list.push([id, of(id)]);
    } catch {
      // The process has ended, or this is not Linux.
    }
  }
  return new Map(list);
}

/** Opens a page in a fresh profile and waits until its base is there; tab() is the memory of its renderer, the one that grew most. */
async function open(path, visits = 0) {
  const before = await renderers();
  const context = await browser.newContext({ baseURL: address });
  const tab = await context.newPage();
  tab.setDefaultTimeout(300_000);
  tab.on('pageerror', (error) => console.error(error));
  await tab.goto(path);
  const loaded = () => tab.evaluate(() => bench.loaded);
  const first = await loaded();
  const again = [];
  for (let i = 0; i < visits; i++) {
    await tab.reload();
    again.push(await loaded());
  }
  const grown = [...(await renderers())].toSorted((a, b) => b[1] - (before.get(b[0]) ?? 0) - (a[1] - (before.get(a[0]) ?? 0)))[0]?.[0];
  return {
    first, again,
    ask: (kind, n) => tab.evaluate(([kind, n]) => bench.ask(kind, n), [kind, n]),
    rule: (text) => tab.evaluate((text) => bench.rule(text), text),
    sliders: (n) => tab.evaluate((n) => bench.sliders(n), n),
    memory: async () => (await renderers()).get(grown) ?? 0,
    close: () => context.close(),
  };
}

function same(question, ...answers) {
  const [one, ...others] = answers.map((a) => a.lines.join('\n'));
  for (const other of others) if (one !== other) throw new Error(`${question}: the answers differ:\n${one}\n---\n${other}`);
}

async function measure(users) {
  const began = performance.now();
  const { name, shards } = await prepare(users);
  const path = (workers) => `/weir.html?dir=${name}&workers=${workers}&shards=${encodeURIComponent(JSON.stringify(shards))}`;
  const one = await open(path(1), runs);
  const two = await open(path(2), runs);
  const duck = await open(`/duckdb.html?dir=${name}`);
  const three = [one, two, duck];
  for (const p of three) if (p.first.users !== users) throw new Error(`${p.first.users} users were loaded`);
  say(`\n## ${users.toLocaleString('en')} users\n`);
  say(`${shards.length} shards, ${mib(shards.reduce((sum, s) => sum + s.bytes, 0))}. Load average at the start ${loadavg()[0].toFixed(1)}.${two.first.workers < 2 ? ' One shard has room for one worker only: both columns are of one.' : ''}\n`);
  row('load, from the start of the page’s script', 'one worker', 'two workers', 'DuckDB-WASM', 'goal');
  row('---', '---:', '---:', '---:', '---');
  row('first visit, bytes from 127.0.0.1: first numbers (of the first shard)', ms(one.first.first), ms(two.first.first), `${ms(duck.first.ready)} until it runs`, '');
  row('first visit: complete', ms(one.first.complete), ms(two.first.complete), ms(duck.first.complete), '');
  const visit = (p, key) => ms(median(p.again.map((a) => a[key])));
  row('bytes kept in the browser: first numbers', visit(one, 'first'), visit(two, 'first'), '', '');
  row('bytes kept in the browser: complete', visit(one, 'complete'), visit(two, 'complete'), '', users === 1e6 ? '≤ 150 ms, stretch ≤ 50 ms' : '');

  const took = { all: [[], [], []], scores: [[], [], []], stages: [[], [], []] };
  const modules = {};
  for (const kind of Object.keys(took)) {
    for (let i = 0; i <= runs; i++) { // the first run warms up and does not count
      const n = (7 + 11 * i) % 40;
      const answers = [];
      for (const p of three) answers.push(await p.ask(kind, n));
      same(`${kind} ${n}`, ...answers);
      if (i > 0) answers.forEach((a, k) => took[kind][k].push(a.ms));
    }
  }
  const many = { all: [[], []], scores: [[], []], stages: [[], []] };
  for (const kind of Object.keys(many)) {
    for (let i = 0; i < 60; i++) {
      for (const [k, p] of [one, two].entries()) {
        const a = await p.ask(kind, (i * 7 + 3) % 40);
        many[kind][k].push(a.ms);
        modules[k] = a.memory;
      }
    }
  }
  say(`\nAn answer at the page: asked of the workers, evaluated, reported, decoded. Medians of ${runs} alternating runs, and the 99th percentile of 60 more of Weir’s alone. DuckDB-WASM\nwrites the outputs of each user in the first row only; Weir in all of them.\n`);
  row('what is evaluated', 'one worker', 'p99', 'two workers', 'p99', 'DuckDB-WASM', 'ratio, one worker', 'ratio, two', 'goal');
  row('---', '---:', '---:', '---:', '---:', '---:', '---:', '---:', '---');
  const labels = { all: 'everything, each user’s outputs, with the report', scores: 'scores, names and tiers', stages: 'stages' };
  const goals = { all: users === 1e6 ? 'one worker ≥ 8 ×, stretch ≤ 15 ms and ≥ 12 ×' : users === 5e6 ? 'two workers ≤ 70 ms, stretch ≤ 40 ms' : '', scores: '', stages: '' };
  for (const [kind, [w1, w2, d]] of Object.entries(took)) {
    const [m1, m2, md] = [w1, w2, d].map(median);
    row(labels[kind], ms(m1), ms(ranked(many[kind][0], 0.99)), ms(m2), ms(ranked(many[kind][1], 0.99)), ms(md), `${(md / m1).toFixed(1)} ×`, `${(md / m2).toFixed(1)} ×`, goals[kind]);
  }
  say(`\nOf the 60 further answers the median is ${ms(median(many.all[0]))} with one worker and ${ms(median(many.all[1]))} with two: ${(median(many.all[0]) / median(many.all[1])).toFixed(2)} times as fast; ${((median(many.all[0]) * 1e6) / users).toFixed(1)} ns a user in one worker.`);

  const asked = [];
  let salt = 100_000;
  for (const [rule, sql] of rules) {
    const list = [];
    for (let i = 0; i <= runs; i++) {
      const text = `(${rule}) && orders < ${++salt}`; // another text each time: nothing is kept from before
      const answers = [await one.rule(text), await two.rule(text), await duck.rule(sql)];
      same(rule, ...answers);
      list.push(answers.map((a) => a.ms));
    }
    const warm = list.slice(1);
    asked.push({ rule, first: list[0][0], took: [0, 1, 2].map((k) => median(warm.map((l) => l[k]))) });
  }
  const [worst] = asked.toSorted((a, b) => b.took[0] - a.took[0]);
  const ratio = (list) => `${median(list).toFixed(1)} ×`;
  say(`\nThe ${rules.length} published audience rules (\`infra/bench/whatif/rules.txt\`), each compiled, evaluated, counted and summed:\n`);
  row('', 'one worker', 'two workers', 'DuckDB-WASM', 'goal');
  row('---', '---:', '---:', '---:', '---');
  row('the slowest', ...[0, 1, 2].map((k) => ms(Math.max(...asked.map((a) => a.took[k])))), users === 1e6 ? '≤ 10 ms' : '');
  row('the median of all', ...[0, 1, 2].map((k) => ms(median(asked.map((a) => a.took[k])))), '');
  row('the slowest when it is asked for the first time', ms(Math.max(...asked.map((a) => a.first))), '', '', '');
  row('DuckDB-WASM’s time by Weir’s, median of the rules', ratio(asked.map((a) => a.took[2] / a.took[0])), ratio(asked.map((a) => a.took[2] / a.took[1])), '', '');
  say(`\nThe slowest in one worker is \`${worst.rule}\`.`);

  const moved = [await one.sliders(2000), await two.sliders(2000)];
  say('\nSliders on their stops, 2,000 moves: who moves from where to where, with counts, revenue and value, is answered from cubes. Compute is what the slowest worker took; the rest of the time at the page is the way of the messages.\n');
  row('', 'one worker, p50', 'p99', 'two workers, p50', 'p99', 'goal');
  row('---', '---:', '---:', '---:', '---:', '---');
  const slid = (label, kind, where, goal) => row(label, ...moved.flatMap((m) => [us(median(m[kind][where])), us(ranked(m[kind][where], 0.99))]), goal);
  slid('cuts of scores, compute', 'scores', 'worker', 'p99 ≤ 200 µs, stretch ≤ 50 µs');
  slid('cuts of scores, at the page', 'scores', 'page', '');
  slid('thresholds of stages, compute', 'stages', 'worker', 'p99 ≤ 200 µs, stretch ≤ 50 µs');
  slid('thresholds of stages, at the page', 'stages', 'page', '');
  say(`\nThe cubes are built in ${ms(moved[0].scoreCube)} and ${ms(moved[0].stageCube)} with one worker, in ${ms(moved[1].scoreCube)} and ${ms(moved[1].stageCube)} with two.`);

  const memory = [];
  for (const p of three) memory.push(await p.memory());
  say('\nMemory at the end:\n');
  row('', 'one worker', 'two workers', 'DuckDB-WASM');
  row('---', '---:', '---:', '---:');
  row('linear memory of the modules', ...[0, 1].map((k) => mib(modules[k].reduce((a, b) => a + b, 0))), '');
  row('the tab: its process, by proportional set size', ...memory.map((n) => (n ? mib(n) : '–')));
  for (const p of three) await p.close();
  rmSync(join(base, name), { recursive: true });
  console.error(`${users} users took ${((performance.now() - began) / 1000).toFixed(0)} s`);
  return duck.first;
}

const git = (...args) => execFileSync('git', args, { cwd: here('.'), encoding: 'utf8' }).trim();
const load = loadavg()[0];
const size = (path, level) => `${(brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: level } }).length / 1e6).toFixed(2)} MB`;
say('# The what-if in a browser, beside DuckDB-WASM\n');
say('Written by `make bench-web` (`infra/bench/web.mjs`). Absolute figures hold on one machine; compare the ratios, which were measured in one\nrun. The pages use the console’s own workers and module; every answer is compared with that of DuckDB-WASM, which holds the same users in\nmemory, with stages, names and tiers as small integers and channels and cities as enumerations, and has one thread.\n');
say(`Commit ${git('rev-parse', '--short', 'HEAD')}, ${new Date().toISOString().slice(0, 10)}, ${cpus()[0].model}, ${cpus().length} processors, Chromium ${browser.version()}. Load average before the run ${load.toFixed(1)}${load > 1 ? ': the machine was busy with other work, so read the ratios and medians, not the times' : ''}.`);
let last;
for (const users of sizes.length > 0 ? sizes.map(Number) : [1_000_000, 5_000_000]) last = await measure(users);
say(`\n## Download\n\nBrotli: the module ${size(module, 11)} (goal ≤ 0.80 MB); DuckDB-WASM ${last.version}, at level 9 and without its JavaScript, ${size(join(duckdb, 'duckdb-eh.wasm'), 9)}.`);
await browser.close();
server.close();
writeFileSync(out, `${lines.join('\n')}\n`);
