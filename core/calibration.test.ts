import { describe, expect, it } from "vitest";
import {
  type CalibrationRecord,
  calibrationOf,
  calibrationOfPlain,
  emptyCalibration,
  holdClaim,
  plainCalibration,
  settleClaim,
} from "./calibration.js";
import { takeOutcome } from "./finish-calibration.js";

const claim = { source: "user", p50Ms: 1_000, p90Ms: 2_000 } as const;

function run(record: CalibrationRecord, durationMs: number | null): void {
  holdClaim(record, "job/task#1", claim);
  settleClaim(record, "job/task#1", durationMs);
}

describe("what has come of predictions", () => {
  it("is nothing before anything has ended, and of no source that gave no estimate", () => {
    const { tasks, jobs } = calibrationOf(emptyCalibration());
    expect(tasks).toEqual([]);
    expect(jobs).toMatchObject({ jobs: 0, withinP50: 0, withinP90: 0, medianLogError: 0 });
  });

  it("counts runs by the source that was believed when they were launched", () => {
    const record = emptyCalibration();
    for (const durationMs of [500, 1_000, 1_500, 4_000]) run(record, durationMs);
    const [user, ...others] = calibrationOf(record).tasks;
    expect(others).toEqual([]);
    expect(user).toMatchObject({ source: "user", runs: 4, withinP50: 0.5, withinP90: 0.75 });
    const expected = (Math.log(2) + Math.log(1.5) + Math.log(4)) / 4;
    expect(user?.meanLogError).toBeCloseTo(expected, 2);
  });

  it("learns nothing of what did not succeed, and holds nothing of what has ended", () => {
    const record = emptyCalibration();
    run(record, null);
    settleClaim(record, "job/other#1", 1_000);
    expect(calibrationOf(record).tasks).toEqual([]);
    expect(record.held.size).toBe(0);
  });

  it("remembers so many runs, and no more", () => {
    const record = emptyCalibration();
    for (let index = 0; index < 2_000; index++) run(record, 500 + index);
    expect(calibrationOf(record).tasks[0]).toMatchObject({ runs: 500, withinP50: 0 });
  });

  it("is the same after it was written down and read again", () => {
    const record = emptyCalibration();
    for (const durationMs of [700, 1_234, 98_765]) run(record, durationMs);
    holdClaim(record, "job/live#2", { ...claim, source: "model" });
    const range = { p50Ms: 777, p90Ms: 999 };
    takeOutcome(record.jobs, { rolled: range, given: range }, 12_345);
    const text = JSON.stringify(plainCalibration(record));
    const again = calibrationOfPlain(JSON.parse(text));
    expect(again).toEqual(record);
    for (const one of [record, again]) settleClaim(one, "job/live#2", 4_321);
    expect(calibrationOf(again)).toEqual(calibrationOf(record));
  });
});
