import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { greedy } from "../../../core/greedy.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { dagProblem } from "../../testing/dag-problem.js";
import {
  solve,
  solverContract,
  withEverything,
  withExtras,
} from "../../testing/solver-contract.js";
import { multiStart } from "./multi-start.js";

solverContract(async () => multiStart, withExtras);

describe("multi-start", () => {
  it("is never worse than plain greedy, and better where there is something to gain", () => {
    let gained = 0;
    for (let seed = 0; seed < 4; seed += 1) {
      const problem = dagProblem(seed, 80);
      const { best } = solve(multiStart, problem, 1, 200_000);
      const plain = checkPlan(problem, greedy(problem)).evaluation.value;
      const value =
        best === null ? Number.POSITIVE_INFINITY : checkPlan(problem, best).evaluation.value;
      expect(value).toBeLessThanOrEqual(plain);
      if (value < plain * 0.99) gained += 1;
    }
    expect(gained).toBeGreaterThan(0);
  });

  it("reaches the optimum of nearly all tiny problems", () => {
    let optimal = 0;
    let compared = 0;
    for (let draw = 0; draw < 24; draw += 1) {
      const seed = draw >> 1;
      const problem = draw % 2 === 0 ? withEverything(seed, 3) : withExtras(seed, 3);
      const { best } = solve(multiStart, problem, 1, 8_000);
      if (best === null) continue;
      const { value } = checkPlan(problem, best).evaluation;
      const ends = best.end.filter((end) => end < problem.horizon);
      const latestEnd = ends.reduce((a, b) => Math.max(a, b), 0) + 10;
      const optimum = bruteForce(problem, { value: value + 1e-6, latestEnd })?.value ?? value;
      expect(value).toBeGreaterThanOrEqual(optimum - 1e-9);
      compared += 1;
      if (value <= optimum + 1e-9) optimal += 1;
    }
    expect(compared).toBeGreaterThan(16);
    expect(optimal / compared).toBeGreaterThan(0.9);
  });

  it("starts from the previous plan, and finds it again at once", () => {
    const problem = dagProblem(3, 200);
    const { best } = solve(multiStart, problem, 1, 1_000_000);
    if (best === null) throw new Error("there is a plan");
    const warm = {
      ...problem,
      tasks: {
        ...problem.tasks,
        previousStart: best.start,
        previousWorker: best.worker,
        previousOption: best.option,
      },
    };
    const first = multiStart.start(warm, 2).step(1, {
      plan: null,
      value: Number.POSITIVE_INFINITY,
      bound: 0,
      interrupted: () => false,
      progress: () => {},
    });
    const value = (plan: typeof best): number => checkPlan(warm, plan).evaluation.value;
    expect(first.improved === null ? Number.NaN : value(first.improved)).toBeLessThanOrEqual(
      value(best),
    );
  });
});
