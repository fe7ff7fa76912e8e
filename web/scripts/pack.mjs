// Puts what the console loads compressed in its own place: the program carries it, and sends it as it is. index.html and what is
// compressed by itself stay.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const PACKED = new Set([".js", ".css", ".svg", ".json", ".wasm"]);
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
for (const name of readdirSync(dist, { recursive: true }).map((one) => join(dist, one))) {
  if (!PACKED.has(extname(name)) || !statSync(name).isFile()) continue;
  const raw = readFileSync(name);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  };
  writeFileSync(`${name}.br`, brotliCompressSync(raw, { params }));
  rmSync(name);
}
