import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, choose, launch, open } from "./browser.mjs";
import { start } from "./program.mjs";

let weir;
let browser;
before(async () => {
  weir = await start("--sample");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await weir?.stop();
});

// The tests follow one base from no models to a published fit, and back.

test("without models every page that needs them says what to do", async () => {
  const page = await open(browser, weir.address, "/churn");
  await page.getByText("No churn model is in force").waitFor();
  await accessible(page);
  await page.getByRole("link", { name: "To the models" }).click();
  await page.getByText("No models yet").waitFor();
  await accessible(page);
  await page.goto("/users/0001");
  await page.getByText(/No models are in force/).waitFor();
  page.quiet();
});

test("models are fitted by keyboard, looked at, and published without a message", async () => {
  const page = await open(browser, weir.address, "/models");
  await page.getByRole("button", { name: "Fit models…" }).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Model of purchases" }).waitFor();
  await accessible(page);
  await dialog.getByRole("button", { name: "Fit", exact: true }).click();
  await page.getByText(/Version \w+ is fitted/).waitFor({ timeout: 60_000 });
  // Nothing scores yet.
  await page.getByText(/No models are in force/).waitFor();
  const row = (name) => page.getByRole("row", { name: new RegExp(`^${name}`) });
  assert.match(await row("r ").first().innerText(), /0\.5248/);
  await page.getByRole("heading", { name: "Expected and actual purchases" }).waitFor();
  await choose(page.locator(".card", { hasText: "Expected and actual purchases" }), "Table");
  await page.getByRole("row", { name: /7 or more/ }).waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Publish…" }).click();
  await dialog.getByText(/Nobody is messaged/).waitFor();
  await accessible(page);
  await dialog.getByRole("textbox").fill("first models");
  await dialog.getByRole("button", { name: "Publish" }).click();
  await page.getByText("in force", { exact: true }).waitFor({ timeout: 60_000 });
  const outbox = await (await page.request.get("/v1/outbox")).json();
  assert.equal(outbox.messages.length, 0);
  page.quiet();
});

test("the churn list has reasons in words, lead time and value, and leads to the user", async () => {
  const page = await open(browser, weir.address, "/churn");
  const first = page.locator("tbody tr").first();
  await first.waitFor();
  assert.match(await first.innerText(), /\d+%/);
  assert.match(await first.locator(".why").innerText(), /days|spend|Spent/);
  assert.match(await first.innerText(), /\$\d+\.\d\d/);
  await page.getByText(/users whose probability/).waitFor();
  await choose(page, "All");
  await page.waitForURL(/p=all/);
  await page.getByText(/of 2,357/).waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("26–50 of 2,357").waitFor();
  await page.goto("/churn");
  const id = await page.locator("tbody tr a").first().innerText();
  await page.locator("tbody tr a").first().click();
  await page.getByRole("heading", { level: 1, name: id }).waitFor();
  const forecast = page.locator(".card", { hasText: "What to expect" });
  await forecast.getByText("P(alive)").waitFor();
  await forecast.getByText(/90 %: \$/).waitFor();
  await forecast.getByText("What raises it").waitFor();
  await page.getByRole("tab", { name: "Scores" }).click();
  await page.locator("details.reason", { hasText: "Churn probability" }).waitFor();
  page.quiet();
});

for (const [path, ready] of [
  ["/models", ".chart svg"],
  ["/churn", ".why"],
  ["/users/0348", ".risk"],
]) {
  test(`${path} with models is accessible in the dark and in Chinese, and fits 390 px`, async () => {
    const page = await open(browser, weir.address, path, { theme: "dark", language: "zh-CN" });
    await page.locator(ready).first().waitFor();
    await page.waitForLoadState("networkidle");
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator(ready).first().waitFor();
    await accessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0);
    page.quiet();
  });
}

test("the churn list in Chinese speaks Chinese", async () => {
  const page = await open(browser, weir.address, "/churn", { language: "zh-CN" });
  const why = page.locator("tbody .why").first();
  await why.waitFor();
  assert.match(await why.innerText(), /[\u4e00-\u9fff]/);
  page.quiet();
});

test("a backtest: evidence by tenths, thresholds and lead time; a day too late says what to do", async () => {
  const page = await open(browser, weir.address, "/churn?tab=backtest");
  await page.getByLabel("Horizon, days").fill("90");
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText(/Fitted to users as they were on/).waitFor({ timeout: 60_000 });
  await page.getByRole("row", { name: /Elbow of the curve/ }).waitFor();
  await page.getByRole("row", { name: /Highest fifth/ }).waitFor();
  await accessible(page);
  await page.getByLabel("Horizon, days").fill("3000");
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByRole("alert").waitFor({ timeout: 60_000 });
  page.quiet();
});

test("a choice that was made before another publication is refused", async () => {
  const page = await open(browser, weir.address, "/models", { expected: /409/ });
  await page.getByRole("button", { name: "Take out of force" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/are gone from then on/).waitFor();
  const answer = await page.request.post("/v1/models/publish", { data: { version: "" } });
  assert.equal(answer.status(), 202);
  for (;;) {
    const { jobs } = await (await page.request.get("/v1/jobs")).json();
    if (jobs.every((job) => job.status !== "running")) break;
    await page.waitForTimeout(50);
  }
  await dialog.getByRole("button", { name: "Take out of force" }).click();
  await dialog
    .getByRole("alert")
    .getByText(/in force are none now/)
    .waitFor();
  page.quiet();
});
