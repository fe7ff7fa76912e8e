import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, launch, open } from "./browser.mjs";
import { send } from "./events.mjs";
import { start } from "./program.mjs";

let weir;
let browser;
before(async () => {
  weir = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await weir?.stop();
});

const plan = `weir_plan: 1
name: shop
unplanned: flag
events:
  Order Completed:
    description: a paid order
    schema: {required: [order_id], properties: {channel: {type: string}}}
`;

const order = (id, properties) => ({
  messageId: id,
  type: "track",
  event: "Order Completed",
  userId: `u${id}`,
  properties: { revenue: 5, channel: "app", ...properties },
});

test("the catalogue: empty, filled, searched, one event, and what broke the plan", async () => {
  const page = await open(browser, weir.address, "/events");
  await page.getByText("No event has come yet").waitFor();
  await page.getByText("No tracking plan is in force").waitFor();
  await accessible(page);

  const put = await page.request.put("/v1/plan", { data: { text: plan, note: "the first" } });
  assert.equal(put.status(), 200);
  const orders = ["1", "2", "3", "4", "5", "6"].map((id) => order(id, { order_id: id }));
  await send(page, [...orders, order("7", {}), { ...order("8", {}), event: "Cart Viewed" }]);

  await page.goto("/events");
  const row = page
    .getByRole("table")
    .first()
    .getByRole("row", { name: /^Order Completed/ });
  await row.getByText("Quarantine").waitFor();
  assert.match(await row.innerText(), /Order Completed\s+6\s/);
  await page
    .getByRole("row", { name: /^Cart Viewed/ })
    .getByText("Unplanned")
    .waitFor();
  await page.getByText("properties.order_id is missing").waitFor();
  await page.getByText("The file", { exact: true }).click();
  await page.getByText("weir_plan: 1").waitFor();
  await accessible(page);

  await page.getByLabel("Search by name").fill("cart");
  await row.waitFor({ state: "detached" });
  assert.match(page.url(), /q=cart/);
  await page.getByLabel("Search by name").fill("nothing");
  await page.getByText("No event has such a name").waitFor();
  await page.getByLabel("Search by name").fill("");

  await page.getByRole("link", { name: "Order Completed" }).click();
  await page.getByRole("heading", { level: 1, name: "Order Completed" }).waitFor();
  assert.match(await page.getByRole("row", { name: /^channel/ }).innerText(), /string\s+100%\s+Planned\s+"app"/);
  assert.match(await page.getByRole("row", { name: /^order_id/ }).innerText(), /Required/);
  await accessible(page);
  page.quiet();
});

test("the refused lines lead to the events, in Chinese at 390 px", async () => {
  const page = await open(browser, weir.address, "/files", {
    language: "zh-CN",
    width: 390,
    height: 844,
    theme: "dark",
  });
  const { files } = await (await page.request.get("/v1/files")).json();
  const { id } = files.find((file) => file.counts.rejected > 0);
  await page.goto(`/files/${id}`);
  await page.getByText("违反埋点方案").first().waitFor();
  await page.getByRole("link", { name: "事件与埋点方案" }).click();
  await page.getByRole("heading", { level: 1, name: "事件" }).waitFor();
  await page.getByRole("link", { name: "Order Completed" }).waitFor();
  await accessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0);
  page.quiet();
});

test("an event that nobody has seen is a warning while a condition is typed", async () => {
  const page = await open(browser, weir.address, "/users");
  await page.locator(".cm-content").click();
  await page.keyboard.type('event("Product Viewed").count > 1');
  await page.getByText('no event "Product Viewed" has come').waitFor();
  page.quiet();
});
