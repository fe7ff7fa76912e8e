import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, choose, launch, open } from "./browser.mjs";
import { binary, snapshot, start } from "./program.mjs";

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

const SILENT = "lifecycle.thresholds.silent_days";

/** Opens the page and waits until the whole base is there. */
async function whatif(path = "/whatif", options = {}) {
  const page = await open(browser, options.address ?? weir.address, path, options);
  await loaded(page);
  return page;
}

async function loaded(page) {
  await page.locator(".sizes tbody tr").first().waitFor({ timeout: 60_000 });
  await page.getByText(/Snapshot of/).waitFor({ timeout: 60_000 });
}

const report = (page) => page.evaluate(() => window.weir.report());
const timings = (page) => page.evaluate(() => window.weir.timings());

/** Waits until the report is of so many days until a user is silent. */
async function answered(page, days) {
  await page.waitForFunction(
    (wanted) => window.weir.report()?.changes.find(({ path }) => path.endsWith("silent_days"))?.to === String(wanted),
    days,
  );
  await page.waitForFunction(() => window.weir.timings().at(-1)?.kind === "scan");
  return report(page);
}

const sizes = (group) => Object.fromEntries(group.sizes.map(({ name, after }) => [name, after.users]));
const silent = (page) => page.getByRole("slider", { name: "Silent after" });

/** A link to a scenario. */
const link = (...scenarios) =>
  `/whatif?${new URLSearchParams(scenarios.map((edits, i) => ["s", JSON.stringify([`Scenario ${i + 1}`, edits])]))}`;

