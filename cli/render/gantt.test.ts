import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellsPerMs, ticksOf } from "./axis.js";
import { type GanttOptions, renderGantt } from "./gantt.js";
import { slotsOf } from "./gantt-bars.js";
import { sharesOf } from "./gantt-density.js";
import type { Bar } from "./gantt-model.js";
import { ganttOfJob, ganttOfPlan } from "./gantt-views.js";
import {
  type JobShape,
  jobFixture,
  planFixture,
  submittedAtMs,
  threeWorkers,
} from "./testing/fixtures.js";
import { expectRendering, fewWidths } from "./testing/laws.js";

const wideWorkers: JobShape["workers"] = [
  { name: "fast-1", slots: 8, speed: 2 },
  { name: "slow-1", slots: 4, speed: 1 },
  { name: "slow-2", slots: 4, speed: 1 },
];

const manyWorkers: JobShape["workers"] = Array.from({ length: 60 }, (_, index) => ({
  name: `worker-${index + 1}`,
  slots: 2,
  speed: 1,
}));

const minuteMs = 60_000;
type Case = readonly [name: string, width: number, shape: JobShape, options: GanttOptions];

const cases: readonly Case[] = [
  ["gantt-finished-80", 80, { tasks: 14, workers: threeWorkers, atMs: minuteMs }, {}],
  ["gantt-finished-140", 140, { tasks: 18, workers: threeWorkers, atMs: minuteMs }, {}],
  ["gantt-running-80", 80, { tasks: 16, workers: threeWorkers, atMs: 12_000, failEvery: 5 }, {}],
  [
    "gantt-thousand-80",
    80,
    { tasks: 1_000, workers: wideWorkers, atMs: 10 * minuteMs, failEvery: 97 },
    {},
  ],
  ["gantt-thousand-140", 140, { tasks: 1_000, workers: wideWorkers, atMs: 5 * minuteMs }, {}],
  ["gantt-compact-72", 72, { tasks: 14, workers: threeWorkers, atMs: minuteMs }, { compact: true }],
  [
    "gantt-many-workers-100",
    100,
    { tasks: 400, workers: manyWorkers, atMs: minuteMs },
    { workersMax: 12 },
  ],
];

