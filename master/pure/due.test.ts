/** Plans aim at deadlines with what estimates leave open. */
import { describe, expect, it } from "vitest";
import { evaluate } from "../../core/check.js";
import { freeChoice } from "../../core/decode.js";
import { placeInOrder } from "../../core/greedy.js";
import type { TaskTemplate } from "../../core/job.js";
import { job, resources, template } from "../../core/testing/jobs.js";
import { buildProblem } from "./problem.js";
import { Script } from "./testing/script.js";

/** Two tasks of one worker, due 25 s after they were submitted. */
function planned(change: Partial<TaskTemplate> = {}) {
  const script = new Script();
  script.join("a", { capacity: resources(1_000, 2 ** 30) });
  const deadlineAtMs = script.nowMs + 25_000;
  const of = (name: string, p90Ms: number): TaskTemplate =>
    template(name, { deadlineAtMs, estimate: { p50Ms: 10_000, p90Ms }, ...change });
  // What runs first keeps both waiting.
  script.submit(job([template("first", { estimate: { p50Ms: 1_000, p90Ms: 1_000 } })]), "first");
  script.submit(job([of("sure", 10_500), of("unsure", 60_000)]));
  const { problem, tasks } = buildProblem(script.state, script.nowMs, "free");
  const row = (name: string): number => tasks.findIndex(({ entry }) => entry.name === name);
  return { script, problem, row, tick: problem.tickMs };
}

describe("a task with a deadline", () => {
  it("is due earlier by what its p90 is beyond its median, up to half of its room", () => {
    const { problem, row, tick } = planned();
    expect((problem.tasks.due[row("sure")] ?? 0) * tick).toBe(24_500);
    expect((problem.tasks.due[row("unsure")] ?? 0) * tick).toBe(17_500);
    expect(problem.tasks.hardDue[row("sure")]).toBe(-1);
  });

  it("that is hard may still be done at its median, and is wished for with all its doubt", () => {
    const { problem, row, tick } = planned({ hardDeadline: true });
    expect((problem.tasks.hardDue[row("unsure")] ?? 0) * tick).toBe(25_000);
    expect((problem.tasks.due[row("unsure")] ?? 0) * tick).toBe(17_500);
    expect(problem.tasks.tardinessWeight[row("unsure")]).toBe(1);
  });

  it("is better placed first where less is sure of it", () => {
    const { problem, row } = planned();
    const { count } = problem.tasks;
    const costOf = (...names: readonly string[]): number => {
      const first = names.map(row);
      const rest = Array.from({ length: count }, (_, r) => r).filter((r) => !first.includes(r));
      const order = Int32Array.from([...first, ...rest]);
      return evaluate(problem, placeInOrder(problem, order, freeChoice(problem))).value;
    };
    expect(costOf("unsure", "sure")).toBeLessThan(costOf("sure", "unsure"));
  });

  it("is due at the same time whenever it is asked for", () => {
    const { script, problem, row, tick } = planned();
    const later = buildProblem(script.state, script.nowMs + 3_000, "free").problem;
    const before = (problem.tasks.due[row("unsure")] ?? 0) * tick;
    expect((later.tasks.due[row("unsure")] ?? 0) * later.tickMs).toBe(before - 3_000);
  });
});
