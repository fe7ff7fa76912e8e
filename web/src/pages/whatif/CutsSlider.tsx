import { memo } from "react";
import { useTranslation } from "react-i18next";
import type { CutRow, Unit } from "./knobs";
import { Hills, indexNear, Mark, NumberBox } from "./Slider";

/** The four cuts between five scores: four sliders over one histogram, and a box for each. */
export const CutsSlider = memo(function CutsSlider({
  row,
  write,
  onMove,
}: {
  row: CutRow;
  write: (value: number, unit: Unit) => string;
  onMove: (key: CutRow["key"], place: number, value: number, at: number, sliding: boolean) => void;
}) {
  const { t } = useTranslation();
  const name = t(`whatif.cuts.${row.key}`);
  const label = (i: number) =>
    t("whatif.cuts.between", {
      name,
      a: row.key === "recency" ? 5 - i : i + 1,
      b: row.key === "recency" ? 4 - i : i + 2,
    });
  return (
    <fieldset className="cuts">
      <legend>
        {name} <code>{row.ref}</code>
      </legend>
      <div className="track four">
        <Hills spread={row.spread} stops={row.stops} from={0} />
        {row.values.map((value, i) => (
          <input
            // biome-ignore lint/suspicious/noArrayIndexKey: the cuts are known by their place
            key={i}
            type="range"
            min={0}
            max={row.stops.length - 1}
            value={indexNear(row.stops, value)}
            aria-label={label(i)}
            aria-valuetext={write(value, row.unit)}
            onChange={(event) => {
              const next = row.stops[Number(event.target.value)];
              if (next !== undefined) onMove(row.key, i, next, event.timeStamp, true);
            }}
          />
        ))}
        {row.published.map((value, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the cuts are known by their place
          <Mark key={i} stops={row.stops} at={value} />
        ))}
      </div>
      <div className="boxes">
        {row.values.map((value, i) => (
          <NumberBox
            // biome-ignore lint/suspicious/noArrayIndexKey: the cuts are known by their place
            key={i}
            label={t("whatif.exactly", { name: label(i) })}
            value={value}
            unit={row.unit}
            whole={row.unit !== "money"}
            onChange={(next, at) => onMove(row.key, i, next, at, false)}
          />
        ))}
      </div>
    </fieldset>
  );
});
