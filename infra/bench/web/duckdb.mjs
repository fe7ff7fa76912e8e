// A page that asks DuckDB-WASM, with one thread: duckdb.html?dir=DIR. The users come as a file that DuckDB wrote and are copied into memory.
import { AsyncDuckDB, VoidLogger } from '@duckdb/duckdb-wasm';
import { questions } from '../questions.mjs';

const start = performance.now();
const dir = new URLSearchParams(location.search).get('dir');
let connection;

async function load() {
  const db = new AsyncDuckDB(new VoidLogger(), new Worker('/duckdb/duckdb-browser-eh.worker.js'));
  await db.instantiate(`${location.origin}/duckdb/duckdb-eh.wasm`);
  connection = await db.connect();
  const ready = performance.now() - start;
  await db.registerFileBuffer('users.duckdb', new Uint8Array(await (await fetch(`/data/${dir}/users.duckdb`)).arrayBuffer()));
  await connection.query("ATTACH 'users.duckdb' AS kept (READ_ONLY)");
  await connection.query('CREATE TABLE users AS SELECT * FROM kept.users');
  await connection.query('DETACH kept');
  await db.dropFile('users.duckdb');
  const [[users]] = await rows('SELECT count(*) FROM users');
  return { ready, complete: performance.now() - start, users: Number(users), version: await db.getVersion(), threads: (await rows("SELECT current_setting('threads')"))[0][0].toString() };
}

const rows = async (sql) => (await connection.query(sql)).toArray().map((row) => [...row].map(([, value]) => value));
const kinds = questions((sql) => connection.query(sql), rows);

async function timed(ask) {
  const from = performance.now();
  const lines = await ask();
  return { ms: performance.now() - from, lines: lines.toSorted() };
}

globalThis.bench = {
  loaded: load(),
  ask: (kind, n) => timed(() => kinds[kind](n)),
  rule: (sql) => timed(() => kinds.rule(sql)),
};
