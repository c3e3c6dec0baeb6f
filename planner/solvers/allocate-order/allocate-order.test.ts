import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import {
  leastMakespan,
  plainProcessorProblem,
  processorProblem,
} from "../../testing/processor-problem.js";
import { solve, solverContract } from "../../testing/solver-contract.js";
import { heftExample } from "../../testing/worked-graphs.js";
import { astar } from "../astar/astar.js";
import { allocateOrder } from "./allocate-order.js";

solverContract(async () => allocateOrder, processorProblem, plainProcessorProblem);

describe("allocate, then order", () => {
  it("finds and proves the optimum that enumeration finds", () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const make = seed % 2 === 0 ? processorProblem : plainProcessorProblem;
      const problem = make(seed, 3 + (seed % 3));
      const optimum = (leastMakespan(problem) * problem.tickMs) / 1000;
      const { best, bound, last } = solve(allocateOrder, problem, 1, 2_000_000, 3_000);
      if (best === null) throw new Error(`seed ${seed}: no plan`);
      expect(last.done, `seed ${seed}`).toBe(true);
      expect(checkPlan(problem, best).violations, `seed ${seed}`).toEqual([]);
      expect(checkPlan(problem, best).evaluation.value, `seed ${seed}`).toBeCloseTo(optimum, 6);
      expect(bound, `seed ${seed}`).toBeCloseTo(optimum, 6);
    }
  });

  it("agrees with best-first search where enumeration is out of reach", () => {
    let proven = 0;
    for (let seed = 500; seed < 540; seed += 1) {
      const problem = processorProblem(seed, 10);
      const ours = solve(allocateOrder, problem, 1, 500_000, 50_000);
      const theirs = solve(astar, problem, 1, 500_000, 50_000);
      if (ours.best === null || theirs.best === null) continue;
      if (!ours.last.done || !theirs.last.done) continue;
      expect(ours.bound, `seed ${seed}`).toBeCloseTo(theirs.bound, 6);
      proven += 1;
    }
    expect(proven).toBeGreaterThan(30);
  });

  it("proves that 73 is the best for the graph of HEFT's paper", () => {
    const problem = heftExample();
    const { best, bound } = solve(allocateOrder, problem, 1, 2_000_000, 50_000);
    if (best === null) throw new Error("there is a plan");
    expect(checkPlan(problem, best).evaluation.value).toBe(73);
    expect(bound).toBe(73);
  });
});
