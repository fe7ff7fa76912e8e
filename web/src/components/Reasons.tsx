import { CheckOutlined, CloseOutlined } from "@ant-design/icons";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../core/api";
import { minorDigits, NONE } from "../core/format";
import { useNames } from "../core/names";
import { useView } from "../core/view";
import { useKnown } from "./known";
import { Pairs } from "./Parts";

/** Scores with what each follows from; one opens to its inputs and to the tree of its condition. */
export function Reasons({ reasons, open = false }: { reasons: readonly Schemas["Reason"][]; open?: boolean }) {
  return (
    <ul className="reasons">
      {reasons.map((reason, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a score can have several reasons, and their order is fixed
        <li key={`${reason.score} ${i}`}>
          <ReasonItem reason={reason} open={open} />
        </li>
      ))}
    </ul>
  );
}

function ReasonItem({ reason, open }: { reason: Schemas["Reason"]; open: boolean }) {
  const { t, i18n } = useTranslation();
  const known = useKnown();
  const names = useNames();
  const figure = useScoreFigure();
  const wordOf = ({ score, value }: Schemas["Reason"]) => {
    if (score === "stage" || score === "stage_candidate") return names.stage(value);
    if (score === "tier") return names.tier(value);
    if (value === "true") return t("reasons.yes");
    if (value === "false") return t("reasons.no");
    return figure(score, value) ?? known.rfm(value);
  };
  const said = i18n.language === "zh-CN" ? reason.text.zh : reason.text.en;
  const name = known.score(reason.score);
  return (
    <details className="reason" open={open}>
      <summary>
        <span className="score">{name}</span>
        <strong className="num break">{wordOf(reason) || NONE}</strong>
        <span className="said-so muted break">{said}</span>
      </summary>
      <div className="inside">
        <div className="sides">
          <Values title={t("reasons.inputs")} values={reason.inputs} />
          <Values title={t("reasons.cuts")} values={reason.cuts ?? []} />
        </div>
        {reason.rule && (
          <div>
            <p className="muted">{t("reasons.rule")}</p>
            <Tree rule={reason.rule} />
          </div>
        )}
        {reason.inputs.length === 0 && !reason.rule && <p className="muted">{t("reasons.nothing")}</p>}
      </div>
    </details>
  );
}

/** The figure of a score that a model gives, as people write it; the exact one stands among what it replays from. */
function useScoreFigure(): (score: string, value: string) => string | undefined {
  const { format, currency } = useView();
  return (score, value) => {
    const n = Number(value);
    if (value === "" || !Number.isFinite(n)) return undefined;
    if (score === "p_alive" || score === "churn_p") return format.percent(n);
    if (score === "expected_purchases") return format.decimal(n, 2);
    if (score === "expected_value" || score === "clv")
      return format.money(Math.round(n * 10 ** minorDigits(currency)), currency);
    return undefined;
  };
}

function Values({ title, values }: { title: string; values: readonly Schemas["Input"][] }) {
  if (values.length === 0) return null;
  return (
    <div>
      <p className="muted">{title}</p>
      <Pairs
        pairs={values.map((input) => [
          input.name,
          <span key={input.name} className="mono break">
            {input.value === "" ? NONE : input.value}
          </span>,
        ])}
      />
    </div>
  );
}

/** What the server calls the choice among the stages: the one text of a rule that is a sentence. */
const FIRST_STAGE = "the first stage whose condition holds";

/** A condition as a tree, each part with what it came to. */
export function Tree({ rule }: { rule: Schemas["RuleReason"] }) {
  return (
    <ul className="tree">
      <Node rule={rule} />
    </ul>
  );
}

function Node({ rule }: { rule: Schemas["RuleReason"] }) {
  const { t } = useTranslation();
  const truth = rule.value === "true" ? true : rule.value === "false" ? false : undefined;
  return (
    <li>
      <span className="node">
        {truth === true && <CheckOutlined style={{ color: "var(--good)" }} aria-label={t("reasons.holds")} />}
        {truth === false && <CloseOutlined style={{ color: "var(--bad)" }} aria-label={t("reasons.fails")} />}
        {rule.text === FIRST_STAGE ? <span>{t("reasons.firstStage")}</span> : <code>{rule.text}</code>}
        {truth === undefined && <code className="muted">= {rule.value}</code>}
        {rule.got && rule.got !== rule.value && (
          <span className="muted">
            {t("reasons.got")} <code>{rule.got}</code>
          </span>
        )}
      </span>
      {rule.children && rule.children.length > 0 && (
        <ul>
          {rule.children.map((child, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a condition never move
            <Node key={`${child.text} ${i}`} rule={child} />
          ))}
        </ul>
      )}
    </li>
  );
}
