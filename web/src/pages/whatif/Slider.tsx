import { UndoOutlined } from "@ant-design/icons";
import { memo, useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Unit } from "./knobs";
import type { Spread } from "./spreads";

/** A number of the strategy: a slider over the base's histogram, and a box for any number. */
export const Slider = memo(function Slider({
  id,
  name,
  aside,
  unit,
  value,
  published,
  stops,
  spread,
  least,
  most,
  whole,
  write,
  onMove,
}: {
  id: string;
  name: string;
  aside: string;
  unit: Unit;
  value: number;
  published: number;
  stops: readonly number[];
  spread: Spread | undefined;
  least: number;
  most: number;
  whole: boolean;
  /** A number in words. */
  write: (value: number, unit: Unit) => string;
  /** at: when the event happened; sliding: by the slider, and not typed. */
  onMove: (id: string, value: number, at: number, sliding: boolean) => void;
}) {
  const { t } = useTranslation();
  const own = useId();
  const within = (n: number) => Math.min(most, Math.max(least, n));
  const changed = value !== published;
  return (
    <div className={changed ? "knob changed" : "knob"}>
      <div className="knob-head">
        <label htmlFor={own}>
          {name} {aside && <code>{aside}</code>}
        </label>
        <span className="knob-tools">
          {changed && (
            <button
              type="button"
              className="undo"
              title={t("whatif.back", { value: write(published, unit) })}
              aria-label={`${name}: ${t("whatif.back", { value: write(published, unit) })}`}
              onClick={(event) => onMove(id, published, event.timeStamp, false)}
            >
              <UndoOutlined aria-hidden="true" />
            </button>
          )}
          <NumberBox
            label={t("whatif.exactly", { name: `${name} ${aside}` })}
            value={value}
            unit={unit}
            whole={whole}
            onChange={(n, at) => onMove(id, within(n), at, false)}
          />
        </span>
      </div>
      <div className="track">
        <Hills spread={spread} stops={stops} from={stops.indexOf(nearest(stops, value))} />
        <input
          id={own}
          type="range"
          min={0}
          max={stops.length - 1}
          step={1}
          value={indexNear(stops, value)}
          aria-valuetext={write(value, unit)}
          onChange={(event) => {
            const next = stops[Number(event.target.value)];
            if (next !== undefined) onMove(id, within(next), event.timeStamp, true);
          }}
        />
        <Mark stops={stops} at={published} />
      </div>
    </div>
  );
});

/** Where a number is as published. */
export function Mark({ stops, at }: { stops: readonly number[]; at: number }) {
  const share = indexNear(stops, at) / Math.max(1, stops.length - 1);
  return <i className="was" aria-hidden="true" style={{ left: `calc(8px + (100% - 16px) * ${share})` }} />;
}

export function indexNear(stops: readonly number[], value: number): number {
  let low = 0;
  let high = stops.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stops[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  const before = stops[low - 1];
  const here = stops[low] ?? 0;
  return before !== undefined && value - before < here - value ? low - 1 : low;
}

const nearest = (stops: readonly number[], value: number) => stops[indexNear(stops, value)] ?? 0;

/** A box for a number. What is typed counts once it is a number; the arrows of the keyboard step by one. */
export function NumberBox({
  label,
  value,
  unit,
  whole,
  onChange,
}: {
  label: string;
  value: number;
  unit: Unit;
  whole: boolean;
  onChange: (value: number, at: number) => void;
}) {
  const percent = unit === "share";
  const shown = percent ? Number((value * 100).toFixed(4)) : value;
  const [typed, setTyped] = useState<string>();
  useEffect(() => setTyped((old) => (old !== undefined && Number(old) === shown ? old : undefined)), [shown]);
  return (
    <span className="box">
      <input
        type="number"
        inputMode={whole ? "numeric" : "decimal"}
        step={whole ? 1 : "any"}
        aria-label={label}
        value={typed ?? String(shown)}
        onChange={(event) => {
          setTyped(event.target.value);
          const n = Number(event.target.value);
          if (event.target.value.trim() === "" || !Number.isFinite(n)) return;
          onChange(percent ? Number((n / 100).toPrecision(12)) : whole ? Math.round(n) : n, event.timeStamp);
        }}
        onBlur={() => setTyped(undefined)}
      />
      {percent && <span aria-hidden="true">%</span>}
    </span>
  );
}

/** The histogram of the base behind a slider, over the slider's own scale. Users below the slider are darker. */
export const Hills = memo(function Hills({
  spread,
  stops,
  from,
}: {
  spread: Spread | undefined;
  stops: readonly number[];
  from: number;
}) {
  const bars = useMemo(() => barsOf(spread, stops), [spread, stops]);
  const at = from / Math.max(1, stops.length - 1);
  return (
    <svg className="hills" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {bars.map((height, i) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: bars never move
          key={i}
          className={i / bars.length < at ? "below" : undefined}
          x={(i * 100) / bars.length}
          width={Math.max(0.4, 100 / bars.length - 0.5)}
          y={20 - 20 * height}
          height={20 * height}
        />
      ))}
    </svg>
  );
});

const BARS = 48;

/** The share of the highest bar of each of a few bars over the stops: by the root, so that small ones are seen beside large. */
function barsOf(spread: Spread | undefined, stops: readonly number[]): number[] {
  if (!spread || stops.length < 2) return [];
  const bars = new Array<number>(BARS).fill(0);
  spread.edges.forEach((edge, i) => {
    const lower = spread.edges[i - 1] ?? 0;
    const a = (place(stops, lower) / (stops.length - 1)) * BARS;
    const b = (place(stops, edge) / (stops.length - 1)) * BARS;
    const count = spread.counts[i] ?? 0;
    for (let k = Math.floor(a); k <= Math.min(BARS - 1, Math.floor(b)); k++) {
      const part = b > a ? Math.max(0, Math.min(b, k + 1) - Math.max(a, k)) / (b - a) : 1;
      bars[k] = (bars[k] ?? 0) + count * part;
    }
  });
  const most = Math.max(...bars, 1);
  return bars.map((bar) => Math.sqrt(bar / most));
}

/** Where a number stands among the stops, between two of them by its share. */
function place(stops: readonly number[], value: number): number {
  const near = indexNear(stops, value);
  const low = (stops[near] ?? 0) > value ? near - 1 : near;
  const a = stops[low];
  const b = stops[low + 1];
  if (a === undefined) return 0;
  if (b === undefined) return stops.length - 1;
  return low + Math.min(1, (value - a) / (b - a));
}
