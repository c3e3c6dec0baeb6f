import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { greedy } from "../../../core/greedy.js";
import { defaultObjective } from "../../../core/objective.js";
import type { Plan } from "../../../core/plan.js";
import { layeredProblem } from "../../../core/testing/layered-problem.js";
import { nothingKnown, solve, solverContract, withExtras } from "../../testing/solver-contract.js";
import { greedyRules } from "./greedy.js";

solverContract(async () => greedyRules, withExtras);

describe("greedy", () => {
  const problem = {
    ...layeredProblem({ tasks: 800, workers: 10, layer: 0, seed: 3 }),
    weights: defaultObjective,
  };
  const worthOf = (plan: Plan | null): number =>
    plan === null ? Number.POSITIVE_INFINITY : checkPlan(problem, plan).evaluation.value;

  it("gets well below the one rule of place now where flow counts", () => {
    const { best, last } = solve(greedyRules, problem, 1, 10_000_000);
    expect(last.done).toBe(true);
    expect(worthOf(best)).toBeLessThan(0.9 * worthOf(greedy(problem)));
  });

  it("makes its schedules in many small pieces as it does in one go", () => {
    const whole = solve(greedyRules, problem, 1, 10_000_000);
    const pieces = solve(greedyRules, problem, 1, 10_000_000, 3_000);
    expect(pieces.best).toEqual(whole.best);
    expect(pieces.plans.length).toBeGreaterThanOrEqual(whole.plans.length);
  });

  it("stops in the middle of a schedule when nobody waits any more, and goes on from there", () => {
    const run = greedyRules.start(problem, 1);
    let looks = 0;
    const { improved } = run.step(1, { ...nothingKnown(), interrupted: () => looks++ > 0 });
    expect(improved).toBeNull();
    const whole = greedyRules.start(problem, 1).step(1, nothingKnown()).improved;
    expect(run.step(1, nothingKnown()).improved).toEqual(whole);
  });
});
