// Writes docs/console-whatif.png and docs/console-whatif-zh.png, the sample under a changed strategy, docs/console.png and
// docs/console-zh.png, its overview, and docs/console-models.png, its models after a fit; or those of the Weir whose address is given, in which models are fitted.
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/browser.mjs";
import { snapshot, start } from "../e2e/program.mjs";

const given = process.argv[2];
const weir = given ? { address: given, stop: async () => {} } : await start("--sample");
const browser = await launch();
try {
  await haveModels(weir.address);
  await snapshot(weir);
  const scenario = JSON.stringify(["Silent after 90 days", { "lifecycle.thresholds.silent_days": 90 }]);
  const whatif = `/whatif?${new URLSearchParams({ s: scenario })}`;
  for (const [language, file, path, height] of [
    ["en", "console-whatif.png", whatif, 1180],
    ["zh-CN", "console-whatif-zh.png", whatif, 1180],
    ["en", "console.png", "/", 1256],
    ["zh-CN", "console-zh.png", "/", 1256],
    ["en", "console-models.png", "/models", 1080],
  ]) {
    const context = await browser.newContext({
      viewport: { width: 1440, height },
      deviceScaleFactor: 2,
      locale: language,
      reducedMotion: "reduce",
    });
    const prefs = { theme: "light", language };
    await context.addInitScript((chosen) => localStorage.setItem("weir.prefs", JSON.stringify(chosen)), prefs);
    const page = await context.newPage();
    await page.goto(weir.address + path);
    await page
      .locator(path === whatif ? ".sizes tbody tr" : ".chart svg")
      .nth(1)
      .waitFor();
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: fileURLToPath(new URL(`../../docs/${file}`, import.meta.url)) });
    await context.close();
  }
} finally {
  await browser.close();
  await weir.stop();
}

/** Fits and publishes models, unless some are in force. */
async function haveModels(address) {
  const ask = async (path, body) => {
    const post = body && {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    const answer = await fetch(address + path, post);
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  };
  const ended = async ({ id }) => {
    for (;;) {
      const job = await ask(`/v1/jobs/${id}`);
      if (job.status === "failed") throw new Error(job.problem.detail);
      if (job.status === "done") return job.version;
      await new Promise((go) => setTimeout(go, 100));
    }
  };
  if ((await ask("/v1/models")).current) return;
  const version = await ended(await ask("/v1/models/fit", {}));
  await ended(await ask("/v1/models/publish", { version }));
}
