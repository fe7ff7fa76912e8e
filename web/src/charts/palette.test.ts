import { describe, expect, it } from "vitest";
import { contrast, dark, light, parseHex, sequential } from "./palette";

describe.each([
  ["light", light],
  ["dark", dark],
])("the %s palette", (_, palette) => {
  const ground = parseHex(palette.surface);

  it("reads on its ground", () => {
    expect(contrast(parseHex(palette.text), ground)).toBeGreaterThan(7);
    expect(contrast(parseHex(palette.muted), ground)).toBeGreaterThan(4.5);
  });

  it("keeps neighbouring parts of the growth account apart in grey as well", () => {
    const order = [palette.returning, palette.fresh, palette.resurrected].map(parseHex);
    expect(contrast(order[1] ?? [0, 0, 0], order[2] ?? [0, 0, 0])).toBeGreaterThan(1.5);
    for (const color of [...order, parseHex(palette.dormant)]) expect(contrast(color, ground)).toBeGreaterThan(2);
  });

  it("writes readably on every step of the sequential scale", () => {
    for (let t = 0; t <= 1; t += 0.01) {
      const { background, text } = sequential(palette, t);
      const rgb = background.match(/\d+/g)?.map(Number) as unknown as [number, number, number];
      expect(contrast(rgb, parseHex(text))).toBeGreaterThan(4.5);
    }
  });
});
