import { useState } from "react";
import { useTranslation } from "react-i18next";
import { paletteOf, sequential } from "../../charts/palette";
import { Choice } from "../../components/Controls";
import { Card, useLabel } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import type { Schemas } from "../../core/api";
import { useDark } from "../../core/prefs";
import { useView } from "../../core/view";

type Measure = "users" | "share" | "revenue";

/** Stages then by stages now: users, their share of the stage they stood in, or what they spent in between. */
export function Matrix({ found }: { found: Schemas["Transitions"] }) {
  const { t } = useTranslation();
  const { format } = useView();
  const label = useLabel();
  const palette = paletteOf(useDark());
  const [measure, setMeasure] = useState<Measure>("users");
  const rows = found.states.filter((state) => state.before > 0).map((state) => state.name);
  const columns = found.states.filter((state) => state.after > 0).map((state) => state.name);
  const nameOf = (name: string) =>
    name
      ? label(name, found.states.find((state) => state.name === name)?.label)
      : t(found.kind === "settled" ? "stages.undecided" : "lifecycle.notThere");
  const moveOf = (from: string, to: string) => found.moves.find((move) => move.from === from && move.to === to);
  const sum = (from: string) =>
    found.moves.filter((move) => move.from === from).reduce((users, move) => users + move.users, 0);
  const moneyMost = Math.max(1, ...found.moves.map((move) => move.revenue_minor));
  return (
    <Card
      title={t("lifecycle.matrix")}
      lead={t(`lifecycle.matrixLead.${measure}`)}
      tools={
        <Choice
          label={t("common.showAs")}
          value={measure}
          onChange={setMeasure}
          options={(["users", "share", "revenue"] as const).map((value) => ({
            value,
            label: t(`lifecycle.measure.${value}`),
          }))}
        />
      }
    >
      <Scroll label={t("lifecycle.matrix")}>
        <table className="triangle matrix">
          <caption className="visually-hidden">{t("lifecycle.matrixCaption")}</caption>
          <thead>
            <tr>
              <th scope="col" className="name">
                {t("lifecycle.thenNow")}
              </th>
              {columns.map((to) => (
                <th scope="col" key={to}>
                  {nameOf(to)}
                </th>
              ))}
              <th scope="col">{t("lifecycle.sum")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((from) => {
              const all = sum(from);
              return (
                <tr key={from}>
                  <th scope="row" className="name">
                    {nameOf(from)}
                  </th>
                  {columns.map((to) => {
                    const move = moveOf(from, to);
                    if (!move || move.users === 0) return <td key={to} className="cell num muted" />;
                    const share = all > 0 ? move.users / all : 0;
                    const depth = measure === "revenue" ? Math.max(0, move.revenue_minor) / moneyMost : share;
                    const paint = sequential(palette, depth);
                    return (
                      <td
                        key={to}
                        className={from === to ? "cell num same" : "cell num"}
                        style={{ background: paint.background, color: paint.text }}
                      >
                        {measure === "users" && format.count(move.users)}
                        {measure === "share" && format.percent(share)}
                        {measure === "revenue" && format.moneyCompact(move.revenue_minor, found.currency)}
                      </td>
                    );
                  })}
                  <td className="size num">{format.count(all)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
