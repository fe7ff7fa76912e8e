import { memo, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../core/api";
import { ConditionText } from "./ConditionText";
import type { Rule } from "./knobs";

/** A condition by name: its numbers as sliders, its text behind a button; it can be taken away unless others need it. */
export const RuleControls = memo(function RuleControls({
  name,
  rule,
  schema,
  problem,
  users,
  onText,
  onRemove,
  children,
}: {
  name: string;
  rule: Rule;
  schema: Schemas["ConditionSchema"];
  problem: Schemas["TextProblem"] | undefined;
  /** Who needs it. */
  users?: readonly string[];
  onText: (when: string) => void;
  onRemove?: (() => void) | undefined;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <div className={rule.when !== rule.published ? "rule changed" : "rule"}>
      <div className="rule-head">
        <h4>{name}</h4>
        <span className="rule-tools">
          <button type="button" className="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? t("whatif.editDone") : t("whatif.editText")}
          </button>
          {onRemove && <Remove name={name} users={users ?? []} onRemove={onRemove} />}
        </span>
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

/** Takes an entry away; while others need it, says who they are. */
export function Remove({ name, users, onRemove }: { name: string; users: readonly string[]; onRemove: () => void }) {
  const { t } = useTranslation();
  const [said, setSaid] = useState(false);
  const needed = users.length > 0;
  return (
    <>
      <button
        type="button"
        className="quiet"
        aria-label={t("whatif.entry.removeNamed", { name })}
        onClick={() => (needed ? setSaid(true) : onRemove())}
      >
        {t("whatif.entry.remove")}
      </button>
      {said && needed && (
        <span className="said needed" role="alert">
          {t("whatif.entry.needed", { users: users.join(", ") })}
        </span>
      )}
    </>
  );
}

/** The entries that the changes take away, each with the way back. */
export function Gone({ names, onBack }: { names: readonly string[]; onBack: (name: string) => void }) {
  const { t } = useTranslation();
  if (names.length === 0) return null;
  return (
    <ul className="small-list gone">
      {names.map((name) => (
        <li key={name} className="changed">
          <s>{name}</s>
          <button type="button" className="quiet" onClick={() => onBack(name)}>
            {t("whatif.entry.back")}
          </button>
        </li>
      ))}
    </ul>
  );
}
