import { useTranslation } from "react-i18next";
import { Purchases } from "../../charts/Purchases";
import { Card, Figure, Mark, Pairs } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { StageMark } from "../../components/StageMark";
import { Empty } from "../../components/States";
import type { Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useNames } from "../../core/names";
import { useView } from "../../core/view";
import { Forecast } from "./Forecast";
import { Identity } from "./Identity";
import { Privacy } from "./Privacy";

type User = Schemas["User"];

export function Portrait({ user, onForgotten }: { user: User; onForgotten: (receipt: Schemas["Receipt"]) => void }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { scores } = user;
  const money = (minor: number) => format.money(minor, scores.currency);
  return (
    <div className="grid">
      <dl className="figures">
        <Figure
          name={t("user.spend")}
          value={money(scores.spend_minor)}
          aside={
            scores.orders > 0
              ? t("user.perOrder", { money: money(Math.round(scores.spend_minor / scores.orders)) })
              : undefined
          }
        />
        <Figure
          name={t("user.orders")}
          value={format.count(scores.orders)}
          aside={t("user.repeats", { count: scores.x })}
        />
        <Figure
          name={t("user.recency")}
          value={scores.recency_days === undefined ? NONE : t("users.ago", { count: scores.recency_days })}
          aside={t("user.lastSeen", { day: format.day(scores.last_seen) })}
        />
        <Figure
          name={t("user.firstSeen")}
          value={format.day(scores.first_seen)}
          aside={t("user.events", { count: user.events })}
        />
      </dl>
      <Card className="eight" title={t("user.purchases")} lead={t("user.purchasesLead")}>
        {user.purchases.length === 0 ? (
          <Empty title={t("user.noPurchases")} />
        ) : (
          <Purchases days={user.purchases} until={user.as_of} currency={scores.currency} format={format} />
        )}
      </Card>
      <Card className="four" title={t("user.state")}>
        <StatePairs user={user} />
      </Card>
      <Forecast user={user} />
      <Card className="half" title={t("user.traits")}>
        {user.traits.length === 0 ? (
          <Empty title={t("user.noTraits")} text={t("user.noTraitsText")} />
        ) : (
          <Pairs
            pairs={user.traits.map((trait) => [
              trait.name,
              <span key={trait.name} title={format.time(trait.time)}>
                {typeof trait.value === "string" ? trait.value : JSON.stringify(trait.value)}
              </span>,
            ])}
          />
        )}
      </Card>
      <Card className="half" title={t("user.tags")}>
        <Tags user={user} />
      </Card>
      <Card className="half" title={t("user.metrics")}>
        <Metrics user={user} />
      </Card>
      <Card className="half" title={t("user.eventCounts")}>
        <Counts user={user} />
      </Card>
      <Card title={t("user.identity")} lead={t("user.identityLead")}>
        <Identity user={user} />
      </Card>
      <Card title={t("user.privacy")} lead={t("user.privacyLead")}>
        <Privacy user={user} onForgotten={onForgotten} />
      </Card>
    </div>
  );
}

function StatePairs({ user }: { user: User }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { scores } = user;
  return (
    <Pairs
      pairs={[
        [t("user.stage"), <StageMark key="stage" stage={scores.stage} />],
        [t("user.since"), scores.stage_since ? format.day(scores.stage_since) : NONE],
        [t("user.before"), user.stage_from ? <StageMark key="from" stage={user.stage_from} /> : NONE],
        [
          t("user.candidate"),
          scores.stage_candidate ? <StageMark key="candidate" stage={scores.stage_candidate} /> : NONE,
        ],
        [t("user.decided"), user.decided_at ? format.time(user.decided_at) : t("user.neverDecided")],
        [
          t("user.versions"),
          <span key="v" className="mono break">
            {user.strategy_version}
            {user.cuts_version ? ` · ${user.cuts_version}` : ""}
          </span>,
        ],
      ]}
    />
  );
}

function Tags({ user }: { user: User }) {
  const { t } = useTranslation();
  const { format } = useView();
  const names = useNames();
  const segments = user.scores.segments;
  return (
    <div className="grid" style={{ gap: 16 }}>
      {user.tags.length === 0 ? (
        <p className="muted">{t("user.noTags")}</p>
      ) : (
        <ul className="marks">
          {user.tags.map((tag) => (
            <li
              key={`${tag.source} ${tag.name}`}
              title={[tag.by, tag.expires && t("user.expires", { time: format.day(tag.expires) })]
                .filter(Boolean)
                .join(" · ")}
            >
              <Mark tone={tag.source === "event" ? "info" : "accent"}>{tag.name}</Mark>
            </li>
          ))}
        </ul>
      )}
      <div>
        <p className="muted">{t("user.segments")}</p>
        <div className="marks">
          {segments.length === 0
            ? NONE
            : segments.map((segment) => <Mark key={segment}>{names.segment(segment)}</Mark>)}
        </div>
      </div>
    </div>
  );
}

function Metrics({ user }: { user: User }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (user.metrics.length === 0) return <Empty title={t("user.noMetrics")} text={t("user.noMetricsText")} />;
  const show = (value: number | undefined, unit: string) => {
    if (value === undefined) return NONE;
    if (unit === "money") return format.decimal(value);
    return Number.isInteger(value) ? format.count(value) : format.decimal(value);
  };
  return (
    <Scroll label={t("user.metrics")}>
      <table className="plain">
        <tbody>
          {user.metrics.map((metric) => (
            <tr key={metric.name}>
              <th scope="row" className="break">
                {metric.name}
                <br />
                <span className="muted">
                  {metric.agg} · {metric.event}
                </span>
              </th>
              {metric.windows.map((window) => (
                <td key={window.days} className="right num">
                  {show(window.value, metric.unit)}
                  <br />
                  <span className="muted">{t("common.days", { count: window.days })}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Counts({ user }: { user: User }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (user.event_counts.length === 0) return <Empty title={t("user.noCounts")} text={t("user.noCountsText")} />;
  return (
    <Scroll label={t("user.eventCounts")}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("user.event")}</th>
            <th scope="col" className="right">
              {t("user.count")}
            </th>
            <th scope="col" className="right">
              {t("user.first")}
            </th>
            <th scope="col" className="right">
              {t("user.last")}
            </th>
          </tr>
        </thead>
        <tbody>
          {user.event_counts.map((count) => (
            <tr key={count.name}>
              <td>{count.name}</td>
              <td className="right num">{format.count(count.count)}</td>
              <td className="right num">{format.day(count.first)}</td>
              <td className="right num">{format.day(count.last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
