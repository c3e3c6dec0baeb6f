import { describe, expect, it } from "vitest";
import { addCheck, finalCounts, parseSummary, summaryLine } from "./summary.mjs";
import { countTests } from "./test-reporter.mjs";

describe("the last line of a run", () => {
  it("gives passed and failed, and skipped only where there are any", () => {
    expect(summaryLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(summaryLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });

  it("is read back as it was written, from the end of an output", () => {
    for (const counts of [
      { passed: 12, failed: 0, skipped: 0 },
      { passed: 0, failed: 7, skipped: 1 },
    ]) {
      expect(parseSummary(`1 passed, 1 failed\nnoise\n${summaryLine(counts)}\n`)).toEqual(counts);
    }
    expect(parseSummary("1 passed, 0 failed\nthen it crashed")).toBeNull();
    expect(parseSummary("")).toBeNull();
  });

  it("counts a check as one", () => {
    const counts = { passed: 3, failed: 0, skipped: 1 };
    expect(addCheck(counts, true)).toEqual({ passed: 4, failed: 0, skipped: 1 });
    expect(addCheck(counts, false)).toEqual({ passed: 3, failed: 1, skipped: 1 });
  });
});

describe("a run fails", () => {
  it("where it ran no test", () => {
    expect(finalCounts({ passed: 0, failed: 0, skipped: 0 }, 0).failed).toBe(1);
    expect(finalCounts({ passed: 0, failed: 0, skipped: 5 }, 0).failed).toBe(1);
  });

  it("where it broke off before its end", () => {
    expect(finalCounts(null, 0).failed).toBe(1);
  });

  it("where the run failed though no test did", () => {
    expect(finalCounts({ passed: 5, failed: 0, skipped: 0 }, 1).failed).toBe(1);
    expect(finalCounts({ passed: 5, failed: 0, skipped: 0 }, null).failed).toBe(1);
  });

  it("and otherwise does not", () => {
    expect(finalCounts({ passed: 5, failed: 0, skipped: 0 }, 0).failed).toBe(0);
  });
});

describe("the tests are counted", () => {
  const moduleOf = (state: string, tests: readonly string[]) => ({
    state: () => state,
    children: { allTests: () => tests.map((test) => ({ result: () => ({ state: test }) })) },
  });

  it("each once, and one that never came to run as failed", () => {
    const modules = [
      moduleOf("failed", ["passed", "failed", "pending"]),
      moduleOf("passed", ["passed", "skipped"]),
    ];
    expect(countTests(modules)).toEqual({ passed: 2, failed: 2, skipped: 1 });
  });

  it("a file that could not be loaded as one failure", () => {
    expect(countTests([moduleOf("failed", [])])).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countTests([moduleOf("failed", ["skipped"])]).failed).toBe(1);
  });
});
