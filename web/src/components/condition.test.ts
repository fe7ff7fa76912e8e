import { CompletionContext } from "@codemirror/autocomplete";
import { EditorState, Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import type { Schemas } from "../core/api";
import { completeCondition } from "./conditionLanguage";
import { placeOf } from "./place";

const names: Schemas["ConditionName"][] = [
  { text: "stage", kind: "field", type: "text", values: ["silent", "active"] },
  { text: "rfm_cn", kind: "field", type: "text", values: ["重要价值"] },
  { text: "metrics.orders", kind: "metric", type: "number", windows: [30, 90] },
  { text: 'tags.has("vip")', kind: "tag", type: "bool" },
];
const complete = completeCondition(
  names,
  ["and", "in"],
  [
    { name: "Order Completed", volume: 7, properties: ["revenue", "order_id"] },
    { name: "Viewed", volume: 1, properties: [] },
  ],
);

function offered(text: string, explicit = false): string[] | undefined {
  const context = new CompletionContext(EditorState.create({ doc: text }), text.length, explicit);
  return complete(context)?.options.map((option) => option.label);
}

describe("completion", () => {
  it("offers names and words", () => {
    expect(offered("met")).toEqual(["stage", "rfm_cn", "metrics.orders", 'tags.has("vip")', "and", "in"]);
  });

  it.each(["stage == ", 'stage == "si', "stage != ", "stage in [", 'stage in ["active", '])(
    "offers values after %s",
    (text) => {
      expect(offered(text)).toEqual(['"silent"', '"active"']);
    },
  );

  it("offers Chinese values", () => {
    expect(offered('rfm_cn == "重')).toEqual(['"重要价值"']);
  });

  it.each(['event("', 'orders > 1 && count("Or', 'sequence("Viewed", "'])("offers events after %s", (text) => {
    expect(offered(text)).toEqual(["Order Completed", "Viewed"]);
  });

  it("offers the properties of the measured event", () => {
    expect(offered('count("Order Completed" where properties.re')).toEqual([
      "properties.revenue",
      "properties.order_id",
    ]);
    expect(offered('count("Viewed" where properties.')).toHaveLength(6);
  });

  it("is quiet where nobody asked", () => {
    expect(offered("stage == 1 ")).toBeUndefined();
    expect(offered("stage == 1 ", true)).toHaveLength(6);
  });
});

describe("placeOf", () => {
  const doc = Text.of(["weir: 1", 'when: 中文 && metrics.orders > "x"', ""]);
  it.each([
    [1, 1, "weir"],
    [2, 13, "metrics.orders"],
    [2, 99, ""],
    [9, 1, ""],
  ])("%d:%d", (line, col, want) => {
    const { from, to } = placeOf(doc, line, col);
    expect(doc.sliceString(from, to)).toBe(want);
  });
});
