// Puts each module of dist/assets compressed in its own place: the program carries it and sends it as it is.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const folder = fileURLToPath(new URL("../dist/assets/", import.meta.url));
for (const name of readdirSync(folder).filter((one) => one.endsWith(".wasm"))) {
  const raw = readFileSync(folder + name);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  };
  writeFileSync(`${folder}${name}.br`, brotliCompressSync(raw, { params }));
  rmSync(folder + name);
}
