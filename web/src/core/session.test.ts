import { describe, expect, it, vi } from "vitest";
import { claimsOf, rolesIn } from "./oidc";
import { highest } from "./session";

const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
const jwt = (claims: unknown) => `${part({ alg: "RS256" })}.${part(claims)}.x`;

describe("the roles of a token", () => {
  it.each([
    [
      ["viewer", "editor"],
      ["viewer", "editor"],
    ],
    ["viewer editor", ["viewer", "editor"]],
    ["viewer, admin", ["viewer", "admin"]],
    [["sales", 7], ["sales"]],
    [undefined, []],
    ["", []],
  ])("of %j", (claim, roles) => expect(rolesIn(claim)).toEqual(roles));

  it("the highest counts, and others do not", () => {
    expect(highest(["viewer", "approver", "editor"])).toBe("approver");
    expect(highest(["sales"])).toBe("");
  });
});

describe("claimsOf", () => {
  it("reads what the token says", () => expect(claimsOf(jwt({ sub: "a", n: "?>~" }))).toEqual({ sub: "a", n: "?>~" }));
  it.each(["", "a", "a.b.c", "a.bnVsbA.c", "a.!.c"])("takes %j for nothing", (token) =>
    expect(claimsOf(token)).toEqual({}),
  );
});

describe("a session", () => {
  const config = {
    sign_in: "oidc",
    issuer: "https://issuer.example",
    client_id: "weir",
    token: "id_token",
    roles_claim: "groups",
    authorize: "https://issuer.example/authorize",
    exchange: "https://issuer.example/token",
  };
  const answer = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
  const token = (left: number, more = {}) =>
    jwt({
      iss: config.issuer,
      aud: "weir",
      sub: "ada",
      groups: ["editor"],
      iat: Math.floor(Date.now() / 1000),
      exp: Math.floor(Date.now() / 1000) + left,
      ...more,
    });
  const stored = (left: number) =>
    JSON.stringify({
      bearer: token(left),
      expires: Date.now() + left * 1000,
      refresh: "r1",
      id: "",
      name: "ada",
      roles: ["editor"],
    });

  async function begin(left: number, exchange: () => Promise<Response>) {
    vi.resetModules();
    sessionStorage.setItem("weir.session", stored(left));
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (input: RequestInfo | URL) => {
      const url = String(input);
      asked.push(url);
      return url === "/v1/config" ? answer(config) : await exchange();
    });
    const session = await import("./session");
    await session.startSession();
    return { session, asked };
  }

  it("renews once, however many ask", async () => {
    const fresh = token(3600);
    const { session, asked } = await begin(30, async () =>
      answer({ token_type: "Bearer", access_token: "a", id_token: fresh, refresh_token: "r2", expires_in: 3600 }),
    );
    expect(await Promise.all([session.bearer(), session.bearer(), session.bearer()])).toEqual([fresh, fresh, fresh]);
    expect(asked.filter((url) => url === config.exchange)).toHaveLength(1);
    expect(JSON.parse(sessionStorage.getItem("weir.session") ?? "{}")).toMatchObject({
      refresh: "r2",
      roles: ["editor"],
    });
    expect(session.getSession()).toEqual({ kind: "in", name: "ada", role: "editor", ended: false });
  });

  it("ends when the issuer says so, and keeps who it was", async () => {
    const { session } = await begin(30, async () => answer({ error: "invalid_grant" }, 400));
    expect(await session.bearer()).toBe("");
    expect(session.getSession()).toMatchObject({ kind: "in", role: "editor", ended: true });
    expect(sessionStorage.getItem("weir.session")).toBeNull();
  });

  it("goes on when the issuer cannot be reached", async () => {
    const { session } = await begin(30, async () => {
      throw new TypeError("network");
    });
    expect(await session.bearer()).not.toBe("");
    expect(session.getSession()).toMatchObject({ kind: "in", ended: false });
  });

  it("does not take a token for somebody else", async () => {
    const { session } = await begin(30, async () =>
      answer({ token_type: "Bearer", access_token: "a", id_token: token(3600, { aud: "other" }), expires_in: 3600 }),
    );
    await session.bearer();
    expect(session.getSession()).toMatchObject({ ended: true });
  });

  it("asks for nothing where nobody signs in", async () => {
    vi.resetModules();
    sessionStorage.clear();
    vi.stubGlobal("fetch", async () => answer({ sign_in: "none" }));
    const session = await import("./session");
    await session.startSession();
    expect(session.getSession()).toEqual({ kind: "open" });
    expect(await session.bearer()).toBe("");
  });
});
