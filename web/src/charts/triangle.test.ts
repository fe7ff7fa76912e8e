import { describe, expect, it } from "vitest";
import { meanAt, peakOf, valueAt, widthOf } from "./triangle";

const cohorts = [
  { cohort: "1997-01", size: 10, buyers: [10, 4, 2], spend_minor: [1000, 500, 100] },
  { cohort: "1997-02", size: 30, buyers: [30, 3], spend_minor: [2000, 300] },
];

describe("the retention triangle", () => {
  it("knows shares, numbers and revenue a member", () => {
    const [first] = cohorts;
    if (!first) throw new Error("no cohort");
    expect(valueAt(first, 1, "share")).toBe(0.4);
    expect(valueAt(first, 1, "buyers")).toBe(4);
    expect(valueAt(first, 1, "revenue")).toBe(50);
    expect(valueAt(first, 3, "share")).toBeUndefined();
  });

  it("weights the mean by size, over the cohorts that were observed so long", () => {
    expect(meanAt(cohorts, 1)).toBe(7 / 40);
    expect(meanAt(cohorts, 2)).toBe(0.2);
    expect(meanAt(cohorts, 3)).toBeUndefined();
  });

  it("scales colours without period 0", () => {
    expect(peakOf(cohorts, "share")).toBe(0.4);
    expect(peakOf(cohorts, "buyers")).toBe(4);
    expect(widthOf(cohorts)).toBe(3);
    expect(peakOf([], "share")).toBe(0);
    expect(widthOf([])).toBe(0);
  });

  it("says nothing of a cohort without members", () => {
    expect(valueAt({ cohort: "x", size: 0, buyers: [0], spend_minor: [0] }, 0, "share")).toBeUndefined();
  });
});
