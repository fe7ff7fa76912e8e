import { PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Input, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Card, Mark, Meter } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { api, data, type Schemas } from "../../core/api";
import { useNames } from "../../core/names";
import { toProblem } from "../../core/problem";
import { useView } from "../../core/view";

type Outreach = Schemas["Outreach"];

/** The kill switch, the daily ceiling and the rules that may send. */
export function Control({ state }: { state: Outreach }) {
  const { t } = useTranslation();
  return (
    <>
      <Card className="half" title={t("outreach.title")}>
        <KillSwitch state={state} />
        <Ceiling state={state} />
      </Card>
      <Card className="half" title={t("outreach.rules")} lead={t("outreach.rulesLead")}>
        {state.rules.length === 0 ? <p className="muted">{t("outreach.noRules")}</p> : <Rules rules={state.rules} />}
      </Card>
    </>
  );
}

function KillSwitch({ state }: { state: Outreach }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [note, setNote] = useState("");
  const change = useMutation({
    mutationFn: () =>
      state.stopped ? data(api.POST("/v1/outreach/resume")) : data(api.POST("/v1/outreach/stop", { body: { note } })),
    onSuccess: async (now) => {
      queries.setQueryData(["outreach"], now);
      setAsking(false);
      setNote("");
      message.success(now.stopped ? t("outreach.nowStopped") : t("outreach.nowRunning"));
      await queries.invalidateQueries({ queryKey: ["outbox"] });
    },
    onError: (error) => message.error(toProblem(error).message || t("error.unreachable")),
  });
  return (
    <div className="card-head" style={{ marginBottom: 18 }}>
      <div>
        <Mark tone={state.stopped ? "bad" : "good"} dot>
          {state.stopped ? t("outreach.stopped") : t("outreach.running")}
        </Mark>
        <p style={{ marginTop: 6 }}>
          {state.changed_at && t("outreach.changed", { time: format.time(state.changed_at) })}
          {state.note && ` · ${state.note}`}
        </p>
      </div>
      <Button
        danger={!state.stopped}
        type={state.stopped ? "primary" : "default"}
        icon={state.stopped ? <PlayCircleOutlined aria-hidden="true" /> : <PauseCircleOutlined aria-hidden="true" />}
        onClick={() => setAsking(true)}
      >
        {state.stopped ? t("outreach.resume") : t("outreach.stop")}
      </Button>
      <Modal
        open={asking}
        title={state.stopped ? t("outreach.resumeTitle") : t("outreach.stopTitle")}
        okText={state.stopped ? t("outreach.resume") : t("outreach.stop")}
        okButtonProps={{ danger: !state.stopped, loading: change.isPending }}
        onOk={() => change.mutate()}
        onCancel={() => setAsking(false)}
      >
        <p>{state.stopped ? t("outreach.resumeText") : t("outreach.stopText")}</p>
        {!state.stopped && (
          <Input
            style={{ marginTop: 12 }}
            placeholder={t("outreach.note")}
            aria-label={t("outreach.note")}
            maxLength={1000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        )}
      </Modal>
    </div>
  );
}

function Ceiling({ state }: { state: Outreach }) {
  const { t } = useTranslation();
  const { format } = useView();
  const reached = state.sent_today >= state.daily_ceiling;
  return (
    <div>
      <p className="line" style={{ display: "flex", justifyContent: "space-between", marginBottom: 6 }}>
        <span>{t("outreach.today", { day: format.day(state.day) })}</span>
        <span className="num">
          {t("outreach.ofCeiling", { n: format.count(state.sent_today), ceiling: format.count(state.daily_ceiling) })}
        </span>
      </p>
      <span style={{ display: "flex", color: reached ? "var(--warn)" : "var(--accent)" }}>
        <Meter
          share={state.daily_ceiling > 0 ? state.sent_today / state.daily_ceiling : 1}
          label={t("outreach.ceiling")}
        />
      </span>
      <p className="muted" style={{ marginTop: 6, fontSize: 13 }}>
        {reached ? t("outreach.ceilingReached") : t("outreach.ceilingText")}
      </p>
    </div>
  );
}

function Rules({ rules }: { rules: Outreach["rules"] }) {
  const { t } = useTranslation();
  const names = useNames();
  return (
    <Scroll label={t("outreach.rules")}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("outbox.rule")}</th>
            <th scope="col">{t("outreach.when")}</th>
            <th scope="col">{t("outbox.channel")}</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.name}>
              <td>
                {rule.name} {rule.shadow && <Mark>{t("outbox.shadow")}</Mark>}
              </td>
              <td>
                {rule.enter_stage && t("outreach.entersStage", { name: names.stage(rule.enter_stage) })}
                {rule.enter_segment && t("outreach.entersSegment", { name: names.segment(rule.enter_segment) })}
              </td>
              <td>{rule.channel}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
