import { memo } from "react";
import { useTranslation } from "react-i18next";
import { paletteOf } from "../../charts/palette";
import { Choice } from "../../components/Controls";
import { Card } from "../../components/Parts";
import { Scroll } from "../../components/Scroll";
import type { Format } from "../../core/format";
import { useDark } from "../../core/prefs";
import { useView } from "../../core/view";
import { type Interval, usersInterval } from "../../core/whatif/interval";
import { type Report, type Sum, zero } from "../../core/whatif/report";
import { type GroupName, groups } from "./names";

export interface Size {
  name: string;
  before: Sum;
  after: Sum;
}

/** The sizes of a group of names, or of audiences, in the strategy's order. Names that nobody has at either time are kept. */
export function sizesOf(report: Report, group: GroupName): Size[] {
  if (group === "segments" || group === "tags") return report[group];
  const of = report[group];
  return of.names.map((name, i) => ({ name, before: of.before[i] ?? zero, after: of.after[i] ?? zero }));
}

/** A difference with its sign; nothing where there is none. */
export function signed(n: number, write: (n: number) => string): string {
  if (n === 0) return "";
  return (n > 0 ? "+" : "−") + write(Math.abs(n));
}

/** Sizes before and after, with what those users spent and are worth. */
export const Sizes = memo(function Sizes({
  report,
  group,
  word,
  currency,
  modelled,
  base,
  onGroup,
}: {
  report: Report;
  group: GroupName;
  word: (group: GroupName, name: string) => string;
  currency: string;
  /** Whether there are models: without, nobody has an expected value. */
  modelled: boolean;
  /** Users of the whole base when the report is of a sample: numbers are told with what they say of it. Else 0. */
  base: number;
  onGroup: (group: GroupName) => void;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const { series, muted } = paletteOf(useDark());
  const sizes = sizesOf(report, group).filter(({ name, before, after }) => name !== "" || before.users || after.users);
  const most = Math.max(1, ...sizes.flatMap(({ before, after }) => [before.users, after.users]));
  const some = groups.filter((one) => sizesOf(report, one).length > 0);
  return (
    <Card
      title={t("whatif.sizes")}
      lead={t("whatif.sizesLead")}
      tools={
        <Choice
          label={t("whatif.sizes")}
          value={group}
          onChange={onGroup}
          options={some.map((value) => ({ value, label: t(`whatif.group.${value}`) }))}
        />
      }
    >
      <Scroll label={t("whatif.sizes")}>
        <table className="plain sizes">
          <thead>
            <tr>
              <th scope="col">{t(`whatif.group.${group}`)}</th>
              <th scope="col" className="bar-col">
                <span className="visually-hidden">{t("whatif.bar")}</span>
              </th>
              <th scope="col" className="right">
                {t("whatif.before")}
              </th>
              <th scope="col" className="right">
                {t("whatif.after")}
              </th>
              <th scope="col" className="right">
                {t("whatif.change")}
              </th>
              <th scope="col" className="right">
                {t("whatif.revenue")}
              </th>
              {modelled && (
                <th scope="col" className="right">
                  {t("whatif.clv")}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {sizes.map((size, i) => (
              <tr key={size.name}>
                <th scope="row">
                  <span
                    className="dot"
                    aria-hidden="true"
                    style={{ background: colorOf(i, size.name, series, muted) }}
                  />
                  {word(group, size.name)}
                </th>
                <td className="bar-col">
                  <Bar size={size} most={most} color={colorOf(i, size.name, series, muted)} />
                </td>
                <td className="right num muted">{format.count(size.before.users)}</td>
                <td className="right num">
                  <strong>{format.count(size.after.users)}</strong>
                  {report.users < base && (
                    <span className="delta interval" title={t("whatif.interval")}>
                      {range(usersInterval(size.after.users, report.users, base), format.count)}
                    </span>
                  )}
                </td>
                <td className={`right num ${tone(size.after.users - size.before.users)}`}>
                  {signed(size.after.users - size.before.users, format.count)}
                </td>
                <Money before={size.before.revenue} after={size.after.revenue} currency={currency} format={format} />
                {modelled && (
                  <Money before={size.before.value} after={size.after.value} currency={currency} format={format} />
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
});

const range = ([, low, high]: Interval, write: (n: number) => string) => `${write(low)}–${write(high)}`;

function colorOf(i: number, name: string, series: readonly string[], muted: string): string {
  return name === "" ? muted : (series[i % series.length] ?? muted);
}

export const tone = (n: number) => (n > 0 ? "more" : n < 0 ? "less" : "");

function Bar({ size, most, color }: { size: Size; most: number; color: string }) {
  const width = (n: number) => `${((100 * n) / most).toFixed(2)}%`;
  return (
    <span className="size-bar" aria-hidden="true">
      <i style={{ width: width(size.after.users), background: color }} />
      <b style={{ left: width(size.before.users) }} />
    </span>
  );
}

function Money({
  before,
  after,
  currency,
  format,
}: {
  before: number;
  after: number;
  currency: string;
  format: Format;
}) {
  const change = signed(after - before, (n) => format.moneyCompact(n, currency));
  return (
    <td className="right num">
      {format.moneyCompact(after, currency)}
      <span className={`delta ${tone(after - before)}`}>{change}</span>
    </td>
  );
}
