import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkPlan } from "./check.js";
import { greedy } from "./greedy.js";
import type { Plan } from "./plan.js";
import { none, type Problem, previousNever } from "./problem.js";
import { repair } from "./repair.js";
import { layeredProblem } from "./testing/layered-problem.js";
import { allExtras, randomProblem } from "./testing/random-problem.js";

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** The problem as it is when this plan has been adopted. */
const adopted = (problem: Problem, plan: Plan): Problem => ({
  ...problem,
  tasks: {
    ...problem.tasks,
    previousWorker: plan.worker.slice(),
    previousOption: plan.option.slice(),
    previousStart: plan.start.map((start, task) =>
      plan.worker[task] === none ? previousNever : start,
    ),
  },
});

/** The worker takes nothing any more. */
const without = (problem: Problem, worker: number): Problem => ({
  ...problem,
  blocks: {
    count: 1,
    worker: Uint32Array.of(worker),
    from: Int32Array.of(0),
    to: Int32Array.of(2 ** 30),
    use: problem.workers.capacity.slice(
      worker * problem.dimensions.length,
      (worker + 1) * problem.dimensions.length,
    ),
  },
});

describe("a repair", () => {
  // Devices are chosen anew, by best fit in order of starts: rarely one task then waits for another.
  it("of a plan that nothing happened to is that plan, or an earlier one", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, tasks) => {
        const problem = randomProblem(seed, { tasks, facts: false, devices: false });
        const plan = greedy(problem);
        const { plan: repaired, disturbed } = repair(adopted(problem, plan));
        expect(disturbed).toHaveLength(0);
        expect(repaired.worker).toEqual(plan.worker);
        repaired.end.forEach((end, task) => {
          expect(end).toBeLessThanOrEqual(plan.end[task] as number);
        });
      }),
      { numRuns: 150 },
    );
  });

  it("after the loss of a worker moves its tasks, and no other", () => {
    const problem = layeredProblem({ tasks: 400, workers: 10, layer: 20, seed: 3 });
    const plan = greedy(problem);
    const lost = 0;
    const broken = without(adopted(problem, plan), lost);
    const { plan: repaired, disturbed, unplaced } = repair(broken);
    expect(unplaced).toBe(0);
    expect(checkPlan(broken, repaired).violations).toEqual([]);
    const moved = [...repaired.worker.keys()].filter(
      (task) => repaired.worker[task] !== plan.worker[task],
    );
    expect([...disturbed]).toEqual(moved);
    expect(moved.every((task) => plan.worker[task] === lost)).toBe(true);
    expect(moved.length).toBeGreaterThan(10);
  });

  it("places what came new without moving what was there", () => {
    const whole = layeredProblem({ tasks: 200, workers: 6, layer: 20, seed: 5 });
    const plan = greedy(whole);
    const isNew = (task: number): boolean => task % 10 === 3;
    const broken = adopted(whole, {
      ...plan,
      worker: plan.worker.map((worker, task) => (isNew(task) ? none : worker)),
    });
    const { plan: repaired, disturbed } = repair(broken);
    expect([...disturbed].every(isNew)).toBe(true);
    expect(checkPlan(broken, repaired).violations).toEqual([]);
    repaired.worker.forEach((worker, task) => {
      if (!isNew(task)) expect(worker).toBe(plan.worker[task]);
    });
  });

  it("holds for problems with every feature, or says how many tasks stand nowhere", () => {
    let whole = 0;
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, tasks) => {
        const problem = randomProblem(seed, { tasks, extras: allExtras });
        const { plan, unplaced } = repair(problem);
        if (unplaced > 0) return;
        whole++;
        expect(checkPlan(problem, plan).violations).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect(whole).toBeGreaterThan(60);
  });
});
