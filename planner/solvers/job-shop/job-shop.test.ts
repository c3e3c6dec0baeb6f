import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { makespanOf, optimumOf } from "../../testing/shop-oracle.js";
import { shopProblem } from "../../testing/shop-problem.js";
import { solve, solverContract } from "../../testing/solver-contract.js";
import { jobShop } from "./job-shop.js";

solverContract(
  async () => jobShop,
  (seed, tasks) => shopProblem(seed, tasks, { durationMax: 5 }),
  (seed, tasks) => shopProblem(seed, tasks, { isPlain: true }),
);

describe("the job shop engine", () => {
  it("declines what is no job shop, in words", () => {
    const flexible = shopProblem(1, 12, { choices: 3 });
    expect(jobShop.declines(flexible)).toBe("tasks have a choice of workers");
    const plain = shopProblem(1, 12, { isPlain: true });
    expect(jobShop.declines(plain)).toBeNull();
    const weights = { ...plain.weights, flow: 1 };
    const flow = {
      ...plain,
      weights,
      tasks: { ...plain.tasks, flowWeight: new Float64Array(12).fill(1) },
    };
    expect(jobShop.declines(flow)).toBe("more than the makespan counts");
    const capacity = plain.workers.capacity.map((amount) => 10 * amount);
    const wide = { ...plain, workers: { ...plain.workers, capacity } };
    expect(jobShop.declines(wide)).toBe("workers hold several tasks at a time");
  });

  it("finds the optimum of small shops, with every feature that it takes", () => {
    let compared = 0;
    for (let seed = 0; seed < 40; seed += 1) {
      const problem = shopProblem(seed, 6, { durationMax: 5 });
      if (jobShop.declines(problem) !== null) continue;
      const { best } = solve(jobShop, problem, 1, 2_000);
      if (best === null) throw new Error(`seed ${seed}: no plan`);
      expect(checkPlan(problem, best).violations).toEqual([]);
      expect(makespanOf(best), `seed ${seed}`).toBe(optimumOf(problem, best));
      compared += 1;
    }
    expect(compared).toBeGreaterThan(25);
  });

  it("proves a shop whose bottleneck machine is never idle", () => {
    const problem = shopProblem(4, 100, { isPlain: true, workers: 2 });
    const { best, bound, last } = solve(jobShop, problem, 1, 2_000_000, 20_000);
    expect(last.done).toBe(true);
    expect(best === null ? Number.NaN : makespanOf(best)).toBe(bound);
  });
});
