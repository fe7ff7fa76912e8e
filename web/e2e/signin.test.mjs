import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, launch, open } from "./browser.mjs";
import { lacking, startCloud } from "./cloud.mjs";

const skip = lacking;
// The issuer is another host, and what is refused is an error of the network.
const expected = /asked another host: http:\/\/127\.0\.0\.1:\d+\/oidc\/|status of 40[014]/;
const TOKEN = "**/oidc/token";

let weir;
let browser;
before(
  async () => {
    if (skip) return;
    weir = await startCloud();
    browser = await launch();
  },
  { timeout: 300_000 },
);
after(async () => {
  await browser?.close();
  await weir?.stop();
});

/** Signs in at the issuer's page, which is the one that is shown. */
async function atIssuer(page, { name = "ada", role = "editor", answer = "Sign in" } = {}) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Role").selectOption(role);
  await page.getByRole("button", { name: answer }).click();
}

async function signedIn(path, options = {}) {
  const page = await open(browser, weir.address, path, { expected, ...options });
  await page.getByRole("button", { name: "Sign in" }).click();
  await atIssuer(page, options);
  await page.locator(".account .who").waitFor();
  return page;
}

test("one signs in at the issuer, comes back to the same page, and signs out", { skip }, async () => {
  const place = "/retention?as_of=2026-01-02";
  const page = await open(browser, weir.address, place, { expected });
  await page.getByRole("heading", { name: "Sign in to Weir" }).waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Sign in" }).click();
  await atIssuer(page, { role: "approver" });
  await page.locator(".account .who", { hasText: "ada@example.com" }).waitFor();
  await page.locator(".account", { hasText: "Approver" }).waitFor();
  assert.equal(page.url(), weir.address + place);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("weir.signin")), null);
  await accessible(page);
  await page.reload();
  await page.locator(".account .who").waitFor();
  const left = page.waitForRequest(/\/oidc\/logout\?/);
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.match((await left).url(), /post_logout_redirect_uri=/);
  await page.getByRole("heading", { name: "Sign in to Weir" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem("weir.session")), null);
  page.quiet();
});

test("the page speaks Chinese and fits a narrow window", { skip }, async () => {
  const page = await open(browser, weir.address, "/", { expected, language: "zh-CN", width: 390, theme: "dark" });
  await page.getByRole("heading", { name: "登录 Weir 堰" }).waitFor();
  await accessible(page);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await atIssuer(page, { role: "viewer" });
  await page.getByRole("button", { name: "菜单" }).click();
  await page.locator(".account", { hasText: "查看者" }).last().waitFor();
  page.quiet();
});

test("what does not belong to the sign-in is refused", { skip }, async () => {
  const page = await open(browser, weir.address, "/users", { expected });
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByLabel("Name").waitFor();
  await page.goto("/signin?code=stolen&state=wrong");
  await page.getByText("does not belong to a sign-in of this tab").waitFor();
  assert.equal(page.url(), `${weir.address}/users`);
  await page.goto("/signin?code=stolen&state=wrong");
  await page.getByText("does not belong to a sign-in of this tab").waitFor();
  await page.getByRole("button", { name: "Sign in" }).click();
  await atIssuer(page, { answer: "Refuse" });
  await page.getByText("The sign-in was refused.").waitFor();
  await accessible(page);
  page.quiet();
});

test("a code that was used already gives nothing", { skip }, async () => {
  const page = await open(browser, weir.address, "/", { expected });
  await page.route(TOKEN, async (route) => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const first = await fetch(route.request().url(), { method: "POST", headers, body: route.request().postData() });
    assert.equal(first.status, 200);
    await route.continue();
  });
  await page.getByRole("button", { name: "Sign in" }).click();
  await atIssuer(page);
  await page.getByText("The issuer did not take the code").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem("weir.session")), null);
  await page.unroute(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await atIssuer(page);
  await page.locator(".account .who").waitFor();
  page.quiet();
});

test("a token is renewed quietly; when it cannot be, the page stays and one comes back to it", { skip }, async () => {
  const scenario = JSON.stringify(["Silent after 90 days", { "lifecycle.thresholds.silent_days": 90 }]);
  const place = `/strategy?${new URLSearchParams({ s: scenario })}`;
  const page = await signedIn(place);
  await page.getByText("The file is valid.").waitFor();
  const soon = Date.now() + 59.5 * 60_000;
  const renewal = page.waitForResponse(/\/oidc\/token/);
  await page.clock.setFixedTime(soon);
  await page.getByRole("link", { name: "Files" }).click();
  assert.equal((await renewal).status(), 200);
  await page.getByText("No files yet").first().waitFor();
  // The API says that a token is no longer good, whatever the clock of this machine thinks.
  let refused = 0;
  await page.route("**/v1/events", (route) =>
    refused++ ? route.continue() : route.fulfill({ status: 401, body: "{}" }),
  );
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await page.getByText("No event has come yet").first().waitFor();
  assert.equal(refused, 2);

  await page.goBack();
  await page.goBack();
  await page.getByText("The file is valid.").waitFor();
  await page.getByRole("textbox", { name: "Strategy file" }).click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("# a draft\n");
  const refuse = { status: 400, body: `{"error":"invalid_grant"}`, headers: { "Access-Control-Allow-Origin": "*" } };
  await page.route(TOKEN, (route) => route.fulfill({ contentType: "application/json", ...refuse }));
  await page.getByText("Your session has ended.").waitFor({ timeout: 30_000 });
  await page.getByText("# a draft").waitFor();
  await accessible(page);
  await page.unroute(TOKEN);
  await page.clock.setFixedTime(new Date());
  await page.getByRole("button", { name: "Sign in" }).click();
  await atIssuer(page);
  await page.getByText("# a draft").waitFor();
  assert.equal(page.url(), new URL(place, weir.address).href);
  assert.equal(await page.getByText("Your session has ended.").count(), 0);
  page.quiet();
});

test("who may not do something is told what it takes", { skip }, async () => {
  const page = await signedIn("/outbox", { role: "none", name: "eve" });
  await page.getByText("No role: ask an administrator").waitFor();
  await page.getByText("it takes the role viewer").first().waitFor();
  assert.equal(await page.getByPlaceholder("Access token").count(), 0);
});
