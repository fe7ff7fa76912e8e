import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useKnown } from "../../components/known";
import { Mark } from "../../components/Parts";
import { Reasons } from "../../components/Reasons";
import { Answer, Empty } from "../../components/States";
import { api, data, type Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useNames } from "../../core/names";
import { useView } from "../../core/view";

/** How the user's state came to be: every decision with its reasons. */
export function Decisions({ id }: { id: string }) {
  const { t } = useTranslation();
  const decisions = useQuery({
    queryKey: ["user", id, "decisions"],
    queryFn: () => data(api.GET("/v1/users/{id}/decisions", { params: { path: { id }, query: { limit: 200 } } })),
  });
  return (
    <div className="card">
      <Answer query={decisions} rows={6}>
        {(list) =>
          list.decisions.length === 0 ? (
            <Empty title={t("user.noDecisions")} text={t("user.noDecisionsText")} />
          ) : (
            <ol className="timeline">
              {list.decisions.map((decision) => (
                <DecisionItem key={decision.seq} decision={decision} />
              ))}
            </ol>
          )
        }
      </Answer>
    </div>
  );
}

function DecisionItem({ decision }: { decision: Schemas["Decision"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  const names = useNames();
  const placeOf = (what: string, place: string) => (what === "stage" ? names.stage(place) : place) || NONE;
  return (
    <li className={decision.baseline ? "minor" : undefined}>
      <time dateTime={decision.as_of} className="num">
        {format.time(decision.as_of)}
      </time>
      <div>
        <p className="marks">
          <strong>{t("user.decision", { seq: decision.seq })}</strong>
          {decision.baseline && (
            <Mark tone="info">
              {decision.why ? t("user.baselineWhy", { why: known.baseline(decision.why) }) : t("user.baseline")}
            </Mark>
          )}
          {decision.messages.length > 0 && (
            <Mark tone="accent">{t("user.asked", { count: decision.messages.length })}</Mark>
          )}
        </p>
        {decision.transitions.length === 0 && <p className="muted">{t("user.noMoves")}</p>}
        {decision.transitions.map((move) => (
          <details key={`${move.what} ${move.from} ${move.to}`}>
            <summary>
              {known.score(move.what)} <span className="muted">{placeOf(move.what, move.from)} →</span>{" "}
              <strong>{placeOf(move.what, move.to)}</strong>
            </summary>
            {move.reasons && move.reasons.length > 0 && <Reasons reasons={move.reasons} open />}
          </details>
        ))}
        {decision.strategy_version && (
          <p className="muted mono">
            {decision.strategy_version}
            {decision.cuts_version ? ` · ${decision.cuts_version}` : ""}
          </p>
        )}
      </div>
    </li>
  );
}
