import { useEffect, useMemo, useState } from "react";
import { conditionNumbers } from "../../core/whatif/condition";
import type { Session } from "../../core/whatif/session";
import type { Source } from "../../core/whatif/source";

/** How the base spreads over a column: shares of the highest bar, from 0 to `far`, which all but a few users lie below. */
export interface Spread {
  far: number;
  /** Ends of the bins, ascending, and the users up to each. */
  edges: number[];
  counts: number[];
}

export interface Spreads {
  of: (ref: string) => Spread | undefined;
}

/** A number as columns of floats hold it: whole numbers in its order. */
function floatRaw(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x + 0);
  const raw = view.getBigInt64(0);
  return raw < 0n ? raw ^ 0x7fffffffffffffffn : raw;
}

/** Powers of two between which everything lies: wide, but enough to see how far the base goes. */
const coarse = Array.from({ length: 96 }, (_, i) => 2 ** (i / 2 - 8));
const BARS = 120;

/** Reads how the base spreads over the columns that sliders stand for. */
export function useSpreads(session: Session, source: Source | undefined, complete: boolean): Spreads {
  const [known, setKnown] = useState<ReadonlyMap<string, Spread>>(new Map());
  const refs = useMemo(() => (source ? refsOf(source) : []), [source]);
  useEffect(() => {
    if (!complete || !source || refs.length === 0) return;
    let gone = false;
    void read(session, source, refs)
      .then((map) => !gone && setKnown(map))
      .catch(() => undefined); // the sliders work without pictures
    return () => {
      gone = true;
    };
  }, [session, source, refs, complete]);
  return useMemo(() => ({ of: (ref) => known.get(ref) }), [known]);
}

function refsOf({ snapshot, settings }: Source): string[] {
  const wanted = new Set(["silence_days", "recency_days", "purchase_days", "spend", "churn_p"]);
  const all = [...settings.lifecycle.stages, ...settings.tags, ...settings.segments];
  for (const { when } of all) for (const { ref } of conditionNumbers(when)) wanted.add(ref);
  const columns = new Map(snapshot.columns.map((column) => [column.ref, column.kind]));
  return [...wanted].filter((ref) => ref === "silence_days" || /^(number|float)$/.test(columns.get(ref) ?? ""));
}

async function read(session: Session, { snapshot }: Source, refs: string[]): Promise<ReadonlyMap<string, Spread>> {
  const column = (ref: string) => snapshot.columns.find((one) => one.ref === ref);
  const raw = (ref: string, stops: readonly number[]) => {
    const float = column(ref)?.kind === "float";
    const scale = column(ref)?.scale ?? 1;
    const list = stops.map((stop) => (float ? floatRaw(stop) : BigInt(Math.floor(stop * scale))));
    return [...new Set(list)].sort((a, b) => (a < b ? -1 : 1));
  };
  const first = await session.histograms(refs.map((ref) => ({ ref, stops: raw(ref, coarse) })));
  const fars = refs.map((ref, i) => {
    const float = column(ref)?.kind === "float";
    const scale = column(ref)?.scale ?? 1;
    const ends = [...new Set(coarse.map((stop) => (float ? stop : Math.floor(stop * scale))))].sort((a, b) => a - b);
    const end = ends[most(first[i]?.counts.slice(0, -1) ?? [])] ?? 0;
    return float ? end : end / scale;
  });
  const edges = refs.map((ref, i) => {
    const far = /^(p_alive|churn_p)$/.test(ref) ? 1 : Math.max(fars[i] ?? 1, 1);
    const whole = column(ref)?.kind !== "float" && (column(ref)?.scale ?? 1) === 1;
    const bars = whole ? Math.min(BARS, Math.ceil(far)) : BARS;
    return [
      ...new Set(
        Array.from({ length: bars }, (_, k) => (whole ? Math.round(((k + 1) * far) / bars) : ((k + 1) * far) / bars)),
      ),
    ];
  });
  const told = await session.histograms(refs.map((ref, i) => ({ ref, stops: raw(ref, edges[i] ?? []) })));
  return new Map(
    refs.map((ref, i) => {
      const ends = edges[i] ?? [];
      return [ref, { far: ends.at(-1) ?? 1, edges: ends, counts: (told[i]?.counts ?? []).slice(0, ends.length) }];
    }),
  );
}

/** The bin that all but a few users lie below or in. */
function most(counts: readonly number[]): number {
  const all = counts.reduce((sum, n) => sum + n, 0);
  let below = 0;
  for (const [i, n] of counts.entries()) {
    below += n;
    if (below >= all * 0.995) return i;
  }
  return counts.length - 1;
}
