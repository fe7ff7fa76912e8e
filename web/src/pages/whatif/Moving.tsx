import { memo, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Flow } from "../../charts/Flow";
import { paletteOf, sequential } from "../../charts/palette";
import { Choice } from "../../components/Controls";
import { Card } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import { useDark } from "../../core/prefs";
import { useView } from "../../core/view";
import { movesOf, type Report } from "../../core/whatif/report";
import type { GroupName } from "./names";

const kinds = ["stage", "rfm", "tier"] as const;
type Kind = (typeof kinds)[number];
const measures = ["users", "revenue", "value"] as const;

/** Who moves from where to where: as a picture, and as a matrix. */
export const Moving = memo(function Moving({
  report,
  word,
  currency,
  modelled,
  onMove,
}: {
  report: Report;
  word: (group: GroupName, name: string) => string;
  currency: string;
  modelled: boolean;
  /** A cell of the matrix of stages was chosen: who are they? */
  onMove: (from: string, to: string) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const palette = paletteOf(useDark());
  const [kind, setKind] = useState<Kind>("stage");
  const [measure, setMeasure] = useState<(typeof measures)[number]>("users");
  const group = report[kind];
  const moves = useMemo(() => movesOf(group), [group]);
  const moved = useMemo(() => moves.filter(({ from, to }) => from !== to), [moves]);
  const named = group.names.filter((name) => name !== "");
  const nameOf = (name: string) => word(kind, name);
  const colorOf = (name: string) => {
    const place = named.indexOf(name);
    return place < 0 ? palette.muted : (palette.series[place % palette.series.length] ?? palette.muted);
  };
  const amount = (n: number) => (measure === "users" ? format.count(n) : format.moneyCompact(n, currency));
  const rows = group.names.filter((_, i) => (group.before[i]?.users ?? 0) > 0);
  const columns = group.names.filter((_, i) => (group.after[i]?.users ?? 0) > 0);
  const most = Math.max(1, ...moved.map((move) => Math.max(0, move[measure])));
  return (
    <Card
      title={t("whatif.moves")}
      lead={t("whatif.movesLead")}
      tools={
        <div className="page-tools">
          <Choice
            label={t("whatif.moves")}
            value={kind}
            onChange={setKind}
            options={kinds.map((value) => ({ value, label: t(`whatif.group.${value}`) }))}
          />
          <Choice
            label={t("common.showAs")}
            value={measure}
            onChange={setMeasure}
            options={measures
              .filter((value) => modelled || value !== "value")
              .map((value) => ({ value, label: t(`whatif.measure.${value}`) }))}
          />
        </div>
      }
    >
      <Flow
        moves={moves}
        stages={group.names}
        nameOf={nameOf}
        colorOf={colorOf}
        label={t("whatif.movesLabel")}
        format={format}
      />
      <Scroll label={t("whatif.matrix")}>
        <table className="triangle matrix">
          <caption className="visually-hidden">{t("whatif.matrixCaption")}</caption>
          <thead>
            <tr>
              <th scope="col" className="name">
                {t("whatif.fromTo")}
              </th>
              {columns.map((to) => (
                <th scope="col" key={to}>
                  {nameOf(to)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((from) => (
              <tr key={from}>
                <th scope="row" className="name">
                  {nameOf(from)}
                </th>
                {columns.map((to) => {
                  const move = moves.find((one) => one.from === from && one.to === to);
                  if (!move) return <td key={to} className="cell num muted" />;
                  if (from === to)
                    return (
                      <td key={to} className="cell num same">
                        {amount(move[measure])}
                      </td>
                    );
                  const paint = sequential(palette, 0.15 + (0.85 * Math.max(0, move[measure])) / most);
                  return (
                    <td key={to} className="cell num" style={{ background: paint.background, color: paint.text }}>
                      {kind === "stage" ? (
                        <button
                          type="button"
                          className="bare"
                          title={t("whatif.whoMoves", { from: nameOf(from), to: nameOf(to) })}
                          onClick={() => onMove(from, to)}
                        >
                          {amount(move[measure])}
                        </button>
                      ) : (
                        amount(move[measure])
                      )}
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
});
