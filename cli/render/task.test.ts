import { expect, it } from "vitest";
import type { TaskView } from "../../core/views.js";
import { renderTask } from "./task.js";
import { jobFixture, screenOf, threeWorkers } from "./testing/fixtures.js";

const [view] = jobFixture({ tasks: 1, workers: threeWorkers, atMs: 0 }).tasks;
if (view === undefined) throw new Error("no task");
const task: TaskView = { ...view, state: "pending", attempts: [] };
const gibibyte = 2 ** 30;
const expected = {
  askedMemoryBytes: 8 * gibibyte,
  peakMemory: { p50Bytes: 1.2 * gibibyte, p95Bytes: 1.6 * gibibyte, runs: 32 },
  ends: 20,
  failures: 2,
};

it("a task says what it is likely to take, and how often its kind fails", () => {
  const text = renderTask({ ...task, expected }, screenOf(100)).join("\n");
  expect(text).toContain(
    "memory    usually peaks at 1.2 GiB, 19 of 20 below 1.6 GiB; asks for 8 GiB",
  );
  expect(text).toContain("fails     2 of the last 20 of its kind");
});

it("a task whose kind has left no peak says so, and one of a new kind says nothing", () => {
  const text = renderTask({ ...task, expected: { ...expected, peakMemory: null } }, screenOf(100));
  expect(text.join("\n")).toContain("memory    no peak of its kind is known; asks for 8 GiB");
  expect(renderTask(task, screenOf(100)).join("\n")).not.toMatch(/memory|fails/);
});

it("a task of whose kind few runs are known says how few", () => {
  const peakMemory = { ...expected.peakMemory, runs: 1 };
  const text = renderTask({ ...task, expected: { ...expected, peakMemory } }, screenOf(100));
  expect(text.join("\n")).toContain("19 of 20 below 1.6 GiB (1 run known); asks for 8 GiB");
});

it("stays within the screen", () => {
  for (const line of renderTask({ ...task, expected }, screenOf(40))) {
    expect(line.length).toBeLessThanOrEqual(40);
  }
});
