import assert from "node:assert/strict";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

/** Debian's Chromium by default; CHROMIUM names another one. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Opens a page in a fresh profile. What the page complains of (errors, broken rules of the content security policy, requests
 * to other hosts) is collected; quiet() asserts that there was nothing. `expected` forgives complaints that a test provokes.
 */
export async function open(browser, address, path = "/", options = {}) {
  const { language = "en", theme = "light", width = 1280, height = 860, expected } = options;
  const context = await browser.newContext({
    baseURL: address,
    viewport: { width, height },
    reducedMotion: "reduce",
    locale: language,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(10_000);
  await context.addInitScript(
    (prefs) => {
      if (!localStorage.getItem("weir.prefs")) localStorage.setItem("weir.prefs", JSON.stringify(prefs));
    },
    { theme, language },
  );
  const page = await context.newPage();
  const complaints = [];
  const complain = (text) => {
    if (!expected?.test(text)) complaints.push(text);
  };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complain(message.text());
  });
  page.on("pageerror", (error) => complain(error.stack ?? error.message));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !/^(?:data|blob):/.test(url)) complain(`asked another host: ${url}`);
  });
  await page.goto(path);
  return Object.assign(page, { quiet: () => assert.deepEqual(complaints, []) });
}

/** Asserts that axe finds nothing against WCAG 2.2 AA on the page as it is now. */
export async function accessible(page) {
  const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  // The editor scrolls with its cursor: what scrolls holds a text field, which is reached by keyboard.
  const known = (one) => one.nodes.every((node) => /cm-scroller/.test(node.html));
  const said = violations
    .filter((one) => !known(one))
    .map((one) => [one.id, ...one.nodes.map((node) => node.html.slice(0, 160))]);
  assert.deepEqual(said, []);
}

/** Asserts that a popup lies within the window, and not merely exists. */
export async function inSight(page, popup) {
  await popup.waitFor();
  const { x, y, width, height } = await popup.boundingBox();
  const view = page.viewportSize();
  const inside = x >= 0 && y >= 0 && x + width <= view.width && y + height <= view.height;
  assert.ok(inside, `the popup lies at ${x}, ${y}, ${width} × ${height}`);
}

/** Chooses one of a few. */
export function choose(within, name) {
  return within.getByRole("radio", { name, exact: true }).click();
}
