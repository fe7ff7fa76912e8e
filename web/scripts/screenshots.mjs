// Writes docs/console.png and docs/console-zh.png: the overview of the sample, or of the Weir whose address is given.
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/browser.mjs";
import { start } from "../e2e/program.mjs";

const given = process.argv[2];
const weir = given ? { address: given, stop: async () => {} } : await start("--sample");
const browser = await launch();
try {
  for (const [language, file] of [
    ["en", "console.png"],
    ["zh-CN", "console-zh.png"],
  ]) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 1256 },
      deviceScaleFactor: 2,
      locale: language,
      reducedMotion: "reduce",
    });
    const prefs = { theme: "light", language };
    await context.addInitScript((chosen) => localStorage.setItem("weir.prefs", JSON.stringify(chosen)), prefs);
    const page = await context.newPage();
    await page.goto(weir.address);
    await page.locator(".chart svg").nth(1).waitFor();
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: fileURLToPath(new URL(`../../docs/${file}`, import.meta.url)) });
    await context.close();
  }
} finally {
  await browser.close();
  await weir.stop();
}
