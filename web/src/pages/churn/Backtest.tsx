import { useMutation } from "@tanstack/react-query";
import { Button, DatePicker, InputNumber } from "antd";
import dayjs from "dayjs";
import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Deciles } from "../../charts/Deciles";
import { Legend } from "../../charts/Legend";
import { type Line, Lines } from "../../charts/Lines";
import { paletteOf } from "../../charts/palette";
import { ChartCard } from "../../components/ChartCard";
import { JobState } from "../../components/JobState";
import { Card, Figure, Mark } from "../../components/Parts";
import { Failure } from "../../components/States";
import { Table } from "../../components/Table";
import { Warnings } from "../../components/Warnings";
import { api, data, type Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useJob } from "../../core/jobs";
import { useDark } from "../../core/prefs";
import { endOfDay } from "../../core/time";
import { useView } from "../../core/view";

type Result = Schemas["ChurnBacktest"];

/** Puts oneself back to a day of the past: what would the warning have been worth? */
export function Backtest() {
  const { t } = useTranslation();
  const { zone } = useView();
  const [cut, setCut] = useState("");
  const [horizon, setHorizon] = useState<number | null>(null);
  const { job, started } = useJob("backtest");
  const ids = { cut: useId(), horizon: useId() };
  const run = useMutation({
    mutationFn: () =>
      data(
        api.POST("/v1/churn/backtest", {
          body: { cut: cut ? endOfDay(cut, zone) : undefined, horizon_days: horizon ?? undefined },
        }),
      ),
    onSuccess: started,
  });
  const busy = run.isPending || job?.status === "running";
  return (
    <div className="grid">
      <Card title={t("backtest.title")} lead={t("backtest.lead")}>
        <div className="options">
          <div className="field">
            <label htmlFor={ids.cut}>{t("backtest.cut")}</label>
            <DatePicker
              id={ids.cut}
              value={cut ? dayjs(cut) : null}
              placeholder={t("backtest.cutHint")}
              onChange={(value) => setCut(value ? value.format("YYYY-MM-DD") : "")}
              style={{ width: 220 }}
            />
          </div>
          <div className="field">
            <label htmlFor={ids.horizon}>{t("backtest.horizon")}</label>
            <InputNumber
              id={ids.horizon}
              min={1}
              max={3650}
              precision={0}
              value={horizon}
              placeholder={t("backtest.horizonHint")}
              onChange={setHorizon}
              style={{ width: 190 }}
            />
          </div>
          <Button className="to-end" loading={busy} onClick={() => run.mutate()}>
            {t("backtest.run")}
          </Button>
        </div>
        {run.error && <Failure error={run.error} />}
        <div className="after-note">
          <JobState job={job} />
        </div>
        {job?.backtest && <Glance result={job.backtest} />}
      </Card>
      {job?.backtest && <Evidence result={job.backtest} />}
    </div>
  );
}

function Glance({ result }: { result: Result }) {
  const { t } = useTranslation();
  const { format } = useView();
  const chosen = result.choices.find((choice) => choice.chosen);
  return (
    <>
      <p className="muted note">
        {t("backtest.said", {
          from: format.day(result.trained_from),
          cut: format.day(result.cut_day),
          until: format.day(result.until),
          n: format.count(result.users),
          churned: format.percent(result.users > 0 ? result.churned / result.users : 0),
        })}
        {result.sample && ` ${t("backtest.sample")}`}
      </p>
      <div className="after-note">
        <Warnings list={result.warnings} />
      </div>
      {chosen && (
        <dl className="figures inner">
          <Figure
            small
            name={t("churn.precision")}
            value={format.percent(chosen.precision)}
            aside={t("churn.precisionAside", { days: result.horizon_days })}
          />
          <Figure small name={t("churn.recall")} value={format.percent(chosen.recall)} aside={t("churn.recallAside")} />
          <Figure
            small
            name={t("churn.ahead")}
            value={chosen.lead_days === undefined ? NONE : t("common.days", { count: Math.round(chosen.lead_days) })}
            aside={t("churn.leadAside")}
          />
          <Figure
            small
            name={t("models.auc")}
            value={format.decimal(result.auc, 3)}
            aside={t("backtest.aucAside", { auc: format.decimal(result.auc_of_silence, 3) })}
          />
        </dl>
      )}
    </>
  );
}

