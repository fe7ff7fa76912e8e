import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The program with the console of web/dist in it: WEIR names a built one, else it is built here. */
export function binary() {
  if (process.env.WEIR) return process.env.WEIR;
  if (!existsSync(join(root, "web/dist/index.html"))) throw new Error("run `npm run build` first: there is no console");
  const path = join(root, ".cache/weir-e2e");
  execFileSync("go", ["build", "-trimpath", "-o", path, "./functions/weir"], { cwd: root, stdio: "inherit" });
  return path;
}

/** Starts the real program on a free port with a base of its own, and waits for the address that it prints. */
export async function start(...flags) {
  const data = mkdtempSync(join(tmpdir(), "weir-e2e-"));
  const child = spawn(binary(), ["run", "--data", data, "--listen", "127.0.0.1:0", ...flags]);
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`weir did not listen within 30 s:\n${said}`)), 30_000);
    const hear = (bytes) => {
      said += bytes;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (!found) return;
      clearTimeout(late);
      resolve(found[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`weir ended with ${code}:\n${said}`)));
  });
  return {
    address,
    data,
    async stop() {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGINT");
        await ended;
      }
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The base has a snapshot of what is in it now. */
export async function snapshot({ address }) {
  const made = await (await fetch(`${address}/v1/snapshot`, { method: "POST" })).json();
  for (;;) {
    const job = await (await fetch(`${address}/v1/jobs/${made.id}`)).json();
    if (job.status === "done") return;
    if (job.status === "failed") throw new Error(`no snapshot: ${JSON.stringify(job.problem)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
