import { useTranslation } from "react-i18next";
import { Scroll } from "../../components/Scroll";
import { allowedAfter, withValue } from "../../core/whatif/edits";
import type { Edits, Settings } from "../../core/whatif/settings";

/** Which stages may follow which: a switch for each pair. */
export function Transitions({
  settings,
  published,
  edits,
  word,
  onEdit,
}: {
  settings: Settings;
  published: Settings;
  edits: Edits;
  word: (stage: string) => string;
  onEdit: (edits: Edits) => void;
}) {
  const { t } = useTranslation();
  const names = settings.lifecycle.stages.map(({ name }) => name);
  const allows = (of: Settings, from: string, to: string) => {
    const after = of.lifecycle.transitions[from];
    return after === undefined || after.includes(to);
  };
  const flip = (from: string, to: string) =>
    onEdit(withValue(edits, `lifecycle.transitions.${from}`, allowedAfter(settings, published, from, to), published));
  return (
    <Scroll label={t("whatif.transitions.title")}>
      <table className="plain stage-pairs">
        <caption className="visually-hidden">{t("whatif.transitions.caption")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("whatif.transitions.fromTo")}</th>
            {names.map((name) => (
              <th scope="col" key={name}>
                <span>{word(name)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {names.map((from) => (
            <tr key={from}>
              <th scope="row">{word(from)}</th>
              {names.map((to) => {
                if (from === to) return <td key={to} aria-hidden="true" className="stays" />;
                const on = allows(settings, from, to);
                return (
                  <td key={to}>
                    <button
                      type="button"
                      role="switch"
                      aria-checked={on}
                      className={on === allows(published, from, to) ? "pair" : "pair changed"}
                      aria-label={t("whatif.transitions.allow", { from: word(from), to: word(to) })}
                      onClick={() => flip(from, to)}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
