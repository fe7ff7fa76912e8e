import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Beside } from "../../charts/Beside";
import { type Palette, paletteOf } from "../../charts/palette";
import { ChartCard } from "../../components/ChartCard";
import { Table } from "../../components/Table";
import type { Schemas } from "../../core/api";
import { useDark } from "../../core/prefs";
import { useView } from "../../core/view";

const expected = (palette: Palette) => palette.returning;
const actual = (palette: Palette) => palette.resurrected;

/** What the fit expected of the weeks it did not see, by frequency, beside what came. */
export function Calibration({ holdout, from }: { holdout: Schemas["Holdout"]; from: string | undefined }) {
  const { t } = useTranslation();
  const { format } = useView();
  const palette = paletteOf(useDark());
  const rows = useMemo(() => holdout.by_frequency.filter((row) => row.n > 0), [holdout]);
  const most = holdout.by_frequency.at(-1)?.x;
  const nameOf = useCallback(
    (row: Schemas["Calibration"] | undefined) =>
      row ? (row.x === most ? t("models.orMore", { x: row.x }) : format.count(row.x)) : "",
    [most, format, t],
  );
  const groups = useMemo(() => rows.map(({ x }) => (x === most ? `${x}+` : String(x))), [rows, most]);
  const sides = useMemo(
    () => [
      { name: t("models.expected"), color: expected, values: rows.map((row) => row.expected) },
      { name: t("models.actual"), color: actual, values: rows.map((row) => row.actual) },
    ],
    [rows, t],
  );
  const figure = useCallback((y: number) => format.decimal(y, y < 10 ? 2 : 1), [format]);
  const titleOf = useCallback((i: number) => t("models.repeats", { x: nameOf(rows[i]) }), [rows, nameOf, t]);
  const asideOf = useCallback(
    (i: number) => [{ name: t("models.users"), value: format.count(Math.round(rows[i]?.n ?? 0)) }],
    [rows, format, t],
  );
  return (
    <ChartCard
      className="seven"
      title={t("models.calibration")}
      lead={t("models.calibrationLead", {
        weeks: format.decimal(holdout.weeks, 0),
        from: from ? format.day(from) : "",
      })}
      chart={
        <Beside
          label={t("models.calibrationLabel")}
          groups={groups}
          sides={sides}
          xName={t("models.byFrequency")}
          format={figure}
          axisFormat={format.compact}
          titleOf={titleOf}
          asideOf={asideOf}
          palette={palette}
          height={400}
        />
      }
      table={
        <Table
          label={t("models.calibration")}
          rows={rows}
          keyOf={(row) => String(row.x)}
          columns={[
            { name: t("models.byFrequency"), cell: nameOf },
            { name: t("models.users"), right: true, cell: (row) => format.count(Math.round(row.n)) },
            { name: t("models.expected"), right: true, cell: (row) => format.decimal(row.expected, 3) },
            { name: t("models.actual"), right: true, cell: (row) => format.decimal(row.actual, 3) },
          ]}
        />
      }
    />
  );
}
