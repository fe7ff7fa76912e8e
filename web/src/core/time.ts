/** The last millisecond of a day (2026-01-31) in a zone, as RFC 3339 in UTC: the moment a view of that day is as of. */
export function endOfDay(day: string, zone: string): string {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  const midnight = startOfDay(Date.UTC(year, month - 1, date + 1), zone);
  return new Date(midnight - 1).toISOString();
}

/** The day (2026-01-31) that a moment falls on in a zone. */
export function dayOf(time: number | string, zone: string): string {
  const part = partsOf(new Date(time).getTime(), zone);
  return new Date(part).toISOString().slice(0, 10);
}

/** The day so many days before another one. */
export function daysBefore(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
}

/** The instant whose wall clock in the zone shows `wall` (unix milliseconds read as if they were UTC). */
function startOfDay(wall: number, zone: string): number {
  let guess = wall;
  // Two steps settle it: the second meets a change of offset that lies between the first guess and the answer.
  for (let step = 0; step < 2; step++) guess = wall - (partsOf(guess, zone) - guess);
  return guess;
}

/** The wall clock of an instant in a zone, as unix milliseconds read as if it were UTC. */
function partsOf(time: number, zone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatter(zone).formatToParts(time)) parts[type] = Number(value);
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  return wall + (((time % 1000) + 1000) % 1000);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const options: Intl.DateTimeFormatOptions = {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  };
  let made: Intl.DateTimeFormat;
  try {
    made = new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone });
  } catch {
    made = new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" });
  }
  formatters.set(zone, made);
  return made;
}