function Evidence({ result }: { result: Result }) {
  const { t } = useTranslation();
  const { format } = useView();
  return (
    <>
      <Deciles
        className="half"
        title={t("backtest.deciles")}
        lead={t("backtest.decilesLead")}
        deciles={result.deciles}
      />
      <Tradeoff result={result} />
      <Card title={t("backtest.choices")} lead={t("backtest.choicesLead")}>
        <Table
          label={t("backtest.choices")}
          rows={result.choices}
          keyOf={(choice) => choice.method}
          columns={[
            {
              name: t("backtest.method"),
              cell: (choice) => (
                <span className="marks">
                  {t(`churn.method.${choice.method}`)}
                  {choice.chosen && <Mark tone="good">{t("backtest.chosen")}</Mark>}
                </span>
              ),
            },
            { name: t("backtest.threshold"), right: true, cell: (choice) => format.percent(choice.threshold) },
            {
              name: t("backtest.called"),
              right: true,
              cell: (choice) => `${format.count(choice.called)} · ${format.percent(choice.share, 0)}`,
            },
            { name: t("churn.precision"), right: true, cell: (choice) => format.percent(choice.precision) },
            { name: t("churn.recall"), right: true, cell: (choice) => format.percent(choice.recall) },
            { name: t("churn.lift"), right: true, cell: (choice) => `× ${format.decimal(choice.lift, 2)}` },
            {
              name: t("churn.ahead"),
              right: true,
              cell: (choice) =>
                choice.lead_days === undefined ? NONE : t("common.days", { count: Math.round(choice.lead_days) }),
            },
          ]}
        />
      </Card>
    </>
  );
}

/** Precision and recall by how many are warned of. */
function Tradeoff({ result }: { result: Result }) {
  const { t } = useTranslation();
  const { format } = useView();
  const palette = paletteOf(useDark());
  const lines = useMemo<Line[]>(() => {
    const points = (key: "precision" | "recall") =>
      result.curve.filter((one) => one.called > 0).map((one) => [one.called / result.users, one[key]] as const);
    return [
      { name: t("churn.precision"), color: (colors) => colors.returning, points: points("precision") },
      { name: t("churn.recall"), color: (colors) => colors.fresh, points: points("recall") },
    ];
  }, [result, t]);
  const chosen = result.choices.find((choice) => choice.chosen);
  const mark = useMemo(() => (chosen ? { x: chosen.share, y: chosen.precision } : undefined), [chosen]);
  const percent = useMemo(() => (x: number) => format.percent(x, 0), [format]);
  return (
    <ChartCard
      className="half"
      title={t("backtest.tradeoff")}
      lead={t("backtest.tradeoffLead")}
      chart={
        <figure>
          <Lines
            label={t("backtest.tradeoffLabel")}
            lines={lines}
            xName={t("backtest.share")}
            formatX={percent}
            titleX={(x) => t("backtest.warnedOf", { share: format.percent(x, 0) })}
            formatY={percent}
            mark={mark}
            height={290}
          />
          <Legend
            items={[
              { name: t("churn.precision"), color: palette.returning },
              { name: t("churn.recall"), color: palette.fresh },
              { name: t("backtest.chosen"), color: palette.resurrected },
            ]}
          />
        </figure>
      }
      table={
        <Table
          label={t("backtest.tradeoff")}
          style={{ maxHeight: 340 }}
          rows={result.curve.filter((one) => one.called > 0)}
          keyOf={(one) => String(one.called)}
          columns={[
            { name: t("backtest.share"), cell: (one) => format.percent(one.called / result.users) },
            { name: t("backtest.threshold"), right: true, cell: (one) => format.percent(one.threshold) },
            { name: t("backtest.found"), right: true, cell: (one) => format.count(one.found) },
            { name: t("churn.precision"), right: true, cell: (one) => format.percent(one.precision) },
            { name: t("churn.recall"), right: true, cell: (one) => format.percent(one.recall) },
          ]}
        />
      }
    />
  );
}
