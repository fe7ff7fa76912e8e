import { describe, expect, it } from "vitest";
import { conditionNumbers, withNumber } from "./condition";
import { allowedAfter, goneFrom, usersOf, withEntry, withoutEntry, withValue } from "./edits";
import { decodePlan, encodePlan } from "./plan";
import { planOf } from "./planOf";
import { changesOf, edited, type Settings, valueAt, versionOf } from "./settings";
import { sha256 } from "./sha256";
import cases from "./testdata/plans.json";

const bytes = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

describe("as the engine has it", () => {
  for (const one of cases) {
    const published = one.published as unknown as Settings;
    const tried = one.tried as unknown as Settings;
    const start = decodePlan(bytes(one.start));
    if (!start) throw new Error("the plan cannot be read");

    it(`${one.name}: plans are written as they were read`, () => {
      expect(encodePlan(start)).toEqual(bytes(one.start));
    });

    it(`${one.name}: versions`, () => {
      expect(versionOf(published)).toBe(one.published_version);
      expect(versionOf(tried)).toBe(one.tried_version);
    });

    it(`${one.name}: changes`, () => {
      const want = (one.changes ?? []).map(({ Path, From, To }) => ({ path: Path, from: From, to: To }));
      expect(changesOf(published, tried)).toEqual(want);
    });

    it(`${one.name}: the plan`, () => {
      const ground = {
        settings: published,
        start,
        threshold: one.churn_threshold || undefined,
        models: one.churn_threshold > 0,
        minorDigits: one.currency === "JPY" ? 0 : 2,
      };
      expect(planOf(ground, tried)).toEqual(decodePlan(bytes(one.plan)));
    });

    it(`${one.name}: stages of presets follow from thresholds`, () => {
      const back = edited(tried, { "lifecycle.thresholds": tried.lifecycle.thresholds as never });
      expect(back.lifecycle.stages).toEqual(tried.lifecycle.stages);
    });
  }
});

