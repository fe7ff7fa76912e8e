import { SearchOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button, Input, Select, Table, type TableColumnsType } from "antd";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { AsOf } from "../components/AsOf";
import { ConditionField } from "../components/ConditionField";
import { useKnown } from "../components/known";
import { Pager } from "../components/Pager";
import { PageHead, useLabel } from "../components/Parts";
import { BaseAnswer, SnapshotNote } from "../components/Snapshot";
import { StageMark } from "../components/StageMark";
import { Empty } from "../components/States";
import { api, data, type Schemas } from "../core/api";
import { NONE } from "../core/format";
import { useNarrow, usePages, useRested } from "../core/hooks";
import { useNames, useRfmNames, useSegments, useStages, useTiers } from "../core/names";
import { toProblem } from "../core/problem";
import { useAddress, useAsOf, useView } from "../core/view";

type Sort = Schemas["UserSort"];
type Row = Schemas["UserRow"];
const filters = ["search", "where", "stage", "tier", "rfm", "segment"] as const;
type Filter = (typeof filters)[number];
const PAGE = 50;

/** The filters stand in the address, so that a view can be sent to a colleague. */
function useFilters() {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (change: Partial<Record<Filter | "sort" | "order", string>>) =>
      setParams(
        (old) => {
          const next = new URLSearchParams(old);
          for (const [key, value] of Object.entries(change)) {
            if (value) next.set(key, value);
            else next.delete(key);
          }
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
  const values = Object.fromEntries(filters.map((key) => [key, params.get(key) ?? ""])) as Record<Filter, string>;
  const sort = (params.get("sort") || "spend") as Sort;
  const order: "asc" | "desc" = params.get("order") === "asc" ? "asc" : "desc";
  return { values, sort, order, set };
}

export default function Users() {
  const { t } = useTranslation();
  const { status } = useView();
  const { asOf } = useAsOf();
  const { values, sort, order, set } = useFilters();
  const subject = JSON.stringify([values, sort, order, asOf]);
  const pages = usePages(subject);
  const users = useQuery({
    queryKey: ["users", values, sort, order, asOf, pages.after, status?.strategy_version, status?.users, status?.as_of],
    queryFn: () =>
      data(
        api.GET("/v1/users", {
          params: {
            query: {
              ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")),
              sort,
              order,
              as_of: asOf,
              after: pages.after,
              limit: PAGE,
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const mistaken = values.where !== "" && users.error !== null && toProblem(users.error).code === "invalid";
  const filtered = filters.some((key) => values[key] !== "");
  const clear = () => set(Object.fromEntries(filters.map((key) => [key, ""])));
  return (
    <>
      <PageHead title={t("users.title")} lead={t("users.lead")}>
        <AsOf />
      </PageHead>
      <div className="card">
        <Filters values={values} set={set} clear={filtered ? clear : undefined} />
        {mistaken ? (
          <Empty title={t("users.mistaken")} text={t("users.mistakenText")}>
            <Button onClick={clear}>{t("users.clear")}</Button>
          </Empty>
        ) : (
          <BaseAnswer query={users} rows={10}>
            {(page) =>
              page.total === 0 && !page.exact && !users.isPlaceholderData ? (
                <>
                  <SnapshotNote snapshot={page.snapshot} />
                  <NoUsers filtered={filtered} clear={clear} />
                </>
              ) : (
                <>
                  <Summary page={page} />
                  <SnapshotNote snapshot={page.snapshot} />
                  {page.exact && <Exact row={page.exact} />}
                  <List
                    rows={page.users}
                    busy={users.isFetching}
                    sort={sort}
                    order={order}
                    onSort={(nextSort, nextOrder) => set({ sort: nextSort, order: nextOrder })}
                  />
                  <Pager
                    {...pages}
                    next={page.next}
                    text={t("users.range", {
                      from: (pages.page - 1) * PAGE + 1,
                      to: (pages.page - 1) * PAGE + page.users.length,
                      total: page.total,
                    })}
                  />
                </>
              )
            }
          </BaseAnswer>
        )}
      </div>
    </>
  );
}

/** Who has exactly the id that was searched for, as of now: a snapshot may not know of them yet. */
function Exact({ row }: { row: Row }) {
  const { t } = useTranslation();
  return (
    <section className="tiles exact" aria-label={t("users.exact")}>
      <p className="muted">{t("users.exact")}</p>
      <UserTile row={row} />
    </section>
  );
}

function NoUsers({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  const { t } = useTranslation();
  const address = useAddress();
  if (!filtered) {
    return (
      <Empty title={t("users.none")} text={t("users.noneText")}>
        <Link to={address("/files")}>{t("overview.emptyAction")}</Link>
      </Empty>
    );
  }
  return (
    <Empty title={t("users.noMatch")} text={t("users.noMatchText")}>
      <Button onClick={clear}>{t("users.clear")}</Button>
    </Empty>
  );
}

function Filters({
  values,
  set,
  clear,
}: {
  values: Record<Filter, string>;
  set: (change: Partial<Record<Filter, string>>) => void;
  clear: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const label = useLabel();
  const stages = useStages();
  const tiers = useTiers();
  const segments = useSegments();
  const rfmNames = useRfmNames();
  const known = useKnown();
  const [search, setSearch] = useState(values.search);
  const rested = useRested(search, 300);
  const apply = useCallback((where: string) => set({ where }), [set]);

  useEffect(() => {
    if (rested === search && rested.trim() !== values.search) set({ search: rested.trim() });
  }, [rested, search, values.search, set]);

  const choice = (key: "stage" | "tier" | "rfm" | "segment", groups: readonly Schemas["Group"][]) => (
    <Select
      allowClear
      showSearch={groups.length > 8}
      value={values[key] || undefined}
      onChange={(value: string | undefined) => set({ [key]: value ?? "" })}
      placeholder={t(`users.filter.${key}`)}
      aria-label={t(`users.filter.${key}`)}
      options={groups
        .filter((group) => group.name)
        .map((group) => ({ value: group.name, label: known.rfm(label(group.name, group.label)) }))}
    />
  );
  return (
    <search className="filters">
      <ConditionField applied={values.where} onApply={apply} />
      <div className="row">
        <Input
          className="wide"
          allowClear
          prefix={<SearchOutlined aria-hidden="true" />}
          placeholder={t("users.search")}
          aria-label={t("users.search")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        {choice("stage", stages)}
        {choice("tier", tiers)}
        {choice("rfm", rfmNames)}
        {choice("segment", segments)}
        {clear && (
          <Button
            onClick={() => {
              setSearch("");
              clear();
            }}
          >
            {t("users.clear")}
          </Button>
        )}
      </div>
    </search>
  );
}

function Summary({ page }: { page: Schemas["UserPage"] }) {
  const { t } = useTranslation();
  const { format, currency } = useView();
  return (
    <p className="summary" aria-live="polite">
      <span>
        <strong className="num">{format.count(page.total)}</strong> {t("users.matching", { count: page.total })}
      </span>
      {page.spend_minor !== undefined && (
        <span>
          <strong className="num">{format.moneyCompact(page.spend_minor, page.currency ?? currency)}</strong>{" "}
          {t("users.spent")}
        </span>
      )}
    </p>
  );
}

function List({
  rows,
  busy,
  sort,
  order,
  onSort,
}: {
  rows: Row[];
  busy: boolean;
  sort: Sort;
  order: "asc" | "desc";
  onSort: (sort: Sort, order: "asc" | "desc") => void;
}) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const columns = useColumns(sort, order);
  if (narrow) {
    return (
      <>
        <div className="filters">
          <Select
            aria-label={t("users.sort")}
            value={`${sort}.${order}`}
            onChange={(value: string) => {
              const [by, way] = value.split(".") as [Sort, "asc" | "desc"];
              onSort(by, way);
            }}
            options={(["spend", "orders", "last_seen", "recency"] as const).map((by) => ({
              value: `${by}.${by === "recency" ? "asc" : "desc"}`,
              label: t(`users.sortBy.${by}`),
            }))}
          />
        </div>
        <div className="tiles">
          {rows.map((row) => (
            <UserTile key={row.user_id} row={row} />
          ))}
        </div>
      </>
    );
  }
  return (
    <Table<Row>
      rowKey="user_id"
      columns={columns}
      dataSource={rows}
      loading={busy && { delay: 250 }}
      pagination={false}
      size="middle"
      scroll={{ x: 900 }}
      onChange={(_page, _filters, sorter) => {
        const one = Array.isArray(sorter) ? sorter[0] : sorter;
        const by = (one?.columnKey as Sort | undefined) ?? "spend";
        onSort(by, one?.order === "ascend" ? "asc" : "desc");
      }}
    />
  );
}

function useColumns(sort: Sort, order: "asc" | "desc"): TableColumnsType<Row> {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const known = useKnown();
  const names = useNames();
  return useMemo(() => {
    const sortable = (key: Sort) => ({
      key,
      sorter: true,
      sortDirections: ["descend", "ascend", "descend"] as ("ascend" | "descend")[],
      sortOrder: sort === key ? (order === "asc" ? ("ascend" as const) : ("descend" as const)) : null,
    });
    return [
      {
        ...sortable("user_id"),
        title: t("users.id"),
        render: (_, row) => (
          <Link className="mono break" to={address(`/users/${encodeURIComponent(row.user_id)}`)}>
            {row.user_id}
          </Link>
        ),
      },
      { key: "stage", title: t("users.filter.stage"), render: (_, row) => <StageMark stage={row.stage} /> },
      {
        key: "rfm",
        title: "RFM",
        render: (_, row) =>
          row.r > 0 ? (
            <span>
              <span className="num muted">
                {row.r}
                {row.f}
                {row.m}
              </span>{" "}
              {known.rfm(row.rfm_name)}
            </span>
          ) : (
            NONE
          ),
      },
      { key: "tier", title: t("users.filter.tier"), render: (_, row) => names.tier(row.tier) || NONE },
      {
        ...sortable("orders"),
        title: t("users.orders"),
        align: "right",
        render: (_, row) => <span className="num">{format.count(row.orders)}</span>,
      },
      {
        ...sortable("spend"),
        title: t("users.spend"),
        align: "right",
        render: (_, row) => <span className="num">{format.money(row.spend_minor, row.currency)}</span>,
      },
      {
        ...sortable("recency"),
        title: t("users.recency"),
        align: "right",
        render: (_, row) => (
          <span className="num">
            {row.recency_days === undefined ? NONE : t("users.ago", { count: row.recency_days })}
          </span>
        ),
      },
      {
        ...sortable("last_seen"),
        title: t("users.lastSeen"),
        align: "right",
        render: (_, row) => <span className="num">{format.day(row.last_seen)}</span>,
      },
    ];
  }, [t, format, address, known, names, sort, order]);
}

function UserTile({ row }: { row: Row }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const known = useKnown();
  return (
    <Link className="tile" to={address(`/users/${encodeURIComponent(row.user_id)}`)}>
      <span className="line">
        <span className="mono break">{row.user_id}</span>
        <StageMark stage={row.stage} />
      </span>
      <span className="line">
        <strong className="num">{format.money(row.spend_minor, row.currency)}</strong>
        <span className="muted">{t("users.ordersOf", { count: row.orders })}</span>
        <span className="muted">{known.rfm(row.rfm_name) || NONE}</span>
      </span>
    </Link>
  );
}
