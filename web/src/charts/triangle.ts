/** A cohort as the API gives it: figures 0, 1, 2 … periods after the first purchase, as far as they were observed. */
export interface Cohort {
  cohort: string;
  size: number;
  buyers: readonly number[];
  spend_minor: readonly number[];
}

export type Measure = "share" | "buyers" | "revenue";

/** What a cell of the triangle shows: the share of the cohort that bought, how many did, or their revenue a member. */
export function valueAt(cohort: Cohort, k: number, measure: Measure): number | undefined {
  const buyers = cohort.buyers[k];
  const spend = cohort.spend_minor[k];
  if (buyers === undefined || spend === undefined || cohort.size === 0) return undefined;
  if (measure === "share") return buyers / cohort.size;
  if (measure === "buyers") return buyers;
  return spend / cohort.size;
}

/** The cohorts together: of those that were observed k periods later, weighted by their size. */
export function meanAt(cohorts: readonly Cohort[], k: number): number | undefined {
  let size = 0;
  let buyers = 0;
  for (const cohort of cohorts) {
    const here = cohort.buyers[k];
    if (here === undefined) continue;
    size += cohort.size;
    buyers += here;
  }
  return size > 0 ? buyers / size : undefined;
}

/** The number of periods of the longest row. */
export function widthOf(cohorts: readonly Cohort[]): number {
  return Math.max(0, ...cohorts.map((cohort) => cohort.buyers.length));
}

/** The largest value beyond period 0, which is everybody; colours are scaled by it. */
export function peakOf(cohorts: readonly Cohort[], measure: Measure): number {
  let peak = 0;
  for (const cohort of cohorts)
    for (let k = 1; k < cohort.buyers.length; k++) peak = Math.max(peak, valueAt(cohort, k, measure) ?? 0);
  return peak;
}
