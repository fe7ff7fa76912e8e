import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Why the built function cannot be hosted here; undefined when it can. */
export const lacking = [".cache/aws/bin/versitygw", ".cache/aws/node_modules"].every((one) =>
  existsSync(join(root, one)),
)
  ? undefined
  : "the stand-ins of AWS services are not installed: make deps-aws";

/** Hosts the built function of the API and the console, with the emulated gateway and issuer before it. */
export async function startCloud() {
  const path = join(root, ".cache/weir-cloud-e2e");
  execFileSync("go", ["build", "-o", path, "./infra/emulated/local"], { cwd: root, stdio: "inherit" });
  const child = spawn(path, ["--fast", "--quiet", "--only", "api", "--listen", "127.0.0.1:0"], { cwd: root });
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the function was not there within 5 minutes:\n${said}`)), 300_000);
    const hear = (bytes) => {
      said += bytes;
      const found = / console +(http:\/\/127\.0\.0\.1:\d+)/.exec(said);
      if (!found) return;
      clearTimeout(late);
      resolve(found[1]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`the host ended with ${code}:\n${said}`)));
  });
  return {
    address,
    async stop() {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await ended;
    },
  };
}
