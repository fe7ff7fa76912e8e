import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { AsOf } from "../components/AsOf";
import { Choice } from "../components/Controls";
import { Pager } from "../components/Pager";
import { Card, PageHead } from "../components/Parts";
import { SnapshotNote } from "../components/Snapshot";
import { Answer, Empty } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { usePages } from "../core/hooks";
import { useAddress, useAsOf, useView } from "../core/view";
import { Backtest } from "./churn/Backtest";
import { ChurnList } from "./churn/List";

const LIMIT = 25;
const levels = ["warned", "0.25", "0.5", "0.75", "all"] as const;
type Level = (typeof levels)[number];

/** Who is about to leave, why, and how early; and how well that would have been foretold. */
export default function Churn() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const tab = params.get("tab") === "backtest" ? "backtest" : "risk";
  return (
    <>
      <PageHead title={t("churn.title")} lead={t("churn.lead")}>
        <AsOf />
      </PageHead>
      <Tabs
        activeKey={tab}
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
          { key: "risk", label: t("churn.list"), children: <Leaving /> },
          { key: "backtest", label: t("backtest.tab"), children: <Backtest /> },
        ]}
      />
    </>
  );
}

function Leaving() {
  const { t } = useTranslation();
  const { asOf } = useAsOf();
  const { status, format } = useView();
  const [params, setParams] = useSearchParams();
  const level: Level = levels.find((one) => one === params.get("p")) ?? "warned";
  const query = level === "warned" ? { warned: true } : level === "all" ? {} : { min_p: Number(level) };
  const pages = usePages(`${level} ${asOf} ${status?.as_of}`);
  const churn = useQuery({
    queryKey: ["churn", level, asOf, pages.after, status?.as_of, status?.strategy_version],
    queryFn: () =>
      data(
        api.GET("/v1/churn", {
          params: { query: { as_of: asOf, ...query, after: pages.after, limit: LIMIT } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const setLevel = (next: Level) =>
    setParams((old) => {
      const fresh = new URLSearchParams(old);
      if (next === "warned") fresh.delete("p");
      else fresh.set("p", next);
      return fresh;
    });
  const nameOf = (one: Level) =>
    one === "all" || one === "warned" ? t(`churn.level.${one}`) : `≥ ${format.percent(Number(one), 0)}`;
  return (
    <Card
      title={t("churn.list")}
      lead={churn.data && <Lead page={churn.data} level={level} />}
      tools={
        churn.data?.model_version && (
          <Choice
            label={t("churn.atLeast")}
            value={level}
            onChange={setLevel}
            options={levels.map((value) => ({ value, label: nameOf(value) }))}
          />
        )
      }
    >
      <Answer query={churn} rows={10}>
        {(page) => {
          if (!page.model_version) return <NoModel />;
          if (page.users.length === 0)
            return (
              <Empty
                title={t("churn.nobody")}
                text={t(level === "warned" ? "churn.nobodyWarned" : "churn.nobodyLevel")}
              />
            );
          return (
            <>
              <SnapshotNote snapshot={page.snapshot} />
              <ChurnList users={page.users} currency={page.currency} threshold={page.threshold ?? 1} />
              <Pager
                page={pages.page}
                next={page.next}
                forward={pages.forward}
                back={pages.back}
                text={t("users.range", {
                  from: format.count((pages.page - 1) * LIMIT + 1),
                  to: format.count((pages.page - 1) * LIMIT + page.users.length),
                  total: page.total,
                })}
              />
            </>
          );
        }}
      </Answer>
    </Card>
  );
}

function Lead({ page, level }: { page: Schemas["ChurnPage"]; level: Level }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (!page.model_version || page.horizon_days === undefined) return null;
  return t(level === "warned" ? "churn.listLeadWarned" : "churn.listLead", {
    n: format.count(page.total),
    days: page.horizon_days,
    threshold: format.percent(page.threshold ?? 0, 0),
  });
}

function NoModel() {
  const { t } = useTranslation();
  const address = useAddress();
  return (
    <Empty title={t("churn.noModel")} text={t("churn.noModelText")}>
      <Link to={address("/models")}>{t("churn.toModels")}</Link>
    </Empty>
  );
}
