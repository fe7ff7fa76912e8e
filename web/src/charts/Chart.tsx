import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { useDark } from "../core/prefs";
import { type Palette, paletteOf } from "./palette";

/**
 * A chart. Its library is loaded when the first chart is shown. `label` says in a sentence what it shows; the figures stand
 * beside it as a table for those who do not see it.
 */
export function Chart({
  label,
  height,
  option,
}: {
  label: string;
  height: number;
  option: (palette: Palette) => EChartsCoreOption;
}) {
  const dark = useDark();
  const holder = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const shown = useMemo(() => option(paletteOf(dark)), [option, dark]);

  useEffect(() => {
    const node = holder.current;
    if (!node) return;
    let gone = false;
    let made: EChartsType | null = null;
    const observer = new ResizeObserver(() => made?.resize());
    void import("./echarts").then(({ echarts }) => {
      if (gone) return;
      made = echarts.init(node, null, { renderer: "svg" });
      observer.observe(node);
      setChart(made);
    });
    return () => {
      gone = true;
      observer.disconnect();
      made?.dispose();
      setChart(null);
    };
  }, []);

  useEffect(() => {
    chart?.setOption(shown, { notMerge: true });
  }, [chart, shown]);

  return <div className="chart" ref={holder} role="img" aria-label={label} style={{ height }} />;
}

/** What every chart has in common. */
export function base(palette: Palette, calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
  return {
    animation: !calm,
    animationDuration: 400,
    textStyle: { fontFamily: "inherit", color: palette.text },
    tooltip: {
      backgroundColor: palette.surface,
      borderColor: palette.line,
      textStyle: { color: palette.text },
      extraCssText: "box-shadow: 0 6px 24px rgb(0 0 0 / 14%); border-radius: 8px;",
      confine: true,
    },
  };
}

export function axis(palette: Palette) {
  return {
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: palette.muted, fontSize: 12 },
    splitLine: { lineStyle: { color: palette.line } },
    nameTextStyle: { color: palette.muted },
  };
}

/** Builds a tooltip out of nodes: names and values never pass through HTML. */
export function tip(title: string, rows: { color?: string; name: string; value: string }[]): HTMLElement {
  const box = document.createElement("div");
  box.className = "tip";
  const head = document.createElement("b");
  head.textContent = title;
  box.append(head);
  for (const row of rows) {
    const line = document.createElement("div");
    const name = document.createElement("span");
    if (row.color) {
      const swatch = document.createElement("i");
      swatch.style.background = row.color;
      name.append(swatch);
    }
    name.append(row.name);
    const value = document.createElement("span");
    value.className = "num";
    value.textContent = row.value;
    line.append(name, value);
    box.append(line);
  }
  return box;
}
