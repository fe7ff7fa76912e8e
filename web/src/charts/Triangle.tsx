import { useTranslation } from "react-i18next";
import { Scroll } from "../components/Scroll";
import type { Format } from "../core/format";
import { useDark } from "../core/prefs";
import { paletteOf, sequential } from "./palette";
import { type Cohort, type Measure, meanAt, peakOf, valueAt, widthOf } from "./triangle";

/** Cohorts by the periods since their first purchase; stronger cells hold more. It is a table, for everybody. */
export function Triangle({
  cohorts,
  measure,
  period,
  currency,
  format,
}: {
  cohorts: readonly Cohort[];
  measure: Measure;
  period: "week" | "month";
  currency: string;
  format: Format;
}) {
  const { t } = useTranslation();
  const palette = paletteOf(useDark());
  const offsets = Array.from({ length: widthOf(cohorts) }, (_, k) => k);
  const peak = peakOf(cohorts, measure);
  const words = (value: number) => {
    if (measure === "share") return format.percent(value, value < 0.1 ? 1 : 0);
    if (measure === "buyers") return format.count(value);
    return format.moneyCompact(Math.round(value), currency);
  };
  return (
    <Scroll label={t("retention.triangle")} style={{ maxHeight: 580 }}>
      <table className="triangle">
        <caption className="visually-hidden">{t(`retention.caption.${measure}`)}</caption>
        <thead>
          <tr>
            <th scope="col" className="name">
              {t(`retention.cohort.${period}`)}
            </th>
            <th scope="col">{t("retention.size")}</th>
            {offsets.map((k) => (
              <th scope="col" key={k}>
                {format.count(k)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cohorts.map((cohort) => (
            <tr key={cohort.cohort}>
              <th scope="row" className="name">
                {period === "month" ? format.month(`${cohort.cohort}-01`) : format.day(cohort.cohort)}
              </th>
              <td className="num size">{format.count(cohort.size)}</td>
              {offsets.map((k) => {
                const value = valueAt(cohort, k, measure);
                if (value === undefined) return <td key={k} />;
                const paint = k === 0 || peak === 0 ? undefined : sequential(palette, Math.max(0, value) / peak);
                return (
                  <td
                    key={k}
                    className={k === 0 ? "num cell whole" : "num cell"}
                    style={paint && { background: paint.background, color: paint.text }}
                  >
                    {words(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
        {measure === "share" && cohorts.length > 1 && (
          <tfoot>
            <tr>
              <th scope="row" className="name">
                {t("retention.all")}
              </th>
              <td className="num size">{format.count(cohorts.reduce((sum, cohort) => sum + cohort.size, 0))}</td>
              {offsets.map((k) => {
                const mean = meanAt(cohorts, k);
                return (
                  <td key={k} className="num cell whole">
                    {mean !== undefined && words(mean)}
                  </td>
                );
              })}
            </tr>
          </tfoot>
        )}
      </table>
    </Scroll>
  );
}
