import { describe, expect, it } from "vitest";
import {
  corrected,
  type FinishOutcomes,
  noOutcomes,
  outcomesMax,
  takeOutcome,
  widthOf,
} from "./finish-calibration.js";
import { fromUpperTail } from "./normal.js";
import { seededRandom } from "./random.js";

const rolled = { p50Ms: 10_000, p90Ms: 16_000 };

/** Jobs one after another, each corrected by those before; the share that is done by its p90. */
function live(
  outcomes: FinishOutcomes,
  random: () => number,
  jobs: number,
  tookMs: (z: number) => number,
): { readonly byP50: number; readonly byP90: number } {
  let [byP50, byP90] = [0, 0];
  for (let job = 0; job < jobs; job++) {
    const given = corrected(outcomes, rolled);
    const actualMs = Math.round(tookMs(fromUpperTail(Math.max(1e-9, random()))));
    if (actualMs <= given.p50Ms) byP50 += 1 / jobs;
    if (actualMs <= given.p90Ms) byP90 += 1 / jobs;
    takeOutcome(outcomes, { rolled, given }, actualMs);
  }
  return { byP50, byP90 };
}

describe("finish times corrected by what came of earlier ones", () => {
  it("are as rolled out before any job has ended, but for a p90 that is farther off", () => {
    const { p50Ms, p90Ms } = corrected(noOutcomes(), rolled);
    expect(p50Ms).toBe(10_000);
    expect(p90Ms).toBeGreaterThan(16_000);
    expect(p90Ms).toBeLessThan(25_000);
  });

  it.each([
    ["later and wider than rolled out", (z: number) => 14_000 * Math.exp(0.6 * z)],
    ["earlier and narrower", (z: number) => 7_000 * Math.exp(0.1 * z)],
    ["mostly as said, and late by far now and then", (z: number) => 9_000 * Math.exp(z ** 4 / 20)],
  ])("cover nine of ten jobs that are %s", (_, tookMs) => {
    const [outcomes, random] = [noOutcomes(), seededRandom(3)];
    live(outcomes, random, 50, tookMs);
    const { byP50, byP90 } = live(outcomes, random, 1_000, tookMs);
    expect(byP90).toBeGreaterThan(0.87);
    expect(byP90).toBeLessThan(0.93);
    expect(Math.abs(byP50 - 0.5)).toBeLessThan(0.08);
  });

  it("follow a cluster that has become busier, within the jobs that are remembered", () => {
    const [outcomes, random] = [noOutcomes(), seededRandom(4)];
    live(outcomes, random, 500, (z) => 10_000 * Math.exp(0.3 * z));
    const before = widthOf(outcomes);
    const busier = live(outcomes, random, 300, (z) => 20_000 * Math.exp(0.3 * z));
    expect(busier.byP90).toBeGreaterThan(0.8);
    expect(widthOf(outcomes)).toBeGreaterThan(before);
    expect(outcomes.scores.recent).toHaveLength(outcomesMax);
  });

  it("never put the p90 before the median, nor anything before now", () => {
    const outcomes = noOutcomes();
    for (let job = 0; job < 100; job++) takeOutcome(outcomes, { rolled, given: rolled }, 1);
    const { p50Ms, p90Ms } = corrected(outcomes, { p50Ms: 3, p90Ms: 3 });
    expect(p50Ms).toBeGreaterThanOrEqual(1);
    expect(p90Ms).toBeGreaterThanOrEqual(p50Ms);
    const far = corrected(outcomes, { p50Ms: 1, p90Ms: 1e12 });
    expect(Number.isSafeInteger(far.p90Ms)).toBe(true);
  });
});
