// Measures Weir's ingest beside DuckDB on the same files, alternately, in one session, each on one core, and prints the
// medians and their ratios as a Markdown table:
//
//   go build -o bin/ingest ./infra/bench/ingest && bin/ingest generate DIR
//   npm ci --prefix infra/bench && node infra/bench/ingest.mjs bin/ingest DIR
//
// Weir reads, validates, deduplicates and folds every event into its user's profile (first and last seen, purchase days with
// their money, active days). DuckDB groups by user: the count, the sum of the revenue, the first and the last time; it skips
// what the query does not name, and removes no duplicates. Both must find the same totals.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { cpus } from 'node:os';
import { DuckDBInstance, version } from '@duckdb/node-api';

const [binary, dir, runsText = '5'] = process.argv.slice(2);
if (!binary || !dir) {
  console.error('usage: node ingest.mjs BINARY DIR [RUNS]');
  process.exit(2);
}

const columns = `columns = {type: 'VARCHAR', event: 'VARCHAR', userId: 'VARCHAR', messageId: 'VARCHAR', timestamp: 'TIMESTAMP', properties: 'STRUCT(revenue DOUBLE)'}`;
const json = (file) => `read_json('${join(dir, file)}', format = 'newline_delimited', ${columns})`;
const cases = [
  { name: 'NDJSON, plain', file: 'events.ndjson', from: json('events.ndjson') },
  { name: 'NDJSON, gzip', file: 'events.ndjson.gz', from: json('events.ndjson.gz') },
  { name: 'NDJSON, zstd', file: 'events.ndjson.zst', from: json('events.ndjson.zst') },
  { name: 'Parquet', file: 'events.parquet', from: `read_parquet('${join(dir, 'events.parquet')}')` },
];

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const seconds = (usage) => (usage.user + usage.system) / 1e6;

const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const db = await instance.connect();

async function duck(c) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const reader = await db.runAndReadAll(`SELECT sum(n)::BIGINT, count(*), sum(round(s * 100))::BIGINT, epoch_ms(min(lo)), epoch_ms(max(hi))
    FROM (SELECT "userId", count(*) n, sum(properties.revenue) s, min("timestamp") lo, max("timestamp") hi FROM ${c.from} GROUP BY 1)`);
  const wall = (performance.now() - start) / 1000;
  const [events, users, revenue, first, last] = reader.getRows()[0].map(Number);
  return { answer: [events, users, revenue, first, last].join(), events, wall, cpu: seconds(process.cpuUsage(cpu)) };
}

// fold starts a process of Weir on some cores and returns a function that lets it fold a file.
function fold(cores) {
  const child = spawn(binary, ['fold'], { env: { ...process.env, GOMAXPROCS: String(cores) }, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    close: () => child.stdin.end(),
    run: async (c) => {
      child.stdin.write(`${join(dir, c.file)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the Weir process ended');
      const out = JSON.parse(value);
      return { answer: [out.events, out.users, out.revenue_minor, out.first_ms, out.last_ms].join(), events: out.events, wall: out.seconds, cpu: out.cpu_seconds };
    },
  };
}

const [one, two] = [fold(1), fold(2)];
console.log(`Medians of ${runsText} alternating runs, ${cpus()[0].model}, ${cpus().length} cores, DuckDB ${version()}, million events a second.\n`);
console.log('| file | Weir, one core | DuckDB, one thread | ratio | ratio of CPU time | Weir, two cores |');
console.log('|---|---|---|---|---|---|');
for (const c of cases) {
  const runs = { weir: [], duck: [], two: [] };
  for (let i = 0; i <= Number(runsText); i++) { // the first run of each warms it up and does not count
    const results = { weir: await one.run(c), duck: await duck(c), two: await two.run(c) };
    for (const [who, result] of Object.entries(results)) {
      if (i > 0) runs[who].push(result);
    }
  }
  const [w, d] = [runs.weir[0], runs.duck[0]];
  if (w.answer !== d.answer) {
    throw new Error(`${c.name}: the answers differ: Weir ${w.answer}, DuckDB ${d.answer}`);
  }
  const rate = (list, key) => w.events / median(list.map((r) => r[key])) / 1e6;
  const cells = [rate(runs.weir, 'wall').toFixed(2), rate(runs.duck, 'wall').toFixed(2), `${(rate(runs.weir, 'wall') / rate(runs.duck, 'wall')).toFixed(2)} ×`, `${(rate(runs.weir, 'cpu') / rate(runs.duck, 'cpu')).toFixed(2)} ×`, rate(runs.two, 'wall').toFixed(2)];
  console.log(`| ${c.name} | ${cells.join(' | ')} |`);
}
one.close();
two.close();
