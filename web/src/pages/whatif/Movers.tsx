import { Select } from "antd";
import { memo, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Card } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { useRested } from "../../core/hooks";
import { useView } from "../../core/view";
import { conditionNumbers } from "../../core/whatif/condition";
import type { Moved } from "../../core/whatif/protocol";
import type { Report } from "../../core/whatif/report";
import type { Session } from "../../core/whatif/session";
import { type Settings, valueAt } from "../../core/whatif/settings";
import type { Source } from "../../core/whatif/source";
import { unitOf } from "./knobs";
import type { GroupName } from "./names";
import { useWrite } from "./Panel";

/** Which movers are shown: between two stages ("" any), or into or out of an audience. */
export interface Picked {
  kind: "stage" | "segments" | "tags" | "churn";
  name: string;
  from: string;
  to: string;
}

export const anybody: Picked = { kind: "stage", name: "", from: "", to: "" };

/** Some of those who enter or leave, without names: what of theirs the conditions read, and which condition decides. */
export const Movers = memo(function Movers({
  session,
  source,
  settings,
  report,
  whole,
  picked,
  word,
  onPick,
}: {
  session: Session;
  source: Source;
  settings: Settings;
  report: Report;
  whole: boolean;
  picked: Picked;
  word: (group: GroupName | "churn", name: string) => string;
  onPick: (picked: Picked) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const write = useWrite(source);
  const [list, setList] = useState<Moved[]>([]);
  const rested = useRested(whole ? report : undefined, 250);
  const options = useMemo(() => optionsOf(report), [report]);
  const refs = useMemo(() => refsOf(settings, picked), [settings, picked]);
  const ids = source.snapshot.pseudonymous_ids;
  useEffect(() => {
    if (!rested) return;
    let gone = false;
    const { kind, name, from, to } = picked;
    session
      .sample({ kind, name, from, to, most: 12, refs, id: ids ? "~id" : "" })
      .then((found) => !gone && setList(found))
      .catch(() => undefined); // what went wrong is told where the base is asked for everything
    return () => {
      gone = true;
    };
  }, [rested, session, picked, refs, ids]);
  const nameOf = (side: string) =>
    picked.kind === "stage" ? word("stage", side) : t(side === "in" ? "whatif.inside" : "whatif.outside");
  const text = (one: Picked) =>
    one.kind === "stage"
      ? one.from || one.to
        ? `${word("stage", one.from)} → ${word("stage", one.to)}`
        : t("whatif.anyStage")
      : t(one.from === "out" ? "whatif.enters" : "whatif.leaves", { name: word(one.kind, one.name) });
  const keyOf = (one: Picked) => JSON.stringify(one);
  const known = options.some(({ picked: one }) => keyOf(one) === keyOf(picked))
    ? options
    : [...options, { picked, users: 0 }];
  return (
    <Card
      title={t("whatif.movers")}
      lead={ids ? t("whatif.moversIds") : t("whatif.moversRows")}
      tools={
        <Select
          aria-label={t("whatif.movers")}
          className="wide-select"
          value={keyOf(picked)}
          popupMatchSelectWidth={false}
          options={known.map(({ picked: one, users }) => ({
            value: keyOf(one),
            label: users > 0 ? `${text(one)} · ${format.count(users)}` : text(one),
          }))}
          onChange={(value) => onPick(JSON.parse(value) as Picked)}
        />
      }
    >
      {list.length === 0 ? (
        <p className="muted">{t("whatif.nobodyMoves")}</p>
      ) : (
        <Scroll label={t("whatif.movers")}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{ids ? t("whatif.id") : t("whatif.row")}</th>
                <th scope="col">{t("whatif.before")}</th>
                <th scope="col">{t("whatif.after")}</th>
                {refs.map((ref) => (
                  <th scope="col" className="right" key={ref}>
                    <code>{ref}</code>
                  </th>
                ))}
                <th scope="col">{t("whatif.because")}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((one) => (
                <tr key={one.row}>
                  <th scope="row" className="mono num">
                    {ids ? one.id : format.count(one.row + 1)}
                  </th>
                  <td className="nowrap">{nameOf(one.before)}</td>
                  <td className="nowrap">{nameOf(one.after)}</td>
                  {refs.map((ref, i) => {
                    const value = one.values[i] ?? Number.NaN;
                    return (
                      <td className="right num" key={ref}>
                        {Number.isNaN(value) ? "–" : write(value, unitOf(ref, settings))}
                      </td>
                    );
                  })}
                  <td>
                    <code className="when">{reason(settings, picked, one)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Card>
  );
});

/** The condition that puts a mover where it goes; of the last stage, which has none, the one that no longer holds. */
function reason(settings: Settings, picked: Picked, moved: Moved): string {
  if (picked.kind === "churn") return `churn_p >= ${settings.churn?.threshold ?? ""}`;
  if (picked.kind !== "stage") {
    const when = String(valueAt(settings, `${picked.kind}.${picked.name}.when`) ?? "");
    return moved.after === "in" ? when : `!(${when})`;
  }
  const stageOf = (name: string) => settings.lifecycle.stages.find((stage) => stage.name === name)?.when;
  const when = stageOf(moved.after);
  const before = stageOf(moved.before);
  return when || (before ? `!(${before})` : "");
}

/** The columns that the conditions compare with numbers: at most four. */
function refsOf(settings: Settings, picked: Picked): string[] {
  const conditions =
    picked.kind === "stage"
      ? settings.lifecycle.stages.map(({ when }) => when)
      : picked.kind === "churn"
        ? ["churn_p > 0 && silence_days > 0"]
        : [String(valueAt(settings, `${picked.kind}.${picked.name}.when`) ?? "")];
  const refs = new Set(conditions.flatMap((when) => conditionNumbers(when).map(({ ref }) => ref)));
  refs.delete("orders");
  return [...refs, "orders", "spend"].slice(0, 4);
}

/** What can be picked: moves of stages that somebody makes, and audiences that somebody enters or leaves; the largest first. */
function optionsOf(report: Report): { picked: Picked; users: number }[] {
  const { stage } = report;
  const moves = stage.names.flatMap((from, i) =>
    stage.names.flatMap((to, j) => {
      const users = stage.moves[i]?.[j]?.users ?? 0;
      return i !== j && users > 0 ? [{ picked: { kind: "stage", name: "", from, to } as Picked, users }] : [];
    }),
  );
  const audiences = (["segments", "tags"] as const).flatMap((kind) =>
    report[kind].flatMap(({ name, enter, leave }) => [
      { picked: { kind, name, from: "out", to: "in" } as Picked, users: enter.users },
      { picked: { kind, name, from: "in", to: "out" } as Picked, users: leave.users },
    ]),
  );
  const { churn } = report;
  const warned = churn
    ? [
        { picked: { kind: "churn", name: "warning", from: "out", to: "in" } as Picked, users: churn.enter.users },
        { picked: { kind: "churn", name: "warning", from: "in", to: "out" } as Picked, users: churn.leave.users },
      ]
    : [];
  const some = [...moves, ...audiences, ...warned].filter(({ users }) => users > 0).sort((a, b) => b.users - a.users);
  return [{ picked: anybody, users: moves.reduce((sum, one) => sum + one.users, 0) }, ...some];
}
