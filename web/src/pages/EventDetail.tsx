import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { Card, Figure, Mark, PageHead } from "../components/Parts";
import { Answer, Empty } from "../components/States";
import { Table } from "../components/Table";
import { api, data, type Schemas } from "../core/api";
import { NONE } from "../core/format";
import { useAddress, useView } from "../core/view";
import { Violations } from "./events/Violations";

/** One event: its volume, its properties with their types and common values, and how it broke the tracking plan. */
export default function EventDetail() {
  const { t } = useTranslation();
  const { name = "" } = useParams();
  const address = useAddress();
  const { status } = useView();
  const event = useQuery({
    queryKey: ["event", name, status?.as_of],
    queryFn: () => data(api.GET("/v1/events/{name}", { params: { path: { name } } })),
  });
  return (
    <>
      <p className="back">
        <Link to={address("/events")}>← {t("events.title")}</Link>
      </p>
      <PageHead title={name} lead={event.data?.description} />
      <Answer query={event} rows={8}>
        {(found) => <Detail found={found} />}
      </Answer>
    </>
  );
}

function Detail({ found }: { found: Schemas["EventDetail"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { event } = found;
  return (
    <div className="grid">
      <dl className="figures">
        <Figure name={t("events.volume")} value={format.count(event.volume)} />
        <Figure name={t("events.first")} value={event.first_seen ? format.time(event.first_seen) : NONE} small />
        <Figure name={t("events.last")} value={event.last_seen ? format.time(event.last_seen) : NONE} small />
        <Figure name={t("events.flagged")} value={format.count(event.flagged)} />
        <Figure name={t("events.quarantined")} value={format.count(event.quarantined)} />
      </dl>
      <Card title={t("events.properties")} lead={t("events.propertiesLead", { n: format.count(found.examined) })}>
        {found.properties.length === 0 ? (
          <Empty title={t("events.noProperties")} />
        ) : (
          <Table
            label={t("events.properties")}
            rows={found.properties}
            keyOf={(property) => property.name}
            columns={[
              { name: t("events.property"), cell: (property) => <span className="mono break">{property.name}</span> },
              { name: t("events.types"), cell: (property) => property.types.join(", ") || NONE },
              { name: t("events.share"), right: true, cell: (property) => format.percent(property.share, 0) },
              { name: t("events.plan"), cell: (property) => <Planned property={property} /> },
              {
                name: t("events.values"),
                cell: (property) => <span className="mono break">{property.values.join(", ") || NONE}</span>,
              },
            ]}
          />
        )}
        {found.more && <p className="muted">{t("events.more")}</p>}
      </Card>
      <Violations list={found.violations} />
    </div>
  );
}

function Planned({ property }: { property: Schemas["KnownProperty"] }) {
  const { t } = useTranslation();
  if (property.required) return <Mark tone="info">{t("events.required")}</Mark>;
  if (property.planned) return <Mark>{t("events.planned")}</Mark>;
  return <span className="muted">{NONE}</span>;
}
