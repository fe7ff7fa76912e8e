import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Reasons } from "../../components/Reasons";
import { Answer, Empty } from "../../components/States";
import { api, data } from "../../core/api";
import { useAsOf, useView } from "../../core/view";

export function Scores({ id }: { id: string }) {
  const { t } = useTranslation();
  const { asOf } = useAsOf();
  const { format, status } = useView();
  const explanation = useQuery({
    queryKey: ["user", id, "explain", asOf, status?.strategy_version, status?.as_of],
    queryFn: () => data(api.GET("/v1/users/{id}/explain", { params: { path: { id }, query: { as_of: asOf } } })),
  });
  return (
    <div className="card">
      <Answer query={explanation} rows={8}>
        {(found) =>
          found.reasons.length === 0 ? (
            <Empty title={t("user.noScores")} />
          ) : (
            <>
              <p className="muted">{t("user.scoresLead", { time: format.time(found.as_of) })}</p>
              <Reasons reasons={found.reasons} />
            </>
          )
        }
      </Answer>
    </div>
  );
}
