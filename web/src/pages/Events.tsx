import { useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { Card, Figure, Mark, PageHead } from "../components/Parts";
import { Answer, Empty } from "../components/States";
import { Table } from "../components/Table";
import { api, data, type Schemas } from "../core/api";
import { NONE } from "../core/format";
import { useNarrow } from "../core/hooks";
import { useAddress, useView } from "../core/view";
import { PlanCard } from "./events/Plan";
import { Violations } from "./events/Violations";

type Known = Schemas["KnownEvent"];

/** Every event that came or is planned: how often, when last, and what of the tracking plan it broke. */
export default function Events() {
  const { t } = useTranslation();
  const { status } = useView();
  const catalog = useQuery({
    queryKey: ["events", status?.as_of],
    queryFn: () => data(api.GET("/v1/events")),
    refetchInterval: 30_000,
  });
  return (
    <>
      <PageHead title={t("events.title")} lead={t("events.lead")} />
      <Answer query={catalog} rows={10}>
        {(found) => (found.events.length === 0 ? <Nothing plan={found} /> : <Catalog catalog={found} />)}
      </Answer>
    </>
  );
}

function Nothing({ plan }: { plan: Schemas["EventCatalog"] }) {
  const { t } = useTranslation();
  const address = useAddress();
  return (
    <div className="grid">
      <div className="card">
        <Empty title={t("events.none")} text={t("events.noneText")}>
          <Link to={address("/files")}>{t("frame.place.files")}</Link>
        </Empty>
      </div>
      <PlanCard catalog={plan} />
    </div>
  );
}

function Catalog({ catalog }: { catalog: Schemas["EventCatalog"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const [params, setParams] = useSearchParams();
  const search = params.get("q") ?? "";
  const wanted = search.trim().toLowerCase();
  const shown = catalog.events.filter((event) => event.name.toLowerCase().includes(wanted));
  const sum = (part: (event: Known) => number) => catalog.events.reduce((all, event) => all + part(event), 0);
  return (
    <div className="grid">
      {catalog.partial && <div className="banner warn">{t("events.partial")}</div>}
      <dl className="figures">
        <Figure name={t("events.names")} value={format.count(catalog.events.length)} />
        <Figure name={t("events.volume")} value={format.count(sum((event) => event.volume) + catalog.beyond)} />
        <Figure name={t("events.flagged")} value={format.count(sum((event) => event.flagged))} />
        <Figure name={t("events.quarantined")} value={format.count(sum((event) => event.quarantined))} />
      </dl>
      <Card
        title={t("events.catalog")}
        lead={t("events.catalogLead")}
        tools={
          <Input
            allowClear
            value={search}
            onChange={(change) => {
              const text = change.target.value;
              setParams(
                (old) => {
                  const next = new URLSearchParams(old);
                  if (text) next.set("q", text);
                  else next.delete("q");
                  return next;
                },
                { replace: true },
              );
            }}
            placeholder={t("events.search")}
            aria-label={t("events.search")}
            style={{ width: 220 }}
          />
        }
      >
        <div aria-live="polite">
          {shown.length === 0 ? <Empty title={t("events.noMatch")} /> : <List events={shown} planned={catalog.plan} />}
        </div>
        {catalog.beyond > 0 && <p className="muted">{t("events.beyond", { n: format.count(catalog.beyond) })}</p>}
      </Card>
      <PlanCard catalog={catalog} />
      <Violations list={catalog.violations} />
    </div>
  );
}

function List({ events, planned }: { events: Known[]; planned: Schemas["TrackingPlanVersion"] | undefined }) {
  const { t } = useTranslation();
  const { format } = useView();
  const narrow = useNarrow();
  const seen = (event: Known) => (event.last_seen ? format.time(event.last_seen) : NONE);
  if (narrow) {
    return (
      <ul className="tiles">
        {events.map((event) => (
          <li key={event.name} className="tile">
            <span className="line">
              <EventLink name={event.name} />
              <span className="num">{format.count(event.volume)}</span>
            </span>
            <span className="line">
              <PlanMark event={event} planned={planned !== undefined} />
              <span className="muted num">{seen(event)}</span>
            </span>
          </li>
        ))}
      </ul>
    );
  }
  return (
    <Table
      label={t("events.catalog")}
      rows={events}
      keyOf={(event) => event.name}
      columns={[
        { name: t("events.name"), cell: (event) => <EventLink name={event.name} /> },
        { name: t("events.volume"), right: true, cell: (event) => format.count(event.volume) },
        { name: t("events.last"), right: true, cell: seen },
        { name: t("events.properties"), right: true, cell: (event) => format.count(event.properties) },
        { name: t("events.plan"), cell: (event) => <PlanMark event={event} planned={planned !== undefined} /> },
        { name: t("events.flagged"), right: true, cell: (event) => format.count(event.flagged) },
        { name: t("events.quarantined"), right: true, cell: (event) => format.count(event.quarantined) },
      ]}
    />
  );
}

function EventLink({ name }: { name: string }) {
  const address = useAddress();
  return (
    <Link className="break" to={address(`/events/${encodeURIComponent(name)}`)}>
      {name}
    </Link>
  );
}

/** Whether the plan names an event, and what happens to those that break it. */
export function PlanMark({ event, planned }: { event: Known; planned: boolean }) {
  const { t } = useTranslation();
  if (event.mode)
    return <Mark tone={event.mode === "quarantine" ? "info" : "plain"}>{t(`events.mode.${event.mode}`)}</Mark>;
  if (!planned || event.name.startsWith("$")) return <span className="muted">{NONE}</span>;
  return <Mark tone="warn">{t("events.unplanned")}</Mark>;
}
