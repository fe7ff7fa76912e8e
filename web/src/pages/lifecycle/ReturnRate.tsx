import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Line, Lines } from "../../charts/Lines";
import { ChartCard } from "../../components/ChartCard";
import { Card } from "../../components/Parts";
import { Answer, Empty, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { api, data, type Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useAsOf, useView } from "../../core/view";

/** How many of those who were silent for N days ever came back; the elbow is where waiting longer tells little more. */
export function ReturnRate() {
  const { t } = useTranslation();
  const { asOf } = useAsOf();
  const { status, format } = useView();
  const rate = useQuery({
    queryKey: ["return-rate", asOf, status?.as_of, status?.users, status?.strategy_version],
    queryFn: () => data(api.GET("/v1/analytics/return-rate", { params: { query: { as_of: asOf } } })),
  });
  if (!rate.data)
    return (
      <Card title={t("returnRate.title")}>
        <Answer query={rate} rows={7}>
          {() => <Loading />}
        </Answer>
      </Card>
    );
  const found = rate.data;
  const points = found.points.filter((point) => point.return_rate !== undefined);
  return (
    <ChartCard
      title={t("returnRate.title")}
      lead={
        found.elbow_days === undefined
          ? t("returnRate.lead")
          : t("returnRate.leadElbow", {
              days: found.elbow_days,
              q80: format.decimal(found.gap_days_q80 ?? 0, 0),
              q90: format.decimal(found.gap_days_q90 ?? 0, 0),
            })
      }
      chart={
        points.length === 0 ? (
          <Empty title={t("returnRate.empty")} />
        ) : (
          <Curve points={points} elbow={found.elbow_days} />
        )
      }
      table={
        <Table
          label={t("returnRate.title")}
          style={{ maxHeight: 330 }}
          rows={points}
          keyOf={(point) => String(point.days)}
          columns={[
            { name: t("returnRate.silence"), cell: (point) => t("common.days", { count: point.days }) },
            { name: t("returnRate.lost"), right: true, cell: (point) => format.count(point.lost) },
            { name: t("returnRate.returned"), right: true, cell: (point) => format.count(point.returned) },
            {
              name: t("returnRate.rate"),
              right: true,
              cell: (point) => (point.return_rate === undefined ? NONE : format.percent(point.return_rate)),
            },
          ]}
        />
      }
    />
  );
}

function Curve({ points, elbow }: { points: readonly Schemas["ReturnPoint"][]; elbow: number | undefined }) {
  const { t } = useTranslation();
  const { format } = useView();
  const lines = useMemo<Line[]>(
    () => [
      {
        name: t("returnRate.rate"),
        color: (palette) => palette.accent,
        points: points.map((point) => [point.days, point.return_rate] as const),
      },
    ],
    [points, t],
  );
  const at = points.find((point) => point.days === elbow);
  const mark = useMemo(() => (at ? { x: at.days, y: at.return_rate ?? 0 } : undefined), [at]);
  return (
    <Lines
      label={t("returnRate.label")}
      lines={lines}
      xName={t("returnRate.axis")}
      formatX={format.count}
      titleX={(days) => t("returnRate.silentFor", { count: days })}
      formatY={(y) => format.percent(y, 0)}
      mark={mark}
    />
  );
}
