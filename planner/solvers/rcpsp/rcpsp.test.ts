import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { solve, solverContract } from "../../testing/solver-contract.js";
import { randomProject } from "../project/testing/random-project.js";
import { rcpsp } from "./rcpsp.js";

const withEverything = (seed: number, tasks: number) =>
  randomProject(seed, { tasks, modesMax: 1, withEverything: true });
const plain = (seed: number, tasks: number) =>
  randomProject(seed, { tasks, modesMax: 1, withEverything: false });

solverContract(async () => rcpsp, withEverything, plain);

describe("rcpsp", () => {
  it("finds the optimum of small projects with every feature", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const problem = withEverything(seed, 5);
      if (rcpsp.declines(problem) !== null) continue;
      const { best } = solve(rcpsp, problem, 1, 20_000);
      if (best === null) throw new Error(`seed ${seed}: there is a plan`);
      const { value } = checkPlan(problem, best).evaluation;
      const latestEnd = best.end.reduce((a, b) => Math.max(a, b), 0);
      const optimum = bruteForce(problem, { value: value + 1e-6, latestEnd })?.value;
      expect(value, `seed ${seed}`).toBe(optimum);
    }
  });

  it("gives plans that hold where durations are long and amounts large", () => {
    const problem = randomProject(3, {
      tasks: 40,
      modesMax: 1,
      withEverything: true,
      durationMax: 50_000,
    });
    const { plans, bound } = solve(rcpsp, problem, 1, 50_000);
    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) {
      const { violations, evaluation } = checkPlan(problem, plan);
      expect(violations).toEqual([]);
      expect(bound).toBeLessThanOrEqual(evaluation.value);
    }
  });

  it("declines what is no project of one mode", () => {
    const several = randomProject(1, { tasks: 9, modesMax: 3, withEverything: false });
    expect(rcpsp.declines(several)).toBe("tasks have several options");
  });
});
