import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Pairs } from "../../components/Parts";
import { Empty, Failure, Loading } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { useView } from "../../core/view";

/** The user's events, newest first. */
export function Timeline({ id }: { id: string }) {
  const { t } = useTranslation();
  const events = useInfiniteQuery({
    queryKey: ["user", id, "events"],
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/v1/users/{id}/events", {
          params: { path: { id }, query: { limit: 50, after: pageParam || undefined } },
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
  });
  if (events.isPending) return <Loading rows={8} />;
  if (events.error && !events.data) return <Failure error={events.error} retry={() => void events.refetch()} />;
  const all = events.data.pages.flatMap((page) => page.events);
  return (
    <div className="card">
      {all.length === 0 ? (
        <Empty title={t("user.noEvents")} text={t("user.noEventsText")} />
      ) : (
        <ol className="timeline">
          {all.map((event) => (
            <EventItem key={event.id} event={event} />
          ))}
        </ol>
      )}
      {events.hasNextPage && (
        <p className="pager">
          <Button onClick={() => void events.fetchNextPage()} loading={events.isFetchingNextPage}>
            {t("user.older")}
          </Button>
        </p>
      )}
    </div>
  );
}

function EventItem({ event }: { event: Schemas["TimelineEvent"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const properties = entries(event.properties);
  const traits = entries(event.traits);
  const shown = [...properties, ...traits];
  return (
    <li className={event.type === "track" ? undefined : "minor"}>
      <time dateTime={event.time} className="num">
        {format.time(event.time)}
      </time>
      <div>
        <strong>{event.name || event.type}</strong>{" "}
        <span className="muted">
          {event.name ? event.type : ""}
          {shown.length > 0 &&
            ` · ${shown
              .slice(0, 4)
              .map(([name, value]) => `${name} ${value}`)
              .join(" · ")}`}
        </span>
        <details>
          <summary className="muted">{t("user.details")}</summary>
          <Pairs
            pairs={[
              ...shown,
              [t("user.arrived"), format.time(event.arrived)],
              [t("user.underId"), event.user_id],
              [
                t("user.fromFile"),
                <span key="file" className="mono break">
                  {event.file}
                </span>,
              ],
              ...(event.message_id ? [[t("user.messageId"), event.message_id] as [string, string]] : []),
            ]}
          />
        </details>
      </div>
    </li>
  );
}

function entries(object: unknown): [string, string][] {
  if (!object || typeof object !== "object") return [];
  return Object.entries(object).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}
