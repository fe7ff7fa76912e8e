import { describe, expect, it } from "vitest";
import { edited, type Settings } from "./settings";
import cases from "./testdata/plans.json";
import { withEdits } from "./yaml";

const settings = cases[0]?.published as unknown as Settings;
const file = `# The shop
weir: 1
rfm:
  ties: min_rank     # equal values share a score
  cn: {m_kind: total, cut: mean}

tiers:               # by rank
  - {name: top, top: 0.05, zh: 顶层}
  - {name: low, top: 1}

lifecycle:
  preset: commerce   # five stages
  thresholds:
    silent_days: 60  # two months
    churned_days: 120
  dwell_days:
    silent: 7
    active: 3

segments:
  - name: new_buyers
    when: 'spend > 3' # quoted
    zh: 新客
  - name: at_risk
    when: tier in ["top", "high"] && recency_days >= 45
outreach:
  daily_ceiling: 10000   # a day
  rules:
    - name: winback
      on: {enter_stage: silent}
`;

/** The lines that differ. */
function changed(edits: Parameters<typeof withEdits>[1]): string[] {
  const after = withEdits(file, edits, edited(settings, edits)).split("\n");
  const before = file.split("\n");
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `-${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+${line}`),
  ];
}

describe("changes of a strategy file", () => {
  const table: [string, Parameters<typeof withEdits>[1], string[]][] = [
    [
      "a number, with its comment",
      { "lifecycle.thresholds.silent_days": 75 },
      ["-    silent_days: 60  # two months", "+    silent_days: 75  # two months"],
    ],
    [
      "a text in quotes",
      { "segments.new_buyers.when": "spend > 5 && r != 'x'" },
      ["-    when: 'spend > 3' # quoted", "+    when: 'spend > 5 && r != ''x''' # quoted"],
    ],
    [
      "a plain text",
      { "segments.at_risk.when": 'tier in ["top"] && recency_days >= 50' },
      ['-    when: tier in ["top", "high"] && recency_days >= 45', '+    when: tier in ["top"] && recency_days >= 50'],
    ],
    [
      "an entry on one line",
      { "tiers.top.top": 0.1 },
      ["-  - {name: top, top: 0.05, zh: 顶层}", "+  - {name: top, top: 0.1, zh: 顶层}"],
    ],
    ["a key that was not there", { "outreach.rules.winback.shadow": true }, ["+      shadow: true"]],
    ["a list that was not there", { "rfm.recency": [1, 2, 3, 4] }, ["+  recency: [1, 2, 3, 4]"]],
    ["a section that was not there", { "churn.threshold": 0.4 }, ["+churn: {threshold: 0.4}"]],
    [
      "inside of braces",
      { "rfm.cn.cut": "median" },
      ["-  cn: {m_kind: total, cut: mean}", "+  cn: {m_kind: total, cut: median}"],
    ],
    ["a key less", { "lifecycle.dwell_days.silent": 0 }, ["-    silent: 7"]],
    [
      "the last key, and the mapping that held it",
      { "lifecycle.thresholds.silent_days": null, "lifecycle.thresholds.churned_days": null },
      ["-  thresholds:", "-    silent_days: 60  # two months", "-    churned_days: 120"],
    ],
    [
      "an entry more",
      { "segments.big": { name: "big", when: 'spend > 10 && r != "x"', zh: "大客", en: "" } },
      ['+  - {name: "big", when: "spend > 10 && r != \\"x\\"", zh: "大客"}'],
    ],
    [
      "an entry more of a list in a section",
      { "outreach.rules.hello": { name: "hello", on: { enter_segment: "at_risk" }, shadow: true } },
      ['+    - {name: "hello", on: {enter_segment: "at_risk"}, shadow: true}'],
    ],
    [
      "an entry less, in lines",
      { "segments.new_buyers": null },
      ["-  - name: new_buyers", "-    when: 'spend > 3' # quoted", "-    zh: 新客"],
    ],
    ["an entry less, on one line", { "tiers.top": null }, ["-  - {name: top, top: 0.05, zh: 顶层}"]],
    [
      "the only entry of a list",
      { "outreach.rules.winback": null },
      ["-  rules:", "-    - name: winback", "-      on: {enter_stage: silent}", "+  rules: []"],
    ],
    [
      "a list of entries that was not there",
      { "engagement.opens": { name: "opens", when: "active_days[28] >= 2", points: 40, zh: "", en: "" } },
      ["+engagement:", '+  - {name: "opens", when: "active_days[28] >= 2", points: 40}'],
    ],
    ["what is not there is not taken away", { "segments.nobody": null, "lifecycle.transitions.silent": null }, []],
    [
      "where users may go",
      { "lifecycle.transitions.silent": ["active", "churned"] },
      ['+  transitions: {silent: ["active", "churned"]}'],
    ],
    ["a key more", { "lifecycle.dwell_days.churned": 4 }, ["+    churned: 4"]],
  ];
  for (const [name, edits, want] of table) it(name, () => expect(changed(edits)).toEqual(want));

  it("leave the rest alone", () => {
    expect(withEdits(file, {}, settings)).toBe(file);
  });
});
