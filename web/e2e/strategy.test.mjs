import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, launch, open } from "./browser.mjs";
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

test("a live first purchase is messaged, and the message says why", async () => {
  const page = await open(browser, weir.address, "/outbox");
  await page.getByText("No messages yet").waitFor();
  await send(page, [{ type: "identify", userId: "lin", messageId: "1", traits: { first_name: "Lin" } }]);
  const properties = { revenue: 30, currency: "USD", order_id: "o1" };
  await send(page, [{ type: "track", userId: "lin", messageId: "2", event: "Order Completed", properties }]);
  await page.reload();
  const row = page.getByRole("row", { name: /lin/ });
  await row.waitFor();
  assert.match(await row.innerText(), /welcome/);
  await row.getByText("welcome").click();
  await page.locator(".letter .subject").waitFor();
  await page.getByText("Why it was asked for").waitFor();
  await accessible(page);
  await page.getByRole("link", { name: "lin", exact: true }).click();
  await page.waitForURL(/users\/lin\?tab=messages/);
  await page.locator("details.reason", { hasText: "welcome" }).waitFor();
  await page.getByRole("tab", { name: "Decisions" }).click();
  await page.getByText(/Baseline/).waitFor();
  page.quiet();
});

test("the kill switch asks first, shows on every page, and is lifted again", async () => {
  const page = await open(browser, weir.address, "/outbox");
  await page.getByRole("button", { name: "Stop all outreach" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("wrong template");
  await dialog.getByRole("button", { name: "Stop all outreach" }).click();
  await page.getByText("Outreach is stopped: nobody is being messaged.").waitFor();
  await page.getByText(/wrong template/).waitFor();
  await page.getByRole("link", { name: "Overview", exact: true }).click();
  await page.getByText("Outreach is stopped: nobody is being messaged.").waitFor();
  await page.getByRole("link", { name: "Outbox" }).first().click();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await page.getByText("Outreach is stopped: nobody is being messaged.").waitFor({ state: "detached" });
  page.quiet();
});

test("a strategy: mistakes are marked at their place, changes are shown, publishing says whom it messages", async () => {
  const page = await open(browser, weir.address, "/strategy");
  await page.getByText("The file is valid.").waitFor();
  const editor = page.getByRole("textbox", { name: "Strategy file" });
  const before = await (await page.request.get("/v1/strategy")).json();
  // The editor draws the lines that are in sight only.
  const place = before.text.split("\n").findIndex((one) => one.includes("silent_days"));
  await page.locator(".cm-scroller").evaluate((scroller, row) => {
    scroller.scrollTop = (scroller.scrollHeight * row) / 150 - 200;
  }, place);
  await editor.locator(".cm-line", { hasText: "silent_days" }).first().click();
  await page.keyboard.press("End");
  await page.keyboard.type("x");
  const problem = page.locator(".problems button").first();
  await problem.waitFor();
  const [row] = (await problem.locator(".num").innerText()).split(":").map(Number);
  assert.equal(row - 1, place);
  await page.locator(".cm-lintRange-error").first().waitFor();
  await accessible(page);
  assert.ok(await page.getByRole("button", { name: "Publish…" }).isDisabled());
  await problem.click();
  await page.keyboard.press("End");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("5");
  await page.getByText("The file is valid.").waitFor();
  await page.getByRole("tab", { name: "Changes" }).click();
  await page
    .getByRole("row", { name: /silent.*60.*65/ })
    .first()
    .waitFor();
  await page.locator("tr.delete", { hasText: "silent_days: 60" }).waitFor();
  await page.locator("tr.insert", { hasText: "silent_days: 65" }).waitFor();
  // The draft outlives the page.
  await page.reload();
  await page.locator("tr.insert", { hasText: "silent_days: 65" }).waitFor();
  await page.getByRole("button", { name: "Publish…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/Existing users will not be messaged/).waitFor();
  await accessible(page);
  await dialog.getByRole("textbox").fill("silent a little later");
  await dialog.getByRole("button", { name: "Publish" }).click();
  await page.getByText(/Version \w+ is in force/).waitFor();
  await page.getByRole("tab", { name: "Versions" }).click();
  await page
    .getByRole("row", { name: /silent a little later/ })
    .getByText("in force")
    .waitFor();
  await page.locator("tr.insert", { hasText: "silent_days: 65" }).waitFor();
  page.quiet();
});

test("nobody was messaged because of the publish", async () => {
  const page = await open(browser, weir.address, "/outbox");
  await page.getByRole("tab", { name: /^All 1$/ }).waitFor();
  page.quiet();
});
