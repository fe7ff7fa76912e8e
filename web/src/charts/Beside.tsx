import { useCallback } from "react";
import { axis, base, Chart, tip } from "./Chart";
import { Legend } from "./Legend";
import type { Palette } from "./palette";

export interface Side {
  name: string;
  color: (palette: Palette) => string;
  values: readonly number[];
}

/** Bars beside each other, such as what was expected and what came. */
export function Beside({
  label,
  groups,
  sides,
  xName,
  format,
  axisFormat = format,
  titleOf,
  asideOf,
  palette: now,
  height = 280,
}: {
  label: string;
  groups: readonly string[];
  sides: readonly Side[];
  xName?: string;
  format: (value: number) => string;
  axisFormat?: (value: number) => string;
  titleOf: (group: number) => string;
  asideOf?: (group: number) => { name: string; value: string }[];
  palette: Palette;
  height?: number;
}) {
  const option = useCallback(
    (palette: Palette) => ({
      ...base(palette),
      grid: { left: 4, right: 8, top: 14, bottom: xName ? 24 : 4, containLabel: true },
      xAxis: {
        type: "category",
        data: [...groups],
        ...axis(palette),
        splitLine: { show: false },
        name: xName,
        nameLocation: "middle",
        nameGap: 28,
        axisLabel: { ...axis(palette).axisLabel, interval: groups.length > 12 ? "auto" : 0 },
      },
      yAxis: {
        type: "value",
        min: 0,
        splitNumber: 4,
        ...axis(palette),
        axisLabel: { ...axis(palette).axisLabel, formatter: axisFormat },
      },
      tooltip: {
        ...base(palette).tooltip,
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: palette.muted, opacity: 0.1 } },
        formatter: (items: { dataIndex: number }[]) => {
          const at = items[0]?.dataIndex ?? 0;
          return tip(titleOf(at), [
            ...sides.map((side) => ({
              color: side.color(palette),
              name: side.name,
              value: format(side.values[at] ?? 0),
            })),
            ...(asideOf?.(at) ?? []),
          ]);
        },
      },
      series: sides.map((side) => ({
        name: side.name,
        type: "bar",
        barGap: "12%",
        barCategoryGap: "36%",
        barMaxWidth: 30,
        itemStyle: { color: side.color(palette), borderRadius: [3, 3, 0, 0] },
        data: [...side.values],
      })),
    }),
    [groups, sides, xName, format, axisFormat, titleOf, asideOf],
  );
  return (
    <figure>
      <Chart label={label} height={height} option={option} />
      <Legend items={sides.map((side) => ({ name: side.name, color: side.color(now) }))} />
    </figure>
  );
}
