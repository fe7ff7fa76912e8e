import { useTranslation } from "react-i18next";
import { Scroll } from "../../components/Scroll";
import { useNames } from "../../core/names";
import { useView } from "../../core/view";
import { proposalOf } from "../whatif/proposal";

/** The users whom a proposed draft moves, as the what-if page saw it; nothing for other texts. */
export function Previewed({ text }: { text: string }) {
  const { t } = useTranslation();
  const { format } = useView();
  const names = useNames();
  const report = proposalOf(text);
  if (!report) return null;
  const moves = report.stages.moves.filter(({ from, to }) => from !== to).sort((a, b) => b.users - a.users);
  const name = (stage: string) => (stage ? names.stage(stage) : t("stages.undecided"));
  return (
    <div>
      <p className="muted note">
        {t("whatif.previewed", { time: format.time(report.as_of), n: format.count(report.users) })}
      </p>
      {moves.length === 0 ? (
        <p className="muted">{t("whatif.nobodyMoves")}</p>
      ) : (
        <Scroll label={t("whatif.moves")} style={{ maxHeight: 220 }}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t("whatif.before")}</th>
                <th scope="col">{t("whatif.after")}</th>
                <th scope="col" className="right">
                  {t("whatif.users")}
                </th>
                <th scope="col" className="right">
                  {t("whatif.revenue")}
                </th>
              </tr>
            </thead>
            <tbody>
              {moves.map((move) => (
                <tr key={`${move.from} ${move.to}`}>
                  <td>{name(move.from)}</td>
                  <td>{name(move.to)}</td>
                  <td className="right num">{format.count(move.users)}</td>
                  <td className="right num">{format.moneyCompact(move.revenue_minor, report.currency)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </div>
  );
}
