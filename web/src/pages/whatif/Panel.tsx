import { Select, Switch } from "antd";
import { memo, type ReactNode, useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLabel } from "../../components/Parts";
import type { Schemas } from "../../core/api";
import { minorDigits } from "../../core/format";
import { useView } from "../../core/view";
import type { Sliding } from "../../core/whatif/session";
import { type Edits, edited, type Value, valueAt } from "../../core/whatif/settings";
import type { Source } from "../../core/whatif/source";
import { ConditionText } from "./ConditionText";
import { CutsSlider } from "./CutsSlider";
import { cutRows, type Knob, knobsOf, type Rule, tidy, type Unit, withCut, withoutCuts } from "./knobs";
import { NumberBox, Slider } from "./Slider";
import type { Spreads } from "./spreads";

/** Changes, what moved, and when the event happened. */
export type OnEdit = (edits: Edits, sliding?: Sliding, at?: number) => void;

/** The strategy as controls. */
export function Panel({
  source,
  edits,
  spreads,
  schema,
  refused,
  onEdit,
}: {
  source: Source;
  edits: Edits;
  spreads: Spreads;
  schema: Schemas["ConditionSchema"];
  /** The mistake in the changes, and the condition that it is in. */
  refused: { path: string; problem: Schemas["TextProblem"] } | undefined;
  onEdit: OnEdit;
}) {
  const { t } = useTranslation();
  const label = useLabel();
  const write = useWrite(source);
  const knobs = knobsOf(source, edits, spreads);
  const { settings } = knobs;
  const rows = cutRows(source.plan, settings, spreads, minorDigits(source.snapshot.currency));
  const now = useRef({ edits, knobs, rows });
  now.current = { edits, knobs, rows };

  const move = useCallback(
    (id: string, value: number, at: number, sliding: boolean) => {
      const { edits: all, knobs: known } = now.current;
      const knob = every(known).find((one) => one.id === id);
      if (knob) onEdit(knob.apply(all, value), sliding ? knob.sliding : undefined, at);
    },
    [onEdit],
  );
  const moveCut = useCallback(
    (key: "recency" | "frequency" | "monetary", place: number, value: number, at: number, sliding: boolean) => {
      const next = withCut(now.current.edits, now.current.rows, key, place, value);
      onEdit(next, sliding ? { kind: "scores" } : undefined, at);
    },
    [onEdit],
  );
  const set = (path: string, value: Value) => onEdit(tidy({ ...edits, [path]: value }, source.settings));
  const changedIn = (...prefixes: string[]) =>
    Object.keys(edits).filter((path) => prefixes.some((prefix) => path.startsWith(prefix))).length;
  const slider = (knob: Knob, own = false) => (
    <Slider
      key={knob.id}
      id={knob.id}
      name={"key" in knob.name ? t(`whatif.knob.${knob.name.key}` as "whatif.knob.silent_days") : knob.name.text}
      aside={own ? knob.aside : ""}
      unit={knob.unit}
      value={knob.value}
      published={knob.published}
      stops={knob.stops}
      spread={knob.spread}
      least={knob.least}
      most={knob.most}
      whole={knob.whole}
      write={write}
      onMove={move}
    />
  );
  const rule = (one: Rule) => (
    <RuleControls
      key={one.path}
      name={label(one.name, one.label)}
      rule={one}
      schema={schema}
      problem={refused?.path === one.path ? refused.problem : undefined}
      onText={(when) => set(`${one.path}.when`, when)}
    >
      {one.knobs.map((knob) => slider(knob, true))}
    </RuleControls>
  );
  const choice = (path: string, values: readonly string[], published = valueAt(source.settings, path)) => (
    <div className={edits[path] === undefined ? "pick" : "pick changed"} key={path}>
      <span>{t(`whatif.pick.${path.replaceAll(".", "_")}` as "whatif.pick.rfm_grid")}</span>
      <Select
        size="small"
        aria-label={t(`whatif.pick.${path.replaceAll(".", "_")}` as "whatif.pick.rfm_grid")}
        value={String(valueAt(settings, path) ?? published)}
        popupMatchSelectWidth={false}
        options={values.map((value) => ({ value, label: t(`whatif.value.${value}` as "whatif.value.ten") }))}
        onChange={(value) => set(path, value)}
      />
    </div>
  );
  const rules = settings.outreach.rules;
  return (
    <div className="panel">
      <Section title={t("whatif.section.stages")} changed={changedIn("lifecycle.", "activity.")} open>
        {knobs.stages.map((knob) => slider(knob))}
        {knobs.ownStages.map(rule)}
        {choice("activity.of", ["purchase", "any", "events"])}
        <details className="more">
          <summary>{t("whatif.dwell")}</summary>
          <p className="muted">{t("whatif.dwellHint")}</p>
          <ul className="small-list">
            {knobs.dwell.map((one) => (
              <li key={one.path} className={one.value === one.published ? undefined : "changed"}>
                <span>{label(one.name, one.label)}</span>
                <NumberBox
                  label={t("whatif.dwellOf", { name: label(one.name, one.label) })}
                  value={one.value}
                  unit="days"
                  whole
                  onChange={(days) => set(one.path, Math.min(3650, Math.max(0, days)))}
                />
              </li>
            ))}
          </ul>
        </details>
      </Section>
      <Section title={t("whatif.section.rfm")} changed={changedIn("rfm.")}>
        {rows.map((row) => (
          <CutsSlider key={row.key} row={row} write={write} onMove={moveCut} />
        ))}
        {settings.rfm.ties === "fixed" && edits["rfm.ties"] !== undefined && (
          <p className="muted note">
            {t("whatif.cuts.fixed")}{" "}
            <button type="button" className="quiet" onClick={() => onEdit(withoutCuts(edits))}>
              {t("whatif.cuts.undo")}
            </button>
          </p>
        )}
        {choice("rfm.grid", ["ten", "eleven"])}
        {settings.rfm.cn.cut !== "fixed" && choice("rfm.cn.cut", ["mean", "median"])}
        {choice("rfm.cn.m_kind", ["total", "average"])}
      </Section>
      <Section title={t("whatif.section.tiers")} changed={changedIn("tiers.")}>
        {knobs.tiers.map((knob, i) => (
          <div key={knob.id}>
            {slider({ ...knob, name: { text: label(settings.tiers[i]?.name ?? "", settings.tiers[i]) } })}
          </div>
        ))}
      </Section>
      {knobs.churn && (
        <Section title={t("whatif.section.churn")} changed={changedIn("churn.")}>
          {slider(knobs.churn)}
        </Section>
      )}
      {knobs.tags.length > 0 && (
        <Section title={t("whatif.section.tags")} changed={changedIn("tags.")}>
          {knobs.tags.map(rule)}
        </Section>
      )}
      {knobs.segments.length > 0 && (
        <Section title={t("whatif.section.segments")} changed={changedIn("segments.")}>
          {knobs.segments.map(rule)}
        </Section>
      )}
      {rules.length > 0 && (
        <Section title={t("whatif.section.outreach")} changed={changedIn("outreach.")}>
          <ul className="small-list">
            {rules.map((one) => {
              const path = `outreach.rules.${one.name}.shadow`;
              return (
                <li key={one.name} className={edits[path] === undefined ? undefined : "changed"}>
                  <span>
                    {one.name} <span className="muted">{one.channel}</span>
                  </span>
                  <Switch
                    size="small"
                    aria-label={t("whatif.ruleOn", { name: one.name })}
                    checked={!one.shadow}
                    onChange={(on) => set(path, !on)}
                  />
                </li>
              );
            })}
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
          <p className="muted note">{t("whatif.shadowHint")}</p>
        </Section>
      )}
    </div>
  );
}

