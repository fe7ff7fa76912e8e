import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Scroll } from "../components/Scroll";
import type { Format } from "../core/format";
import { useDark } from "../core/prefs";
import { axis, base, Chart, tip } from "./Chart";
import { type Palette, paletteOf } from "./palette";

/** One period of growth accounting: active = new + returning + resurrecting. */
export interface GrowthRow {
  start: string;
  active: number;
  new: number;
  returning: number;
  resurrecting: number;
  dormant: number;
  complete: boolean;
}

const parts = [
  { key: "returning", color: "returning" },
  { key: "new", color: "fresh" },
  { key: "resurrecting", color: "resurrected" },
  { key: "dormant", color: "dormant" },
] as const;

/** Who was there in each period, stacked above zero, and who fell asleep, below. */
export function Growth({
  rows,
  period,
  format,
  height = 300,
}: {
  rows: GrowthRow[];
  period: "week" | "month";
  format: Format;
  height?: number;
}) {
  const { t } = useTranslation();
  const palette = paletteOf(useDark());
  const nameOf = period === "month" ? format.month : format.day;
  const option = useCallback(
    (colors: Palette) => ({
      ...base(colors),
      grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
      xAxis: {
        type: "category",
        data: rows.map((row) => (period === "month" ? format.month(row.start) : format.dayShort(row.start))),
        ...axis(colors),
        splitLine: { show: false },
        axisLabel: { ...axis(colors).axisLabel, hideOverlap: true },
      },
      yAxis: {
        type: "value",
        ...axis(colors),
        axisLabel: { ...axis(colors).axisLabel, formatter: (n: number) => format.compact(Math.abs(n)) },
      },
      tooltip: {
        ...base(colors).tooltip,
        trigger: "axis",
        axisPointer: { type: "shadow", shadowStyle: { color: colors.muted, opacity: 0.1 } },
        formatter: (items: { dataIndex: number }[]) => {
          const row = rows[items[0]?.dataIndex ?? 0];
          if (!row) return "";
          return tip(row.complete ? nameOf(row.start) : t("growth.running", { period: nameOf(row.start) }), [
            ...parts.map(({ key, color }) => ({
              color: colors[color],
              name: t(`growth.part.${key}`),
              value: format.count(row[key]),
            })),
            { name: t("growth.part.active"), value: format.count(row.active) },
          ]);
        },
      },
      series: parts.map(({ key, color }) => ({
        name: t(`growth.part.${key}`),
        type: "bar",
        stack: "all",
        barCategoryGap: rows.length > 30 ? "18%" : "32%",
        itemStyle: { color: colors[color] },
        emphasis: { focus: "none" },
        data: rows.map((row) => ({
          value: key === "dormant" ? -row.dormant : row[key],
          itemStyle: { opacity: row.complete ? 1 : 0.45 },
        })),
      })),
    }),
    [rows, period, nameOf, format, t],
  );
  return (
    <figure>
      <Chart label={t("growth.label", { n: rows.length })} height={height} option={option} />
      <figcaption className="legend">
        {parts.map(({ key, color }) => (
          <span key={key} style={{ "--swatch": palette[color] } as React.CSSProperties}>
            {t(`growth.part.${key}`)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

export function GrowthTable({
  rows,
  period,
  format,
}: {
  rows: (GrowthRow & { quick_ratio?: number })[];
  period: "week" | "month";
  format: Format;
}) {
  const { t } = useTranslation();
  const nameOf = period === "month" ? format.month : format.day;
  return (
    <Scroll label={t("growth.table")} style={{ maxHeight: 330 }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("growth.period")}</th>
            {(["active", "new", "returning", "resurrecting", "dormant", "quick"] as const).map((key) => (
              <th scope="col" className="right" key={key}>
                {t(`growth.part.${key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.toReversed().map((row) => (
            <tr key={row.start}>
              <th scope="row">{nameOf(row.start)}</th>
              <td className="right num">{format.count(row.active)}</td>
              <td className="right num">{format.count(row.new)}</td>
              <td className="right num">{format.count(row.returning)}</td>
              <td className="right num">{format.count(row.resurrecting)}</td>
              <td className="right num">{format.count(row.dormant)}</td>
              <td className="right num">{row.quick_ratio === undefined ? "–" : format.decimal(row.quick_ratio)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
