import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible, launch, open } from "./browser.mjs";
import { snapshot, start } from "./program.mjs";

let weir;
let browser;
before(async () => {
  weir = await start("--sample");
  await snapshot(weir);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await weir?.stop();
});

/** Each page with something that is there once it is ready, whatever the language. */
const pages = [
  ["/", "table.rfm td a"],
  ["/users", ".summary strong"],
  ["/users/0001", ".figures"],
  ["/users/0001?tab=timeline", ".timeline"],
  ["/users/0001?tab=scores", "details.reason"],
  ["/churn", ".state"],
  ["/churn?tab=backtest", ".options"],
  ["/lifecycle", ".flow svg path"],
  ["/retention", "table.triangle"],
  ["/models", ".state"],
  ["/files", ".drop"],
  ["/events", "main a[href^='/events/']"],
  ["/events/Order%20Completed", "main table"],
  ["/outbox", ".meter"],
  ["/whatif", ".sizes tbody tr"],
  ["/strategy", ".cm-content"],
  ["/strategy?tab=replay", ".options"],
  ["/strategy?tab=versions", "main table"],
];

describe("accessibility", () => {
  for (const theme of ["light", "dark"]) {
    for (const [path, ready] of pages) {
      test(`${path} ${theme}`, async () => {
        const page = await open(browser, weir.address, path, { theme, language: theme === "dark" ? "zh-CN" : "en" });
        await page.locator(ready).first().waitFor();
        await page.waitForLoadState("networkidle");
        await accessible(page);
        page.quiet();
        await page.context().close();
      });
    }
  }
});

describe("at 390 px", () => {
  for (const [path, ready] of pages) {
    test(`${path} needs no scrolling sideways`, async () => {
      const page = await open(browser, weir.address, path, { width: 390, height: 844, language: "zh-CN" });
      await page.locator(ready).first().waitFor();
      await page.waitForLoadState("networkidle");
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.equal(wide, 0);
      page.quiet();
      await page.context().close();
    });
  }

  test("the menu folds away and leads on", async () => {
    const page = await open(browser, weir.address, "/", { width: 390, height: 844 });
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("dialog").getByRole("link", { name: "Files" }).click();
    await page.getByRole("heading", { level: 1, name: "Files" }).waitFor();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    page.quiet();
  });
});

test("the keyboard alone: skip link, menu, focus on the new page", async () => {
  const page = await open(browser, weir.address);
  await page.locator("table.rfm td a").first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => document.activeElement?.closest("main") !== null));
  await page.getByRole("link", { name: "Users", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Users" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  page.quiet();
});

test("language and theme are switched and kept", async () => {
  const page = await open(browser, weir.address);
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("heading", { level: 1, name: "总览" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  await page.getByRole("button", { name: /主题/ }).click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "总览" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  page.quiet();
});

test("the theme follows the system until it is chosen", async () => {
  const page = await open(browser, weir.address, "/", { theme: "system" });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.waitForFunction(() => document.documentElement.dataset.theme === "light");
  page.quiet();
});

test("a page that is not there leads back", async () => {
  const page = await open(browser, weir.address, "/nowhere");
  await page.getByText("There is no such page").waitFor();
  await page.locator("main").getByRole("link", { name: "Overview" }).click();
  await page.locator("table.rfm").waitFor();
  page.quiet();
});

test("an error is shown in the server's words, with its hint and a retry", async () => {
  const page = await open(browser, weir.address, "/outbox", { expected: /503/ });
  await page.getByText("No messages yet").waitFor();
  let fail = true;
  await page.route("**/v1/files?**", (route) =>
    fail
      ? route.fulfill({
          status: 503,
          contentType: "application/problem+json",
          body: JSON.stringify({
            title: "Service Unavailable",
            code: "unavailable",
            detail: "the disk is full",
            hint: "free some room",
          }),
        })
      : route.fallback(),
  );
  await page.getByRole("link", { name: "Files" }).first().click();
  const alert = page.getByRole("alert");
  await alert.getByText("the disk is full").waitFor();
  await alert.getByText("free some room").waitFor();
  fail = false;
  await alert.getByRole("button", { name: "Retry" }).click();
  await page.getByRole("link", { name: "cdnow_sample.txt.gz" }).waitFor();
  page.quiet();
});

test("when the program goes away the console says so, and comes back with it", async () => {
  const page = await open(browser, weir.address, "/", { expected: /Failed to load resource|ERR_/ });
  await page.locator("table.rfm").waitFor();
  await page.route("**/v1/**", (route) => route.abort());
  await page
    .getByText(/Weir does not answer/)
    .first()
    .waitFor({ timeout: 25_000 });
  await page.unroute("**/v1/**");
  await page
    .getByText(/Weir does not answer/)
    .first()
    .waitFor({ state: "detached", timeout: 15_000 });
  page.quiet();
});

test("a Weir with a token asks for it once", async () => {
  const guarded = await start("--sample", "--token", "open sesame");
  try {
    const page = await open(browser, guarded.address, "/", { expected: /401|403/ });
    await page.getByText("A token is needed").waitFor();
    await page.getByRole("textbox", { name: "Access token" }).fill("open sesame");
    await page.getByRole("button", { name: "Use it" }).click();
    await page.locator("table.rfm").waitFor();
    await page.getByRole("link", { name: "Files", exact: true }).click();
    await page.getByRole("link", { name: "cdnow_sample.txt.gz" }).waitFor();
    page.quiet();
  } finally {
    await guarded.stop();
  }
});

test("an empty base says what to do first", async () => {
  const empty = await start();
  try {
    const page = await open(browser, empty.address);
    await page.getByText("No users yet").waitFor();
    await page.getByRole("link", { name: "Upload a file" }).click();
    await page.getByText("No files yet").waitFor();
    await page.getByRole("link", { name: "Users", exact: true }).click();
    await page.getByText("No users yet").waitFor();
    page.quiet();
  } finally {
    await empty.stop();
  }
});