describe("edits", () => {
  const one = cases.find(({ name }) => name === "dwell");
  if (!one) throw new Error("there is no such case");
  const published = one.published as unknown as Settings;

  it("put the same settings together as the file does", () => {
    const made = edited(published, { "lifecycle.dwell_days.silent": 7, "lifecycle.dwell_days.active": 3 });
    expect(versionOf(made)).toBe(one.tried_version);
    expect(versionOf(edited(made, { "lifecycle.dwell_days.silent": 0, "lifecycle.dwell_days.active": 0 }))).toBe(
      one.published_version,
    );
  });

  const big = { name: "big", when: "spend > 10", zh: "大", en: "Big" };
  const rule = { on: { enter_segment: "few" }, template: "welcome", channel: "email", shadow: true };
  const points = (name: string, when: string, n: number, zh = "") => ({ name, when, points: n, zh, en: "" });
  const table: [string, Parameters<typeof edited>[1]][] = [
    ["transitions", { "lifecycle.transitions.active": ["silent"], "lifecycle.transitions.churned": [] }],
    ["transitions set free", { "lifecycle.transitions.first_purchase": null }],
    [
      "tags, segments and rules added",
      {
        "tags.big": big,
        "segments.few": { name: "few", when: 'tags.has("big")', zh: "", en: "" },
        "outreach.rules.more": { name: "more", ...rule, include_existing: false, after_cuts: false },
      },
    ],
    [
      "tags, segments and rules taken away",
      { "tags.big_basket": null, "segments.new_buyers": null, "outreach.rules.welcome": null },
    ],
    [
      "engagement declared",
      {
        "engagement.opens": points("opens", "active_days[28] >= 2", 40, "活跃"),
        "engagement.late": points("late", "silence_days > 30", -10),
      },
    ],
    ["engagement weighed otherwise", { "engagement.opens.points": 55, "engagement.late.when": "silence_days > 45" }],
    ["engagement taken away", { "engagement.opens": null, "engagement.late": null }],
    ["the eight fixed on totals", { "rfm.cn.cut": "fixed", "rfm.cn.fixed": [45, 2, 80] }],
  ];
  for (const [name, edits] of table)
    it(`${name}: the same settings as the file's`, () => {
      const known = cases.find((one) => one.name === name);
      if (!known) throw new Error("there is no such case");
      const made = edited(known.published as unknown as Settings, edits);
      if (name === "engagement declared")
        // That file has a segment more, which stands before the others.
        expect(made.engagement).toEqual((known.tried as unknown as Settings).engagement);
      else expect(versionOf(made)).toBe(known.tried_version);
    });

  it("change what they add in its place, and forget it", () => {
    const added = withEntry({}, "tags", big);
    const changed = withValue(added, "tags.big.when", "spend > 20", published);
    expect(changed).toEqual({ "tags.big": { ...big, when: "spend > 20" } });
    expect(withoutEntry(changed, "tags.big", published)).toEqual({});
    const gone = withoutEntry({ "tags.big_basket.when": "orders > 1" }, "tags.big_basket", published);
    expect(gone).toEqual({ "tags.big_basket": null });
    expect(goneFrom(gone, "tags")).toEqual(["big_basket"]);
  });

  it("of transitions end where they began", () => {
    const forbidden = allowedAfter(published, published, "active", "churned");
    expect(forbidden).toEqual(["potential", "first_purchase", "silent"]);
    const settings = edited(published, { "lifecycle.transitions.active": forbidden });
    expect(allowedAfter(settings, published, "active", "churned")).toBe(null);
    const bound = cases.find(({ name }) => name === "own stages, moves")?.published as unknown as Settings;
    const freed = edited(bound, { "lifecycle.transitions.active": ["first_purchase"] });
    expect(allowedAfter(freed, bound, "active", "silent")).toEqual(["silent", "first_purchase"]);
  });

  it("know who needs a tag or a segment", () => {
    expect(usersOf(published, "tags", "repeat_buyer")).toEqual(["active_repeat"]);
    const settings = edited(published, { "outreach.rules.more": { name: "more", ...rule } });
    expect(usersOf(settings, "segments", "few")).toEqual(["more"]);
    expect(usersOf(settings, "segments", "new_buyers")).toEqual([]);
  });

  it("of a warning that was not there", () => {
    const churn = cases.find(({ name }) => name === "churn");
    expect(versionOf(edited(published, { "churn.threshold": 0.35 }))).toBe(churn?.tried_version);
  });

  it("reach entries of lists by name, and leave what is not there alone", () => {
    const made = edited(published, {
      "segments.new_buyers.when": "orders > 3",
      "segments.nobody.when": "true",
      "x.y": 1,
    });
    expect(valueAt(made, "segments.new_buyers.when")).toBe("orders > 3");
    expect(made.segments.length).toBe(published.segments.length);
  });
});

describe("the numbers of a condition", () => {
  it("are found on either side, and in calls", () => {
    const text = `silence_days < 30 && (metrics.carts[7] >= 2.5 || 45 > recency_days) && days_since(first_purchase) < 30 && name != "x > 3"`;
    expect(conditionNumbers(text).map(({ ref, op, value }) => [ref, op, value])).toEqual([
      ["silence_days", "<", 30],
      ["metrics.carts[7]", ">=", 2.5],
      ["recency_days", "<", 45],
      ["days_since(first_purchase)", "<", 30],
    ]);
    const [first] = conditionNumbers(text);
    expect(first && withNumber(text, first, 45).startsWith("silence_days < 45 &&")).toBe(true);
  });

  it("of events by name", () => {
    const [found] = conditionNumbers('event("Order Completed").count > 2');
    expect(found?.ref).toBe('event("Order Completed").count');
  });

  it("are no names, versions or times", () => {
    expect(conditionNumbers("version == 1.2.3 || x == y")).toEqual([]);
  });
});

it("hashes as the standard says", () => {
  const of = (text: string) => sha256(new TextEncoder().encode(text));
  expect(of("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(of("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(of("a".repeat(119))).toBe("31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
});
