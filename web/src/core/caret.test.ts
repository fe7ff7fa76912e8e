import { describe, expect, it } from "vitest";
import { caretOf } from "./caret";

describe("caretOf", () => {
  it.each([
    ["stage = 1", 1, 7, "stage = 1\n      ^"],
    ["a\nb >", 2, 4, "b >\n   ^"],
    ["", 1, 1, "\n^"],
    ["a", 9, 1, "\n^"],
    ["\tx ?", 1, 4, "\tx ?\n\t  ^"],
    ['rfm_cn == "重要" &', 1, 16, 'rfm_cn == "重要" &\n           　　  ^'],
  ])("%s at %d:%d", (text, line, col, want) => {
    expect(caretOf(text, line, col)).toBe(want);
  });
});
