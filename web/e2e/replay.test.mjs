import assert from "node:assert/strict";
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

test("past days under a draft, beside the published strategy", async () => {
  const page = await open(browser, weir.address, "/strategy?tab=replay");
  await page.getByText("Nothing was run again yet").waitFor();
  await accessible(page);
  const { text, version } = await (await page.request.get("/v1/strategy")).json();
  const draft = { text: text.replace(/silent_days: \d+/, "silent_days: 45"), from: version };
  await page.evaluate((kept) => localStorage.setItem("weir.draft", JSON.stringify(kept)), draft);
  await page.reload();
  await page.getByLabel("First day").fill("1997-05-01");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByText("1997-05-01 to 1997-09-30").waitFor({ timeout: 60_000 });
  await page.getByText(/nothing here says what a change would have brought/).waitFor();
  const row = page
    .getByRole("table")
    .first()
    .getByRole("row", { name: /^winback/ });
  assert.match(await row.innerText(), /winback\s+[\d,]+\s+[\d,]+\s+[\d,]+\s+[1-9]/);
  await page.getByText("Draft alone").first().waitFor();
  await accessible(page);
  page.quiet();
});

test("the report is there for who comes later, in Chinese at 390 px", async () => {
  const page = await open(browser, weir.address, "/strategy?tab=replay", {
    language: "zh-CN",
    width: 390,
    height: 844,
    theme: "dark",
  });
  await page.getByRole("heading", { name: "要求发送的消息" }).waitFor();
  await page.getByText(/本报告不说明改动会带来什么效果/).waitFor();
  await accessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0);
  page.quiet();
});
