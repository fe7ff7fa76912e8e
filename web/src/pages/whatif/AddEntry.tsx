import { Button, Input, Select } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../core/api";
import { useRested } from "../../core/hooks";
import { useView } from "../../core/view";
import { fitsAsName } from "../../core/whatif/edits";
import { WhatIfError } from "../../core/whatif/protocol";
import type { Session } from "../../core/whatif/session";
import type { Rule, Settings, Value } from "../../core/whatif/settings";
import { ConditionText } from "./ConditionText";
import { NumberBox } from "./Slider";

/** An entry as a change adds it. */
export type Entry = { name: string; [key: string]: Value };

/** A form behind a button; the name must be new and fit for a strategy. */
function Form({
  title,
  taken,
  ready,
  children,
  onAdd,
  onClose,
}: {
  title: string;
  taken: readonly string[];
  ready: boolean;
  children: ReactNode;
  onAdd: (name: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const wrong =
    name === ""
      ? ""
      : taken.includes(name)
        ? t("whatif.entry.taken")
        : fitsAsName(name)
          ? ""
          : t("whatif.entry.noName");
  return (
    <fieldset className="add-entry">
      <legend>{title}</legend>
      <Input
        size="small"
        aria-label={t("whatif.entry.name")}
        placeholder={t("whatif.entry.name")}
        value={name}
        status={wrong ? "error" : ""}
        onChange={(event) => setName(event.target.value)}
      />
      {wrong && (
        <p className="said" role="alert">
          {wrong}
        </p>
      )}
      {children}
      <span className="add-tools">
        <Button size="small" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button
          size="small"
          type="primary"
          disabled={!ready || name === "" || wrong !== ""}
          onClick={() => onAdd(name)}
        >
          {t("whatif.entry.add")}
        </Button>
      </span>
    </fieldset>
  );
}

/** A new tag, segment or entry of engagement: a name and a condition, counted while it is typed. */
export function AddCondition({
  title,
  taken,
  pointed = false,
  schema,
  session,
  onAdd,
}: {
  title: string;
  taken: readonly string[];
  /** Whether it gives points. */
  pointed?: boolean;
  schema: Schemas["ConditionSchema"];
  session: Session;
  onAdd: (entry: Entry) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const [open, setOpen] = useState(false);
  const [when, setWhen] = useState("");
  const [points, setPoints] = useState(10);
  const [told, setTold] = useState<{ of: string; users?: number; problem?: Schemas["TextProblem"] }>();
  const rested = useRested(when.trim(), 150);
  useEffect(() => {
    if (rested === "") return;
    let gone = false;
    session
      .count(rested)
      .then((sum) => !gone && setTold({ of: rested, users: sum.users }))
      .catch((error: unknown) => {
        const message = (error as Error).message.replace(/^\d+:\d+: /, "");
        const { line = 1, column = 1 } = error instanceof WhatIfError ? error : {};
        if (!gone) setTold({ of: rested, problem: { line: line || 1, col: column || 1, message } });
      });
    return () => {
      gone = true;
    };
  }, [session, rested]);
  if (!open)
    return (
      <button type="button" className="quiet add" onClick={() => setOpen(true)}>
        + {title}
      </button>
    );
  const now = told?.of === when.trim() ? told : undefined;
  const close = () => {
    setOpen(false);
    setWhen("");
    setTold(undefined);
  };
  return (
    <Form
      title={title}
      taken={taken}
      ready={now?.users !== undefined && points !== 0}
      onClose={close}
      onAdd={(name) => {
        onAdd({ name, when: when.trim(), ...(pointed ? { points } : {}), zh: "", en: "" });
        close();
      }}
    >
      <ConditionText
        value={when}
        label={t("whatif.entry.condition")}
        schema={schema}
        problem={now?.problem}
        onChange={setWhen}
      />
      {pointed && (
        <span className="pick">
          {t("whatif.points.points")}
          <NumberBox
            label={t("whatif.points.points")}
            value={points}
            unit="plain"
            whole
            onChange={(n) => setPoints(Math.min(100, Math.max(-100, n)))}
          />
        </span>
      )}
      <p className="muted" aria-live="polite">
        {now?.users !== undefined && t("whatif.entry.holds", { n: format.count(now.users) })}
      </p>
    </Form>
  );
}

/** A new outreach rule: who enters what gets which template by which channel. */
export function AddRule({ settings, onAdd }: { settings: Settings; onAdd: (entry: Entry) => void }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const templates = Object.keys(settings.templates);
  const triggers = [
    ...settings.lifecycle.stages.map(({ name }) => ({
      value: `enter_stage ${name}`,
      label: `${t("whatif.group.stage")}: ${name}`,
    })),
    ...settings.segments.map(({ name }) => ({
      value: `enter_segment ${name}`,
      label: `${t("whatif.group.segments")}: ${name}`,
    })),
  ];
  const [on, setOn] = useState<string>();
  const [template, setTemplate] = useState<string>();
  const [channel, setChannel] = useState("outbox");
  if (templates.length === 0) return <p className="muted note">{t("whatif.newRule.noTemplate")}</p>;
  if (!open)
    return (
      <button type="button" className="quiet add" onClick={() => setOpen(true)}>
        + {t("whatif.newRule.title")}
      </button>
    );
  const pick = (
    label: string,
    value: string | undefined,
    options: { value: string; label: string }[],
    set: (v: string) => void,
  ) => (
    <span className="pick">
      {label}
      <Select
        size="small"
        aria-label={label}
        value={value ?? null}
        placeholder="–"
        popupMatchSelectWidth={false}
        options={options}
        onChange={(v) => v !== null && set(v)}
      />
    </span>
  );
  const same = (list: string[]) => list.map((value) => ({ value, label: value }));
  return (
    <Form
      title={t("whatif.newRule.title")}
      taken={settings.outreach.rules.map(({ name }) => name)}
      ready={on !== undefined && template !== undefined}
      onClose={() => setOpen(false)}
      onAdd={(name) => {
        const [kind = "", value = ""] = on?.split(" ") ?? [];
        const made = { name, on: { [kind]: value }, template: template ?? "", channel };
        const entry = { ...made, shadow: false, include_existing: false, after_cuts: false } satisfies Rule;
        onAdd(entry);
        setOpen(false);
      }}
    >
      {pick(t("whatif.newRule.on"), on, triggers, setOn)}
      {pick(t("whatif.newRule.template"), template, same(templates), setTemplate)}
      {pick(t("whatif.channel"), channel, same(["outbox", "email"]), setChannel)}
    </Form>
  );
}
