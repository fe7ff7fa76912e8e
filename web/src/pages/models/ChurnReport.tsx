import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Deciles } from "../../charts/Deciles";
import { useKnown } from "../../components/known";
import { Card, Figure } from "../../components/Parts";
import { Table } from "../../components/Table";
import type { Schemas } from "../../core/api";
import { useAddress, useView } from "../../core/view";

/** The evidence of the warning of churn, and what raises the risk. */
export function ChurnReport({ churn }: { churn: Schemas["ChurnModel"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const address = useAddress();
  const known = useKnown();
  const { evidence } = churn;
  const features = churn.features.toSorted((a, b) => Math.abs(b.coef) - Math.abs(a.coef));
  const most = Math.max(...features.map((one) => Math.abs(one.coef)), 1e-9);
  return (
    <>
      <Deciles
        className="seven"
        title={t("models.churnTitle")}
        lead={t("models.churnLead", {
          day: format.day(evidence.cut),
          days: churn.horizon_days,
          n: format.count(evidence.users),
          churned: format.percent(evidence.users > 0 ? evidence.churned / evidence.users : 0),
        })}
        deciles={evidence.deciles}
        after={
          <>
            <dl className="figures inner">
              <Figure
                small
                name={t("churn.precision")}
                value={format.percent(evidence.precision)}
                aside={t("churn.precisionAside", { days: churn.horizon_days })}
              />
              <Figure
                small
                name={t("churn.recall")}
                value={format.percent(evidence.recall)}
                aside={t("churn.recallAside")}
              />
              <Figure
                small
                name={t("churn.ahead")}
                value={t("common.days", { count: Math.round(evidence.lead_days) })}
                aside={t("churn.leadAside")}
              />
            </dl>
            <p className="muted note">
              {t("models.threshold", {
                threshold: format.percent(churn.threshold),
                method: t(`churn.method.${evidence.method}` as never),
                brier: format.decimal(evidence.brier, 3),
              })}{" "}
              <Link to={address("/churn")}>{t("models.toChurn")}</Link>
            </p>
          </>
        }
      />
      <Card className="five" title={t("models.features")} lead={t("models.featuresLead")}>
        <Table
          label={t("models.features")}
          rows={features}
          keyOf={(one) => one.name}
          columns={[
            { name: t("models.feature"), cell: (one) => known.churnFeature(one.name) },
            {
              name: t("models.effect"),
              cell: (one) => (
                <span className="effect" aria-hidden="true">
                  <span
                    className={one.coef > 0 ? "raises" : "lowers"}
                    style={{ width: `${(Math.abs(one.coef) / most) * 50}%` }}
                  />
                </span>
              ),
            },
            { name: t("models.odds"), right: true, cell: (one) => `× ${format.decimal(Math.exp(one.coef), 2)}` },
          ]}
        />
      </Card>
    </>
  );
}
