import { describe, expect, it } from "vitest";
import { Problem, problemOf, toProblem } from "./problem";

describe("problemOf", () => {
  it("reads problem+json", async () => {
    const body = { title: "Conflict", status: 409, code: "conflict", detail: "known already", hint: "use again" };
    const problem = await problemOf(new Response(JSON.stringify(body), { status: 409 }));
    expect(problem).toMatchObject({ status: 409, code: "conflict", message: "known already", hint: "use again" });
    expect(problem.passing).toBe(false);
  });

  it.each([
    ["<html>bad gateway</html>", 502],
    ["", 503],
    ['"text"', 500],
  ])("takes %j for what it is", async (text, status) => {
    const problem = await problemOf(new Response(text, { status }));
    expect(problem.status).toBe(status);
    expect(problem.passing).toBe(true);
  });
});

describe("toProblem", () => {
  it("keeps problems and wraps the rest", () => {
    const problem = new Problem(404, { detail: "no such user" });
    expect(toProblem(problem)).toBe(problem);
    expect(toProblem(new TypeError("fetch failed"))).toMatchObject({ status: 0, detail: "fetch failed" });
  });
});
