import { Select } from "antd";
import { type ReactNode, useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLabel } from "../../components/Parts";
import type { Schemas } from "../../core/api";
import { minorDigits } from "../../core/format";
import { useView } from "../../core/view";
import { goneFrom, usersOf, withEntry, withoutEntry, withValue } from "../../core/whatif/edits";
import type { Session, Sliding } from "../../core/whatif/session";
import { type Edits, type Value, valueAt } from "../../core/whatif/settings";
import type { Source } from "../../core/whatif/source";
import { AddCondition } from "./AddEntry";
import { CutsSlider } from "./CutsSlider";
import { EngagementHills } from "./Engagement";
import {
  type CutRow,
  cutRows,
  eightKnobs,
  type Knob,
  knobsOf,
  type Rule,
  type Unit,
  withCut,
  withEight,
  withoutCuts,
  withTies,
} from "./knobs";
import { OutreachControls } from "./OutreachControls";
import { Gone, RuleControls } from "./Rules";
import type { Refused } from "./refusal";
import { NumberBox, Slider } from "./Slider";
import type { Spreads } from "./spreads";
import { Transitions } from "./Transitions";

/** Changes, what moved, and when the event happened. */
export type OnEdit = (edits: Edits, sliding?: Sliding, at?: number) => void;

/** The strategy as controls. */
export function Panel({
  session,
  source,
  edits,
  spreads,
  schema,
  refused,
  onEdit,
}: {
  session: Session;
  source: Source;
  edits: Edits;
  spreads: Spreads;
  schema: Schemas["ConditionSchema"];
  refused: Refused | undefined;
  onEdit: OnEdit;
}) {
  const { t } = useTranslation();
  const label = useLabel();
  const write = useWrite(source);
  const knobs = knobsOf(source, edits, spreads);
  const { settings } = knobs;
  const published = source.settings;
  const digits = minorDigits(source.snapshot.currency);
  const rows = cutRows(source.plan, settings, spreads, digits);
  const eight = eightKnobs(source.plan, published, settings, spreads, digits);
  const known = { edits, rows, knobs: [...every(knobs), ...eight] };
  const now = useRef(known);
  now.current = known;

  const move = useCallback(
    (id: string, value: number, at: number, sliding: boolean) => {
      const { edits: all, knobs: list } = now.current;
      const knob = list.find((one) => one.id === id);
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
  const set = (path: string, value: Value) => onEdit(withValue(edits, path, value, published));
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
  const rule = (one: Rule, users?: readonly string[]) => (
    <RuleControls
      key={one.path}
      name={label(one.name, one.label)}
      rule={one}
      schema={schema}
      problem={refused?.path === one.path ? refused.problem : undefined}
      users={users ?? []}
      onText={(when) => set(`${one.path}.when`, when)}
      onRemove={users && (() => onEdit(withoutEntry(edits, one.path, published)))}
    >
      {one.knobs.map((knob) => slider(knob, true))}
    </RuleControls>
  );
  /** The entries of a list: those that are there, those that are gone, and a form for another. */
  const entries = (list: "tags" | "segments" | "engagement", rules: readonly Rule[]) => (
    <>
      {rules.map((one) => rule(one, list === "engagement" ? [] : usersOf(settings, list, one.name)))}
      <Gone
        names={goneFrom(edits, list)}
        onBack={(name) => {
          const { [`${list}.${name}`]: _gone, ...others } = edits;
          onEdit(others);
        }}
      />
      <AddCondition
        title={t(`whatif.entry.new.${list}`)}
        taken={[...rules.map(({ name }) => name), ...goneFrom(edits, list)]}
        pointed={list === "engagement"}
        schema={schema}
        session={session}
        onAdd={(entry) => onEdit(withEntry(edits, list, entry))}
      />
    </>
  );
  const choice = (path: string, values: readonly string[], pick = (value: string) => set(path, value)) => {
    const name = t(`whatif.pick.${path.replaceAll(".", "_")}` as "whatif.pick.rfm_grid");
    return (
      <div className={edits[path] === undefined ? "pick" : "pick changed"} key={path}>
        <span>{name}</span>
        <Select
          size="small"
          aria-label={name}
          value={String(valueAt(settings, path))}
          popupMatchSelectWidth={false}
          options={values.map((value) => ({ value, label: t(`whatif.value.${value}` as "whatif.value.ten") }))}
          onChange={pick}
        />
      </div>
    );
  };
  return (
    <div className="panel">
      <Section title={t("whatif.section.stages")} changed={changedIn("lifecycle.", "activity.")} open>
        {knobs.stages.map((knob) => slider(knob))}
        {knobs.ownStages.map((one) => rule(one))}
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
        <details className="more">
          <summary>{t("whatif.transitions.title")}</summary>
          <p className="muted">{t("whatif.transitions.hint")}</p>
          <Transitions
            settings={settings}
            published={published}
            edits={edits}
            word={(name) =>
              label(
                name,
                settings.lifecycle.stages.find((stage) => stage.name === name),
              )
            }
            onEdit={onEdit}
          />
        </details>
      </Section>
      <Section title={t("whatif.section.rfm")} changed={changedIn("rfm.")}>
        {choice("rfm.ties", ["min_rank", "ntile_first", "fixed"], (ties) =>
          onEdit(withTies(edits, ties, rows, published)),
        )}
        {rows.map((row: CutRow) => (
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
        <h4 className="sub">{t("whatif.group.rfmCN")}</h4>
        {choice("rfm.cn.cut", ["mean", "median", "fixed"], (cut) => onEdit(withEight(edits, cut, eight, published)))}
        {choice("rfm.cn.m_kind", ["total", "average"])}
        {eight.map((knob) => slider(knob))}
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
      <Section title={t("whatif.section.engagement")} changed={changedIn("engagement.")}>
        <EngagementHills session={session} />
        {knobs.engagement.length === 0 && <p className="muted">{t("whatif.points.none")}</p>}
        {entries("engagement", knobs.engagement)}
      </Section>
      <Section title={t("whatif.section.tags")} changed={changedIn("tags.")}>
        {entries("tags", knobs.tags)}
      </Section>
      <Section title={t("whatif.section.segments")} changed={changedIn("segments.")}>
        {entries("segments", knobs.segments)}
      </Section>
      <Section title={t("whatif.section.outreach")} changed={changedIn("outreach.")}>
        <OutreachControls settings={settings} published={published} edits={edits} onEdit={onEdit} />
      </Section>
      <Section title={t("whatif.section.others")} changed={0}>
        <p className="muted">{t("whatif.notHere")}</p>
        <ul className="plain-list muted">
          {(["facts", "window", "models", "messages"] as const).map((key) => (
            <li key={key}>{t(`whatif.notHereOf.${key}`)}</li>
          ))}
        </ul>
      </Section>
    </div>
  );
}

const every = (knobs: ReturnType<typeof knobsOf>): Knob[] => [
  ...knobs.stages,
  ...knobs.tiers,
  ...(knobs.churn ? [knobs.churn] : []),
  ...[...knobs.ownStages, ...knobs.engagement, ...knobs.tags, ...knobs.segments].flatMap((rule) => rule.knobs),
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
