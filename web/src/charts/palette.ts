/**
 * One palette for every chart. The categorical colours differ in lightness as well as in hue, so that they stay apart for
 * people with protanopia, deuteranopia and tritanopia and in grey print; they follow the theme.
 */
export interface Palette {
  text: string;
  muted: string;
  line: string;
  surface: string;
  accent: string;
  /** Categories in order of use. */
  series: readonly string[];
  /** The growth account: who came, who stayed, who came back, who fell asleep. */
  fresh: string;
  returning: string;
  resurrected: string;
  dormant: string;
  /** Ends of the sequential scale. */
  low: readonly [number, number, number];
  high: readonly [number, number, number];
}

export const light: Palette = {
  text: "#12292c",
  muted: "#566b6e",
  line: "#dfe7e7",
  surface: "#ffffff",
  accent: "#0b6b73",
  series: ["#8fa9c9", "#2f6fb3", "#0f8a86", "#e0a02b", "#b4533b", "#7a5ba6", "#5d7275"],
  fresh: "#2f6fb3",
  returning: "#0f8a86",
  resurrected: "#e0a02b",
  dormant: "#b4533b",
  low: [236, 245, 244],
  high: [7, 92, 100],
};

export const dark: Palette = {
  text: "#e4efee",
  muted: "#93a9ab",
  line: "#253a3f",
  surface: "#112024",
  accent: "#4fc3c1",
  series: ["#8aa3c2", "#4f8fd6", "#2fb0aa", "#e8b04a", "#d67a60", "#a78bd0", "#8ca1a4"],
  fresh: "#4f8fd6",
  returning: "#2fb0aa",
  resurrected: "#e8b04a",
  dormant: "#d67a60",
  low: [22, 41, 46],
  high: [98, 205, 200],
};

export function paletteOf(isDark: boolean): Palette {
  return isDark ? dark : light;
}

type RGB = readonly [number, number, number];

/** The colour at t in [0, 1] of the sequential scale, and the text colour that reads on it. */
export function sequential(palette: Palette, t: number): { background: string; text: string } {
  const at = Math.min(1, Math.max(0, t));
  const mix = (i: 0 | 1 | 2) => Math.round(palette.low[i] + (palette.high[i] - palette.low[i]) * at);
  const color: RGB = [mix(0), mix(1), mix(2)];
  const ink: RGB = [0, 0, 0];
  const paper: RGB = [255, 255, 255];
  const text = contrast(color, paper) >= contrast(color, ink) ? "#ffffff" : "#000000";
  return { background: `rgb(${color.join(" ")})`, text };
}

/** Contrast ratio of two colours, after WCAG 2.2. */
export function contrast(a: RGB, b: RGB): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance(color: RGB): number {
  const linear = (channel: number) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
}

export function parseHex(hex: string): RGB {
  const n = Number.parseInt(hex.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}
