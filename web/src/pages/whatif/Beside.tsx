import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { useView } from "../../core/view";
import type { Report } from "../../core/whatif/report";
import type { Session } from "../../core/whatif/session";
import type { Scenario } from "./address";
import type { GroupName } from "./names";
import { signed, sizesOf, tone } from "./Sizes";

/** Several scenarios side by side: the sizes of one group under each, against what is published. */
export function Beside({
  session,
  scenarios,
  on,
  report,
  whole,
  group,
  word,
}: {
  session: Session;
  scenarios: readonly Scenario[];
  on: number;
  report: Report;
  whole: boolean;
  group: GroupName;
  word: (group: GroupName, name: string) => string;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const [others, setOthers] = useState<ReadonlyMap<number, Report>>(new Map());
  const wanted = JSON.stringify(scenarios.map(({ edits }, i) => (i === on ? null : edits)));
  useEffect(() => {
    if (!whole) return;
    let gone = false;
    const list = JSON.parse(wanted) as (Scenario["edits"] | null)[];
    void (async () => {
      const found = new Map<number, Report>();
      for (const [i, edits] of list.entries())
        if (edits)
          await session
            .beside(edits)
            .then((one) => found.set(i, one))
            .catch(() => undefined);
      if (!gone) setOthers(found);
    })();
    return () => {
      gone = true;
    };
  }, [session, wanted, whole]);
  const reports = scenarios.map((_, i) => (i === on ? report : others.get(i)));
  const base = sizesOf(report, group).filter(({ name, before, after }) => name !== "" || before.users || after.users);
  return (
    <Card title={t("whatif.beside")} lead={t("whatif.besideLead")}>
      <Scroll label={t("whatif.beside")}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t(`whatif.group.${group}`)}</th>
              <th scope="col" className="right">
                {t("whatif.published")}
              </th>
              {scenarios.map((scenario, i) => (
                <th scope="col" className="right" key={scenario.name} aria-current={i === on ? "true" : undefined}>
                  {scenario.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {base.map((size) => (
              <tr key={size.name}>
                <th scope="row">{word(group, size.name)}</th>
                <td className="right num muted">{format.count(size.before.users)}</td>
                {reports.map((one, i) => {
                  const found = one && sizesOf(one, group).find(({ name }) => name === size.name);
                  const change = found ? found.after.users - size.before.users : 0;
                  return (
                    <td className="right num" key={scenarios[i]?.name}>
                      {found ? format.count(found.after.users) : "…"}
                      <span className={`delta ${tone(change)}`}>{signed(change, format.count)}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
