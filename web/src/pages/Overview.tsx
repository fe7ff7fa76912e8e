import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Bars } from "../charts/Bars";
import { Concentration } from "../charts/Concentration";
import { Growth, GrowthTable } from "../charts/Growth";
import { paletteOf } from "../charts/palette";
import { RfmGrid } from "../charts/RfmGrid";
import { AsOf } from "../components/AsOf";
import { Choice } from "../components/Controls";
import { useKnown } from "../components/known";
import { Card, Figure, PageHead, useLabel } from "../components/Parts";
import { BaseAnswer, SnapshotNote } from "../components/Snapshot";
import { Empty } from "../components/States";
import { Table } from "../components/Table";
import { api, data, type Schemas } from "../core/api";
import { minorDigits, NONE } from "../core/format";
import { useDark } from "../core/prefs";
import { useAddress, useAsOf, useView } from "../core/view";

type Period = "week" | "month";

/** The base at a glance, as of the chosen day. */
export default function Overview() {
  const { t } = useTranslation();
  const { asOf } = useAsOf();
  const { status } = useView();
  const [period, setPeriod] = useState<Period>("week");
  const overview = useQuery({
    queryKey: ["overview", asOf, period, status?.as_of, status?.strategy_version, status?.users],
    queryFn: () => data(api.GET("/v1/overview", { params: { query: { as_of: asOf, period } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHead title={t("overview.title")} lead={t("overview.lead")}>
        <AsOf />
      </PageHead>
      <BaseAnswer query={overview} rows={14}>
        {(base) => (
          <>
            <SnapshotNote snapshot={base.snapshot} />
            {base.users === 0 ? <FirstSteps /> : <Base base={base} period={period} setPeriod={setPeriod} />}
          </>
        )}
      </BaseAnswer>
    </>
  );
}

function FirstSteps() {
  const { t } = useTranslation();
  const address = useAddress();
  return (
    <div className="card">
      <Empty title={t("overview.emptyTitle")} text={t("overview.emptyText")}>
        <Link to={address("/files")}>{t("overview.emptyAction")}</Link>
        <Link to={address("/strategy")}>{t("overview.emptyStrategy")}</Link>
      </Empty>
    </div>
  );
}

function Base({
  base,
  period,
  setPeriod,
}: {
  base: Schemas["Overview"];
  period: Period;
  setPeriod: (period: Period) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const { activity, currency } = base;
  return (
    <div className="grid">
      <dl className="figures">
        <Figure
          name={t("overview.users")}
          value={format.count(base.users)}
          aside={t("overview.buyers", {
            n: format.count(base.buyers),
            share: format.percent(base.buyers / base.users),
          })}
        />
        <Figure
          name={t("overview.revenue")}
          value={format.moneyCompact(base.spend_minor, currency)}
          aside={
            base.buyers > 0
              ? t("overview.perBuyer", { money: format.money(Math.round(base.spend_minor / base.buyers), currency) })
              : undefined
          }
        />
        <Figure
          name={t("overview.orders")}
          value={format.count(base.orders)}
          aside={
            base.buyers > 0
              ? t("overview.ordersPerBuyer", { n: format.decimal(base.orders / base.buyers, 1) })
              : undefined
          }
        />
        <Figure
          name={t("overview.mau")}
          value={format.count(activity.mau)}
          aside={t("overview.dauWau", { dau: format.count(activity.dau), wau: format.count(activity.wau) })}
        />
        <Freshness base={base} />
      </dl>
      <GrowthCard base={base} period={period} setPeriod={setPeriod} />
      <StagesCard base={base} />
      <RfmCard base={base} />
      <ConcentrationCard base={base} />
      <SegmentsCard base={base} />
      <TiersCard base={base} />
      <p className="muted">
        {t("overview.tuple", {
          asOf: format.time(base.as_of),
          strategy: base.strategy_version,
          cuts: base.cuts_version || t("common.none"),
          models: base.model_version || t("common.none"),
        })}
      </p>
    </div>
  );
}

/** How new what is shown can be: the newest event, and the newest file. */
function Freshness({ base }: { base: Schemas["Overview"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { last_event: event, last_arrival: arrival } = base;
  return (
    <Figure
      small
      name={t("overview.freshness")}
      value={event ? format.day(event) : NONE}
      aside={arrival ? t("overview.lastFile", { time: format.time(arrival) }) : undefined}
    />
  );
}

function GrowthCard({
  base,
  period,
  setPeriod,
}: {
  base: Schemas["Overview"];
  period: Period;
  setPeriod: (period: Period) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const [view, setView] = useState<"chart" | "table">("chart");
  const { rows } = base.lifecycle;
  const shown = base.lifecycle.period === "month" ? "month" : "week";
  const last = rows.findLast((row) => row.complete);
  return (
    <Card
      className="seven"
      title={t("growth.title")}
      lead={
        last?.quick_ratio !== undefined
          ? t("growth.leadQuick", { ratio: format.decimal(last.quick_ratio) })
          : t("growth.lead")
      }
      tools={
        <div className="page-tools">
          <Choice
            label={t("growth.period")}
            value={period}
            onChange={setPeriod}
            options={[
              { value: "week", label: t("growth.week") },
              { value: "month", label: t("growth.month") },
            ]}
          />
          <Choice
            label={t("common.showAs")}
            value={view}
            onChange={setView}
            options={[
              { value: "chart", label: t("common.chart") },
              { value: "table", label: t("common.table") },
            ]}
          />
        </div>
      }
    >
      {rows.length === 0 ? (
        <Empty title={t("growth.empty")} />
      ) : view === "chart" ? (
        <Growth rows={rows} period={shown} format={format} />
      ) : (
        <GrowthTable rows={rows} period={shown} format={format} />
      )}
    </Card>
  );
}

function StagesCard({ base }: { base: Schemas["Overview"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { series } = paletteOf(useDark());
  const address = useAddress();
  const label = useLabel();
  return (
    <Card className="five" title={t("stages.title")} lead={t("stages.lead")}>
      <Bars
        label={t("stages.title")}
        bars={base.stages.map((stage, i) => ({
          key: stage.name,
          name: stage.name ? label(stage.name, stage.label) : t("stages.undecided"),
          share: stage.share,
          value: `${format.count(stage.users)} · ${format.percent(stage.share)}`,
          aside: format.moneyCompact(stage.spend_minor, base.currency),
          color: series[i % series.length] ?? "",
          to: stage.name ? address("/users", { stage: stage.name }) : undefined,
        }))}
      />
    </Card>
  );
}

function RfmCard({ base }: { base: Schemas["Overview"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const known = useKnown();
  const { accent } = paletteOf(useDark());
  const [view, setView] = useState<"grid" | "names" | "eight">("grid");
  const bars = (groups: Schemas["Group"][], query: (name: string) => Record<string, string>) =>
    groups.map((group) => ({
      key: group.name,
      name: known.rfm(group.name),
      share: group.share,
      value: `${format.count(group.users)} · ${format.percent(group.share)}`,
      aside: format.moneyCompact(group.spend_minor, base.currency),
      color: accent,
      to: address("/users", query(group.name)),
    }));
  return (
    <Card
      className="seven"
      title={t("rfmGrid.title")}
      lead={t(`rfmGrid.lead.${view}`)}
      tools={
        <Choice
          label={t("common.showAs")}
          value={view}
          onChange={setView}
          options={[
            { value: "grid", label: t("rfmGrid.view.grid") },
            { value: "names", label: t("rfmGrid.view.names") },
            { value: "eight", label: t("rfmGrid.view.eight") },
          ]}
        />
      }
    >
      {view === "grid" && (
        <RfmGrid
          cells={base.rfm}
          currency={base.currency}
          format={format}
          addressOf={(cell) => address("/users", { where: `r == ${cell.r} && f == ${cell.f}` })}
        />
      )}
      {view === "names" && <Bars label={t("rfmGrid.title")} bars={bars(base.rfm_names, (rfm) => ({ rfm }))} />}
      {view === "eight" && (
        <Bars label={t("rfmGrid.title")} bars={bars(base.rfm_cn, (name) => ({ where: `rfm_cn == "${name}"` }))} />
      )}
    </Card>
  );
}

function ConcentrationCard({ base }: { base: Schemas["Overview"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { concentration } = base;
  const { gini, top_share: top } = concentration;
  const [view, setView] = useState<"chart" | "table">("chart");
  return (
    <Card
      className="five"
      tools={
        <Choice
          label={t("common.showAs")}
          value={view}
          onChange={setView}
          options={[
            { value: "chart", label: t("common.chart") },
            { value: "table", label: t("common.table") },
          ]}
        />
      }
      title={t("concentration.title")}
      lead={
        top !== undefined && gini !== undefined
          ? t("concentration.lead", {
              n: format.count(concentration.top_users),
              share: format.percent(top),
              gini: format.decimal(gini, 3),
            })
          : undefined
      }
    >
      {concentration.curve.length === 0 || top === undefined ? (
        <Empty title={t("concentration.empty")} />
      ) : (
        <ConcentrationView view={view} concentration={concentration} top={top} />
      )}
    </Card>
  );
}

/** The curve, or its steps with a way to the users who make them up. */
function ConcentrationView({
  view,
  concentration,
  top,
}: {
  view: "chart" | "table";
  concentration: Schemas["Concentration"];
  top: number;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const { currency } = concentration;
  if (view === "chart") return <Concentration curve={concentration.curve} topShare={top} format={format} />;
  const steps = [1, 5, 10, 20, 30, 40, 50, 60, 80, 100];
  const major = (minor: number) => minor / 10 ** minorDigits(currency);
  return (
    <Table
      label={t("concentration.title")}
      rows={concentration.curve.filter((point) => steps.includes(Math.round(point.top * 100)))}
      keyOf={(point) => String(point.top)}
      columns={[
        {
          name: t("concentration.bestHead"),
          cell: (point) => (
            <Link to={address("/users", { where: `orders > 0 && spend >= ${major(point.least_minor)}` })}>
              {format.percent(point.top, 0)}
            </Link>
          ),
        },
        { name: t("overview.users"), right: true, cell: (point) => format.count(point.users) },
        {
          name: t("concentration.from"),
          right: true,
          cell: (point) => format.moneyCompact(point.least_minor, currency),
        },
        {
          name: t("concentration.share"),
          right: true,
          cell: (point) => (point.share === undefined ? NONE : format.percent(point.share)),
        },
      ]}
    />
  );
}

function SegmentsCard({ base }: { base: Schemas["Overview"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const palette = paletteOf(useDark());
  const address = useAddress();
  const label = useLabel();
  return (
    <Card className="seven" title={t("segments.title")} lead={t("segments.lead")}>
      {base.segments.length === 0 ? (
        <Empty title={t("segments.empty")} text={t("segments.emptyText")}>
          <Link to={address("/strategy")}>{t("frame.place.strategy")}</Link>
        </Empty>
      ) : (
        <Bars
          label={t("segments.title")}
          bars={base.segments.map((segment) => ({
            key: segment.name,
            name: label(segment.name, segment.label),
            share: segment.share,
            value: `${format.count(segment.users)} · ${format.percent(segment.share)}`,
            aside: format.moneyCompact(segment.spend_minor, base.currency),
            color: palette.accent,
            to: address("/users", { segment: segment.name }),
          }))}
        />
      )}
    </Card>
  );
}

function TiersCard({ base }: { base: Schemas["Overview"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { series } = paletteOf(useDark());
  const address = useAddress();
  const label = useLabel();
  const revenue = base.tiers.reduce((sum, tier) => sum + tier.spend_minor, 0);
  return (
    <Card className="five" title={t("tiers.title")} lead={t("tiers.lead")}>
      <Bars
        label={t("tiers.title")}
        bars={base.tiers.map((tier, i) => ({
          key: tier.name,
          name: tier.name ? label(tier.name, tier.label) : t("tiers.none"),
          share: revenue > 0 ? Math.max(0, tier.spend_minor / revenue) : 0,
          value: revenue > 0 ? format.percent(tier.spend_minor / revenue) : "–",
          aside: t("tiers.users", { n: format.count(tier.users) }),
          color: series[(i + 1) % series.length] ?? "",
          to: tier.name ? address("/users", { tier: tier.name }) : undefined,
        }))}
      />
    </Card>
  );
}
