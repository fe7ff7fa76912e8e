import { CheckCircleOutlined } from "@ant-design/icons";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKnown } from "../../components/known";
import { Card } from "../../components/Parts";
import { Failure, Loading } from "../../components/States";
import type { Schemas } from "../../core/api";
import { NONE } from "../../core/format";
import { useView } from "../../core/view";

const YamlEditor = lazy(() => import("../../components/YamlEditor"));
const none: never[] = [];

/** The file, what is wrong in it, and what a profile costs under it. */
export function DraftEditor({
  text,
  onChange,
  check,
  error,
  settled,
}: {
  text: string;
  onChange: (text: string) => void;
  check: Schemas["StrategyCheck"] | undefined;
  error: unknown;
  settled: boolean;
}) {
  const { t } = useTranslation();
  const [place, setPlace] = useState<{ line: number; col: number }>();
  const problems = settled ? (check?.problems ?? none) : none;
  return (
    <div className="grid">
      <div className="eight">
        <Suspense fallback={<Loading rows={16} />}>
          <YamlEditor value={text} onChange={onChange} problems={problems} goTo={place} label={t("strategy.file")} />
        </Suspense>
      </div>
      <div className="four" style={{ display: "grid", gap: "var(--gap)", alignContent: "start" }}>
        <Card title={t("strategy.check")}>
          <div aria-live="polite">
            {error ? (
              <Failure error={error} />
            ) : !settled || !check ? (
              <p className="muted">{t("strategy.checking")}</p>
            ) : check.valid ? (
              <p style={{ color: "var(--good)" }}>
                <CheckCircleOutlined aria-hidden="true" /> {t("strategy.valid")}
              </p>
            ) : (
              <Problems problems={problems} onGo={setPlace} />
            )}
          </div>
        </Card>
        {check?.valid && check.budget.length > 0 && <Budget check={check} />}
      </div>
    </div>
  );
}

export function Problems({
  problems,
  onGo,
}: {
  problems: readonly Schemas["TextProblem"][];
  onGo?: (place: { line: number; col: number }) => void;
}) {
  const { t } = useTranslation();
  return (
    <ul className="problems">
      {problems.map((problem) => (
        <li key={`${problem.line}:${problem.col} ${problem.message}`}>
          {onGo ? (
            <button type="button" onClick={() => onGo({ line: problem.line, col: problem.col })}>
              <Problem problem={problem} />
            </button>
          ) : (
            <Problem problem={problem} />
          )}
          {problem.expected && <p className="muted break">{t("common.expected", { what: problem.expected })}</p>}
        </li>
      ))}
    </ul>
  );
}

function Problem({ problem }: { problem: Schemas["TextProblem"] }) {
  return (
    <>
      <span className="mono num">
        {problem.line}:{problem.col}
      </span>
      <span className="break">
        {problem.message}
        {problem.path && <span className="muted mono"> {problem.path}</span>}
      </span>
    </>
  );
}

function Budget({ check }: { check: Schemas["StrategyCheck"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const known = useKnown();
  return (
    <Card title={t("strategy.budget")} lead={t("strategy.budgetLead")}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t("strategy.part")}</th>
            <th scope="col" className="right">
              {t("strategy.typical")}
            </th>
            <th scope="col" className="right">
              {t("strategy.max")}
            </th>
          </tr>
        </thead>
        <tbody>
          {check.budget.map((line) => (
            <tr key={`${line.part} ${line.name ?? ""}`}>
              <td className="break">
                {known.part(line.part)} {line.name && <span className="mono">{line.name}</span>}
              </td>
              <td className="right num">{format.count(line.typical)}</td>
              <td className="right num muted">{line.max === undefined ? NONE : format.count(line.max)}</td>
            </tr>
          ))}
          {check.budget_bytes !== undefined && (
            <tr>
              <th scope="row">{t("strategy.budgetSum")}</th>
              <td className="right num">
                <strong>{format.count(check.budget_bytes)}</strong>
              </td>
              <td />
            </tr>
          )}
        </tbody>
      </table>
    </Card>
  );
}