test("the page says what the command line says, to the last number", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-whatif-"));
  try {
    const run = (...args) => execFileSync(binary(), args, { maxBuffer: 2 ** 26 }).toString();
    run("snapshot", "--data", weir.data, "--out", join(folder, "base"));
    const { text } = await (await fetch(`${weir.address}/v1/strategy`)).json();
    const cases = [
      [{ [SILENT]: 90 }, text.replace("silent_days: 60", "silent_days: 90")],
      [
        {
          "rfm.ties": "fixed",
          "rfm.recency": [30, 90, 180, 270],
          "rfm.frequency": [1, 2, 4, 8],
          "rfm.monetary": [10, 33.37, 60, 120],
          "tiers.top.top": 0.1,
        },
        text
          .replace(
            "ties: min_rank",
            "ties: fixed\n  recency: [30, 90, 180, 270]\n  frequency: [1, 2, 4, 8]\n  monetary: [10, 33.37, 60, 120]",
          )
          .replace("{name: top, top: 0.05", "{name: top, top: 0.1"),
      ],
    ];
    for (const [edits, changed] of cases) {
      assert.notEqual(changed, text);
      const file = join(folder, "new.yaml");
      writeFileSync(file, changed);
      const want = JSON.parse(run("whatif", "--snapshot", join(folder, "base"), "--strategy", file, "--json"));
      const page = await whatif(link(edits));
      await page.waitForFunction((version) => window.weir.report()?.tried_version === version, want.tried_version);
      const got = await report(page);
      for (const one of [want, got]) {
        delete one.snapshot.made_at;
        delete one.snapshot.age_seconds;
      }
      assert.deepEqual(got, want);
      page.quiet();
      await page.context().close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Everything that the page can change, in one scenario. */
const everything = {
  "lifecycle.transitions.active": ["silent"],
  "lifecycle.dwell_days.silent": 5,
  "rfm.ties": "ntile_first",
  "rfm.cn.cut": "fixed",
  "rfm.cn.fixed": [120, 2, 45.5],
  "engagement.bought": { name: "bought", when: "orders >= 2", points: 60, zh: "", en: "" },
  "engagement.late": { name: "late", when: "silence_days > 120 || r == 1", points: -20, zh: "", en: "" },
  "tags.big_basket": null,
  "tags.keen": { name: "keen", when: "engagement >= 40", zh: "", en: "Keen" },
  "segments.new_buyers": null,
  "segments.keen_silent": {
    name: "keen_silent",
    when: 'tags.has("keen") && stage == "silent"',
    zh: "",
    en: "",
  },
  "outreach.rules.welcome": null,
  "outreach.rules.keen": {
    name: "keen",
    on: { enter_segment: "keen_silent" },
    template: "winback",
    channel: "outbox",
    shadow: false,
    include_existing: false,
    after_cuts: false,
  },
};

test("what is added, taken away and forbidden: the proposed file says the same on the command line", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weir-whatif-"));
  try {
    const run = (...args) => execFileSync(binary(), args, { maxBuffer: 2 ** 26 }).toString();
    run("snapshot", "--data", weir.data, "--out", join(folder, "base"));
    const page = await whatif(link(everything));
    await page.waitForFunction(() => window.weir.report()?.outreach_rules.some(({ name }) => name === "keen"));
    const got = await report(page);
    const proposed = page.waitForRequest(
      (request) =>
        request.method() === "POST" &&
        /\/v1\/strategy\b/.test(request.url()) &&
        request.postData()?.includes("keen_silent"),
    );
    await page.getByRole("button", { name: "Propose…" }).click();
    await page.getByRole("dialog").locator(".ant-modal-footer .ant-btn-primary").click();
    const { text } = (await proposed).postDataJSON();
    assert.match(text, /# Tags that conditions give/, "comments stay");
    const file = join(folder, "new.yaml");
    writeFileSync(file, text);
    const want = JSON.parse(run("whatif", "--snapshot", join(folder, "base"), "--strategy", file, "--json"));
    for (const one of [want, got]) {
      delete one.snapshot.made_at;
      delete one.snapshot.age_seconds;
    }
    assert.deepEqual(got, want);
    assert.equal(got.engagement.sizes.length, 21);
    page.quiet();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("stages are kept apart by switches, and the way back is one press", async () => {
  const page = await whatif();
  await page.getByText("Which stage may follow which").click();
  const pair = page.getByRole("switch", { name: "From Churned to Active" });
  await pair.focus();
  await page.keyboard.press("Space");
  await page.waitForFunction(() =>
    window.weir.report().changes.some(({ path }) => path === "lifecycle.transitions.churned"),
  );
  const told = await report(page);
  assert.equal(
    told.stages.moves.some(({ from, to }) => from === "churned" && to === "active"),
    false,
  );
  assert.equal(await pair.getAttribute("aria-checked"), "false");
  await accessible(page);
  await pair.click();
  await page.waitForFunction(() => window.weir.report().changes.length === 0);
  page.quiet();
});

test("a segment and points are added with a live count, changed and taken away; what is needed stays", async () => {
  const page = await whatif();
  await page.locator("summary", { hasText: "Engagement" }).click();
  await page.getByRole("button", { name: "+ Points for a condition" }).click();
  const form = page.locator(".add-entry");
  await form.getByPlaceholder("Name").fill("two words");
  await form.getByText("No spaces, quotes, dots").waitFor();
  await form.getByPlaceholder("Name").fill("bought");
  await form.getByRole("textbox", { name: "Condition" }).click();
  await page.keyboard.type("orders > ");
  await form.locator("p.said").waitFor();
  await page.keyboard.type("1");
  await form.getByText(/Holds for [\d,]+ users/).waitFor();
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await page.waitForFunction(() => window.weir.report().engagement?.sizes.some(({ after }) => after.users > 0));
  await page.locator(".points-hills rect").first().waitFor();
  await page.getByRole("slider", { name: /^Points/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => window.weir.report().changes.some(({ to }) => to.includes("points: 11")));

  await page.locator("summary", { hasText: "Segments" }).click();
  await page.getByRole("button", { name: "+ A segment" }).click();
  await form.getByPlaceholder("Name").fill("keen");
  await form.getByRole("textbox", { name: "Condition" }).click();
  await page.keyboard.type("engagement > 5");
  await form.getByText(/Holds for/).waitFor();
  await accessible(page);
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await page.waitForFunction(() =>
    window.weir.report().segments.some(({ name, after }) => name === "keen" && after.users > 0),
  );
  await page.waitForURL(/keen/);
  // A tag that a segment needs is not taken away; the segment is, and comes back.
  await page.locator("summary", { hasText: "Tags" }).click();
  await page.getByRole("button", { name: "Remove Repeat buyer" }).click();
  await page.getByText("Needed by active_repeat: change those first.").waitFor();
  await page.getByRole("button", { name: "Remove Active repeat buyers" }).click();
  await page.waitForFunction(() => !window.weir.report().segments.some(({ name }) => name === "active_repeat"));
  await page.getByRole("button", { name: "Bring back" }).click();
  await page.waitForFunction(() => window.weir.report().segments.some(({ name }) => name === "active_repeat"));
  await page.getByRole("button", { name: "Remove keen" }).click();
  await page.waitForFunction(() => !window.weir.report().segments.some(({ name }) => name === "keen"));
  page.quiet();
});

test("a slider is dragged: sizes and moves follow, no request leaves, and the address keeps it", async () => {
  const page = await whatif();
  await page.waitForLoadState("networkidle");
  const before = sizes((await report(page)).stages);
  const asked = [];
  // The browser asks for the icon of the tab when the address changes; the page does not.
  page.on("request", (request) => /^https?:.*(?<!\.svg)$/.test(request.url()) && asked.push(request.url()));
  const box = await silent(page).boundingBox();
  const y = box.y + box.height - 8;
  const value = async () => Number(await page.getByRole("spinbutton", { name: /Silent after/ }).inputValue());
  await page.mouse.move(box.x + 8 + ((box.width - 16) * 60) / 365, y);
  await page.mouse.down();
  for (let x = 0.2; x < 0.3; x += 0.01) await page.mouse.move(box.x + box.width * x, y);
  await page.mouse.up();
  const days = await value();
  assert.ok(days > 61, `the slider stands at ${days}`);
  const told = await answered(page, days);
  assert.ok(sizes(told.stages).active > before.active);
  assert.equal(told.users, 2357);
  await page.locator("tr", { hasText: "Active" }).locator("td.more").first().waitFor();
  assert.ok((await timings(page)).some(({ kind, painted }) => kind === "slide" && painted > 0));
  // What the cube says while the slider moves is what the whole base says once it rests.
  await page.waitForURL(/silent_days/);
  assert.deepEqual(asked, []);
  await page.reload();
  await loaded(page);
  assert.deepEqual(sizes((await answered(page, days)).stages), sizes(told.stages));
  page.quiet();
});

test("a number between the stops is typed, and the mark shows what is published", async () => {
  const page = await whatif();
  await page.getByText("RFM cuts").click();
  const box = page.getByRole("spinbutton", { name: /Spend: between 3 and 4/ });
  await box.fill("33.37");
  await page.waitForFunction(() => window.weir.report().changes.some(({ path }) => path === "rfm.monetary"));
  const told = await report(page);
  assert.match(told.changes.find(({ path }) => path === "rfm.monetary").to, /33\.37/);
  assert.equal(told.cuts, "recomputed");
  assert.equal((await timings(page)).at(-1).kind, "scan");
  await page.getByRole("button", { name: "Follow the base again" }).click();
  await page.waitForFunction(() => window.weir.report().changes.length === 0);
  page.quiet();
});

test("the keyboard alone: arrows, pages, a typed number, and the sizes are said", async () => {
  const page = await whatif();
  await silent(page).focus();
  await page.keyboard.press("ArrowRight");
  await answered(page, 61);
  await page.keyboard.press("PageUp");
  const days = Number(await page.getByRole("spinbutton", { name: /Silent after/ }).inputValue());
  assert.ok(days > 70, `a page further stands ${days}`);
  await answered(page, days);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Shift+Tab");
  await page.getByRole("spinbutton", { name: /Silent after/ }).focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("90");
  const told = await answered(page, 90);
  await page.waitForFunction(
    (text) => document.querySelector('[data-testid="spoken"]')?.textContent?.includes(text),
    `Active ${sizes(told.stages).active}`,
  );
  await accessible(page);
  page.quiet();
});

test("a condition: mistakes at their place, then users and revenue of the whole base", async () => {
  const page = await whatif();
  const editor = page.getByRole("textbox", { name: "Ask the base" });
  await editor.click();
  await page.keyboard.type("orders >");
  await page.locator(".asked").locator("..").locator(".said").waitFor();
  await page.keyboard.type(' 3 && stage == "churned"');
  const count = page.locator(".asked .figure dd").first();
  await count.waitFor();
  const { users: want } = await (
    await page.request.post("/v1/conditions/check", {
      data: { condition: 'orders > 3 && stage == "churned"', count: true },
    })
  ).json();
  assert.equal(Number((await count.innerText()).split("\n")[0].replace(/\D/g, "")), want);
  await page.waitForURL(/where=/);
  // A condition of the strategy that is broken is refused where it stands; the last answer stays.
  await page.locator("summary", { hasText: "Segments" }).click();
  await page.getByRole("button", { name: "Edit text" }).first().click();
  await page.getByRole("textbox", { name: "New buyers" }).click();
  await page.keyboard.press("End");
  await page.keyboard.type(" && nothing > 3");
  await page.locator(".rule .said").first().waitFor();
  assert.ok((await report(page)).users > 0);
  page.quiet();
});

test("a damaged shard is refused, and loaded again on request", async () => {
  const page = await open(browser, weir.address, "/outbox");
  await page.route("**/v1/snapshot/shards/**", async (route) => {
    const answer = await route.fetch();
    const body = await answer.body();
    body[body.length >> 1] ^= 1;
    await route.fulfill({ status: 200, contentType: "application/octet-stream", body });
  });
  await page.goto("/whatif");
  await page.getByText("A part of the base arrived damaged").waitFor();
  await accessible(page);
  await page.unroute("**/v1/snapshot/shards/**");
  await page.getByRole("button", { name: "Retry" }).click();
  await loaded(page);
  assert.equal((await report(page)).users, 2357);
  page.quiet();
});

test("a snapshot of another layout says so, and a new one is made", async () => {
  const page = await open(browser, weir.address, "/outbox");
  await page.route("**/v1/snapshot", async (route) => {
    if (route.request().method() !== "GET") return route.fallback();
    const answer = await route.fetch();
    await route.fulfill({ json: { ...(await answer.json()), layout: 0 } });
  });
  await page.goto("/whatif");
  await page.getByText("This snapshot is of another version").waitFor();
  await page.unroute("**/v1/snapshot");
  await page.getByRole("button", { name: "Make a snapshot" }).click();
  await loaded(page);
  page.quiet();
});

test("with too little memory the page works on a part of the base, and says so", async () => {
  const many = 30;
  const page = await spreadOut(1, many);
  await page.goto("/whatif?memory=17");
  await page.getByText(/Memory ran out: numbers are of/).waitFor({ timeout: 60_000 });
  const told = await report(page);
  assert.ok(told.users > 0 && told.users < 2357 * many, `${told.users} users`);
  assert.equal(told.users % many, 0, "every shard keeps a share of its rows");
  assert.equal(told.snapshot.sampling_rate, told.users / (2357 * many));
  assert.equal(told.snapshot.base_users, 2357 * many);
  assert.ok(Math.abs(told.snapshot.weight - (2357 * many) / told.users) < 1e-9);
  await silent(page).focus();
  await page.keyboard.press("ArrowRight");
  await answered(page, 61);
  page.quiet();
});

test("a worker that dies is started again, and the numbers stay", async () => {
  const page = await whatif();
  await silent(page).focus();
  await page.keyboard.press("ArrowRight");
  const before = await answered(page, 61);
  await Promise.all(page.workers().map((worker) => worker.evaluate(() => self.close()).catch(() => undefined)));
  await page.keyboard.press("ArrowRight");
  await page.getByText(/w(?:as|ere) started again/).waitFor({ timeout: 30_000 });
  await answered(page, 62);
  await page.keyboard.press("ArrowLeft");
  assert.deepEqual(sizes((await answered(page, 61)).stages), sizes(before.stages));
  page.quiet();
});

/** Opens the page with so many processors, over the base as so many shards: the same one time and again. */
async function spreadOut(workers, many) {
  const page = await open(browser, weir.address, "/outbox");
  await page.addInitScript((n) => Object.defineProperty(navigator, "hardwareConcurrency", { value: n }), workers);
  await page.route("**/v1/snapshot", async (route) => {
    const answer = await (await route.fetch()).json();
    const shards = Array.from({ length: many }, (_, i) => ({
      ...answer.shards[0],
      name: `${i}~${answer.shards[0].name}`,
    }));
    await route.fulfill({ json: { ...answer, users: answer.users * many, rows: answer.rows * many, shards } });
  });
  await page.route("**/v1/snapshot/shards/**", (route) => {
    const url = new URL(route.request().url());
    return route.fallback({ url: url.href.replace(/\/\d+(?:~|%7E)/i, "/") });
  });
  return page;
}

test("several workers share the rows: their sums are those of one, also after some died, and ties by order take one", async () => {
  const seen = [];
  for (const workers of [1, 3]) {
    const page = await spreadOut(workers, 5);
    await page.goto(link(everything).replace("ntile_first", "min_rank"));
    await loaded(page);
    await page.waitForFunction(() => window.weir.report()?.outreach_rules.some(({ name }) => name === "keen"));
    assert.equal(page.workers().length, workers);
    const told = await report(page);
    assert.equal(told.users, 5 * 2357);
    const [lost] = page.workers();
    await lost.evaluate(() => self.close()).catch(() => undefined);
    await silent(page).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByText(/was started again/).waitFor({ timeout: 30_000 });
    const moved = await answered(page, 61);
    for (const one of [told, moved]) delete one.snapshot;
    seen.push({ told, moved });
    if (workers > 1) {
      await page.goto(link(everything));
      await page.getByText(/is computed by one/).waitFor();
      await page.waitForFunction(() => window.weir.report()?.cuts === "recomputed");
      assert.equal(page.workers().length, 1);
      assert.equal((await report(page)).users, 5 * 2357);
    }
    page.quiet();
    await page.context().close();
  }
  assert.deepEqual(seen[1], seen[0]);
});

test("scenarios stand side by side, and the report is taken along", async () => {
  const page = await whatif(link({ [SILENT]: 90 }, { [SILENT]: 30 }));
  const told = await answered(page, 90);
  const beside = page.getByRole("table").filter({ hasText: "Published" });
  const active = beside.getByRole("row", { name: /Active/ });
  await active.locator("td", { hasText: String(sizes(told.stages).active) }).waitFor();
  await page.getByRole("tab", { name: "Scenario 2" }).click();
  await answered(page, 30);
  const files = {};
  for (const [name, key] of [
    ["Table (CSV)", "csv"],
    ["Report (Markdown)", "md"],
    ["Picture (PNG)", "png"],
  ]) {
    await page.getByRole("button", { name: /Export/ }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name }).click()]);
    files[key] = readFileSync(await download.path());
    assert.match(download.suggestedFilename(), /^weir-whatif-[0-9a-f]{12}\./);
  }
  const now = await report(page);
  const line = now.stages.sizes.find(({ name }) => name === "active");
  assert.ok(files.csv.toString().includes(`sizes,stage,active,${line.before.users},`));
  assert.ok(files.md.toString().includes(`| stage | active | ${line.before.users} |`));
  assert.equal(files.png.subarray(1, 4).toString(), "PNG");
  await choose(page, "RFM").catch(() => undefined);
  await accessible(page);
  page.quiet();
});

test("without the server the page opens again, with the base as it was read", async () => {
  const own = await start("--sample");
  await snapshot(own);
  const page = await whatif("/whatif", { address: own.address, expected: /Failed to load resource|ERR_|fetch/ });
  await page.waitForFunction(async () => {
    if (!navigator.serviceWorker.controller) return false;
    const kept = await (await caches.open("weir.console")).keys();
    return kept.length > 5;
  });
  const before = await report(page);
  await own.stop();
  await page.reload();
  await page.getByText(/The server does not answer\. This is the base/).waitFor();
  await page.locator(".sizes tbody tr").first().waitFor();
  const now = await report(page);
  assert.deepEqual(now.stages, before.stages);
  await silent(page).focus();
  await page.keyboard.press("ArrowRight");
  await answered(page, 61);
});

test("what is proposed is published, and the users move on the server as previewed", async () => {
  const page = await whatif(link({ [SILENT]: 75 }));
  const told = await answered(page, 75);
  await page.getByRole("button", { name: "Propose…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("row", { name: /silent_days/ }).waitFor();
  await accessible(page);
  await dialog.getByRole("button", { name: "Go on to the strategy" }).click();
  await page.waitForURL(/\/strategy/);
  await page.locator("tr.insert", { hasText: "silent_days: 75" }).waitFor();
  assert.equal(await page.locator("tr.insert").count(), 1);
  await page.getByText(/As seen on the what-if page: 2,357 users/).waitFor();
  await page.getByRole("button", { name: "Publish…" }).click();
  await page
    .getByRole("dialog")
    .getByText(/As seen on the what-if page/)
    .waitFor();
  const asked = page.waitForRequest((request) => request.url().endsWith("/v1/strategy/publish"));
  await page.getByRole("dialog").getByRole("button", { name: "Publish", exact: true }).click();
  const moved = told.stages.moves.reduce((sum, move) => sum + (move.from === move.to ? 0 : move.users), 0);
  assert.deepEqual((await asked).postDataJSON().preview, {
    from: told.published_version,
    to: told.tried_version,
    users: 2357,
    moved,
  });
  await page.getByText(/Version \w+ is in force/).waitFor();
  const base = await (await page.request.get("/v1/overview?period=week")).json();
  const now = Object.fromEntries(base.stages.map(({ name, users }) => [name, users]));
  for (const [name, users] of Object.entries(sizes(told.stages))) assert.equal(now[name] ?? 0, users, name);
  const { version } = await (await page.request.get("/v1/strategy")).json();
  assert.equal(version, told.tried_version);
  page.quiet();
});

test("a base without a snapshot offers to make one", async () => {
  const page = await open(browser, weir.address, "/outbox", { expected: /404/ });
  let none = true;
  await page.route("**/v1/snapshot", (route) => {
    if (!none || route.request().method() !== "GET") return route.fallback();
    none = false;
    const body = { title: "Not Found", status: 404, code: "not_found", detail: "there is no snapshot yet" };
    return route.fulfill({ status: 404, contentType: "application/problem+json", body: JSON.stringify(body) });
  });
  await page.goto("/whatif");
  await page.getByText("No snapshot yet").waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Make a snapshot" }).click();
  await loaded(page);
  page.quiet();
});
