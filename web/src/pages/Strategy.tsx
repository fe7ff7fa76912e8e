import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { App, Button, Tabs } from "antd";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { JobState } from "../components/JobState";
import { Mark, PageHead } from "../components/Parts";
import { Answer } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { useDirect, useRole } from "../core/caller";
import { useRested } from "../core/hooks";
import { useJob } from "../core/jobs";
import { useView } from "../core/view";
import { Changes } from "./strategy/Changes";
import { DraftEditor } from "./strategy/DraftEditor";
import { Proposal } from "./strategy/Proposal";
import { Proposals } from "./strategy/Proposals";
import { ProposeDialog } from "./strategy/ProposeDialog";
import { PublishDialog } from "./strategy/PublishDialog";
import { Replay } from "./strategy/Replay";
import { Versions } from "./strategy/Versions";

const DRAFT = "weir.draft";
const tabs = ["editor", "changes", "proposals", "replay", "versions"] as const;

/** The strategy file: what is in force, a draft of the next one, and what is between them. */
export default function Strategy() {
  const { t } = useTranslation();
  const current = useQuery({ queryKey: ["strategy"], queryFn: () => data(api.GET("/v1/strategy")) });
  return (
    <>
      <Answer query={current} rows={14}>
        {(strategy) => <Workbench key={strategy.version} current={strategy} />}
      </Answer>
      {!current.data && <PageHead title={t("strategy.title")} />}
    </>
  );
}

interface Draft {
  text: string;
  from: string;
  /** The proposal that it will stand in place of. */
  replaces?: number;
}

/** A draft is kept in the browser until it is published, proposed or thrown away, with the version it started from. */
function readDraft(current: Schemas["Strategy"]): Draft {
  try {
    const kept = JSON.parse(localStorage.getItem(DRAFT) ?? "null") as Partial<Draft> | null;
    if (kept?.text && kept.from) return { text: kept.text, from: kept.from, replaces: kept.replaces ?? 0 };
  } catch {
    // A draft that cannot be read is none.
  }
  return { text: current.text, from: current.version };
}

function Workbench({ current }: { current: Schemas["Strategy"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const [params, setParams] = useSearchParams();
  const tab = tabs.find((one) => one === params.get("tab")) ?? "editor";
  const [draft, setDraft] = useState<Draft>(() => readDraft(current));
  const [publishing, setPublishing] = useState(false);
  const [proposing, setProposing] = useState(false);
  const direct = useDirect();
  const editor = useRole("editor");
  const { message } = App.useApp();
  const publication = useJob("strategy", (job) => {
    if (job.status !== "done") return;
    if (job.proposal === undefined) {
      try {
        localStorage.removeItem(DRAFT);
      } catch {
        // Nothing was kept then.
      }
    }
    message.success(t("publish.done", { version: job.version }));
  });
  const open = Number(params.get("proposal")) || 0;
  const moving = publication.job?.status === "running";
  const rested = useRested(draft.text, 400);
  const edited = draft.text !== current.text;

  useEffect(() => {
    try {
      if (edited) localStorage.setItem(DRAFT, JSON.stringify(draft));
      else localStorage.removeItem(DRAFT);
    } catch {
      // Without storage the draft lasts as long as the page.
    }
  }, [draft, edited]);

  const check = useQuery({
    queryKey: ["strategy", "check", rested],
    queryFn: () => data(api.POST("/v1/strategy/validate", { body: { text: rested } })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  const settled = rested === draft.text && !check.isPlaceholderData;
  const valid = settled && check.data?.valid === true;
  const go = (key: string, proposal = "") =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        next.set("tab", key);
        next.delete("proposal");
        if (proposal) next.set("proposal", proposal);
        return next;
      },
      { replace: true },
    );
  const revert = () => setDraft({ text: current.text, from: current.version });
  const lead = useMemo(
    () => (
      <span className="marks" style={{ alignItems: "center" }}>
        {t("strategy.inForce")}
        <Mark tone="accent">
          <span className="mono">{current.version}</span>
        </Mark>
        <span>{t("strategy.publishedAt", { time: format.time(current.published_at) })}</span>
        {edited && <Mark tone="warn">{t("strategy.draft")}</Mark>}
      </span>
    ),
    [t, current, format, edited],
  );
  return (
    <>
      <PageHead title={current.name ? t("strategy.named", { name: current.name }) : t("strategy.title")} lead={lead}>
        {edited && <Button onClick={revert}>{t("strategy.revert")}</Button>}
        <Button
          type={direct ? "primary" : "default"}
          disabled={!edited || !valid || !editor}
          aria-describedby={direct && "publish-bar"}
          onClick={() => setProposing(true)}
        >
          {t(direct === "approval" ? "proposal.askApproval" : "proposal.ask")}
        </Button>
        {!direct && (
          <Button type="primary" disabled={!edited || !valid || moving} onClick={() => setPublishing(true)}>
            {t("strategy.publish")}
          </Button>
        )}
      </PageHead>
      {direct && edited && (
        <p className="muted note" id="publish-bar">
          {editor ? t(direct === "approval" ? "proposal.barApproval" : "proposal.barRole") : t("proposal.barPropose")}
        </p>
      )}
      <JobState job={publication.job} />
      {draft.from !== current.version && edited && (
        <div className="banner warn" role="status">
          {t("strategy.moved", { version: draft.from })}
        </div>
      )}
      <Tabs
        activeKey={tab}
        onChange={(key) => go(key)}
        destroyOnHidden
        items={[
          {
            key: "editor",
            label: t("strategy.editor"),
            children: (
              <DraftEditor
                text={draft.text}
                onChange={(text) => setDraft((old) => ({ ...old, text }))}
                check={check.data}
                error={check.error}
                settled={settled}
              />
            ),
          },
          {
            key: "changes",
            label: t("strategy.changes"),
            children: <Changes text={rested} from={current.version} edited={edited} />,
          },
          {
            key: "proposals",
            label: t("proposal.tab"),
            children: open ? (
              <Proposal
                key={open}
                number={open}
                publication={publication.job}
                onPublishing={publication.started}
                onTake={(text, replaces) => {
                  setDraft({ text, from: current.version, replaces });
                  go("changes");
                }}
              />
            ) : (
              <Proposals />
            ),
          },
          {
            key: "replay",
            label: t("replay.tab"),
            children: <Replay text={draft.text} valid={valid} />,
          },
          {
            key: "versions",
            label: t("strategy.versions"),
            children: (
              <Versions
                current={current}
                onBack={(job) => publication.started(job)}
                onTake={(text) => {
                  setDraft({ text, from: current.version });
                  go("changes");
                }}
              />
            ),
          },
        ]}
      />
      {proposing && (
        <ProposeDialog
          text={draft.text}
          from={draft.from}
          replaces={draft.replaces ?? 0}
          onClose={() => setProposing(false)}
          onProposed={(number) => {
            setProposing(false);
            revert();
            go("proposals", String(number));
          }}
        />
      )}
      {publishing && (
        <PublishDialog
          text={draft.text}
          from={draft.from}
          current={current.version}
          onClose={() => setPublishing(false)}
          onStart={publication.started}
        />
      )}
    </>
  );
}
