// Builds the program once and runs the end-to-end tests on it, file by file: `npm run e2e -- e2e/users.test.mjs` runs some.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { binary } from "./program.mjs";

const chosen = process.argv.slice(2);
const files = chosen.length > 0 ? chosen : readdirSync("e2e").filter((name) => name.endsWith(".test.mjs"));
const { status } = spawnSync(
  process.execPath,
  [
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=1",
    "--test-timeout=300000",
    ...files.map((name) => (name.includes("/") ? name : `e2e/${name}`)),
  ],
  { stdio: "inherit", env: { ...process.env, WEIR: binary() } },
);
process.exit(status ?? 1);
