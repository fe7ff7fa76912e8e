import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { DiffView } from "../../components/DiffView";
import { JobState } from "../../components/JobState";
import { Card, Mark } from "../../components/Parts";
import { Answer, Empty, Failure } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { type Job, useJob } from "../../core/jobs";
import { useAddress, useView } from "../../core/view";
import { Meaning } from "./Changes";
import { ProposalMarks } from "./Proposals";
import { Users } from "./ProposalUsers";

type Detail = Schemas["ProposalDetail"];
type Act = Detail["actions"][number]["action"];

/** One proposal: what it changes, whom it moves, what was said of it, and what whoever looks may do with it. */
export function Proposal({
  number,
  publication,
  onTake,
  onPublishing,
}: {
  number: number;
  publication: Job | undefined;
  onTake: (text: string, replaces: number) => void;
  onPublishing: (job: Job) => void;
}) {
  const { t } = useTranslation();
  const address = useAddress();
  const looking = useJob("proposal");
  const query = useQuery({
    queryKey: ["strategy", "proposals", number],
    queryFn: () => data(api.GET("/v1/strategy/proposals/{number}", { params: { path: { number } } })),
  });
  return (
    <div className="grid">
      <p style={{ margin: 0 }}>
        <Link to={address("/strategy", { tab: "proposals" })}>← {t("proposal.list")}</Link>
      </p>
      {publication?.proposal === number && publication.status === "failed" && <JobState job={publication} />}
      {looking.job?.proposal === number && <JobState job={looking.job} />}
      <Answer query={query} rows={10}>
        {(found) => (
          <>
            <Head proposal={found.proposal} />
            <Decide found={found} onTake={onTake} onPublishing={onPublishing} onLooking={looking.started} />
            <Users preview={found.preview} />
            <Card title={t("strategy.meaning")} lead={t("strategy.meaningLead")}>
              <Meaning changes={found.changes} height={320} />
            </Card>
            <Card title={t("strategy.lines")} lead={t("proposal.against", { n: found.proposal.base_number })}>
              <DiffView lines={found.lines} label={t("strategy.lines")} />
            </Card>
            <Reviews proposal={found.proposal} />
          </>
        )}
      </Answer>
    </div>
  );
}

