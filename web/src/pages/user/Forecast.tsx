import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Card, Figure, Mark } from "../../components/Parts";
import type { Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useAddress, useView } from "../../core/view";
import { Probability, Why } from "../churn/List";

/** What the models in force expect of a user: alive, purchases, value, and the risk of leaving with its reasons. */
export function Forecast({ user }: { user: Schemas["User"] }) {
  const { t } = useTranslation();
  const address = useAddress();
  if (!user.model_version)
    return (
      <p className="muted">
        {t("forecast.noModels")} <Link to={address("/models")}>{t("churn.toModels")}</Link>
      </p>
    );
  return (
    <Card title={t("forecast.title")} lead={t("forecast.lead", { version: user.model_version })}>
      <Value user={user} />
      {user.churn ? <Risk churn={user.churn} /> : <p className="muted note">{t("forecast.noChurn")}</p>}
    </Card>
  );
}

function Value({ user }: { user: Schemas["User"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const { scores, value } = user;
  const money = (minor: number) => format.money(minor, scores.currency);
  return (
    <dl className="figures inner first">
      <Figure
        small
        name={t("score.p_alive")}
        value={scores.p_alive === undefined ? NONE : format.percent(scores.p_alive)}
        aside={scores.p_alive === undefined ? t("forecast.aliveUnknown") : t("forecast.aliveAside")}
      />
      <Figure
        small
        name={t("score.expected_purchases")}
        value={scores.expected_purchases === undefined ? NONE : format.decimal(scores.expected_purchases, 2)}
        aside={t("forecast.year")}
      />
      <Figure
        small
        name={t("score.clv")}
        value={value ? money(value.clv_minor) : NONE}
        aside={
          value
            ? t("forecast.interval", { low: money(value.low_minor), high: money(value.high_minor) })
            : t("forecast.noValue")
        }
      />
      <Figure
        small
        name={t("score.expected_value")}
        value={value ? money(value.per_purchase_minor) : NONE}
        aside={value && t("forecast.weeks", { weeks: format.decimal(value.horizon_weeks, 0) })}
      />
    </dl>
  );
}

function Risk({ churn }: { churn: Schemas["UserChurn"] }) {
  const { t } = useTranslation();
  return (
    <div className="risk">
      <div>
        <h3>
          {t("score.churn_p")} {churn.warning && <Mark tone="bad">{t("forecast.warning")}</Mark>}
        </h3>
        <Probability p={churn.probability} threshold={churn.threshold} />
        <p className="muted">
          {t("forecast.within", { count: churn.horizon_days })}{" "}
          {churn.lead_days > 0 ? t("forecast.ahead", { count: churn.lead_days }) : t("forecast.gone")}
        </p>
      </div>
      <div>
        <h3>{t("forecast.why")}</h3>
        <Why user={churn} />
      </div>
    </div>
  );
}
