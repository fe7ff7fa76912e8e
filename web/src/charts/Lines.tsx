import { useCallback } from "react";
import { axis, base, Chart, tip } from "./Chart";
import type { Palette } from "./palette";

/** One line: its points by x, in order. */
export interface Line {
  name: string;
  color: (palette: Palette) => string;
  points: readonly (readonly [x: number, y: number | undefined])[];
  width?: number;
  dash?: boolean;
  /** A background line is thin and shows no value of its own. */
  quiet?: boolean;
}

/** Lines of shares, 0 to 1, over a common axis, with the values of all of them where the pointer is. */
export function Lines({
  label,
  lines,
  xName,
  formatX,
  titleX = formatX,
  formatY,
  axisY = formatY,
  height = 280,
  ticks,
  mark,
}: {
  label: string;
  lines: readonly Line[];
  xName?: string;
  formatX: (x: number) => string;
  titleX?: (x: number) => string;
  formatY: (y: number) => string;
  axisY?: (y: number) => string;
  height?: number;
  ticks?: number;
  mark?: { x: number; y: number };
}) {
  // An axis that comes near to everybody ends there, not beyond.
  const highest = Math.max(0, ...lines.flatMap((line) => line.points.map(([, y]) => y ?? 0)));
  const top = highest > 0.8 ? 1 : undefined;
  const option = useCallback(
    (palette: Palette) => ({
      ...base(palette),
      grid: { left: 4, right: 16, top: 14, bottom: xName ? 24 : 4, containLabel: true },
      xAxis: {
        type: "value",
        min: "dataMin",
        max: "dataMax",
        ...axis(palette),
        splitLine: { show: false },
        minInterval: ticks ?? 0,
        name: xName,
        nameLocation: "middle",
        nameGap: 28,
        axisLabel: { ...axis(palette).axisLabel, formatter: formatX, hideOverlap: true },
      },
      yAxis: {
        type: "value",
        min: 0,
        max: top,
        splitNumber: 4,
        interval: top && top / 4,
        ...axis(palette),
        axisLabel: { ...axis(palette).axisLabel, formatter: axisY },
      },
      tooltip: {
        ...base(palette).tooltip,
        trigger: "axis",
        axisPointer: { lineStyle: { color: palette.line } },
        formatter: (items: { seriesIndex: number; data: [number, number | null] }[]) =>
          tip(
            titleX(items[0]?.data[0] ?? 0),
            items.flatMap(({ seriesIndex, data }) => {
              const line = lines[seriesIndex];
              if (!line || line.quiet || data[1] == null) return [];
              return [{ color: line.color(palette), name: line.name, value: formatY(data[1]) }];
            }),
          ),
      },
      series: [
        ...lines.map((line) => ({
          name: line.name,
          type: "line",
          data: line.points.map(([x, y]) => [x, y ?? null]),
          showSymbol: !line.quiet && line.points.length < 16,
          symbol: "circle",
          symbolSize: 6,
          silent: line.quiet,
          z: line.quiet ? 1 : 3,
          itemStyle: { color: line.color(palette) },
          lineStyle: {
            color: line.color(palette),
            width: line.width ?? (line.quiet ? 1 : 2.25),
            type: line.dash ? "dashed" : "solid",
            opacity: line.quiet ? 0.4 : 1,
          },
        })),
        ...(mark
          ? [
              {
                type: "line",
                silent: true,
                tooltip: { show: false },
                data: [
                  [mark.x, 0],
                  [mark.x, mark.y],
                ],
                symbol: (value: [number, number]) => (value[1] === mark.y ? "circle" : "none"),
                symbolSize: 9,
                itemStyle: { color: palette.resurrected },
                lineStyle: { color: palette.resurrected, type: "dashed", width: 1.5 },
              },
            ]
          : []),
      ],
    }),
    [lines, xName, formatX, titleX, formatY, axisY, top, ticks, mark],
  );
  return <Chart label={label} height={height} option={option} />;
}
