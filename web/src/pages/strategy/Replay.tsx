import { useMutation } from "@tanstack/react-query";
import { Button, DatePicker } from "antd";
import dayjs from "dayjs";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { JobState } from "../../components/JobState";
import { useKnown } from "../../components/known";
import { Card, Figure, Mark, useLabel } from "../../components/Parts";
import { Empty, Failure } from "../../components/States";
import { Table } from "../../components/Table";
import { Warnings } from "../../components/Warnings";
import { api, data, type Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useJob } from "../../core/jobs";
import { useView } from "../../core/view";

type Result = Schemas["Replay"];

/** Runs past days again under the draft, beside the published strategy. */
export function Replay({ text, valid }: { text: string; valid: boolean }) {
  const { t } = useTranslation();
  const { status } = useView();
  const last = status ? dayjs(status.as_of) : dayjs();
  const [days, setDays] = useState({
    from: last.subtract(30, "day").format("YYYY-MM-DD"),
    to: last.format("YYYY-MM-DD"),
  });
  const { job, started } = useJob("replay");
  const run = useMutation({
    mutationFn: () => data(api.POST("/v1/replay", { body: { text, ...days } })),
    onSuccess: started,
  });
  const ids = { from: useId(), to: useId() };
  const day = (side: "from" | "to") => (
    <div className="field">
      <label htmlFor={ids[side]}>{t(`replay.${side}`)}</label>
      <DatePicker
        id={ids[side]}
        value={dayjs(days[side])}
        allowClear={false}
        onChange={(value) => value && setDays((old) => ({ ...old, [side]: value.format("YYYY-MM-DD") }))}
        style={{ width: 180 }}
      />
    </div>
  );
  return (
    <div className="grid">
      <Card title={t("replay.title")} lead={t("replay.lead")}>
        <div className="options">
          {day("from")}
          {day("to")}
          <Button
            className="to-end"
            disabled={!valid}
            loading={run.isPending || job?.status === "running"}
            onClick={() => run.mutate()}
          >
            {t("replay.run")}
          </Button>
        </div>
        {run.error && <Failure error={run.error} />}
        <div className="after-note">
          <JobState job={job} />
        </div>
        {job?.replay ? <Glance result={job.replay} /> : !job && <Empty title={t("replay.none")} />}
      </Card>
      {job?.replay && <Report result={job.replay} />}
    </div>
  );
}

function Glance({ result }: { result: Result }) {
  const { t } = useTranslation();
  const { format } = useView();
  const sum = (part: (one: Schemas["ReplayMessages"]) => number) =>
    format.count(result.messages.reduce((all, one) => all + part(one), 0));
  return (
    <>
      <p>{t("replay.of", { from: result.from, to: result.to, users: format.count(result.users) })}</p>
      <dl className="figures">
        <Figure name={t("replay.published")} value={sum((one) => one.published)} />
        <Figure name={t("replay.tried")} value={sum((one) => one.tried)} />
        <Figure name={t("replay.onlyPublished")} value={sum((one) => one.only_published)} />
        <Figure name={t("replay.onlyTried")} value={sum((one) => one.only_tried)} />
      </dl>
      <Warnings list={result.notes} />
    </>
  );
}

function Report({ result }: { result: Result }) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  const count = (n: number) => format.count(n);
  return (
    <>
      <Card title={t("replay.messages")} lead={t("replay.messagesLead")}>
        {result.messages.length === 0 ? (
          <Empty title={t("replay.noMessages")} />
        ) : (
          <Table
            label={t("replay.messages")}
            rows={result.messages}
            keyOf={(one) => one.rule}
            columns={[
              { name: t("outbox.rule"), cell: (one) => one.rule },
              { name: t("replay.published"), right: true, cell: (one) => count(one.published) },
              { name: t("replay.tried"), right: true, cell: (one) => count(one.tried) },
              { name: t("replay.same"), right: true, cell: (one) => count(one.same) },
              { name: t("replay.onlyPublished"), right: true, cell: (one) => count(one.only_published) },
              { name: t("replay.onlyTried"), right: true, cell: (one) => count(one.only_tried) },
            ]}
          />
        )}
        {result.days.length > 0 && (
          <details style={{ marginTop: 14 }}>
            <summary>{t("replay.byDay")}</summary>
            <Table
              label={t("replay.byDay")}
              rows={result.days}
              keyOf={(one) => `${one.day} ${one.rule}`}
              columns={[
                { name: t("replay.day"), cell: (one) => one.day },
                { name: t("outbox.rule"), cell: (one) => one.rule },
                { name: t("replay.published"), right: true, cell: (one) => count(one.published) },
                { name: t("replay.tried"), right: true, cell: (one) => count(one.tried) },
              ]}
            />
          </details>
        )}
      </Card>
      <Samples samples={result.samples} />
      <Card title={t("replay.moves")} lead={t("replay.movesLead")}>
        <Table
          label={t("replay.moves")}
          rows={result.moves}
          keyOf={(one) => `${one.what} ${one.from} ${one.to}`}
          columns={[
            { name: t("replay.decision"), cell: (one) => known.score(one.what) },
            { name: t("replay.fromTo"), cell: (one) => `${one.from || NONE} → ${one.to || NONE}` },
            { name: t("replay.published"), right: true, cell: (one) => count(one.published) },
            { name: t("replay.tried"), right: true, cell: (one) => count(one.tried) },
            { name: t("replay.same"), right: true, cell: (one) => count(one.same) },
          ]}
        />
      </Card>
      <Card title={t("replay.stages")}>
        <Table
          label={t("replay.stages")}
          rows={result.stages}
          keyOf={(one) => one.name}
          columns={[
            { name: t("replay.stage"), cell: (one) => one.name || NONE },
            { name: t("replay.published"), right: true, cell: (one) => count(one.published) },
            { name: t("replay.tried"), right: true, cell: (one) => count(one.tried) },
          ]}
        />
      </Card>
    </>
  );
}

function Samples({ samples }: { samples: Schemas["ReplaySample"][] }) {
  const { t } = useTranslation();
  const label = useLabel();
  if (samples.length === 0) return null;
  return (
    <Card title={t("replay.samples")} lead={t("replay.samplesLead")}>
      <Table
        label={t("replay.samples")}
        rows={samples}
        keyOf={(one) => `${one.rule} ${one.tried} ${one.user} ${one.day}`}
        columns={[
          { name: t("outbox.user"), cell: (one) => <span className="mono">{one.user}</span> },
          { name: t("outbox.rule"), cell: (one) => one.rule },
          {
            name: t("replay.side"),
            cell: (one) => (
              <Mark tone={one.tried ? "info" : "plain"}>
                {t(one.tried ? "replay.onlyTried" : "replay.onlyPublished")}
              </Mark>
            ),
          },
          { name: t("replay.day"), cell: (one) => one.day },
          {
            name: t("replay.because"),
            cell: (one) => <span className="break">{one.reasons.map((reason) => label("", reason)).join(" · ")}</span>,
          },
        ]}
      />
    </Card>
  );
}
