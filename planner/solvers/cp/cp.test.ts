import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { greedy } from "../../../core/greedy.js";
import type { Problem } from "../../../core/problem.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { randomProblem } from "../../../core/testing/random-problem.js";
import { dagProblem } from "../../testing/dag-problem.js";
import {
  solve,
  solverContract,
  withEverything,
  withoutDevices,
} from "../../testing/solver-contract.js";
import { cp } from "./cp.js";
import { climb, refute } from "./destructive.js";
import { buildModel } from "./model.js";
import { cutOff } from "./objective.js";
import { adopt, createSearch, exploreNear } from "./search.js";

// Brute force over devices takes its time: every third problem has some.
solverContract(
  async () => cp,
  (seed, tasks) => (seed % 3 === 0 ? withEverything : withoutDevices)(seed, tasks),
);

/** Every feature of the model; some have no feasible plan. */
const withModelled = (seed: number, tasks: number): Problem =>
  randomProblem(seed, {
    tasks,
    devices: seed % 4 < 2,
    durationMax: 4,
    extras: {
      groups: seed % 3 !== 1,
      transfers: seed % 2 === 0,
      hardDue: seed % 3 === 0,
      cost: seed % 5 === 0,
      consumables: seed % 7 === 0,
    },
  });

const slack = (value: number): number => 1e-6 * Math.max(1, Math.abs(value));

/** Solved to the end, and held against brute force, which looks for anything better. */
function agrees(seed: number, tasks: number): boolean {
  const problem = withModelled(seed, tasks);
  if (cp.declines(problem) !== null) return false;
  const { best, bound, last } = solve(cp, problem, 1, 20_000_000);
  expect(last.done, `seed ${seed}`).toBe(true);
  if (best === null) {
    const known = { value: Number.POSITIVE_INFINITY, latestEnd: 10 };
    expect(bruteForce(problem, known), `seed ${seed}`).toBeNull();
    return true;
  }
  const { violations, evaluation } = checkPlan(problem, best);
  expect(violations, `seed ${seed}`).toEqual([]);
  const { value } = evaluation;
  const latestEnd = best.end.reduce((a, b) => Math.max(a, b), 0) + 4;
  const better = bruteForce(problem, { value: value - slack(value), latestEnd });
  expect(better?.value ?? value, `seed ${seed}`).toBeCloseTo(value, 6);
  expect(bound, `seed ${seed}`).toBeLessThanOrEqual(value + slack(value));
  expect(bound, `seed ${seed}`).toBeGreaterThan(value - slack(value));
  return true;
}

describe("the cp engine", () => {
  it("finds and proves the optimum that brute force finds", () => {
    let taken = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      if (agrees(seed, 2 + (seed % 3))) taken += 1;
    }
    expect(taken).toBeGreaterThan(55);
  });

  it("proves the optimum of graphs of a dozen tasks", () => {
    for (let seed = 1; seed < 4; seed += 1) {
      const { last } = solve(cp, dagProblem(seed, 12), 1, 3_000_000);
      expect(last.done, `seed ${seed}`).toBe(true);
    }
  });

  it("improves a plan near it, and says when there is nothing better near it", () => {
    const problem = dagProblem(2, 14);
    const search = createSearch(buildModel(problem), 1);
    const plan = greedy(problem);
    const { value } = checkPlan(problem, plan).evaluation;
    adopt(search, plan, value);
    const nobody = new Uint8Array(problem.tasks.count);
    expect(exploreNear(search, nobody, 1_000)).toBe("exhausted");
    expect(search.done).toBe(false);
    const all = new Uint8Array(problem.tasks.count).fill(1);
    expect(exploreNear(search, all, 100_000)).toBe("better");
    expect(checkPlan(problem, search.plan ?? plan).violations).toEqual([]);
    expect(search.value).toBeLessThan(value);
  });

  it("refutes what is too good to be true, and climbs to the optimum", () => {
    const problem = dagProblem(2, 12);
    const { best } = solve(cp, problem, 1, 3_000_000);
    expect(best).not.toBeNull();
    const { value } = checkPlan(problem, best ?? greedy(problem)).evaluation;
    const search = createSearch(buildModel(problem), 1);
    adopt(search, greedy(problem), checkPlan(problem, greedy(problem)).evaluation.value);
    const never = (): boolean => false;
    const least = cutOff(search.model.objective, value);
    expect(refute(search, least, 1_000_000, never)).toBe("refuted");
    expect(search.bound).toBeGreaterThanOrEqual(value - slack(value));
    expect(search.bound).toBeLessThanOrEqual(value + slack(value));
    expect(refute(search, least + 1, 1_000_000, never)).toBe("better");
    expect(search.value).toBeCloseTo(value, 6);

    const climber = createSearch(buildModel(problem), 1);
    while (!climber.done) climb(climber, never);
    expect(climber.bound).toBeCloseTo(value, 6);
  });

  it("says what it does not model", () => {
    const problems = Array.from({ length: 20 }, (_, seed) =>
      randomProblem(seed, { tasks: 5, extras: { groups: true, optional: seed % 2 === 0 } }),
    );
    const reasons = problems.map((problem) => cp.declines(problem));
    expect(reasons).toContain("tasks may be left out");
    expect(reasons).toContain(null);
    const large = randomProblem(1, { tasks: 700 });
    expect(cp.declines(large)).toBe("more than 600 tasks");
  });
});
