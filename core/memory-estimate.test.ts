import { describe, expect, it } from "vitest";
import {
  emptyMemoryStatistics,
  estimateMemory,
  memoryOfPlain,
  observeMemory,
  peaksSeen,
  plainMemory,
} from "./memory-estimate.js";
import { seededRandom } from "./random.js";

const groups = ["align/large", "align", "tenant"];
const mebibyte = 2 ** 20;

describe("peaks of memory from statistics", () => {
  it("are not known before anything of any group was seen", () => {
    const statistics = emptyMemoryStatistics();
    expect(estimateMemory(statistics, groups)).toBeNull();
    observeMemory(statistics, ["other"], 5 * mebibyte);
    expect(estimateMemory(statistics, groups)).toBeNull();
  });

  it("leave room while few are known, and come near what is always the same", () => {
    const statistics = emptyMemoryStatistics();
    observeMemory(statistics, groups, 100 * mebibyte);
    expect(estimateMemory(statistics, groups)?.p95Bytes).toBeGreaterThanOrEqual(300 * mebibyte);
    for (let run = 0; run < 40; run++) observeMemory(statistics, groups, 100 * mebibyte);
    const known = estimateMemory(statistics, groups)?.p95Bytes ?? 0;
    expect(known).toBeGreaterThanOrEqual(100 * mebibyte - 1);
    expect(known).toBeLessThan(110 * mebibyte);
  });

  it("hold about 19 of 20 runs", () => {
    const random = seededRandom(8);
    const statistics = emptyMemoryStatistics();
    const runs = 4_000;
    let held = 0;
    for (let run = 0; run < runs; run++) {
      const peakBytes = mebibyte * Math.exp(3 * random() + random());
      const { p50Bytes = 0, p95Bytes = 0 } = estimateMemory(statistics, groups) ?? {};
      expect(p95Bytes).toBeGreaterThanOrEqual(p50Bytes);
      if (peakBytes <= p95Bytes) held++;
      observeMemory(statistics, groups, peakBytes);
    }
    expect(held / runs).toBeGreaterThan(0.92);
    expect(held / runs).toBeLessThan(0.98);
  });

  it("say on how many of its last runs a group rests", () => {
    const statistics = emptyMemoryStatistics();
    expect(peaksSeen(statistics, "align")).toBe(0);
    for (let run = 0; run < 5; run++) observeMemory(statistics, groups, mebibyte);
    expect(peaksSeen(statistics, "align")).toBe(5);
    for (let run = 0; run < 50; run++) observeMemory(statistics, groups, mebibyte);
    expect(peaksSeen(statistics, "align")).toBe(32);
  });

  it("come back from JSON as they were, and live on in the same way", () => {
    const random = seededRandom(9);
    const statistics = emptyMemoryStatistics();
    const peak = (): number => mebibyte * Math.exp(4 * random());
    for (let run = 0; run < 300; run++) observeMemory(statistics, groups, peak());
    const back = memoryOfPlain(JSON.parse(JSON.stringify(plainMemory(statistics))));
    expect(back).toEqual(statistics);
    for (let run = 0; run < 50; run++) {
      const bytes = peak();
      observeMemory(statistics, groups, bytes);
      observeMemory(back, groups, bytes);
    }
    expect(estimateMemory(back, groups)).toEqual(estimateMemory(statistics, groups));
    expect(plainMemory(back)).toEqual(plainMemory(statistics));
  });
});
