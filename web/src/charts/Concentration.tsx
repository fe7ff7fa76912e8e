import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { Format } from "../core/format";
import { axis, base, Chart, tip } from "./Chart";
import type { Palette } from "./palette";

/** The best `top` of the buyers (0 to 1) and their share of the revenue. */
export interface Point {
  top: number;
  share?: number;
}

/** How fast revenue accumulates over the buyers, best first, against everybody spending the same. */
export function Concentration({ curve, topShare, format }: { curve: Point[]; topShare: number; format: Format }) {
  const { t } = useTranslation();
  const option = useCallback(
    (palette: Palette) => ({
      ...base(palette),
      grid: { left: 4, right: 16, top: 14, bottom: 22, containLabel: true },
      xAxis: {
        type: "value",
        min: 0,
        max: 1,
        ...axis(palette),
        splitLine: { show: false },
        name: t("concentration.users"),
        nameLocation: "middle",
        nameGap: 28,
        axisLabel: { ...axis(palette).axisLabel, formatter: (n: number) => format.percent(n, 0) },
      },
      yAxis: {
        type: "value",
        min: 0,
        max: 1,
        ...axis(palette),
        axisLabel: { ...axis(palette).axisLabel, formatter: (n: number) => format.percent(n, 0) },
      },
      tooltip: {
        ...base(palette).tooltip,
        trigger: "axis",
        formatter: (items: { data: [number, number] }[]) => {
          const [users, spend] = items[0]?.data ?? [0, 0];
          return tip(t("concentration.best", { share: format.percent(users, 0) }), [
            { color: palette.accent, name: t("concentration.revenue"), value: format.percent(spend) },
          ]);
        },
      },
      series: [
        {
          type: "line",
          data: [[0, 0], ...curve.map((point) => [point.top, point.share ?? 0])],
          showSymbol: false,
          lineStyle: { color: palette.accent, width: 2.5 },
          itemStyle: { color: palette.accent },
          areaStyle: { color: palette.accent, opacity: 0.1 },
        },
        {
          type: "line",
          data: [
            [0, 0],
            [1, 1],
          ],
          silent: true,
          showSymbol: false,
          tooltip: { show: false },
          lineStyle: { color: palette.muted, width: 1, type: "dotted" },
        },
        {
          type: "line",
          data: [
            [0, topShare],
            [0.2, topShare],
            [0.2, 0],
          ],
          silent: true,
          symbol: (value: [number, number]) => (value[0] === 0.2 && value[1] === topShare ? "circle" : "none"),
          symbolSize: 8,
          tooltip: { show: false },
          itemStyle: { color: palette.resurrected },
          lineStyle: { color: palette.resurrected, type: "dashed", width: 1.5 },
        },
      ],
    }),
    [curve, topShare, format, t],
  );
  return <Chart label={t("concentration.label", { share: format.percent(topShare) })} height={356} option={option} />;
}
