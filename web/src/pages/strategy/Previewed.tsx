import { useTranslation } from "react-i18next";
import { useView } from "../../core/view";
import { proposalOf } from "../whatif/proposal";
import { StageMoves } from "./StageMoves";

/** The users whom a proposed draft moves, as the what-if page saw it; nothing for other texts. */
export function Previewed({ text }: { text: string }) {
  const { t } = useTranslation();
  const { format } = useView();
  const report = proposalOf(text);
  if (!report) return null;
  return (
    <div>
      <p className="muted note">
        {t("whatif.previewed", { time: format.time(report.as_of), n: format.count(report.users) })}
      </p>
      <StageMoves moves={report.stages.moves.filter(({ from, to }) => from !== to)} currency={report.currency} />
    </div>
  );
}
