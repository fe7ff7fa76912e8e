import { expect, test } from "vitest";
import { readLimit } from "./limits";

test.each([
  ["capped: mails_a_week allows 3 messages in 7 days", "cappedDays", { cap: "mails_a_week", max: "3", window: "7" }],
  ["capped: 促销 allows 1 messages in 48 hours", "cappedHours", { cap: "促销", max: "1", window: "48" }],
  [
    "quiet: by email from 21:00 to 08:00 in the user's zone Asia/Shanghai",
    "quiet",
    { channel: "email", from: "21:00", to: "08:00", zone: "Asia/Shanghai" },
  ],
  [
    "quiet: by email from 21:00 to 08:00 in the project's zone, for the user's is not known: UTC",
    "quietProject",
    { channel: "email", from: "21:00", to: "08:00", zone: "UTC" },
  ],
  ["holdout: the user is among the 5 % who get no message", "holdout", { percent: "5" }],
  ["expired: it was not sent within 72 hours", "expired", { hours: "72" }],
])("%s", (said, key, values) => {
  expect(readLimit(said)).toEqual({ key, values, last: undefined });
});

test("what an expired message waited for", () => {
  const last = "capped: a allows 1 messages in 1 days";
  const limit = readLimit(`expired: it was not sent within 168 hours; at last ${last}`);
  expect(limit).toEqual({ key: "expired", values: { hours: "168" }, last });
});

test.each(["", "consent: none was given", "capped", "quiet: please"])("%j is something else", (said) => {
  expect(readLimit(said)).toBeUndefined();
});
