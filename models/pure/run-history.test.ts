import { describe, expect, it } from "vitest";
import { emptyAlike, quantilesAlike, rememberAlike } from "./alike.js";
import { emptyRunHistory, ratioToWord, recordRun, runsOf } from "./run-history.js";

describe("runs that began alike", () => {
  it("are believed before the many that began otherwise", () => {
    const alike = emptyAlike();
    for (let run = 0; run < 30; run++) {
      // After a long run comes a short one, and the other way round; long ones are seldom.
      const isAfterLong = run % 5 === 0;
      rememberAlike(alike, Float32Array.of(isAfterLong ? 10 : 5), isAfterLong ? 3 : 8);
    }
    expect(quantilesAlike(alike, Float32Array.of(10), [1])).toEqual({ logP50: 3, logP90: 3 });
    expect(quantilesAlike(alike, Float32Array.of(5), [1])?.logP50).toBe(8);
    // Nothing known of this one: then all count.
    expect(quantilesAlike(alike, Float32Array.of(Number.NaN), [1])?.logP50).toBe(8);
    expect(quantilesAlike(emptyAlike(), Float32Array.of(5), [1])).toBeNull();
    expect(alike.runs.length).toBe(30);
    for (let run = 0; run < 200; run++) rememberAlike(alike, Float32Array.of(5), 1);
    expect(alike.runs.length).toBe(64);
  });
});

describe("a user's word", () => {
  it("of a tenant never seen is worth what everyone's words were", () => {
    const history = emptyRunHistory();
    const levels = () => ["new", "tenant"].map((group) => runsOf(history, group));
    expect(ratioToWord(history, levels(), 0)).toBe(0);
    expect(ratioToWord(history, levels(), Number.NaN)).toBeNaN();
    const end = { userEstimateMs: 10_000, durationMs: 1_000, succeeded: true, atMs: 0 };
    for (let run = 0; run < 40; run++) recordRun(history, ["old", "other"], end);
    expect(ratioToWord(history, levels(), 0)).toBeCloseTo(Math.log(0.1), 0);
    expect(ratioToWord(history, levels(), Number.NaN)).toBeCloseTo(Math.log(0.1), 9);
  });
});
