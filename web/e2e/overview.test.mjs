import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inSight, launch, open } from "./browser.mjs";
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

const number = (text) => Number(text.replace(/[^\d.-]/g, ""));

test("the sample is there, scored, on the first page", async () => {
  const page = await open(browser, weir.address);
  const figure = (name) => page.locator(".figure", { hasText: name }).locator("dd");
  await figure("Users").waitFor();
  assert.match(await figure("Users").innerText(), /^2,357/);
  const cells = page.locator("table.rfm td a .count");
  assert.equal(await cells.count(), 25);
  const sum = (await cells.allInnerTexts()).reduce((total, text) => total + number(text), 0);
  assert.equal(sum, 2357);
  await page.getByText(/The best 20 % \(472 buyers\)/).waitFor();
  await page.locator("section", { hasText: "Growth accounting" }).locator("svg").first().waitFor();
  await page.locator("section", { hasText: "Value concentration" }).locator("svg").first().waitFor();
  page.quiet();
});

test("growth accounting is a table too, by week and by month", async () => {
  const page = await open(browser, weir.address);
  await page.locator("section", { hasText: "Growth accounting" }).getByRole("radio", { name: "Table" }).check();
  const table = page.getByRole("region", { name: "Growth accounting as a table" });
  await table.getByRole("row", { name: /Feb 3, 1997/ }).waitFor();
  await page.getByRole("radio", { name: "Months" }).check();
  const january = table.getByRole("row", { name: /Jan 1997/ });
  await january.waitFor();
  assert.match(await january.innerText(), /^Jan 1997\s+781\s+781\s+0\s+0\s+0/);
  page.quiet();
});

test("the day that is looked at can be changed, stands in the address, and goes along", async () => {
  const page = await open(browser, weir.address);
  await page.getByRole("button", { name: /As of Sep 30, 1997/ }).click();
  await inSight(page, page.locator(".ant-picker-dropdown"));
  const field = page.getByRole("textbox", { name: "As of" });
  await field.fill("1997-06-30");
  await field.press("Enter");
  await page.waitForURL(/as_of=1997-06-30/);
  await page.getByRole("button", { name: /As of Jun 30, 1997/ }).waitFor();
  await page.getByText(/As of Jun 30, 1997, 23:59/).waitFor();
  await page.getByRole("link", { name: "Users", exact: true }).click();
  assert.match(page.url(), /\/users\?as_of=1997-06-30/);
  await page.getByRole("button", { name: "Back to now" }).click();
  await page.waitForURL((url) => !url.search.includes("as_of"));
  page.quiet();
});

test("a cell of the grid leads to its users", async () => {
  const page = await open(browser, weir.address);
  const cell = page.locator("table.rfm td a", { hasText: "Champions" }).last();
  const count = number(await cell.locator(".count").innerText());
  await cell.click();
  await page.waitForURL(/where=r/);
  await page.locator(".summary strong").first().waitFor();
  assert.equal(number(await page.locator(".summary strong").first().innerText()), count);
  page.quiet();
});
