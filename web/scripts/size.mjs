// Fails when the first page is heavier than its budget: everything the Overview needs, as gzip sends it.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 400_000;
const ENTRY = "index.html";
const FIRST_PAGE = ["src/pages/Overview.tsx", "src/charts/echarts.ts"];

const manifest = JSON.parse(readFileSync("dist/assets/manifest.json", "utf8"));
const files = new Set();
const seen = new Set();

function walk(key) {
  if (seen.has(key)) return;
  seen.add(key);
  const chunk = manifest[key];
  if (!chunk) throw new Error(`size: ${key} is not in the build's manifest: change FIRST_PAGE in scripts/size.mjs`);
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) walk(next);
}

for (const key of [ENTRY, ...FIRST_PAGE]) walk(key);
// One language is loaded: the larger one counts.
const languages = Object.keys(manifest).filter((key) => /src\/i18n\/(en|zh-CN)\.ts$/.test(key));
const weight = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;
const largest = languages.sort((a, b) => weight(manifest[b].file) - weight(manifest[a].file))[0];
if (largest) walk(largest);

let total = weight("index.html");
for (const file of [...files].sort()) {
  const size = weight(file);
  total += size;
  console.log(`${(size / 1000).toFixed(1).padStart(8)} kB  ${file}`);
}
console.log(`${(total / 1000).toFixed(1).padStart(8)} kB  first page, gzip (budget ${BUDGET / 1000} kB)`);
if (total > BUDGET) {
  console.error("size: the first page is over its budget: load more of it lazily");
  process.exit(1);
}
