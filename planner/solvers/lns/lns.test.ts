import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { greedy } from "../../../core/greedy.js";
import type { Plan } from "../../../core/plan.js";
import { none, type Problem } from "../../../core/problem.js";
import { layeredProblem } from "../../../core/testing/layered-problem.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { nothingKnown, solve, solverContract, withExtras } from "../../testing/solver-contract.js";
import { lns } from "./lns.js";

solverContract(async () => lns, withExtras);

const worthOf = (problem: Problem, plan: Plan | null): number =>
  plan === null ? Number.POSITIVE_INFINITY : checkPlan(problem, plan).evaluation.value;

describe("lns", () => {
  it("reaches the optimum of nearly all tiny problems with every feature", () => {
    let optimal = 0;
    let compared = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const problem = withExtras(seed, 3);
      const { best } = solve(lns, problem, 1, 8_000);
      if (best === null) continue;
      const value = worthOf(problem, best);
      const ends = best.end.filter((end) => end < problem.horizon);
      const latestEnd = ends.reduce((a, b) => Math.max(a, b), 0) + 10;
      const optimum = bruteForce(problem, { value: value + 1e-6, latestEnd })?.value ?? value;
      expect(value).toBeGreaterThanOrEqual(optimum - 1e-9);
      compared += 1;
      if (value <= optimum + 1e-9) optimal += 1;
    }
    expect(compared).toBeGreaterThan(15);
    expect(optimal / compared).toBeGreaterThan(0.9);
  });

  it("gets far below greedy where tasks are many", () => {
    const problem = layeredProblem({ tasks: 300, workers: 10, layer: 60, seed: 1 });
    const { best } = solve(lns, problem, 1, 1_000_000);
    expect(worthOf(problem, best)).toBeLessThan(worthOf(problem, greedy(problem)) * 0.99);
  });

  it("repairs a plan that lost a worker, and then makes it better", () => {
    const problem = layeredProblem({ tasks: 120, workers: 6, layer: 20, seed: 2 });
    const plan = greedy(problem);
    const lost = 1;
    const width = problem.dimensions.length;
    const broken: Problem = {
      ...problem,
      tasks: {
        ...problem.tasks,
        previousWorker: plan.worker,
        previousOption: plan.option,
        previousStart: plan.start,
        moveWeight: new Float64Array(problem.tasks.count).fill(100),
      },
      blocks: {
        count: 1,
        worker: Uint32Array.of(lost),
        from: Int32Array.of(0),
        to: Int32Array.of(2 ** 30),
        use: problem.workers.capacity.slice(lost * width, (lost + 1) * width),
      },
    };
    const first = lns.start(broken, 1).step(1, nothingKnown()).improved;
    const { best } = solve(lns, broken, 1, 400_000);
    expect(worthOf(broken, best)).toBeLessThan(worthOf(broken, first));
    const moved = (of: Plan | null): number =>
      [...plan.worker].filter((worker, task) => worker !== lost && of?.worker[task] !== worker)
        .length;
    // Moves are charged dearly here: a repair that moved everything would be no better.
    expect(moved(first)).toBeLessThanOrEqual(6);
    expect(best?.worker.every((worker) => worker !== none && worker !== lost)).toBe(true);
  });
});
