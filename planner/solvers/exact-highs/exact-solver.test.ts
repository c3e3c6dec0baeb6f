import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { randomProblem } from "../../../core/testing/random-problem.js";
import { dagProblem } from "../../testing/dag-problem.js";
import { solve, solverContract, withoutDevices } from "../../testing/solver-contract.js";
import { multiStart } from "../multi-start/multi-start.js";
import { loadExactSolver } from "./exact-solver.js";

solverContract(loadExactSolver, withoutDevices);

describe("the exact solver", () => {
  it("finds and proves the optimum that brute force finds", async () => {
    const solver = await loadExactSolver();
    let proven = 0;
    for (let seed = 100; seed < 125; seed += 1) {
      const problem = withoutDevices(seed, 4);
      if (solver.declines(problem) !== null) continue;
      const { best, bound, last } = solve(solver, problem, 1, 50_000_000);
      expect(last.done, `seed ${seed}`).toBe(true);
      if (best === null) throw new Error(`seed ${seed}: no plan`);
      const { value } = checkPlan(problem, best).evaluation;
      const latestEnd = best.end.reduce((a, b) => Math.max(a, b), 0) + 10;
      const optimum = bruteForce(problem, { value: value + 1e-6, latestEnd })?.value ?? value;
      expect(value, `seed ${seed}`).toBeCloseTo(optimum, 6);
      expect(bound, `seed ${seed}`).toBeCloseTo(optimum, 5);
      proven += 1;
    }
    expect(proven).toBeGreaterThan(10);
  });

  it("is never beaten by multi-start once it has proven its plan", async () => {
    const solver = await loadExactSolver();
    for (let seed = 1; seed < 6; seed += 1) {
      const problem = dagProblem(seed, 12);
      const { best, last } = solve(solver, problem, 1, 100_000_000);
      const other = solve(multiStart, problem, 1, 100_000).best;
      if (best === null || other === null || !last.done) continue;
      const value = checkPlan(problem, best).evaluation.value;
      expect(value).toBeLessThanOrEqual(checkPlan(problem, other).evaluation.value + 1e-9);
    }
  });

  it("declines what it does not model or cannot hope to solve", async () => {
    const solver = await loadExactSolver();
    expect(solver.declines(dagProblem(1, 21))).toContain("more than 20 tasks");
    const withDevices = Array.from({ length: 20 }, (_, seed) => randomProblem(seed, { tasks: 5 }));
    expect(withDevices.map((problem) => solver.declines(problem))).toContain(
      "devices are not modelled",
    );
  });
});