function Head({ proposal }: { proposal: Schemas["Proposal"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const other = (n: number) => (
    <Link to={address("/strategy", { tab: "proposals", proposal: String(n) })}>{t("proposal.named", { n })}</Link>
  );
  return (
    <Card
      title={`${t("proposal.named", { n: proposal.number })} · ${proposal.title}`}
      lead={t("proposal.by", { who: proposal.author, time: format.time(proposal.at) })}
      tools={<ProposalMarks proposal={proposal} />}
    >
      {proposal.note && (
        <p className="break" style={{ whiteSpace: "pre-wrap" }}>
          {proposal.note}
        </p>
      )}
      <p className="muted note">
        <span className="mono">
          {proposal.base_version} → {proposal.version}
        </span>
        {proposal.publication !== undefined && (
          <>
            {" · "}
            {t("proposal.became", { n: proposal.publication, who: proposal.ended_by ?? "–" })}
          </>
        )}
        {proposal.replaces !== undefined && (
          <>
            {" · "}
            {t("proposal.replaces")} {other(proposal.replaces)}
          </>
        )}
        {proposal.replaced_by !== undefined && (
          <>
            {" · "}
            {t("proposal.replacedBy")} {other(proposal.replaced_by)}
          </>
        )}
      </p>
      {proposal.include_existing && (
        <div className="banner bad" role="note" style={{ margin: 0 }}>
          <span className="grow">{t("proposal.existing")}</span>
        </div>
      )}
    </Card>
  );
}

function Decide({
  found,
  onTake,
  onPublishing,
  onLooking,
}: {
  found: Detail;
  onTake: (text: string, replaces: number) => void;
  onPublishing: (job: Job) => void;
  onLooking: (job: Job) => void;
}) {
  const { t } = useTranslation();
  const { status } = useView();
  const queries = useQueryClient();
  const [comment, setComment] = useState("");
  const reasons = useId();
  const { proposal } = found;
  const params = { path: { number: proposal.number } };
  const act = useMutation({
    mutationFn: async (what: Act) => {
      switch (what) {
        case "approve":
        case "reject":
          return data(
            api.POST("/v1/strategy/proposals/{number}/review", {
              params,
              body: { verdict: what, comment, ...(found.preview && { preview: found.preview.hash }) },
            }),
          );
        case "withdraw":
          return data(api.POST("/v1/strategy/proposals/{number}/withdraw", { params }));
        case "preview":
          return onLooking(await data(api.POST("/v1/strategy/proposals/{number}/preview", { params })));
        case "publish":
          return onPublishing(await data(api.POST("/v1/strategy/proposals/{number}/publish", { params })));
      }
    },
    onSuccess: () => setComment(""),
    onSettled: () => queries.invalidateQueries({ queryKey: ["strategy", "proposals"] }),
  });
  const live = proposal.state === "open" || proposal.state === "approved" || proposal.state === "publishing";
  if (!live) return null;
  const mine = proposal.author === status?.caller.name;
  const barred = found.actions.filter(({ bar }) => bar);
  const unneeded = status && !status.approval_required && proposal.state === "open";
  return (
    <Card title={t("proposal.decide")} lead={unneeded ? t("proposal.unneeded") : undefined}>
      <div style={{ display: "grid", gap: 12 }}>
        <Input.TextArea
          rows={2}
          maxLength={1000}
          aria-label={t("proposal.comment")}
          placeholder={t("proposal.comment")}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
        />
        <div className="page-tools" style={{ justifyContent: "flex-start" }}>
          {found.actions.map(({ action, bar }) => (
            <Button
              key={action}
              type={action === "publish" ? "primary" : "default"}
              danger={action === "reject"}
              disabled={bar !== undefined || act.isPending}
              loading={act.isPending && act.variables === action}
              aria-describedby={bar && reasons}
              onClick={() => act.mutate(action)}
            >
              {t(`proposal.act.${action}`)}
            </Button>
          ))}
          {proposal.stale && (
            <Button onClick={() => onTake(found.text, mine ? proposal.number : 0)}>{t("proposal.take")}</Button>
          )}
        </div>
        {barred.length > 0 && (
          <ul className="muted note" id={reasons} style={{ margin: 0, paddingInlineStart: 18 }}>
            {barred.map(({ action, bar }) => (
              <li key={action}>
                {t("proposal.because", { act: t(`proposal.act.${action}`), why: bar ? t(`proposal.bar.${bar}`) : "" })}
              </li>
            ))}
          </ul>
        )}
        {act.error && <Failure error={act.error} />}
      </div>
    </Card>
  );
}

function Reviews({ proposal }: { proposal: Schemas["Proposal"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (proposal.reviews.length === 0)
    return (
      <Card title={t("proposal.reviews")}>
        <Empty title={t("proposal.noReviews")} />
      </Card>
    );
  return (
    <Card title={t("proposal.reviews")}>
      <ul style={{ listStyle: "none", margin: 0, padding: 0, display: "grid", gap: 10 }}>
        {proposal.reviews.map((review) => (
          <li key={`${review.at} ${review.by} ${review.verdict}`}>
            <span className="marks">
              <Mark tone={review.verdict === "approve" ? "good" : "bad"}>
                {t(`proposal.verdict.${review.verdict}`)}
              </Mark>
              <span className="mono break">{review.by}</span>
              <span className="muted num">{format.time(review.at)}</span>
              {review.verdict === "approve" && !review.current && <Mark tone="warn">{t("proposal.ofOld")}</Mark>}
            </span>
            {review.comment && (
              <p className="break" style={{ margin: "4px 0 0", whiteSpace: "pre-wrap" }}>
                {review.comment}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
