// Writes docs/console.png and docs/console-zh.png: the overview of a running Weir, its address as the only argument.
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/browser.mjs";

const address = process.argv[2];
if (!address) {
  console.error("usage: npm run screenshot -- http://127.0.0.1:8080");
  process.exit(2);
}
const browser = await launch();
for (const [language, file] of [
  ["en", "console.png"],
  ["zh-CN", "console-zh.png"],
]) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor: 2,
    locale: language,
    reducedMotion: "reduce",
  });
  await context.addInitScript((prefs) => localStorage.setItem("weir.prefs", JSON.stringify(prefs)), {
    theme: "light",
    language,
  });
  const page = await context.newPage();
  await page.goto(address);
  await page.locator(".chart svg").nth(1).waitFor();
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: fileURLToPath(new URL(`../../docs/${file}`, import.meta.url)) });
  await context.close();
}
await browser.close();
