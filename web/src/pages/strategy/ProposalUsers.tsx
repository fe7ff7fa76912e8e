import { useTranslation } from "react-i18next";
import { Card, Figure } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { Empty } from "../../components/States";
import type { Schemas } from "../../core/api";
import { useNames } from "../../core/names";
import { useView } from "../../core/view";
import { signed } from "../whatif/Sizes";
import { StageMoves } from "./StageMoves";

type Preview = Schemas["ProposalPreview"];

/** Whom a proposal moves, under exactly the versions that are named. */
export function Users({ preview }: { preview: Preview | undefined }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (!preview || preview.unseen !== undefined)
    return (
      <Card title={t("proposal.users")}>
        <Empty
          title={t(preview ? "proposal.unseen" : "proposal.unlooked")}
          text={preview?.unseen ?? t("proposal.unlookedText")}
        />
        {preview && <Reach preview={preview} />}
      </Card>
    );
  const tuple = [preview.from, preview.to, preview.recut ? t("proposal.recut") : preview.cuts, preview.models];
  return (
    <Card
      title={t("proposal.users")}
      lead={t("proposal.tuple", { time: format.time(preview.as_of), versions: tuple.filter(Boolean).join(" · ") })}
    >
      <div style={{ display: "grid", gap: 16, gridTemplateColumns: "minmax(0, 1fr)" }}>
        <dl className="figures">
          <Figure name={t("proposal.moved")} value={format.count(preview.moved)} />
          <Figure name={t("proposal.base")} value={format.count(preview.users)} />
        </dl>
        <StageMoves moves={preview.moves} />
        <Sizes preview={preview} />
        <Reach preview={preview} />
      </div>
    </Card>
  );
}

/** The sizes that change. */
function Sizes({ preview }: { preview: Preview }) {
  const { t } = useTranslation();
  const { format } = useView();
  const names = useNames();
  const word = ({ group, name }: Preview["sizes"][number]) => {
    if (!name) return t("stages.undecided");
    if (group === "stage" || group === "tier" || group === "segment") return names[group](name);
    return name;
  };
  const changed = preview.sizes.filter(({ before, after }) => before !== after);
  if (changed.length === 0) return null;
  return (
    <Scroll label={t("proposal.sizes")} style={{ maxHeight: 320 }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("proposal.sizes")}</th>
            <th scope="col" className="right">
              {t("whatif.before")}
            </th>
            <th scope="col" className="right">
              {t("whatif.after")}
            </th>
            <th scope="col" className="right">
              {t("proposal.change")}
            </th>
          </tr>
        </thead>
        <tbody>
          {changed.map((size) => (
            <tr key={`${size.group} ${size.name}`}>
              <td className="break">
                {word(size)} <span className="muted">{t(`proposal.group.${size.group}`)}</span>
              </td>
              <td className="right num">{format.count(size.before)}</td>
              <td className="right num">{format.count(size.after)}</td>
              <td className="right num">{signed(size.after - size.before, format.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Reach({ preview }: { preview: Preview }) {
  const { t } = useTranslation();
  const { format } = useView();
  if (!preview.reach?.length) return null;
  return (
    <div>
      <p className="muted">{t("publish.reach")}</p>
      <ul className="marks">
        {preview.reach.map((rule) => (
          <li key={rule.rule} className="mark">
            {rule.rule} <strong className="num">{format.count(rule.users)}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
}