describe("the Gantt chart", () => {
  it.each(cases)("%s", async (name, width, shape, options) => {
    const job = jobFixture(shape);
    await expectRendering(
      (screen) => renderGantt(ganttOfJob(job, screen.nowMs), screen, options),
      submittedAtMs + shape.atMs,
      { name, width },
    );
  });

  it("shows the plan of the cluster without anything that happened", async () => {
    const job = jobFixture({ tasks: 20, workers: threeWorkers, atMs: 20_000 });
    await expectRendering(
      (screen) => renderGantt(ganttOfPlan(planFixture(job), screen.nowMs), screen),
      submittedAtMs + 20_000,
      { name: "gantt-plan-100", width: 100 },
    );
  });

  it("tells what failed, was killed, is out of contact or still runs without colour", async () => {
    const bar = (label: string, fromS: number, toS: number | null, state: Bar["state"]): Bar => ({
      label,
      group: label.replace(/[[#].*/, ""),
      startAtMs: submittedAtMs + fromS * 1_000,
      endAtMs: toS === null ? null : submittedAtMs + toS * 1_000,
      state,
    });
    const lanes = [
      {
        worker: "gpu-1",
        planned: [bar("train[1]", 0, 20, "planned"), bar("train[2]", 20, 40, "planned")],
        actual: [
          bar("train[1]", 0, 12, "failed"),
          bar("train[1]#2", 13, 31, "succeeded"),
          bar("train[2]", 31, null, "running"),
        ],
      },
      {
        worker: "cpu-1",
        planned: [bar("prepare", 0, 9, "planned"), bar("report", 40, 48, "planned")],
        actual: [bar("prepare", 0, 8.5, "succeeded"), bar("index", 9, 22, "killed")],
      },
      {
        worker: "a-worker-with-a-long-name-7",
        planned: [bar("export", 5, 45, "planned")],
        actual: [bar("export", 6, null, "unknown")],
      },
    ];
    const summary = {
      plannedMs: 48_000,
      actualMs: 36_000,
      finished: false,
      boundMs: 48_000,
      solver: null,
    };
    const gantt = { lanes, fromMs: submittedAtMs, toMs: submittedAtMs + 48_000, summary };
    await expectRendering((screen) => renderGantt(gantt, screen), submittedAtMs + 36_000, {
      name: "gantt-trouble-90",
      width: 90,
    });
  });

  it.each([0, 1, 5_000])("is drawn for %d tasks", async (tasks) => {
    const job = jobFixture({ tasks, workers: threeWorkers, atMs: minuteMs });
    for (const mode of ["auto", "bars", "density"] as const) {
      await expectRendering(
        (screen) => renderGantt(ganttOfJob(job, screen.nowMs), screen, { mode }),
        submittedAtMs + minuteMs,
        null,
        fewWidths,
      );
    }
  });

  it("obeys no control character in a name", () => {
    const job = jobFixture({ tasks: 1, workers: threeWorkers, atMs: minuteMs });
    const gantt = ganttOfJob(job, submittedAtMs + minuteMs);
    const bar: Bar = {
      label: "a\u001b[2Jb",
      group: "",
      startAtMs: 0,
      endAtMs: 1_000,
      state: "planned",
    };
    const lanes = [{ worker: "w\u001b[1m", planned: [bar], actual: [] }];
    return expectRendering(
      (screen) => renderGantt({ ...gantt, lanes, fromMs: 0, toMs: 1_000 }, screen),
      submittedAtMs,
    );
  });
});

describe("its parts", () => {
  const anyBars = fc.array(
    fc.tuple(fc.nat({ max: 10_000 }), fc.nat({ max: 3_000 })).map(
      ([startAtMs, lengthMs]): Bar => ({
        label: "task",
        group: "task",
        startAtMs,
        endAtMs: startAtMs + lengthMs,
        state: "succeeded",
      }),
    ),
    { maxLength: 60 },
  );

  it("slots hold every bar once and no two that overlap", () => {
    fc.assert(
      fc.property(anyBars, (bars) => {
        const slots = slotsOf(bars, 0);
        expect(slots.flat().length).toBe(bars.length);
        for (const slot of slots) {
          slot.slice(1).forEach((bar, index) => {
            expect(bar.startAtMs).toBeGreaterThanOrEqual(slot[index]?.endAtMs ?? 0);
          });
        }
      }),
    );
  });

  it("shares add up to the busy time", () => {
    fc.assert(
      fc.property(anyBars, (bars) => {
        const slots = Math.max(1, slotsOf(bars, 0).length);
        const scale = { fromMs: 0, toMs: 13_000, cells: 60 };
        const shares = sharesOf(bars, slots, scale, 0);
        const busyMs = (shares.reduce((a, b) => a + b, 0) * slots) / cellsPerMs(scale);
        const expectedMs = bars.reduce((sum, bar) => sum + (bar.endAtMs ?? 0) - bar.startAtMs, 0);
        expect(busyMs).toBeCloseTo(expectedMs, 3);
      }),
    );
  });

  it("ticks begin at 0, rise, and their labels never touch", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 250 }),
        (lengthMs, cells) => {
          const ticks = ticksOf({ fromMs: 0, toMs: lengthMs, cells });
          expect(ticks[0]).toEqual({ cell: 0, label: "0" });
          ticks.slice(1).forEach((tick, index) => {
            const before = ticks[index];
            expect(tick.cell).toBeGreaterThan((before?.cell ?? 0) + (before?.label.length ?? 0));
          });
        },
      ),
    );
  });
});
