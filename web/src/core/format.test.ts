import { describe, expect, it } from "vitest";
import { makeFormat, minorDigits } from "./format";

const en = makeFormat("en", "America/New_York");
const zh = makeFormat("zh-CN", "Asia/Shanghai");

describe("signs and estimates", () => {
  const format = makeFormat("en", "UTC");
  it.each([
    [format.signedPercent(-0.1623), "−16.2%"],
    [format.signedPercent(0.05), "+5.0%"],
    [format.points(-0.123), "−12.3"],
    [format.points(0), "0.0"],
    [format.significant(0.524843), "0.5248"],
    [format.significant(6.183085, 2), "6.2"],
    [format.significant(0.00001234, 2), "1.2E-5"],
  ])("%s", (got, want) => {
    expect(got).toBe(want);
  });
});

describe("money", () => {
  it.each([
    [123456, "USD", "$1,234.56"],
    [500, "JPY", "¥500"],
    [1234567, "KWD", "KWD 1,234.567"],
    [-5, "EUR", "-€0.05"],
    [0, "USD", "$0.00"],
  ])("%d %s", (minor, currency, text) => {
    expect(en.money(minor, currency).replaceAll("\u00a0", " ")).toBe(text);
  });

  it("is short on tiles and axes", () => {
    expect(en.moneyCompact(17_311_555, "USD")).toBe("$173.1K");
    expect(zh.moneyCompact(17_311_555, "USD")).toBe("$17.3万");
    expect(en.moneyCompact(2998, "USD")).toBe("$29.98");
  });

  it.each([
    [0.0042137, "$0.00421"],
    [0.5, "$0.5"],
    [12.345, "$12.35"],
    [0, "$0"],
  ])("prices %d", (major, text) => {
    expect(en.price(major, "USD")).toBe(text);
  });

  it("shows an unknown currency as a number rather than failing", () => {
    expect(en.money(100, "nonsense")).toBe("1");
    expect(minorDigits("nonsense")).toBe(2);
  });
});

describe("time", () => {
  it("is told in the project's zone", () => {
    expect(en.time("1997-09-30T00:00:00Z")).toBe("Sep 29, 1997, 20:00");
    expect(zh.time("1997-09-30T20:00:00Z")).toBe("1997年10月1日 04:00");
  });

  it("keeps a plain day the day that it is, in every zone", () => {
    expect(en.day("1997-09-30")).toBe("Sep 30, 1997");
    expect(makeFormat("en", "Pacific/Kiritimati").day("1997-09-30")).toBe("Sep 30, 1997");
  });

  it("shows what is no time as it is", () => {
    expect(en.day("soon")).toBe("soon");
  });

  it("falls back to UTC for a zone that the browser lacks", () => {
    expect(makeFormat("en", "Mars/Base").time("1997-09-30T00:00:00Z")).toBe("Sep 30, 1997, 00:00");
  });
});

describe("numbers", () => {
  it("are grouped, and short where they are long", () => {
    expect(en.count(1234567)).toBe("1,234,567");
    expect(en.compact(9999)).toBe("9,999");
    expect(en.compact(12_345)).toBe("12.3K");
    expect(zh.compact(12_345)).toBe("1.2万");
    expect(en.percent(0.6333)).toBe("63.3%");
    expect(en.bytes(50_312)).toBe("50 kB");
    expect(en.bytes(3_200_000_000)).toBe("3.2 GB");
  });
});
