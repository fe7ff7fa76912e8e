import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { accessible, launch, open } from "./browser.mjs";
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

const event = (id, user, more) =>
  JSON.stringify({ messageId: id, type: "track", userId: user, timestamp: "1997-09-29T10:00:00Z", ...more });
const order = (id, user, revenue) =>
  event(id, user, { event: "Order Completed", properties: { revenue, currency: "USD", order_id: id } });

const upload = (page, name, text) =>
  page
    .getByTestId("event-files")
    .setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(text) });

test("a file with bad lines: its counts, each refused line with its reason, download, redrive", async () => {
  const page = await open(browser, weir.address, "/files");
  await upload(page, "mixed.ndjson", [order("m1", "ada", 20), "not json", order("m2", "ada", -5)].join("\n"));
  await page.getByText("Uploaded").waitFor();
  await page.getByRole("link", { name: "Follow it" }).click();
  const count = (name) => page.locator(".figure", { hasText: name }).locator("dd");
  await count("Rejected").getByText("2", { exact: true }).waitFor();
  assert.equal(await count("Accepted").innerText(), "1");
  const row = page.getByRole("row", { name: /not json/ });
  assert.match(await row.innerText(), /2\s+Not JSON/);
  await accessible(page);
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download" }).click(),
  ]);
  const lines = readFileSync(await saved.path(), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map((line) => line.line),
    [2, 3],
  );
  await page.getByRole("button", { name: "Redrive" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Redrive" }).click();
  await page.getByText("Lines refused of").waitFor();
  page.quiet();
});

test("the same content again is refused until it is asked for", async () => {
  const page = await open(browser, weir.address, "/files", { expected: /409/ });
  const text = order("s1", "bob", 10);
  await upload(page, "once.ndjson", text);
  await page.getByText("Uploaded").waitFor();
  await page
    .getByRole("row", { name: /once\.ndjson/ })
    .getByText("Done")
    .waitFor();
  await upload(page, "twice.ndjson", text);
  const alert = page.getByRole("alert");
  await alert.waitFor();
  await alert.getByRole("button", { name: "Process it again anyway" }).click();
  await page.getByText("Uploaded").nth(1).waitFor();
  assert.equal(await alert.count(), 0);
  page.quiet();
});

test("a CSV with its mapping, dropped on the page as a backfill", async () => {
  const page = await open(browser, weir.address, "/files");
  const mapping = readFileSync(new URL("../../functions/weir/sample/cdnow.mapping.yaml", import.meta.url));
  await page.getByTestId("mapping-file").setInputFiles({ name: "m.yaml", mimeType: "text/yaml", buffer: mapping });
  await page.getByText("m.yaml").waitFor();
  await page.getByRole("switch", { name: "Backfill" }).click();
  const rows = " 90001 9001 19970105  2  25.50\n 90002 9002 19970106  1  10.00\n";
  const transfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "more.txt"));
    return data;
  }, rows);
  await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
  await page.getByRole("link", { name: "Follow it" }).click();
  await page.locator(".figure", { hasText: "Accepted" }).getByText("2", { exact: true }).waitFor();
  await page.getByText("Backfill: changes profiles, messages nobody").waitFor();
  page.quiet();
});

test("a file that cannot be read says why", async () => {
  const page = await open(browser, weir.address, "/files");
  await page.getByTestId("event-files").setInputFiles({
    name: "broken.gz",
    mimeType: "application/gzip",
    buffer: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]),
  });
  await page.getByRole("link", { name: "Follow it" }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /The file was refused, nothing of it was applied\. .+/);
  page.quiet();
});

test("what an import cost is shown where something is paid by use", async () => {
  const consumed = { reads: 1200.5, writes: 5600, usd: 0.00365, region: "us-east-1", date: "2025-11" };
  for (const [language, cost, where] of [
    ["en", "Cost", "Prices of us-east-1, 2025-11"],
    ["zh-CN", "费用", "价格：us-east-1，2025-11"],
  ]) {
    const page = await open(browser, weir.address, "/files", { language });
    await page.route(/\/v1\/files[/?]/, async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      const files = body.files ?? [body];
      for (const file of files) file.consumed = consumed;
      await route.fulfill({ response: answer, json: body });
    });
    await page.reload();
    await page.getByRole("columnheader", { name: cost }).waitFor();
    await page.getByText("$0.00365").first().waitFor();
    await page.getByRole("link", { name: "cdnow_sample.txt.gz" }).click();
    await page.getByText(where).waitFor();
    await page.getByText(/1,201.*5,600/).waitFor();
    await accessible(page);
    page.quiet();
  }
});
