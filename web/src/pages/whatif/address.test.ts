import { expect, it } from "vitest";
import { type Address, readAddress, writeAddress } from "./address";

it("the address holds the scenarios, and gives them back", () => {
  const state: Address = {
    scenarios: [
      { name: "A", edits: { "lifecycle.thresholds.silent_days": 75 } },
      { name: "乙", edits: { "segments.vip.when": 'spend >= 3 && tier == "top"' } },
    ],
    on: 1,
    condition: "orders > 3",
  };
  const params = writeAddress(new URLSearchParams("as_of=2026-01-01"), state);
  expect(params.get("as_of")).toBe("2026-01-01");
  expect(readAddress(new URLSearchParams(params.toString()), "A")).toEqual(state);
});

it("without changes it stays bare, and nonsense is left out", () => {
  const bare: Address = { scenarios: [{ name: "A", edits: {} }], on: 0, condition: "" };
  expect(writeAddress(new URLSearchParams("s=x&on=4"), bare).toString()).toBe("");
  expect(readAddress(new URLSearchParams('s=[1,2&s=["B",[]]&on=9'), "A")).toEqual(bare);
});
