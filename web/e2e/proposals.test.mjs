import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, launch, open } from "./browser.mjs";
import { binary, start } from "./program.mjs";

let weir;
let browser;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "weir-proposals-"));
  weir = await start("--sample", "--require-approval");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await weir?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const json = async (page, path) => (await page.request.get(path)).json();

/** Makes a draft with another number of days until buyers are silent. */
async function draft(page, days) {
  const { text, version } = await json(page, "/v1/strategy");
  const changed = text.replace(/silent_days: \d+/, `silent_days: ${days}`);
  assert.notEqual(changed, text);
  await page.evaluate(
    ([key, value]) => localStorage.setItem(key, value),
    ["weir.draft", JSON.stringify({ text: changed, from: version })],
  );
  await page.goto(`${weir.address}/strategy?tab=changes`);
  await page.locator("tr.insert", { hasText: `silent_days: ${days}` }).waitFor();
}

test("there are none at first, and publishing asks for another person", async () => {
  const page = await open(browser, weir.address, "/strategy?tab=proposals");
  await page.getByText("No proposals yet").waitFor();
  await accessible(page);
  await draft(page, 45);
  assert.equal(await page.getByRole("button", { name: "Publish…" }).count(), 0);
  await page.getByText("Publishing takes another person's approval here: propose the draft.").waitFor();
  const status = await json(page, "/v1/status");
  assert.deepEqual([status.approval_required, status.caller], [true, { name: "local", role: "admin" }]);
  page.quiet();
});

test("a draft is proposed: its lines, whom it moves, and why its author does not approve it", async () => {
  const page = await open(browser, weir.address, "/strategy");
  await draft(page, 45);
  await page.getByRole("button", { name: "Ask for approval…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "What it is about, in a line" }).fill("Silent sooner");
  await dialog.getByRole("textbox", { name: "Why (optional)" }).fill("They come back late.");
  await accessible(page);
  await dialog.getByRole("button", { name: "Propose" }).click();
  await page.getByRole("heading", { name: "Proposal 1 · Silent sooner" }).waitFor();
  await page.getByText("They come back late.").waitFor();
  await page.locator("tr.insert", { hasText: "silent_days: 45" }).waitFor();
  await page.getByText(/^As of .*, under /).waitFor();
  const { preview } = await json(page, "/v1/strategy/proposals/1");
  assert.ok(preview.moved > 0 && preview.users === 2357);
  await page.getByText(preview.moved.toLocaleString("en"), { exact: true }).first().waitFor();
  assert.ok(await page.getByRole("button", { name: "Approve" }).isDisabled());
  assert.ok(await page.getByRole("button", { name: "Publish", exact: true }).isDisabled());
  await page.getByText("Approve: another person than the author approves").waitFor();
  await page.getByText("Publish: it takes another person's approval").waitFor();
  await accessible(page);
  // The draft is stored now, and the browser holds none.
  assert.equal(await page.evaluate(() => localStorage.getItem("weir.draft")), null);
  await page.getByRole("button", { name: "Withdraw" }).click();
  await page.locator(".mark", { hasText: "withdrawn" }).waitFor();
  await page.getByRole("link", { name: "← Proposals" }).click();
  await page.getByRole("row", { name: /Silent sooner.*withdrawn/ }).waitFor();
  await accessible(page);
  page.quiet();
});

test("what another person proposed is approved and published, and the users move as was seen", async () => {
  // Another person works on the command line while no host runs.
  const data = join(folder, "base");
  const run = (...args) => execFileSync(binary(), ["--data", data, ...args]).toString();
  const sample = new URL("../../functions/weir/sample/", import.meta.url).pathname;
  const moment = "1997-09-30T00:00:00Z";
  run(
    "import",
    "--mapping",
    `${sample}cdnow.mapping.yaml`,
    "--backfill",
    "--as-of",
    moment,
    `${sample}cdnow_sample.txt.gz`,
  );
  const file = join(folder, "new.yaml");
  writeFileSync(file, run("strategy", "show").replace(/silent_days: \d+/, "silent_days: 50"));
  run("strategy", "propose", file, "--title", "By Ann", "--by", "ann");
  run("strategy", "propose", file, "--title", "Another by Ann", "--by", "ann");
  const other = await start("--require-approval", "--clock", moment, "--data", data);
  try {
    const page = await open(browser, other.address, "/strategy?tab=proposals");
    await page.getByRole("link", { name: "By Ann", exact: true }).click();
    await page.getByRole("heading", { name: "Proposal 1 · By Ann" }).waitFor();
    await page.getByText("Nobody has reviewed it yet").waitFor();
    await page.getByText("Withdraw: only its author withdraws it").waitFor();
    await page.getByRole("textbox", { name: "Comment (optional)" }).fill("Looks right.");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Looks right.").waitFor();
    await page.locator(".mark", { hasText: "approved" }).first().waitFor();
    const { preview } = await json(page, "/v1/strategy/proposals/1");
    await page.getByRole("button", { name: "Publish", exact: true }).click();
    await page.locator(".mark", { hasText: /^published$/ }).waitFor();
    await page.getByText("published as no. 2 by local").waitFor();
    const base = await json(page, "/v1/overview?period=week");
    const now = Object.fromEntries(base.stages.map(({ name, users }) => [name, users]));
    for (const { group, name, after } of preview.sizes)
      if (group === "stage") assert.equal(now[name] ?? 0, after, name);
    // The other proposal was written against what is in force no more.
    await page.getByRole("link", { name: "← Proposals" }).click();
    await page.getByRole("link", { name: "Another by Ann" }).click();
    await page.getByText("written against an older version").waitFor();
    assert.ok(await page.getByRole("button", { name: "Approve" }).isDisabled());
    await page.getByRole("button", { name: "Reject" }).click();
    await page.locator(".mark", { hasText: "rejected" }).first().waitFor();
    // The way back needs nobody else, and the record says so.
    await page.getByRole("tab", { name: "Versions" }).click();
    await page.getByRole("link", { name: "Proposal 1" }).waitFor();
    await page.getByRole("button", { name: "Roll back…" }).click();
    await accessible(page);
    await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
    await page.locator(".mark", { hasText: "without approval" }).waitFor();
    const { versions } = await json(page, "/v1/strategy/versions");
    assert.deepEqual([versions[0].number, versions[0].emergency, versions[0].by], [3, true, "local"]);
    page.quiet();
  } finally {
    await other.stop();
  }
});

test("in Chinese and on a narrow screen", async () => {
  const page = await open(browser, weir.address, "/strategy?tab=proposals&proposal=1", {
    language: "zh-CN",
    width: 390,
    height: 844,
  });
  await page.getByRole("heading", { name: "提案 1 · Silent sooner" }).waitFor();
  await page.getByText("影响哪些用户").waitFor();
  await accessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px too wide`);
  page.quiet();
});