const every = (knobs: ReturnType<typeof knobsOf>): Knob[] => [
  ...knobs.stages,
  ...knobs.tiers,
  ...(knobs.churn ? [knobs.churn] : []),
  ...[...knobs.ownStages, ...knobs.tags, ...knobs.segments].flatMap((rule) => rule.knobs),
];

/** Writes a number of the strategy in words. */
export function useWrite(source: Source): (value: number, unit: Unit) => string {
  const { t } = useTranslation();
  const { format } = useView();
  const { currency } = source.snapshot;
  return useCallback(
    (value, unit) => {
      if (unit === "days") return t("common.days", { count: value });
      if (unit === "share") return format.percent(value);
      if (unit === "money") return format.money(Math.round(value * 10 ** minorDigits(currency)), currency);
      return format.count(value);
    },
    [t, format, currency],
  );
}

function Section({
  title,
  changed,
  open = false,
  children,
}: {
  title: string;
  changed: number;
  open?: boolean;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(open || changed > 0);
  return (
    <details className="section" open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <h3>{title}</h3>
        {changed > 0 && <span className="mark tone-accent">{t("whatif.changed", { count: changed })}</span>}
      </summary>
      {shown && <div className="section-body">{children}</div>}
    </details>
  );
}

/** A condition by name: its numbers as sliders, its text behind a button. */
const RuleControls = memo(function RuleControls({
  name,
  rule,
  schema,
  problem,
  onText,
  children,
}: {
  name: string;
  rule: Rule;
  schema: Schemas["ConditionSchema"];
  problem: Schemas["TextProblem"] | undefined;
  onText: (when: string) => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const changed = rule.when !== rule.published;
  return (
    <div className={changed ? "rule changed" : "rule"}>
      <div className="rule-head">
        <h4>{name}</h4>
        <button type="button" className="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t("whatif.editDone") : t("whatif.editText")}
        </button>
      </div>
      {open ? (
        <ConditionText value={rule.when} label={name} schema={schema} problem={problem} onChange={onText} />
      ) : (
        <code className="when">{rule.when}</code>
      )}
      {problem && !open && (
        <p className="said" role="alert">
          {problem.message}
        </p>
      )}
      {children}
    </div>
  );
});

/** Whether a refusal speaks of a condition of the changes: of which, and where in it. */
export function placeOfRefusal(
  refused: { message: string; line: number; column: number } | undefined,
  source: Source,
  edits: Edits,
): { path: string; problem: Schemas["TextProblem"] } | undefined {
  if (!refused) return undefined;
  const conditions = Object.keys(edits).filter((path) => path.endsWith(".when"));
  const settings = edited(source.settings, edits);
  for (const path of conditions) {
    const [list = "", ...rest] = path.split(".");
    const name = rest.slice(0, -1).at(-1) ?? "";
    const said = list === "lifecycle" ? `stage ${name}` : `${list.replace(/s$/, "")} ${name}`;
    const named = `${path.replace(/\.when$/, "")}.when`;
    if (!refused.message.startsWith(`${said}:`) && !refused.message.startsWith(named)) continue;
    if (valueAt(settings, path) === undefined) continue;
    const message = refused.message.replace(`${said}: `, "").replace(/^\d+:\d+: /, "");
    return {
      path: path.replace(/\.when$/, ""),
      problem: { line: refused.line || 1, col: refused.column || 1, message },
    };
  }
  return undefined;
}
