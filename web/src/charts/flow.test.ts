import { describe, expect, it } from "vitest";
import { layOut, outline } from "./flow";

const stages = ["", "active", "silent", "churned"];
const moves = [
  { from: "silent", to: "churned", users: 30 },
  { from: "active", to: "active", users: 50 },
  { from: "active", to: "silent", users: 10 },
  { from: "", to: "active", users: 10 },
  { from: "churned", to: "churned", users: 0 },
];

describe("the flow between two dates", () => {
  const flow = layOut(moves, stages, 220, 10);

  it("keeps the order of the stages on both sides, without those nobody stands in", () => {
    expect(flow.left.map((node) => node.name)).toEqual(["", "active", "silent"]);
    expect(flow.right.map((node) => node.name)).toEqual(["active", "silent", "churned"]);
  });

  it("draws a user as high everywhere, and fills the height", () => {
    expect(flow.users).toBe(100);
    for (const node of [...flow.left, ...flow.right]) expect(node.height).toBeCloseTo(node.users * 2);
    const last = flow.right.at(-1);
    expect((last?.y ?? 0) + (last?.height ?? 0)).toBeCloseTo(220);
  });

  it("lets ribbons leave and arrive side by side, none beyond its node", () => {
    for (const side of ["left", "right"] as const)
      for (const node of flow[side]) {
        const own = flow.ribbons.filter((ribbon) => (side === "left" ? ribbon.from : ribbon.to) === node.name);
        let y = node.y;
        for (const ribbon of own) {
          expect(side === "left" ? ribbon.y0 : ribbon.y1).toBeCloseTo(y);
          y += ribbon.height;
        }
        expect(y).toBeCloseTo(node.y + node.height);
      }
  });

  it("has a place for a stage that the strategy no longer knows", () => {
    const odd = layOut([{ from: "gone", to: "active", users: 1 }], stages, 100, 10);
    expect(odd.left[0]?.name).toBe("gone");
    expect(odd.ribbons).toHaveLength(1);
  });

  it("is empty without users", () => {
    expect(layOut([], stages, 100, 10)).toEqual({ left: [], right: [], ribbons: [], users: 0 });
  });

  it("closes outlines", () => {
    const [ribbon] = flow.ribbons;
    if (!ribbon) throw new Error("no ribbon");
    expect(outline(ribbon, 0, 100)).toMatch(/^M0,.*Z$/);
  });
});
