import { expect, it } from "vitest";
import { sumInterval, usersInterval } from "./interval";

it("intervals are the engine's (shared/whatif)", () => {
  expect(usersInterval(37, 400, 20_000)).toEqual([1850, 1361, 2491]);
  expect(usersInterval(0, 100, 10_000)).toEqual([0, 0, 366]);
  expect(usersInterval(9, 10, 11)).toEqual([10, 9, 10]);
  expect(usersInterval(500, 1000, 3_000_000)).toEqual([1_500_000, 1_407_224, 1_592_776]);
  expect(usersInterval(3, 10, 10)).toEqual([3, 3, 3]);
  expect(sumInterval(123_456, 987_654_321n, 400, 20_000)).toEqual([6_172_800, 3_179_613, 9_165_987]);
  expect(sumInterval(-500, 250_000n, 1, 10)).toEqual([-5000, -5000, 0]);
  expect(sumInterval(700, 1n, 50, 50)).toEqual([700, 700, 700]);
});
