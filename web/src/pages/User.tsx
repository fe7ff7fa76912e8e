import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Tabs } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { AsOf } from "../components/AsOf";
import { useKnown } from "../components/known";
import { Mark, PageHead } from "../components/Parts";
import { StageMark } from "../components/StageMark";
import { Answer } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { useNames } from "../core/names";
import { useAddress, useAsOf, useView } from "../core/view";
import { Decisions } from "./user/Decisions";
import { Forgotten } from "./user/Forgotten";
import { Messages } from "./user/Messages";
import { Portrait } from "./user/Portrait";
import { Scores } from "./user/Scores";
import { Timeline } from "./user/Timeline";

const tabs = ["portrait", "timeline", "scores", "decisions", "messages"] as const;

/** Everything that is known of one user, and why. */
export default function User() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const { asOf } = useAsOf();
  const { status } = useView();
  const address = useAddress();
  const [params, setParams] = useSearchParams();
  const tab = tabs.find((one) => one === params.get("tab")) ?? "portrait";
  const [receipt, setReceipt] = useState<Schemas["Receipt"]>();
  const user = useQuery({
    queryKey: ["user", id, asOf, status?.strategy_version, status?.as_of],
    queryFn: () => data(api.GET("/v1/users/{id}", { params: { path: { id }, query: { as_of: asOf } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <p className="back">
        <Link to={address("/users")}>← {t("users.title")}</Link>
      </p>
      <PageHead title={id} lead={!receipt && user.data && <Badges user={user.data} />}>
        <AsOf />
      </PageHead>
      {receipt ? (
        <Forgotten receipt={receipt} />
      ) : (
        <Answer query={user} rows={12}>
          {(found) => (
            <Tabs
              activeKey={tab}
              destroyOnHidden
              onChange={(key) =>
                setParams(
                  (old) => {
                    const next = new URLSearchParams(old);
                    next.set("tab", key);
                    return next;
                  },
                  { replace: true },
                )
              }
              items={[
                {
                  key: "portrait",
                  label: t("user.portrait"),
                  children: <Portrait user={found} onForgotten={setReceipt} />,
                },
                { key: "timeline", label: t("user.timeline"), children: <Timeline id={found.user_id} /> },
                { key: "scores", label: t("user.scores"), children: <Scores id={found.user_id} /> },
                { key: "decisions", label: t("user.decisions"), children: <Decisions id={found.user_id} /> },
                { key: "messages", label: t("user.messages"), children: <Messages id={found.user_id} /> },
              ]}
            />
          )}
        </Answer>
      )}
    </>
  );
}

function Badges({ user }: { user: Schemas["User"] }) {
  const { t } = useTranslation();
  const known = useKnown();
  const names = useNames();
  const { scores } = user;
  return (
    <div className="marks">
      <StageMark stage={scores.stage} />
      {scores.rfm_name && (
        <Mark tone="accent">
          {scores.r}
          {scores.f}
          {scores.m} · {known.rfm(scores.rfm_name)}
        </Mark>
      )}
      {scores.rfm_cn && <Mark tone="accent">{known.rfm(scores.rfm_cn)}</Mark>}
      {scores.tier && <Mark>{t("user.tierIs", { tier: names.tier(scores.tier) })}</Mark>}
      {user.asked && user.asked !== user.user_id && <Mark tone="info">{t("user.merged", { id: user.user_id })}</Mark>}
    </div>
  );
}
