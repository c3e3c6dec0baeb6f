import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { ProblemBuilder } from "../../../core/problem-builder.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { solve, solverContract } from "../../testing/solver-contract.js";
import { randomProject } from "../project/testing/random-project.js";
import { multiMode } from "./multi-mode.js";

const withEverything = (seed: number, tasks: number) =>
  randomProject(seed, { tasks, modesMax: 3, withEverything: true });
// A single task of a single mode is no multi-mode project: the seed of this one has several.
const plain = (seed: number, tasks: number) =>
  randomProject(tasks === 1 ? 2 : seed, { tasks, modesMax: 3, withEverything: false });

solverContract(async () => multiMode, withEverything, plain);

describe("multi-mode", () => {
  it("finds the optimum of small projects with every feature", () => {
    let compared = 0;
    for (let seed = 0; seed < 30; seed += 1) {
      const problem = withEverything(seed, 4);
      if (multiMode.declines(problem) !== null) continue;
      const { best } = solve(multiMode, problem, 1, 20_000);
      if (best === null) throw new Error(`seed ${seed}: there is a plan`);
      const { value } = checkPlan(problem, best).evaluation;
      const latestEnd = best.end.reduce((a, b) => Math.max(a, b), 0);
      const optimum = bruteForce(problem, { value: value + 1e-6, latestEnd })?.value;
      expect(value, `seed ${seed}`).toBe(optimum);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(10);
  });

  it("keeps to a budget that only one choice of modes keeps to", () => {
    // Ten tasks, each cheap in one of two budgets and dear in the other; both budgets are exact.
    const builder = new ProblemBuilder({ dimensions: ["a"] });
    builder.addWorker({ capacity: [3] });
    const budgets = [
      builder.addPool("x", 25, "consumable"),
      builder.addPool("y", 25, "consumable"),
    ];
    for (let task = 0; task < 10; task += 1) {
      const mode = (pool: number, duration: number) => ({
        class: 0,
        duration,
        demand: [1],
        pools: [{ pool: budgets[pool] as number, amount: 5 }],
      });
      builder.addTask({ options: [mode(0, 2 + task), mode(1, 3 + task)] });
    }
    const problem = builder.build();
    const { best } = solve(multiMode, problem, 1, 20_000);
    expect(best === null ? null : checkPlan(problem, best).violations).toEqual([]);
  });
});
