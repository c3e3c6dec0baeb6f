import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { greedy } from "../../../core/greedy.js";
import {
  leastMakespan,
  plainProcessorProblem,
  processorProblem,
} from "../../testing/processor-problem.js";
import { solve, solverContract } from "../../testing/solver-contract.js";
import { heftExample } from "../../testing/worked-graphs.js";
import { dagSearch } from "./dag-search.js";

solverContract(async () => dagSearch, processorProblem, plainProcessorProblem);

describe("local search over lists", () => {
  it("finds the optimum of nearly all small graphs", () => {
    let optimal = 0;
    let seen = 0;
    for (let seed = 0; seed < 100; seed += 1) {
      const problem = processorProblem(seed, 3 + (seed % 3));
      if (dagSearch.declines(problem) !== null) continue;
      const { best } = solve(dagSearch, problem, 1, 20_000);
      if (best === null) throw new Error(`seed ${seed}: no plan`);
      const { value } = checkPlan(problem, best).evaluation;
      const optimum = (leastMakespan(problem) * problem.tickMs) / 1000;
      expect(value, `seed ${seed}`).toBeGreaterThan(optimum - 1e-6);
      seen += 1;
      if (value < optimum + 1e-6) optimal += 1;
    }
    expect(optimal / seen).toBeGreaterThan(0.95);
  });

  it("finds 73 for the graph of HEFT's paper within a tenth of a second's work", () => {
    const { best } = solve(dagSearch, heftExample(), 1, 500_000, 50_000);
    expect(best?.end.reduce((a, b) => Math.max(a, b))).toBe(73);
  });

  it("is never worse than greedy on larger graphs, and at times better", () => {
    let better = 0;
    for (let seed = 1; seed <= 8; seed += 1) {
      const problem = plainProcessorProblem(seed, 60);
      const { best } = solve(dagSearch, problem, 1, 100_000, 50_000);
      if (best === null) throw new Error("there is a plan");
      const plain = checkPlan(problem, greedy(problem)).evaluation.value;
      const { value } = checkPlan(problem, best).evaluation;
      expect(value).toBeLessThanOrEqual(plain);
      if (value < plain) better += 1;
    }
    expect(better).toBeGreaterThan(0);
  });
});
