import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { type Format, minorDigits } from "../core/format";
import { axis, base, Chart, tip } from "./Chart";
import type { Palette } from "./palette";

export interface PurchaseDay {
  day: string;
  orders: number;
  net_minor: number;
}

const DAY = 86_400_000;

/** A user's purchase days on a line of time, as high as what was spent. */
export function Purchases({
  days,
  until,
  currency,
  format,
}: {
  days: PurchaseDay[];
  until: string;
  currency: string;
  format: Format;
}) {
  const { t } = useTranslation();
  const end = new Date(until).getTime();
  const first = new Date(days[0]?.day ?? until).getTime();
  const start = Math.min(first - 3 * DAY, end - 90 * DAY);
  const tick = end - start > 150 * DAY ? format.month : format.dayShort;
  const option = useCallback(
    (palette: Palette) => ({
      ...base(palette),
      grid: { left: 4, right: 14, top: 14, bottom: 4, containLabel: true },
      xAxis: {
        type: "time",
        min: start,
        max: end,
        ...axis(palette),
        splitLine: { show: false },
        axisLine: { show: true, lineStyle: { color: palette.line } },
        splitNumber: 5,
        axisLabel: {
          ...axis(palette).axisLabel,
          hideOverlap: true,
          formatter: (time: number) => `{small|${tick(time)}}`,
          rich: { small: { color: palette.muted, fontSize: 12 } },
        },
      },
      yAxis: {
        type: "value",
        splitNumber: 3,
        ...axis(palette),
        axisLabel: {
          ...axis(palette).axisLabel,
          formatter: (major: number) => format.moneyCompact(major * 10 ** minorDigits(currency), currency),
        },
      },
      tooltip: {
        ...base(palette).tooltip,
        formatter: ({ dataIndex }: { dataIndex: number }) => {
          const day = days[dataIndex];
          if (!day) return "";
          return tip(format.day(day.day), [
            { name: t("user.net"), value: format.money(day.net_minor, currency) },
            { name: t("user.orders"), value: format.count(day.orders) },
          ]);
        },
      },
      series: [
        {
          type: "bar",
          barWidth: days.length > 60 ? 4 : 8,
          itemStyle: { color: palette.accent, borderRadius: [3, 3, 0, 0] },
          data: days.map((day) => [day.day, day.net_minor / 10 ** minorDigits(currency)]),
        },
      ],
    }),
    [days, start, end, tick, currency, format, t],
  );
  return <Chart label={t("user.purchasesLabel", { n: days.length })} height={190} option={option} />;
}
