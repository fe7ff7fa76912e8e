import { describe, expect, it } from "vitest";
import { dayOf, endOfDay } from "./time";

describe("endOfDay", () => {
  it.each([
    ["1997-09-30", "UTC", "1997-09-30T23:59:59.999Z"],
    ["1997-09-30", "Asia/Shanghai", "1997-09-30T15:59:59.999Z"],
    ["2026-11-22", "America/New_York", "2026-11-23T04:59:59.999Z"],
    // The day on which the clock changes has 25 or 23 hours.
    ["2026-10-25", "Europe/Berlin", "2026-10-25T22:59:59.999Z"],
    ["2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59.999Z"],
    ["2025-12-31", "Pacific/Kiritimati", "2025-12-31T09:59:59.999Z"],
    ["2026-01-01", "Mars/Base", "2026-01-01T23:59:59.999Z"],
  ])("%s in %s", (day, zone, want) => {
    expect(endOfDay(day, zone)).toBe(want);
  });

  it("falls on the day itself in every zone", () => {
    for (const zone of ["UTC", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]) {
      for (let n = 0; n < 400; n += 7) {
        const day = new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10);
        const end = endOfDay(day, zone);
        expect(dayOf(end, zone)).toBe(day);
        expect(dayOf(new Date(end).getTime() + 1, zone)).not.toBe(day);
      }
    }
  });
});
