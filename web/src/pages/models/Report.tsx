import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useKnown } from "../../components/known";
import { Figure } from "../../components/Parts";
import { Answer } from "../../components/States";
import { Warnings } from "../../components/Warnings";
import { api, data, type Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useView } from "../../core/view";
import { Calibration } from "./Calibration";
import { ChurnReport } from "./ChurnReport";
import { scoring } from "./derived";
import { Parameters } from "./Parameters";

/** What one fit found, and how well it foretells. */
export function Report({ version }: { version: string }) {
  const report = useQuery({
    queryKey: ["models", version],
    queryFn: () => data(api.GET("/v1/models/versions/{version}", { params: { path: { version } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Answer query={report} rows={12}>
      {(set) => <Parts set={set} />}
    </Answer>
  );
}

function Parts({ set }: { set: Schemas["ModelSet"] }) {
  const purchases = set.fits.find((fit) => fit.model !== "gammagamma");
  const money = set.fits.find((fit) => fit.model === "gammagamma");
  return (
    <>
      <Warnings list={set.summary.warnings} />
      <Glance set={set} purchases={purchases} />
      {purchases?.holdout && <Calibration holdout={purchases.holdout} from={set.holdout_from} />}
      {purchases && <Parameters fit={purchases} wide={!purchases.holdout} />}
      {set.churn && <ChurnReport churn={set.churn} />}
      {money && <Parameters fit={money} wide />}
    </>
  );
}

/** The few figures by which a fit is judged at first sight. */
function Glance({ set, purchases }: { set: Schemas["ModelSet"]; purchases: Schemas["ModelFit"] | undefined }) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  const holdout = purchases?.holdout;
  const churn = set.churn;
  return (
    <dl className="figures">
      <Figure
        small
        name={t("models.scoresWith")}
        value={purchases ? known.model(scoring(purchases).model) : NONE}
        aside={t("models.fittedTo", { n: format.count(purchases?.n ?? set.summary.users) })}
      />
      <Figure
        small
        name={t("models.histories")}
        value={format.day(set.summary.as_of)}
        aside={t("models.fittedAt", { time: format.time(set.summary.fitted_at) })}
      />
      <Figure
        small
        name={t("models.holdout")}
        value={holdout && holdout.actual > 0 ? format.signedPercent(holdout.expected / holdout.actual - 1) : NONE}
        aside={
          holdout
            ? t("models.holdoutAside", {
                weeks: format.decimal(holdout.weeks, 0),
                expected: format.count(Math.round(holdout.expected)),
                actual: format.count(Math.round(holdout.actual)),
              })
            : t("models.noHoldout")
        }
      />
      <Figure
        small
        name={t("models.auc")}
        value={churn ? format.decimal(churn.evidence.auc, 3) : NONE}
        aside={churn ? t("models.aucAside") : t("models.noChurn")}
      />
    </dl>
  );
}
