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

test("the retention triangle holds the cohorts of the API, in shares, buyers, revenue and curves", async () => {
  const page = await open(browser, weir.address, "/retention");
  const api = await (await page.request.get("/v1/analytics/cohorts?period=month")).json();
  const table = page.locator("table.triangle");
  const row = table.getByRole("row", { name: /Jan 1997/ });
  await row.waitFor();
  const january = api.cohorts[0];
  assert.match(await row.innerText(), new RegExp(`${january.size}\\s+100%`));
  await choose(page, "Buyers");
  await row.getByText(String(january.buyers[1]), { exact: true }).first().waitFor();
  await choose(page, "Curves");
  await page.locator(".chart svg").first().waitFor();
  await page.getByText("All cohorts").waitFor();
  await choose(page, "Weeks");
  await choose(page, "Share");
  await table.getByRole("row", { name: /Dec 30, 1996/ }).waitFor();
  page.quiet();
});

test("retention by day, first and recurring, is the table of the API", async () => {
  const page = await open(browser, weir.address, "/retention");
  const api = await (await page.request.get("/v1/analytics/retention")).json();
  const card = page.locator(".card", { hasText: "Retention by day" });
  await choose(card, "Table");
  const day = card.getByRole("row", { name: /^Day 30/ });
  await day.getByText(new RegExp(`· ${api.first[3].unbounded}$`)).waitFor();
  await choose(card, "Every active day");
  const recurring = api.recurring.find((one) => one.day === 30);
  await day.getByText(recurring.eligible.toLocaleString("en"), { exact: true }).waitFor();
  await accessible(page);
  page.quiet();
});

test("what staying goes along with is told as a correlation, with its interval", async () => {
  const page = await open(browser, weir.address, "/retention");
  const card = page.locator(".card", { hasText: "What staying goes along with" });
  const row = card.getByRole("row", { name: /Order Completed 2 times within 14 days/ });
  await row.waitFor();
  assert.match(await row.innerText(), /\+32\.3 \(\+26\.0 to \+38\.2\)/);
  await card.getByText(/only an experiment tells/).waitFor();
  await choose(card, "Day 90");
  await card.getByText(/still there on day 90/).waitFor();
  page.quiet();
});

test("the flow between two days agrees with its matrix, and the address keeps both days", async () => {
  const page = await open(browser, weir.address, "/lifecycle");
  await page.locator(".flow svg path").first().waitFor();
  const matrix = page.locator("table.matrix");
  const cells = async () =>
    (await matrix.locator("td.cell.num").allInnerTexts())
      .map((text) => Number(text.replaceAll(",", "")))
      .filter(Boolean);
  const sum = (await cells()).reduce((a, b) => a + b, 0);
  assert.equal(sum, 2357);
  assert.equal(await page.locator(".flow svg path").count(), (await cells()).length);
  await choose(page, "30 days");
  await page.waitForURL(/from=1997-08-31/);
  await page.getByText("From Aug 31, 1997 to Sep 30, 1997.").waitFor();
  await choose(page, "As settled");
  await page.getByText("Nobody to compare").waitFor();
  await choose(page, "By activity");
  await page.getByRole("rowheader", { name: "Resurrected" }).waitFor();
  await accessible(page);
  await page.reload();
  await page.getByText("From Aug 31, 1997 to Sep 30, 1997.").waitFor();
  page.quiet();
});

test("the return rate marks its elbow and has its figures as a table", async () => {
  const page = await open(browser, weir.address, "/lifecycle");
  const card = page.locator(".card", { hasText: "How long a silence is a goodbye" });
  await card.getByText(/The curve bends at \d+ days/).waitFor();
  await choose(card, "Table");
  await card.getByRole("row", { name: /^7 days/ }).waitFor();
  page.quiet();
});

test("the concentration of value leads to the best buyers", async () => {
  const page = await open(browser, weir.address, "/");
  const card = page.locator(".card", { hasText: "Value concentration" });
  await choose(card, "Table");
  const row = card.getByRole("row", { name: /^5%/ });
  const users = await row.locator("td").first().innerText();
  await row.getByRole("link").click();
  await page.locator(".summary strong").first().getByText(users, { exact: true }).waitFor();
  page.quiet();
});
