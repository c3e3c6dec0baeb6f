import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import type { Problem } from "../../../core/problem.js";
import { ProblemBuilder } from "../../../core/problem-builder.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { dagProblem } from "../../testing/dag-problem.js";
import { nothingKnown, solve, solverContract } from "../../testing/solver-contract.js";
import { unrelatedProblem, withFacts, withHoles } from "../../testing/unrelated-problem.js";
import { coolingFactor, exponential } from "./cooling.js";
import { pricesOf } from "./prices.js";
import { unrelated } from "./unrelated.js";
import { unrelatedView } from "./view.js";

solverContract(async () => unrelated, withFacts, withHoles);

const ticksOf = (problem: Problem): number => {
  const { best } = solve(unrelated, problem, 1, 200_000, 20_000);
  if (best === null) throw new Error("no plan");
  const { violations, evaluation } = checkPlan(problem, best);
  expect(violations).toEqual([]);
  return evaluation.parts.makespanS;
};

describe("unrelated workers", () => {
  it("are given tasks so that the last ends as early as any plan allows", () => {
    for (let seed = 0; seed < 25; seed += 1) {
      const problem = unrelatedProblem(seed, 5, { workers: 2, longest: 5, forbidden: 0.2 });
      const found = ticksOf(problem);
      const optimum = bruteForce(problem, { value: 2 * found + 1e-6, latestEnd: found });
      expect(found, `seed ${seed}`).toBe(optimum?.makespanTicks);
    }
  });

  it("all alike, are filled evenly", () => {
    const builder = new ProblemBuilder({ dimensions: ["slot"] });
    for (let worker = 0; worker < 4; worker += 1) builder.addWorker({ capacity: [1], class: 0 });
    for (let task = 0; task < 20; task += 1) {
      builder.addTask({ options: [{ class: 0, duration: 3 + (task % 5), demand: [1] }] });
    }
    // 4 × (3 + 4 + 5 + 6 + 7) ticks on four workers.
    expect(ticksOf(builder.build())).toBe(25);
  });

  it("have a bound within five percent of the plan, on two hundred tasks and ten workers", () => {
    const problem = unrelatedProblem(3, 200, { workers: 10, longest: 100 });
    const { best, bound } = solve(unrelated, problem, 1, 1_500_000, 50_000);
    if (best === null) throw new Error("no plan");
    const { value } = checkPlan(problem, best).evaluation;
    expect(bound).toBeLessThanOrEqual(value);
    expect(value).toBeLessThanOrEqual(bound * 1.05);
  });

  it("are not seen in workflows, nor where a worker holds two tasks", () => {
    expect(unrelated.declines(dagProblem(1, 10))).toBe("tasks wait for one another");
    const roomy = new ProblemBuilder({ dimensions: ["slot"] });
    roomy.addWorker({ capacity: [2] });
    roomy.addTask({ options: [{ class: 0, duration: 1, demand: [1] }] });
    expect(unrelated.declines(roomy.build())).toContain("two tasks at once");
  });
});

describe("the bound by prices", () => {
  it("is never above the optimum", () => {
    for (let seed = 0; seed < 60; seed += 1) {
      const drawn = { workers: 2, longest: 6, forbidden: 0.3, facts: true };
      const problem = unrelatedProblem(seed, 4, drawn);
      const view = unrelatedView(problem);
      if (typeof view === "string") throw new Error(view);
      const optimum = bruteForce(problem, { value: Number.POSITIVE_INFINITY, latestEnd: 24 });
      const { bound } = pricesOf(view);
      expect(bound, `seed ${seed}`).toBeLessThanOrEqual(optimum?.makespanTicks ?? 0);
    }
  });
});

describe("a search that is interrupted at once", () => {
  it("still has a plan, and a bound that holds", () => {
    const problem = unrelatedProblem(3, 200, { workers: 10, longest: 100 });
    const shared = { ...nothingKnown(), interrupted: () => true };
    const { improved, bound } = unrelated.start(problem, 1).step(1_000, shared);
    if (improved === null) throw new Error("no plan");
    const { violations, evaluation } = checkPlan(problem, improved);
    expect(violations).toEqual([]);
    expect(bound).toBeGreaterThan(0);
    expect(bound).toBeLessThanOrEqual(evaluation.value);
  });
});

describe("numbers for annealing", () => {
  it("are those of the exponential distribution", () => {
    const mean = exponential.reduce((sum, value) => sum + value, 0) / exponential.length;
    expect(mean).toBeCloseTo(1, 2);
    expect(exponential[exponential.length / 2]).toBeCloseTo(Math.LN2, 3);
  });

  it("cool to their end in so many steps", () => {
    expect(coolingFactor(0.01, 250) ** 250).toBeCloseTo(0.01, 9);
  });
});
