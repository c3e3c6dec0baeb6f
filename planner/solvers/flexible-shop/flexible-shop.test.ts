import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { makespanOf, optimumOf } from "../../testing/shop-oracle.js";
import { shopProblem } from "../../testing/shop-problem.js";
import { nothingKnown, solve, solverContract } from "../../testing/solver-contract.js";
import { flexibleShop } from "./flexible-shop.js";

solverContract(
  async () => flexibleShop,
  (seed, tasks) => shopProblem(seed, tasks, { choices: 3, durationMax: 5 }),
  (seed, tasks) =>
    shopProblem(seed, tasks, { isPlain: true, choices: 3, workers: tasks === 1 ? 2 : 3 }),
);

describe("the flexible shop engine", () => {
  it("leaves job shops to the engine that is made for them", () => {
    expect(flexibleShop.declines(shopProblem(1, 12))).toBe("no task has a choice of workers");
    expect(flexibleShop.declines(shopProblem(1, 12, { choices: 3 }))).toBeNull();
  });

  it("finds the optimum of small shops, with every feature that it takes", () => {
    let compared = 0;
    for (let seed = 0; seed < 30; seed += 1) {
      const problem = shopProblem(seed, 5, { choices: 2, durationMax: 4 });
      if (flexibleShop.declines(problem) !== null) continue;
      const { best } = solve(flexibleShop, problem, 1, 4_000);
      if (best === null) throw new Error(`seed ${seed}: no plan`);
      expect(checkPlan(problem, best).violations).toEqual([]);
      expect(makespanOf(best), `seed ${seed}`).toBe(optimumOf(problem, best));
      compared += 1;
    }
    expect(compared).toBeGreaterThan(20);
  });

  it("goes on from a plan that somebody else has improved", () => {
    const problem = shopProblem(7, 150, { choices: 3, isPlain: true, workers: 8 });
    const { best } = solve(flexibleShop, problem, 1, 400_000, 10_000);
    if (best === null) throw new Error("there is a plan");
    const known = { ...nothingKnown(), plan: best, value: makespanOf(best) + 1 };
    const { improved } = flexibleShop.start(problem, 2).step(2_000, known);
    expect(improved === null ? Number.NaN : makespanOf(improved)).toBeLessThanOrEqual(
      makespanOf(best),
    );
  });
});
