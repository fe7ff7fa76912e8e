import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Select, Table, type TableColumnsType, Tabs } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useKnown } from "../components/known";
import { Fate, MessageDetail } from "../components/MessageParts";
import { Pager } from "../components/Pager";
import { Card, PageHead } from "../components/Parts";
import { Answer, Empty } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { NONE } from "../core/format";
import { useNarrow, usePages } from "../core/hooks";
import { useAddress, useView } from "../core/view";
import { Control } from "./outbox/Control";

type Message = Schemas["Message"];
type Status = Schemas["MessageStatus"];
const SHADOW = "shadow";
const statuses: Status[] = ["pending", "sent", "suppressed", "withheld", "expired", "unknown"];

/** Every message that decisions asked for, and its fate. */
export default function Outbox() {
  const { t } = useTranslation();
  const outreach = useQuery({
    queryKey: ["outreach"],
    queryFn: () => data(api.GET("/v1/outreach")),
    refetchInterval: 20_000,
    retry: false,
  });
  return (
    <>
      <PageHead title={t("outbox.title")} lead={t("outbox.lead")} />
      <div className="grid">
        <Answer query={outreach} rows={4}>
          {(state) => <Control state={state} />}
        </Answer>
        <MessagesCard state={outreach.data} />
      </div>
    </>
  );
}

function MessagesCard({ state }: { state: Schemas["Outreach"] | undefined }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const [params, setParams] = useSearchParams();
  const status = statuses.find((one) => one === params.get("status"));
  const shadow = params.get("status") === SHADOW ? true : undefined;
  const rule = params.get("rule") ?? "";
  const set = (key: string, value: string) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(key, value);
        else next.delete(key);
        return next;
      },
      { replace: true },
    );
  const pages = usePages(`${status} ${shadow} ${rule}`);
  const messages = useQuery({
    queryKey: ["outbox", status, shadow, rule, pages.after],
    queryFn: () =>
      data(
        api.GET("/v1/outbox", {
          params: { query: { status, shadow, rule: rule || undefined, after: pages.after, limit: 50 } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 20_000,
  });
  const countOf = (one: Status) => state?.counts.find((count) => count.status === one)?.count ?? 0;
  const all = state?.counts.reduce((sum, count) => sum + count.count, 0) ?? 0;
  const tab = (key: string, name: string, count?: number) => ({
    key,
    label: (
      <span>
        {name} {count !== undefined && <span className="muted num">{format.count(count)}</span>}
      </span>
    ),
  });
  return (
    <Card
      title={t("outbox.messages")}
      tools={
        <Select
          allowClear
          value={rule || undefined}
          onChange={(value: string | undefined) => set("rule", value ?? "")}
          placeholder={t("outbox.rule")}
          aria-label={t("outbox.rule")}
          style={{ minWidth: 180 }}
          options={state?.rules.map((one) => ({ value: one.name, label: one.name })) ?? []}
        />
      }
    >
      <Tabs
        activeKey={shadow ? SHADOW : (status ?? "all")}
        onChange={(key) => set("status", key === "all" ? "" : key)}
        items={[
          tab("all", t("outbox.all"), all),
          ...statuses.map((one) =>
            tab(one, t(`status.${one}`), countOf(one) + (one === "pending" ? countOf("claimed") : 0)),
          ),
          tab(SHADOW, t("outbox.shadow")),
        ]}
      />
      <Answer query={messages} rows={6}>
        {(page) =>
          page.messages.length === 0 && pages.page === 1 ? (
            status || shadow || rule ? (
              <Empty title={t("outbox.noMatch")} />
            ) : (
              <Empty title={t("outbox.none")} text={t("outbox.noneText")}>
                <Link to={address("/strategy")}>{t("frame.place.strategy")}</Link>
                <Link to={address("/files")}>{t("frame.place.files")}</Link>
              </Empty>
            )
          ) : (
            <>
              <MessageList messages={page.messages} />
              <Pager {...pages} next={page.next} />
            </>
          )
        }
      </Answer>
    </Card>
  );
}

function MessageList({ messages }: { messages: Message[] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const narrow = useNarrow();
  const known = useKnown();
  const columns = useColumns();
  if (narrow) {
    return (
      <ul className="tiles">
        {messages.map((message) => (
          <li key={message.id} className="tile">
            <span className="line">
              <UserLink id={message.user_id} />
              <Fate message={message} />
            </span>
            <span className="line">
              <strong>{message.rule}</strong>
              <span className="muted num">{format.time(message.as_of)}</span>
            </span>
            {message.why && <span className="muted">{known.why(message.why)}</span>}
            <details>
              <summary className="muted">{t("user.details")}</summary>
              <MessageDetail message={message} />
            </details>
          </li>
        ))}
      </ul>
    );
  }
  return (
    <Table<Message>
      rowKey="id"
      columns={columns}
      dataSource={messages}
      pagination={false}
      size="middle"
      scroll={{ x: 860 }}
      expandable={{ expandedRowRender: (message) => <MessageDetail message={message} />, expandRowByClick: true }}
    />
  );
}

function UserLink({ id }: { id: string }) {
  const address = useAddress();
  return (
    <Link
      className="mono break"
      to={address(`/users/${encodeURIComponent(id)}`, { tab: "messages" })}
      onClick={(event) => event.stopPropagation()}
    >
      {id}
    </Link>
  );
}

function useColumns(): TableColumnsType<Message> {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  return useMemo(
    () => [
      { key: "user", title: t("outbox.user"), render: (_, message) => <UserLink id={message.user_id} /> },
      { key: "rule", title: t("outbox.rule"), render: (_, message) => message.rule },
      { key: "status", title: t("outbox.fate"), render: (_, message) => <Fate message={message} /> },
      {
        key: "why",
        title: t("outbox.whyOrSubject"),
        render: (_, message) => (
          <span className="muted break">{message.why ? known.why(message.why) : message.subject || NONE}</span>
        ),
      },
      {
        key: "as_of",
        title: t("outbox.asOf"),
        align: "right",
        render: (_, message) => <span className="num">{format.time(message.as_of)}</span>,
      },
    ],
    [t, format, known],
  );
}
