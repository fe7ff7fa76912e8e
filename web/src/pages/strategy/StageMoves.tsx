import { useTranslation } from "react-i18next";
import { Scroll } from "../../components/Scroll";
import { useNames } from "../../core/names";
import { useView } from "../../core/view";

/** Users who go from one stage to another; revenue in minor units of the currency, where it is known. */
export interface StageMove {
  from: string;
  to: string;
  users: number;
  revenue_minor?: number;
}

/** The moves between stages as a table, the largest first; a sentence when nobody moves. With a currency revenue has a column. */
export function StageMoves({ moves, currency }: { moves: readonly StageMove[]; currency?: string }) {
  const { t } = useTranslation();
  const { format } = useView();
  const names = useNames();
  const name = (stage: string) => (stage ? names.stage(stage) : t("stages.undecided"));
  if (moves.length === 0) return <p className="muted">{t("whatif.nobodyMoves")}</p>;
  return (
    <Scroll label={t("whatif.moves")} style={{ maxHeight: 260 }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("whatif.before")}</th>
            <th scope="col">{t("whatif.after")}</th>
            <th scope="col" className="right">
              {t("whatif.users")}
            </th>
            {currency && (
              <th scope="col" className="right">
                {t("whatif.revenue")}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {[...moves]
            .sort((a, b) => b.users - a.users)
            .map((move) => (
              <tr key={`${move.from} ${move.to}`}>
                <td>{name(move.from)}</td>
                <td>{name(move.to)}</td>
                <td className="right num">{format.count(move.users)}</td>
                {currency && <td className="right num">{format.moneyCompact(move.revenue_minor ?? 0, currency)}</td>}
              </tr>
            ))}
        </tbody>
      </table>
    </Scroll>
  );
}
