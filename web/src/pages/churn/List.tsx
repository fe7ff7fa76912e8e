import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useLabel } from "../../components/Parts";
import { StageMark } from "../../components/StageMark";
import { Table } from "../../components/Table";
import type { Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useNarrow } from "../../core/hooks";
import { useAddress, useView } from "../../core/view";

type User = Schemas["ChurnUser"];

/** Users with their probability, its reasons in words, how early the warning is, and what is at stake. */
export function ChurnList({
  users,
  currency,
  threshold,
}: {
  users: readonly User[];
  currency: string;
  threshold: number;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const narrow = useNarrow();
  const to = (user: User) => address(`/users/${encodeURIComponent(user.user_id)}`);
  const value = (user: User) => (user.clv_minor === undefined ? NONE : format.money(user.clv_minor, currency));
  const lead = (user: User) => (user.lead_days > 0 ? t("common.days", { count: user.lead_days }) : t("churn.gone"));
  if (narrow)
    return (
      <div className="tiles">
        {users.map((user) => (
          <Link className="tile" to={to(user)} key={user.user_id}>
            <span className="line">
              <span className="mono break">{user.user_id}</span>
              <StageMark stage={user.stage} />
            </span>
            <Probability p={user.probability} threshold={threshold} />
            <Why user={user} />
            <span className="line muted">
              <span>{t("churn.leadIs", { lead: lead(user) })}</span>
              <span className="num">{t("churn.valueIs", { value: value(user) })}</span>
            </span>
          </Link>
        ))}
      </div>
    );
  return (
    <Table
      label={t("churn.list")}
      rows={users}
      keyOf={(user) => user.user_id}
      columns={[
        {
          name: t("users.id"),
          cell: (user) => (
            <>
              <Link className="mono break" to={to(user)}>
                {user.user_id}
              </Link>
              <span className="block below">
                <StageMark stage={user.stage} />
              </span>
            </>
          ),
        },
        { name: t("churn.probability"), cell: (user) => <Probability p={user.probability} threshold={threshold} /> },
        { name: t("churn.reasons"), cell: (user) => <Why user={user} /> },
        { name: t("churn.leadHead"), right: true, cell: lead },
        {
          name: t("churn.value"),
          right: true,
          cell: (user) => (
            <>
              {value(user)}
              {user.clv_low_minor !== undefined && user.clv_high_minor !== undefined && (
                <small className="muted block">
                  {format.moneyCompact(user.clv_low_minor, currency)} –{" "}
                  {format.moneyCompact(user.clv_high_minor, currency)}
                </small>
              )}
            </>
          ),
        },
      ]}
    />
  );
}

/** A probability as a bar with the threshold marked on it; the figure stands beside it. */
export function Probability({ p, threshold }: { p: number; threshold: number }) {
  const { format } = useView();
  return (
    <span className="probability">
      <span className="track" aria-hidden="true">
        <span className={p >= threshold ? "over" : "under"} style={{ width: `${100 * p}%` }} />
        <i style={{ left: `${100 * threshold}%` }} />
      </span>
      <strong className="num">{format.percent(p, p < 0.1 ? 1 : 0)}</strong>
    </span>
  );
}

/** The reasons in words, the strongest first. */
export function Why({ user }: { user: { reasons: readonly Schemas["ChurnReason"][] } }) {
  const { t } = useTranslation();
  const label = useLabel();
  if (user.reasons.length === 0) return <span className="muted">{t("churn.noReasons")}</span>;
  return (
    <span className="why">
      {user.reasons.map((reason) => (
        <span key={reason.feature}>{label(reason.feature, reason.text)}</span>
      ))}
    </span>
  );
}
