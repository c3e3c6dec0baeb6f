import { describe, expect, it } from "vitest";
import { jobId, taskId } from "../../core/ids.js";
import type { WorkerView } from "../../core/views.js";
import { closedText, drainProgress, renderDrainForecast, renderWindows } from "./operations.js";
import { workersFixture } from "./testing/fixtures.js";
import { expectRendering } from "./testing/laws.js";

const nowMs = Date.UTC(2026, 10, 20, 14, 0, 0);
const minuteMs = 60_000;
const weekMs = 7 * 24 * 60 * minuteMs;

function worker(change: Partial<WorkerView>): WorkerView {
  const [first] = workersFixture();
  if (first === undefined) throw new Error("no worker");
  return { ...first, ...change };
}

const drain = {
  beganAtMs: nowMs,
  deadlineAtMs: nowMs + 5 * minuteMs,
  force: false,
  thenStop: false,
  stage: "finishing",
} as const;
const weekly = {
  id: "m7",
  fromMs: nowMs - weekMs + 120 * minuteMs,
  toMs: nowMs - weekMs + 180 * minuteMs,
  everyMs: weekMs,
};

describe("why a worker takes nothing new", () => {
  it("stands in a few words beside it", () => {
    const text = (change: Partial<WorkerView>): string => closedText(worker(change), nowMs);
    expect(text({})).toBe("");
    expect(text({ cordonedAtMs: nowMs })).toBe("cordoned");
    expect(text({ drain })).toBe("draining, deadline in 5m 00s");
    expect(text({ drain: { ...drain, deadlineAtMs: null } })).toBe("draining");
    expect(text({ drain: { ...drain, deadlineAtMs: null, thenStop: true } })).toBe(
      "draining, then stops",
    );
    expect(text({ drain: { ...drain, stage: "completed" } })).toBe("drained");
    expect(text({ maintenance: [weekly] })).toBe("maintenance in 2h 00m");
    const on = { ...weekly, fromMs: weekly.fromMs - 150 * minuteMs };
    expect(text({ maintenance: [on] })).toBe("maintenance for 3h 00m");
  });
});

describe("a drain that is waited for", () => {
  it("says how much is left, and when it is done", () => {
    const say = (change: Partial<WorkerView>): string => drainProgress(worker(change), nowMs);
    expect(say({ drain, attempts: 2 })).toContain("2 attempts left");
    expect(say({ drain: { ...drain, deadlineAtMs: nowMs - 1 } })).toContain("has passed");
    expect(say({ drain: { ...drain, stage: "completed" } })).toBe("fast-1: drained");
    expect(say({ drain: null })).toContain("was ended");
  });
});

describe("what is foreseen of a drain", () => {
  it("names what is stopped, kept and late", async () => {
    const at = (minutes: number): number => nowMs + minutes * minuteMs;
    const attempt = (name: string) => ({ taskId: taskId(jobId("k3v9"), name) });
    const forecast = {
      attempts: [
        {
          ...attempt("train[3]"),
          fate: "stopped" as const,
          endBeforeMs: at(20),
          endAfterMs: at(31),
          nextWorker: "slow-1",
        },
        {
          ...attempt("load"),
          fate: "kept" as const,
          endBeforeMs: null,
          endAfterMs: null,
          nextWorker: "",
        },
      ],
      moved: 12,
      unplaced: 1,
      jobs: [
        { jobId: jobId("k3v9"), name: "study", finishBeforeMs: at(40), finishAfterMs: at(52) },
      ],
    };
    const drained = { worker: worker({ drain }), forecast };
    await expectRendering((screen) => renderDrainForecast(drained, screen), nowMs, {
      name: "drain-100",
      width: 100,
    });
  });

  it("lists windows with their next occurrence", () =>
    expectRendering((screen) => renderWindows([weekly], screen), nowMs, {
      name: "windows-80",
      width: 80,
    }));
});
