import { Switch } from "antd";
import { useTranslation } from "react-i18next";
import { goneFrom, withEntry, withoutEntry, withValue } from "../../core/whatif/edits";
import type { Edits, Settings } from "../../core/whatif/settings";
import { AddRule } from "./AddEntry";
import { Gone, Remove } from "./Rules";
import { NumberBox } from "./Slider";

/** The rules: which send, which are taken away, which are new; and the ceiling of a day. */
export function OutreachControls({
  settings,
  published,
  edits,
  onEdit,
}: {
  settings: Settings;
  published: Settings;
  edits: Edits;
  onEdit: (edits: Edits) => void;
}) {
  const { t } = useTranslation();
  const path = (name: string) => `outreach.rules.${name}`;
  const touched = (name: string) =>
    Object.keys(edits).some((one) => one === path(name) || one.startsWith(`${path(name)}.`));
  const set = (at: string, value: number | boolean) => onEdit(withValue(edits, at, value, published));
  return (
    <>
      <ul className="small-list">
        {settings.outreach.rules.map((one) => (
          <li key={one.name} className={touched(one.name) ? "changed" : undefined}>
            <span>
              {one.name} <span className="muted">{one.channel}</span>
            </span>
            <span className="rule-tools">
              <Remove
                name={one.name}
                users={[]}
                onRemove={() => onEdit(withoutEntry(edits, path(one.name), published))}
              />
              <Switch
                size="small"
                aria-label={t("whatif.ruleOn", { name: one.name })}
                checked={!one.shadow}
                onChange={(on) => set(`${path(one.name)}.shadow`, !on)}
              />
            </span>
          </li>
        ))}
        <li className={edits["outreach.daily_ceiling"] === undefined ? undefined : "changed"}>
          <span>{t("whatif.ceiling")}</span>
          <NumberBox
            label={t("whatif.ceiling")}
            value={settings.outreach.daily_ceiling}
            unit="count"
            whole
            onChange={(n) => set("outreach.daily_ceiling", Math.max(0, n))}
          />
        </li>
      </ul>
      <Gone
        names={goneFrom(edits, "outreach.rules")}
        onBack={(name) => {
          const { [path(name)]: _gone, ...others } = edits;
          onEdit(others);
        }}
      />
      <AddRule settings={settings} onAdd={(entry) => onEdit(withEntry(edits, "outreach.rules", entry))} />
      <p className="muted note">{t("whatif.shadowHint")}</p>
    </>
  );
}
