import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useKnown } from "../components/known";
import type { Format } from "../core/format";
import { useDark } from "../core/prefs";
import { paletteOf, sequential } from "./palette";

export interface Cell {
  r: number;
  f: number;
  name: string;
  users: number;
  spend_minor: number;
}

const scores = [1, 2, 3, 4, 5];

/** Recency by frequency: darker cells hold more users; the cells of one name light up together. */
export function RfmGrid({
  cells,
  currency,
  format,
  addressOf,
}: {
  cells: Cell[];
  currency: string;
  format: Format;
  addressOf: (cell: Cell) => string;
}) {
  const { t } = useTranslation();
  const known = useKnown();
  const palette = paletteOf(useDark());
  const [lit, setLit] = useState("");
  const most = Math.max(1, ...cells.map((cell) => cell.users));
  const at = (r: number, f: number) => cells.find((cell) => cell.r === r && cell.f === f);
  return (
    <div>
      <table className="rfm">
        <caption className="visually-hidden">{t("rfmGrid.caption")}</caption>
        <thead>
          <tr>
            <td className="axis" />
            {scores.map((f) => (
              <th key={f} scope="col">
                F{f}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {scores.toReversed().map((r) => (
            <tr key={r}>
              <th scope="row" className="axis">
                R{r}
              </th>
              {scores.map((f) => {
                const cell = at(r, f);
                if (!cell) return <td key={f} />;
                const paint = sequential(palette, Math.sqrt(cell.users / most));
                return (
                  <td key={f}>
                    <Link
                      to={addressOf(cell)}
                      className={lit === cell.name ? "kin" : undefined}
                      style={{ background: paint.background, color: paint.text }}
                      title={`${known.rfm(cell.name)} · ${format.money(cell.spend_minor, currency)}`}
                      onMouseEnter={() => setLit(cell.name)}
                      onMouseLeave={() => setLit("")}
                      onFocus={() => setLit(cell.name)}
                      onBlur={() => setLit("")}
                    >
                      <span className="count">{format.count(cell.users)}</span>
                      <span className="label">{known.rfm(cell.name)}</span>
                    </Link>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="rfm-axis">
        <span>{t("rfmGrid.rows")}</span>
        <span>{t("rfmGrid.columns")}</span>
      </p>
    </div>
  );
}
