import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Legend } from "../../charts/Legend";
import { type Line, Lines } from "../../charts/Lines";
import { paletteOf } from "../../charts/palette";
import { Triangle } from "../../charts/Triangle";
import { type Cohort, type Measure, meanAt, valueAt, widthOf } from "../../charts/triangle";
import { Choice } from "../../components/Controls";
import { Card } from "../../components/Parts";
import { Answer, Empty } from "../../components/States";
import { api, data } from "../../core/api";
import { useDark } from "../../core/prefs";
import { useAddress, useAsOf, useView } from "../../core/view";

type Period = "week" | "month";

/** The triangle of cohorts, and the same as curves. */
export function Cohorts() {
  const { t } = useTranslation();
  const { asOf } = useAsOf();
  const { status, format } = useView();
  const address = useAddress();
  const [period, setPeriod] = useState<Period>("month");
  const [view, setView] = useState<Measure | "curves">("share");
  const cohorts = useQuery({
    queryKey: ["cohorts", asOf, period, status?.as_of, status?.users],
    queryFn: () => data(api.GET("/v1/analytics/cohorts", { params: { query: { as_of: asOf, period } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Card
      title={t("retention.triangle")}
      lead={t(`retention.triangleLead.${view}`)}
      tools={
        <div className="page-tools">
          <Choice
            label={t("growth.period")}
            value={period}
            onChange={setPeriod}
            options={[
              { value: "month", label: t("growth.month") },
              { value: "week", label: t("growth.week") },
            ]}
          />
          <Choice
            label={t("common.showAs")}
            value={view}
            onChange={setView}
            options={(["share", "buyers", "revenue", "curves"] as const).map((value) => ({
              value,
              label: t(`retention.measure.${value}`),
            }))}
          />
        </div>
      }
    >
      <Answer query={cohorts} rows={8}>
        {(found) => {
          if (found.cohorts.length === 0)
            return (
              <Empty title={t("retention.empty")} text={t("retention.emptyText")}>
                <Link to={address("/files")}>{t("overview.emptyAction")}</Link>
              </Empty>
            );
          // What is shown may still be of the period before.
          const shown = found.period === "week" ? "week" : "month";
          if (view === "curves") return <Curves cohorts={found.cohorts} period={shown} />;
          return (
            <Triangle cohorts={found.cohorts} measure={view} period={shown} currency={found.currency} format={format} />
          );
        }}
      </Answer>
    </Card>
  );
}

function Curves({ cohorts, period }: { cohorts: readonly Cohort[]; period: Period }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { accent, series } = paletteOf(useDark());
  const few = cohorts.length <= 6;
  const lines = useMemo<Line[]>(() => {
    const offsets = Array.from({ length: Math.max(0, widthOf(cohorts) - 1) }, (_, k) => k + 1);
    const nameOf = (cohort: string) => (period === "month" ? format.month(`${cohort}-01`) : format.day(cohort));
    return [
      ...cohorts.map((cohort, i) => ({
        name: nameOf(cohort.cohort),
        color: () => series[(i + 1) % series.length] ?? accent,
        points: offsets.filter((k) => k < cohort.buyers.length).map((k) => [k, valueAt(cohort, k, "share")] as const),
        quiet: !few,
      })),
      {
        name: t("retention.all"),
        color: (palette) => palette.text,
        points: offsets.map((k) => [k, meanAt(cohorts, k)] as const),
        width: 2.5,
        dash: few,
      },
    ];
  }, [cohorts, period, format, accent, series, few, t]);
  return (
    <figure>
      <Lines
        label={t("retention.curvesLabel", { n: cohorts.length })}
        lines={lines}
        xName={t(`retention.since.${period}`)}
        formatX={format.count}
        titleX={(k) => t(`retention.later.${period}`, { count: k })}
        formatY={format.percent}
        axisY={(y) => format.percent(y, 0)}
        height={360}
        ticks={1}
      />
      {few && (
        <Legend
          items={[
            ...lines
              .slice(0, -1)
              .map((line, i) => ({ name: line.name, color: series[(i + 1) % series.length] ?? accent })),
            { name: t("retention.all"), color: "var(--text)" },
          ]}
        />
      )}
    </figure>
  );
}
