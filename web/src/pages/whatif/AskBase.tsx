import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "../../components/Parts";
import type { Schemas } from "../../core/api";
import { useView } from "../../core/view";
import { type Sum, WhatIfError } from "../../core/whatif/protocol";
import type { Report } from "../../core/whatif/report";
import type { Session } from "../../core/whatif/session";
import { ConditionText } from "./ConditionText";

/** Any condition over the base, counted while it is typed, under the strategy that is tried. */
export function AskBase({
  session,
  schema,
  report,
  whole,
  currency,
  modelled,
  condition,
  onCondition,
}: {
  session: Session;
  schema: Schemas["ConditionSchema"];
  report: Report;
  whole: boolean;
  currency: string;
  modelled: boolean;
  condition: string;
  onCondition: (condition: string) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const [told, setTold] = useState<{ of: string; sum?: Sum; problem?: Schemas["TextProblem"] }>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another report means other stages and tags: it is counted anew
  useEffect(() => {
    if (!whole || condition.trim() === "") return;
    let gone = false;
    session
      .count(condition)
      .then((sum) => !gone && setTold({ of: condition, sum }))
      .catch((error: unknown) => {
        if (gone) return;
        const message = (error as Error).message.replace(/^\d+:\d+: /, "");
        const { line = 1, column = 1 } = error instanceof WhatIfError ? error : {};
        setTold({ of: condition, problem: { line: line || 1, col: column || 1, message } });
      });
    return () => {
      gone = true;
    };
  }, [session, condition, report, whole]);
  const now = condition.trim() === "" || told?.of !== condition ? undefined : told;
  const last = condition.trim() === "" ? undefined : told?.sum;
  return (
    <Card title={t("whatif.ask")} lead={t("whatif.askLead")}>
      <ConditionText
        value={condition}
        label={t("whatif.ask")}
        schema={schema}
        problem={now?.problem}
        onChange={onCondition}
      />
      <div className="asked" aria-live="polite">
        {last && !now?.problem && (
          <dl className="figures slim">
            <Told
              name={t("whatif.users")}
              value={format.count(last.users)}
              aside={format.percent(last.users / Math.max(1, report.users))}
            />
            <Told name={t("whatif.revenue")} value={format.moneyCompact(last.revenue, currency)} />
            {modelled && <Told name={t("whatif.clv")} value={format.moneyCompact(last.value, currency)} />}
          </dl>
        )}
      </div>
    </Card>
  );
}

function Told({ name, value, aside }: { name: string; value: string; aside?: string }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd className="small">
        {value}
        {aside && <span className="aside">{aside}</span>}
      </dd>
    </div>
  );
}
