import { type ReactNode, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ChartCard } from "../components/ChartCard";
import { Table } from "../components/Table";
import type { Schemas } from "../core/api";
import { useDark } from "../core/prefs";
import { useView } from "../core/view";
import { Beside } from "./Beside";
import { type Palette, paletteOf } from "./palette";

const expected = (palette: Palette) => palette.returning;
const actual = (palette: Palette) => palette.dormant;

/** Users by tenths of descending probability: what was expected of each tenth, and what came. */
export function Deciles({
  deciles,
  title,
  lead,
  className,
  after,
}: {
  deciles: readonly Schemas["ChurnDecile"][];
  title: string;
  lead?: ReactNode;
  className?: string;
  after?: ReactNode;
}) {
  const { t } = useTranslation();
  const { format } = useView();
  const palette = paletteOf(useDark());
  const groups = useMemo(() => deciles.map((_, i) => format.count(i + 1)), [deciles, format]);
  const sides = useMemo(
    () => [
      { name: t("churn.expected"), color: expected, values: deciles.map((one) => one.expected) },
      { name: t("churn.actual"), color: actual, values: deciles.map((one) => one.actual) },
    ],
    [deciles, t],
  );
  const figure = useCallback((y: number) => format.percent(y, 0), [format]);
  const titleOf = useCallback((i: number) => t("churn.decile", { n: i + 1 }), [t]);
  const asideOf = useCallback(
    (i: number) => [
      { name: t("churn.lift"), value: `× ${format.decimal(deciles[i]?.lift ?? 0, 2)}` },
      { name: t("models.users"), value: format.count(deciles[i]?.users ?? 0) },
    ],
    [deciles, format, t],
  );
  return (
    <ChartCard
      className={className}
      title={title}
      lead={lead}
      after={after}
      chart={
        <Beside
          label={t("churn.decilesLabel")}
          groups={groups}
          sides={sides}
          xName={t("churn.deciles")}
          format={figure}
          titleOf={titleOf}
          asideOf={asideOf}
          palette={palette}
          height={290}
        />
      }
      table={
        <Table
          label={title}
          rows={deciles.map((one, i) => ({ ...one, place: i + 1 }))}
          keyOf={(one) => String(one.place)}
          columns={[
            { name: t("churn.tenth"), cell: (one) => format.count(one.place) },
            { name: t("models.users"), right: true, cell: (one) => format.count(one.users) },
            { name: t("churn.expected"), right: true, cell: (one) => format.percent(one.expected) },
            { name: t("churn.actual"), right: true, cell: (one) => format.percent(one.actual) },
            { name: t("churn.lift"), right: true, cell: (one) => `× ${format.decimal(one.lift, 2)}` },
          ]}
        />
      }
    />
  );
}
