import type { Text } from "@codemirror/state";

/** Where a problem at a line and a column (both from 1, columns in characters) stands in a document: the word there. */
export function placeOf(doc: Text, line: number, col: number): { from: number; to: number } {
  const at = doc.line(Math.min(Math.max(1, line), doc.lines));
  const before = [...at.text].slice(0, Math.max(0, col - 1)).join("");
  const from = Math.min(at.to, at.from + before.length);
  const word = /^(?:[\p{L}\p{N}_.]+|.)/u.exec(at.text.slice(from - at.from));
  return { from, to: Math.min(at.to, from + (word?.[0].length ?? 0)) };
}
