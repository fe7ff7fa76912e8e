import { describe, expect, it } from "vitest";
import type { Schemas } from "../../core/api";
import { derive, scoring } from "./derived";

const made = (model: Schemas["ModelFit"]["model"], params: Record<string, number>): Schemas["ModelFit"] => ({
  model,
  n: 10,
  rows: 5,
  method: "bfgs",
  loglik: -1,
  identified: true,
  params: Object.entries(params).map(([name, value]) => ({ name, value })),
});

describe("what parameters come to", () => {
  it("is the mean rate and the mean dropout of BG/NBD and MBG/NBD", () => {
    expect(derive(made("mbgnbd", { r: 0.5, alpha: 5, a: 1, b: 3 }))).toEqual({ rate: 0.1, dropout: 0.25 });
  });

  it("is a yearly rate of departures of Pareto/NBD", () => {
    const { departures } = derive(made("paretonbd", { r: 1, alpha: 2, s: 0.5, beta: 52.17857142857143 }));
    expect(departures).toBeCloseTo(0.5);
  });

  it("has no dropout where it is not identified, and no mean value unless q > 1", () => {
    expect(derive(made("nbd", { r: 1, alpha: 4 }))).toEqual({ rate: 0.25 });
    expect(derive(made("gammagamma", { p: 6, q: 4, v: 15 }))).toEqual({ value: 30 });
    expect(derive(made("gammagamma", { p: 6, q: 1, v: 15 }))).toEqual({});
  });

  it("never invents a figure for a parameter that is not there", () => {
    expect(derive(made("mbgnbd", { r: 1 }))).toEqual({ rate: undefined, dropout: undefined });
  });

  it("scores with the fallback when the data do not tell the dropout", () => {
    const fallback = made("nbd", { r: 1, alpha: 4 });
    const poor = { ...made("mbgnbd", { r: 1, alpha: 4, a: 1e-9, b: 9 }), identified: false, fallback };
    expect(scoring(poor)).toBe(fallback);
    expect(scoring(fallback)).toBe(fallback);
  });
});
