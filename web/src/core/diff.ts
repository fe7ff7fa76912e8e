import type { Schemas } from "./api";

export type DiffLine = Schemas["StrategyDiff"]["lines"][number];
export type DiffRow = { kind: "line"; line: DiffLine } | { kind: "fold"; lines: DiffLine[] };

/** Folds away runs of equal lines, but for `around` lines beside each change. */
export function foldEqual(lines: readonly DiffLine[], around = 3): DiffRow[] {
  const near = new Array<boolean>(lines.length).fill(false);
  lines.forEach((line, i) => {
    if (line.op === "equal") return;
    near.fill(true, Math.max(0, i - around), Math.min(lines.length, i + around + 1));
  });
  const rows: DiffRow[] = [];
  let hidden: DiffLine[] = [];
  const close = () => {
    // A fold that hides one line takes as much room as the line.
    if (hidden.length === 1 && hidden[0]) rows.push({ kind: "line", line: hidden[0] });
    else if (hidden.length > 1) rows.push({ kind: "fold", lines: hidden });
    hidden = [];
  };
  lines.forEach((line, i) => {
    if (!near[i]) {
      hidden.push(line);
      return;
    }
    close();
    rows.push({ kind: "line", line });
  });
  close();
  return rows;
}
