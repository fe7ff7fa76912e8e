import { describe, expect, it } from "vitest";
import { type DiffLine, foldEqual } from "./diff";

const equal = (n: number): DiffLine => ({ op: "equal", old: n, new: n, text: `line ${n}` });
const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => equal(from + i));

describe("foldEqual", () => {
  it("keeps the lines beside a change and folds the rest", () => {
    const change: DiffLine = { op: "insert", new: 11, text: "new" };
    const rows = foldEqual([...lines(1, 10), change, ...lines(11, 20)]);
    expect(rows.map((row) => (row.kind === "fold" ? row.lines.length : row.line.text))).toEqual([
      7,
      "line 8",
      "line 9",
      "line 10",
      "new",
      "line 11",
      "line 12",
      "line 13",
      7,
    ]);
  });

  it("does not fold a single line", () => {
    const change: DiffLine = { op: "delete", old: 5, text: "gone" };
    expect(foldEqual([...lines(1, 4), change]).every((row) => row.kind === "line")).toBe(true);
  });

  it("folds everything when nothing changed, and nothing when there is nothing", () => {
    expect(foldEqual(lines(1, 9))).toEqual([{ kind: "fold", lines: lines(1, 9) }]);
    expect(foldEqual([])).toEqual([]);
  });

  it("loses no line", () => {
    const all = [...lines(1, 30), { op: "delete", old: 31, text: "x" } as DiffLine, ...lines(31, 60)];
    const shown = foldEqual(all).flatMap((row) => (row.kind === "fold" ? row.lines : [row.line]));
    expect(shown).toEqual(all);
  });
});
