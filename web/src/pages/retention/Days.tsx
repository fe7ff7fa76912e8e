import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Legend } from "../../charts/Legend";
import { type Line, Lines } from "../../charts/Lines";
import { paletteOf } from "../../charts/palette";
import { ChartCard } from "../../components/ChartCard";
import { Choice } from "../../components/Controls";
import { Card } from "../../components/Parts";
import { Answer, Empty, Loading } from "../../components/States";
import { Table } from "../../components/Table";
import { api, data, type Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useDark } from "../../core/prefs";
import { useAsOf, useView } from "../../core/view";

type Row = Schemas["RetentionRow"];
type Start = "first" | "recurring";

const kinds = [
  { key: "unbounded", color: "returning" },
  { key: "bracket", color: "fresh" },
  { key: "n_day", color: "resurrected" },
] as const;

/** The share that a row holds; nothing when its day is over for nobody. */
function shareOf(row: Row, kind: (typeof kinds)[number]["key"]): number | undefined {
  return row.eligible > 0 ? row[kind] / row.eligible : undefined;
}

/** Retention by days since the first, or since every, active day: on the day, until the day, or from the day on. */
export function Days() {
  const { t } = useTranslation();
  const { asOf } = useAsOf();
  const { status } = useView();
  const [start, setStart] = useState<Start>("first");
  const retention = useQuery({
    queryKey: ["retention", asOf, status?.as_of, status?.users, status?.strategy_version],
    queryFn: () => data(api.GET("/v1/analytics/retention", { params: { query: { as_of: asOf } } })),
  });
  if (!retention.data)
    return (
      <Card title={t("retention.days")}>
        <Answer query={retention} rows={7}>
          {() => <Loading />}
        </Answer>
      </Card>
    );
  const rows = retention.data[start].filter((row) => row.eligible > 0);
  return (
    <ChartCard
      title={t("retention.days")}
      lead={t(`retention.daysLead.${retention.data.of}`)}
      tools={
        <Choice
          label={t("retention.start")}
          value={start}
          onChange={setStart}
          options={[
            { value: "first", label: t("retention.startFirst") },
            { value: "recurring", label: t("retention.startRecurring") },
          ]}
        />
      }
      chart={rows.length === 0 ? <Empty title={t("retention.empty")} /> : <Chart rows={rows} />}
      table={<Figures rows={rows} start={start} />}
    />
  );
}

function Chart({ rows }: { rows: readonly Row[] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const palette = paletteOf(useDark());
  const lines = useMemo<Line[]>(
    () =>
      kinds.map(({ key, color }) => ({
        name: t(`retention.kind.${key}`),
        color: (colors) => colors[color],
        points: rows.map((row) => [row.day, shareOf(row, key)] as const),
      })),
    [rows, t],
  );
  return (
    <figure>
      <Lines
        label={t("retention.daysLabel")}
        lines={lines}
        xName={t("retention.dayAxis")}
        formatX={format.count}
        titleX={(day) => t("retention.day", { day })}
        formatY={format.percent}
        axisY={(y) => format.percent(y, 0)}
      />
      <Legend items={kinds.map(({ key, color }) => ({ name: t(`retention.kind.${key}`), color: palette[color] }))} />
    </figure>
  );
}

function Figures({ rows, start }: { rows: readonly Row[]; start: Start }) {
  const { t } = useTranslation();
  const { format } = useView();
  const words = (row: Row, kind: (typeof kinds)[number]["key"]) => {
    const share = shareOf(row, kind);
    return share === undefined ? NONE : `${format.percent(share)} · ${format.count(row[kind])}`;
  };
  return (
    <Table
      label={t("retention.days")}
      rows={rows}
      keyOf={(row) => String(row.day)}
      columns={[
        { name: t("retention.dayHead"), cell: (row) => t("retention.day", { day: row.day }) },
        { name: t(`retention.eligible.${start}`), right: true, cell: (row) => format.count(row.eligible) },
        ...kinds.map(({ key }) => ({
          name: t(`retention.kind.${key}`),
          right: true,
          cell: (row: Row) => (
            <>
              {words(row, key)}
              {key === "bracket" && (
                <small className="muted"> {t("retention.bracket", { from: row.bracket_from, to: row.day })}</small>
              )}
            </>
          ),
        })),
      ]}
    />
  );
}
