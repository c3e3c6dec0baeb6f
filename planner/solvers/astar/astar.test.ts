import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { ProblemBuilder } from "../../../core/problem-builder.js";
import {
  leastMakespan,
  plainProcessorProblem,
  processorProblem,
} from "../../testing/processor-problem.js";
import { solve, solverContract } from "../../testing/solver-contract.js";
import { heftExample } from "../../testing/worked-graphs.js";
import { astar } from "./astar.js";

solverContract(async () => astar, processorProblem, plainProcessorProblem);

describe("best-first search", () => {
  it("finds and proves the optimum that enumeration finds", () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const make = seed % 2 === 0 ? processorProblem : plainProcessorProblem;
      const problem = make(seed, 3 + (seed % 3));
      const optimum = (leastMakespan(problem) * problem.tickMs) / 1000;
      const { best, bound, last } = solve(astar, problem, 1, 2_000_000, 3_000);
      if (best === null) throw new Error(`seed ${seed}: no plan`);
      expect(last.done, `seed ${seed}`).toBe(true);
      expect(checkPlan(problem, best).violations, `seed ${seed}`).toEqual([]);
      expect(checkPlan(problem, best).evaluation.value, `seed ${seed}`).toBeCloseTo(optimum, 6);
      expect(bound, `seed ${seed}`).toBeCloseTo(optimum, 6);
    }
  });

  it("proves that 73 is the best for the graph of HEFT's paper", () => {
    const problem = heftExample();
    const { best, bound } = solve(astar, problem, 1, 20_000_000, 50_000);
    if (best === null) throw new Error("there is a plan");
    expect(checkPlan(problem, best).evaluation.value).toBe(73);
    expect(bound).toBe(73);
  });

  it("has a bound long before it has the proof", () => {
    const problem = plainProcessorProblem(11, 30);
    const { bound } = solve(astar, problem, 1, 20_000, 5_000);
    expect(bound).toBeGreaterThan(0);
  });

  it("declines what is not a task graph on processors, in words", () => {
    const shared = new ProblemBuilder({ dimensions: ["cpu"] });
    shared.addWorker({ capacity: [2] });
    shared.addTask({ options: [{ class: 0, duration: 3, demand: [1] }] });
    expect(astar.declines(shared.build())).toBe("workers run several tasks at a time");
    expect(astar.declines(plainProcessorProblem(1, 63))).toContain("more than 62 tasks");
  });
});
