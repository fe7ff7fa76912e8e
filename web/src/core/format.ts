import type { Language } from "./prefs";

/** Formats numbers, money and time for people, in one language and in the project's zone. */
export interface Format {
  count(n: number): string;
  /** Short form for axes and tiles: 12.3K, 1.2 万. */
  compact(n: number): string;
  decimal(n: number, digits?: number): string;
  percent(share: number, digits?: number): string;
  /** A relative difference with its sign. */
  signedPercent(share: number): string;
  /** So many significant digits, for estimates. */
  significant(n: number, digits?: number): string;
  /** A difference of shares in percentage points, with its sign. */
  points(difference: number): string;
  /** Minor units with their currency. */
  money(minor: number, currency: string): string;
  moneyCompact(minor: number, currency: string): string;
  /** Major units of a price, three digits of it where it is below one. */
  price(major: number, currency: string): string;
  day(time: Time): string;
  /** Without the year, for axes. */
  dayShort(time: Time): string;
  month(time: Time): string;
  time(time: Time): string;
  bytes(n: number): string;
}

/** Unix milliseconds, RFC 3339, or a plain day (2026-01-31, which means that day in whatever zone). */
export type Time = number | string;

const plainDay = /^\d{4}-\d{2}-\d{2}$/;

function toDate(time: Time): { date: Date; zone?: "UTC" } {
  if (typeof time === "string" && plainDay.test(time)) return { date: new Date(`${time}T00:00:00Z`), zone: "UTC" };
  return { date: new Date(time) };
}

/** Number of minor digits of an ISO 4217 currency, 2 for one that nobody knows. */
export function minorDigits(currency: string): number {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

export const NONE = "–";

export function makeFormat(language: Language, zone: string): Format {
  const known = validZone(zone);
  const number = new Intl.NumberFormat(language);
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const dateIn = (options: Intl.DateTimeFormatOptions) => (time: Time) => {
    const { date, zone: own } = toDate(time);
    if (Number.isNaN(date.getTime())) return String(time);
    return new Intl.DateTimeFormat(language, { ...options, timeZone: own ?? known }).format(date);
  };
  const currencyFormat = (currency: string, options: Intl.NumberFormatOptions) => {
    try {
      return new Intl.NumberFormat(language, {
        style: "currency",
        currency,
        currencyDisplay: "narrowSymbol",
        ...options,
      });
    } catch {
      return number;
    }
  };
  return {
    count: (n) => number.format(n),
    compact: (n) => (Math.abs(n) < 10_000 ? number.format(Math.round(n * 10) / 10) : short.format(n)),
    decimal: (n, digits = 2) =>
      new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n),
    percent: (share, digits = 1) =>
      new Intl.NumberFormat(language, {
        style: "percent",
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }).format(share),
    signedPercent: (share) =>
      new Intl.NumberFormat(language, {
        style: "percent",
        minimumFractionDigits: 1,
        maximumFractionDigits: 1,
        signDisplay: "exceptZero",
      })
        .format(share)
        .replace("-", "−"),
    significant: (n, digits = 4) =>
      new Intl.NumberFormat(language, {
        minimumSignificantDigits: digits,
        maximumSignificantDigits: digits,
        notation: n !== 0 && (Math.abs(n) < 1e-4 || Math.abs(n) >= 1e7) ? "scientific" : "standard",
      }).format(n),
    points: (difference) =>
      new Intl.NumberFormat(language, {
        minimumFractionDigits: 1,
        maximumFractionDigits: 1,
        signDisplay: "exceptZero",
      })
        .format(100 * difference)
        .replace("-", "−"),
    money: (minor, currency) => currencyFormat(currency, {}).format(minor / 10 ** minorDigits(currency)),
    moneyCompact: (minor, currency) => {
      const major = minor / 10 ** minorDigits(currency);
      return currencyFormat(currency, {
        notation: Math.abs(major) < 10_000 ? "standard" : "compact",
        minimumFractionDigits: 0,
        maximumFractionDigits: Math.abs(major) < 100 ? minorDigits(currency) : Math.abs(major) < 10_000 ? 0 : 1,
      }).format(major);
    },
    price: (major, currency) =>
      currencyFormat(currency, major < 1 ? { maximumSignificantDigits: 3 } : {}).format(major),
    day: dateIn({ year: "numeric", month: "short", day: "numeric" }),
    dayShort: dateIn({ month: "short", day: "numeric" }),
    month: dateIn({ year: "numeric", month: "short" }),
    time: dateIn({
      year: "numeric",
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }),
    bytes: (n) => {
      const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
      let size = n;
      let unit = 0;
      while (size >= 1000 && unit < units.length - 1) {
        size /= 1000;
        unit++;
      }
      return new Intl.NumberFormat(language, {
        style: "unit",
        unit: units[unit],
        unitDisplay: "short",
        maximumFractionDigits: size < 10 && unit > 0 ? 1 : 0,
      }).format(size);
    },
  };
}

/** The zone, or UTC when this browser does not know it. */
function validZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}
