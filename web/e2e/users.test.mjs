import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, inSight, launch, open } from "./browser.mjs";
import { send } from "./events.mjs";
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

const total = (page) => page.locator(".summary strong").first();

test("a condition is checked while it is typed, with a caret under the mistake", async () => {
  const page = await open(browser, weir.address, "/users");
  await total(page).getByText("2,357").waitFor();
  const field = page.getByRole("textbox", { name: "Condition" });
  await field.click();
  await page.keyboard.type("orders >= 3 && stag == 1");
  const caret = page.locator("pre.caret");
  await caret.waitFor();
  const [text, under] = (await caret.innerText()).split("\n");
  assert.match(text, /orders >= 3 && stag == 1/);
  assert.equal(under.indexOf("^"), text.indexOf("stag"));
  await accessible(page);
  // The list stays as it was until the condition is right.
  assert.equal(await total(page).innerText(), "2,357");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("orders >= 3");
  await caret.waitFor({ state: "detached" });
  await page.waitForURL(/where=orders/);
  await page.waitForFunction(() => document.querySelector(".summary strong")?.textContent !== "2,357");
  const api = await (await page.request.get("/v1/users?where=orders%20%3E%3D%203&limit=1")).json();
  assert.equal(await total(page).innerText(), api.total.toLocaleString("en"));
  page.quiet();
});

test("names and values are offered", async () => {
  const page = await open(browser, weir.address, "/users");
  await page.getByRole("textbox", { name: "Condition" }).click();
  await page.keyboard.type("recen");
  await page.getByRole("option", { name: /recency_days/ }).waitFor();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("stage == ");
  await page.keyboard.press("Control+Space");
  await page.getByRole("option", { name: '"silent"' }).click();
  await page.waitForURL(/silent/);
  await page.locator("tbody .mark", { hasText: "Silent" }).first().waitFor();
  page.quiet();
});

test("a filter by stage", async () => {
  const page = await open(browser, weir.address, "/users");
  await total(page).getByText("2,357").waitFor();
  await page.getByRole("combobox", { name: "Stage" }).click();
  await inSight(page, page.locator(".ant-select-dropdown"));
  await page.locator(".ant-select-item", { hasText: "Silent" }).click();
  await page.waitForURL(/stage=silent/);
  await page.waitForFunction(() => document.querySelector(".summary strong")?.textContent === "228");
  page.quiet();
});

test("search, filters, order and pages", async () => {
  const page = await open(browser, weir.address, "/users");
  await total(page).getByText("2,357").waitFor();
  const first = () => page.locator("tbody tr.ant-table-row td a").first().innerText();
  const richest = await first();
  await page.getByRole("columnheader", { name: "Spend" }).click();
  await page.waitForURL(/order=asc/);
  await page.waitForFunction(
    (id) => document.querySelector("tbody tr.ant-table-row td a")?.textContent !== id,
    richest,
  );
  await page.getByText("1–50 of 2,357").waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("51–100 of 2,357").waitFor();
  await page.getByRole("button", { name: "Back" }).click();
  await page.getByText("1–50 of 2,357").waitFor();
  await page.getByRole("textbox", { name: "Part of an id" }).fill("0017");
  await page.waitForURL(/search=0017/);
  await page.getByRole("link", { name: "0017", exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Part of an id" }).fill("nobody at all");
  await page.getByText("Nobody matches").waitFor();
  await page.locator(".state").getByRole("button", { name: "Clear filters" }).click();
  await total(page).getByText("2,357").waitFor();
  page.quiet();
});

test("one user: portrait, timeline, and scores with the reasons they follow from", async () => {
  const page = await open(browser, weir.address, "/users");
  await page.getByRole("textbox", { name: "Part of an id" }).fill("0001");
  await page.getByRole("link", { name: "0001", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "0001" }).waitFor();
  await page
    .locator(".figure", { hasText: "Spend" })
    .getByText("$100.50")
    .or(page.getByText("$74.02"))
    .first()
    .waitFor();
  await page.getByRole("tab", { name: "Timeline" }).click();
  await page.locator(".timeline > li").first().waitFor();
  assert.equal(await page.locator(".timeline > li").count(), 3);
  await page.getByRole("tab", { name: "Scores" }).click();
  const reason = page.locator("details.reason", { hasText: "Candidate stage" });
  await reason.locator("summary").click();
  await reason.locator(".tree code", { hasText: "silence_days < 60" }).first().waitFor();
  await page.getByRole("tab", { name: "Decisions" }).click();
  await page.getByText("No decisions yet").waitFor();
  await page.getByRole("tab", { name: "Messages" }).click();
  await page.getByText("No messages", { exact: true }).waitFor();
  page.quiet();
});

test("ids that were joined are shown, and a wrong merge is undone", async () => {
  const page = await open(browser, weir.address, "/");
  await send(page, [
    { type: "track", anonymousId: "device-7", messageId: "1", event: "Product Viewed" },
    { type: "identify", anonymousId: "device-7", userId: "ada", messageId: "2", traits: { city: "杭州" } },
  ]);
  await page.goto("/users/ada");
  await page.getByText("杭州").waitFor();
  await page.getByText("anon:device-7", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone", { exact: true }).waitFor();
  await page.locator(".marks").getByText("anon:device-7", { exact: true }).waitFor({ state: "detached" });
  page.quiet();
});

test("addresses are shown when asked for, and a user is forgotten with a receipt", async () => {
  const page = await open(browser, weir.address, "/");
  await send(page, [
    {
      type: "identify",
      anonymousId: "device-9",
      userId: "grace",
      messageId: "9",
      traits: { email: "Grace@Example.com", city: "苏州" },
    },
  ]);
  await page.goto("/users/grace");
  await page.getByText("苏州").waitFor();
  assert.equal(await page.getByText("Grace@").count(), 0);
  await page.getByRole("button", { name: "Show the addresses" }).click();
  await page.getByText("Grace@example.com", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Forget this user" }).press("Enter");
  const dialog = page.getByRole("dialog");
  const sure = dialog.getByRole("button", { name: "Forget this user" });
  await dialog.getByText("anon:device-9", { exact: true }).waitFor();
  assert.equal(await sure.isDisabled(), true);
  await accessible(page);
  await dialog.getByRole("checkbox").check();
  await sure.click();
  await page.getByRole("heading", { name: "This user is forgotten" }).waitFor();
  await accessible(page);
  await page.setViewportSize({ width: 390, height: 800 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  const { receipts } = await (await page.request.get("/v1/receipts")).json();
  assert.equal(receipts.length, 1);
  assert.equal(receipts[0].ids, 2);
  assert.equal((await page.request.get("/v1/users/grace")).status(), 404);
  page.quiet();
});

test("a user who is not there is said to be not there", async () => {
  const page = await open(browser, weir.address, "/users/nobody%2Fat%20all", { expected: /404/ });
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /nobody\/at all/);
  page.quiet();
});
