import { describe, expect, it } from "vitest";
import { type JobSpec, jobLimits, type RetryPolicy, type TaskMode } from "./job.js";
import { job, resources, template } from "./testing/jobs.js";
import { validateJob } from "./validate-job.js";

const way = (change: Partial<TaskMode> = {}): TaskMode => {
  const { driver, gpu, pools, constraints, estimate, timeoutMs } = template("t");
  const own = { driver, command: null, resources: resources(500), gpu, pools, constraints };
  return { name: "fallback", ...own, estimate, timeoutMs, ...change };
};

function found(retry: Partial<RetryPolicy>, more: Partial<JobSpec> = {}): unknown[] {
  const base = { attemptsMax: 2, backoffMs: 0, backoffMaxMs: 0 };
  const spec = { ...job([template("t", { retry: { ...base, ...retry } })]), ...more };
  return validateJob(spec).map(({ field, limit }) => [field, limit]);
}

describe("what follows a failure", () => {
  it("is accepted up to each limit, and refused past it by the name of its field", () => {
    const { attempts, exitCodeRanges, memoryFactor, retryBudget } = jobLimits;
    const codes = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ from: i + 1, to: i + 1 }));
    const most = {
      attemptsMax: attempts,
      crashesMax: attempts,
      never: codes(exitCodeRanges),
      moreMemory: { factor: memoryFactor, maxBytes: 2 ** 50 },
      fallback: { way: way(), attemptsMax: attempts },
    };
    expect(found(most, { retryBudget, success: { atLeast: 1 } })).toEqual([]);
    const at = "templates[0].retry";
    expect(found({ attemptsMax: attempts + 1 })).toEqual([[`${at}.attemptsMax`, attempts]]);
    expect(found({ crashesMax: attempts + 1 })).toEqual([[`${at}.crashesMax`, attempts]]);
    expect(found({ never: codes(exitCodeRanges + 1) })).toEqual([[`${at}.never`, exitCodeRanges]]);
    expect(found({ moreMemory: { factor: 101, maxBytes: 2 ** 50 + 1 } })).toEqual([
      [`${at}.moreMemory.factor`, memoryFactor],
      [`${at}.moreMemory.maxBytes`, 2 ** 50],
    ]);
    expect(found({ fallback: { way: way(), attemptsMax: 0 } })).toEqual([
      [`${at}.fallback.attemptsMax`, attempts],
    ]);
    expect(found({}, { retryBudget: retryBudget + 1 })).toEqual([["retryBudget", retryBudget]]);
    for (const atLeast of [0, 1.01, Number.NaN]) {
      expect(found({}, { success: { atLeast } })).toEqual([["success.atLeast", 1]]);
    }
  });

  it("names codes that programs can end with, the lower first", () => {
    for (const never of [[{ from: 0, to: 3 }], [{ from: 3, to: 2 }], [{ from: 200, to: 256 }]]) {
      expect(found({ never })).toEqual([["templates[0].retry.never[0]", 255]]);
    }
  });

  it("has a fallback as sound as a mode, of a name that no mode has", () => {
    const wrong = way({ name: "other", resources: resources(0) });
    expect(found({ fallback: { way: wrong, attemptsMax: 1 } })).toEqual([
      ["templates[0].retry.fallback.way.name", undefined],
      ["templates[0].retry.fallback.way.resources.cpuMillis", 1_000_000_000],
    ]);
    const retry = {
      attemptsMax: 1,
      backoffMs: 0,
      backoffMaxMs: 0,
      fallback: { way: way(), attemptsMax: 1 },
    };
    const spec = job([template("t", { retry, modes: [way()] })]);
    expect(validateJob(spec)).toMatchObject([{ field: "templates[0].retry.fallback" }]);
  });
});
