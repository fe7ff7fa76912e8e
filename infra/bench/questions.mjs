// What infra/bench/whatif/questions.go asks of Weir, in SQL: DuckDB's way to the same answers, natively and in a browser.

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

// table is how the users of users.parquet are held: stages, names and tiers as small integers, channels and cities as enumerations.
export const table = (parquet) => [
  `CREATE TYPE channels AS ENUM (SELECT DISTINCT channel FROM '${parquet}')`,
  `CREATE TYPE cities AS ENUM (SELECT DISTINCT city FROM '${parquet}')`,
  `CREATE TABLE users AS SELECT recency_days::SMALLINT AS recency_days, purchase_days::SMALLINT AS purchase_days, orders::SMALLINT AS orders, spend::INTEGER AS spend,
    silence_days::SMALLINT AS silence_days, (list_position(['${stages.join("', '")}'], stage_before) - 1)::TINYINT AS stage_before, stage_days::SMALLINT AS stage_days,
    revenue::INTEGER AS revenue, value::INTEGER AS value, epoch_ms(epoch_ms(first_seen)) AS first_seen, active_days_28::TINYINT AS active_days_28, views_30::TINYINT AS views_30, p_alive,
    channel::channels AS channel, city::cities AS city, vip, coupon, quiet, 0::TINYINT AS stage_start, 0::TINYINT AS name_start, 0::TINYINT AS tier_start FROM '${parquet}'`,
  `CREATE TABLE began AS ${evaluated(60, 120, 30)}`,
  'CREATE TABLE again AS SELECT u.* EXCLUDE (stage_start, name_start, tier_start), b.stage AS stage_start, b.name AS name_start, b.tier AS tier_start FROM users u POSITIONAL JOIN began b',
  'DROP TABLE users; DROP TABLE began; ALTER TABLE again RENAME TO users',
];

// questions gives, for each kind, the way to the lines of the answer; run executes a statement, rows returns those of a query.
export function questions(run, rows) {
  const matrix = async (from, what, start, list, word) =>
    (await rows(`SELECT ${start}, ${what}, count(*), sum(revenue)::BIGINT, sum(value)::BIGINT FROM ${from} GROUP BY 1, 2`)).map(([a, b, n, r, v]) => `${word} ${list[a]}>${list[b]} ${n} ${r} ${v}`);
  return {
    all: async (n) => {
      await run(`CREATE OR REPLACE TABLE outputs AS ${evaluated(60 + (n % 30), 120 + (n % 40), 30 + (n % 50))}`);
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
    stages: (n) => matrix(`(${evaluated(60 + (n % 30), 120 + (n % 40), 30)})`, 'stage', 'stage_start', stages, 'stage'),
    rule: async (sql) => (await rows(`SELECT count(*), sum(revenue)::BIGINT FROM users WHERE ${sql}`)).map(([n, r]) => `${n} ${r ?? 0}`),
  };
}

// parts says which lines of Weir's answer belong to a kind.
export const parts = { all: () => true, scores: (line) => line.startsWith('rfm ') || line.startsWith('tier '), stages: (line) => line.startsWith('stage '), rule: () => true };
