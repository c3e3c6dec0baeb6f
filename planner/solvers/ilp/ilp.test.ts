import { describe, expect, it } from "vitest";
import { checkPlan } from "../../../core/check.js";
import { bruteForce } from "../../../core/testing/oracle.js";
import { solve, solverContract } from "../../testing/solver-contract.js";
import { unrelatedProblem, withFacts, withHoles } from "../../testing/unrelated-problem.js";
import { loadIlp } from "./ilp.js";

solverContract(loadIlp, withFacts, withHoles);

describe("integer programming", () => {
  it("proves the best assignment of tasks to unrelated workers", async () => {
    const ilp = await loadIlp();
    let proved = 0;
    for (let seed = 0; seed < 12; seed += 1) {
      const problem = unrelatedProblem(seed, 5, { workers: 2, longest: 5, forbidden: 0.2 });
      const { best, bound } = solve(ilp, problem, 1, 1e9);
      if (best === null) throw new Error("no plan");
      const { evaluation } = checkPlan(problem, best);
      const { makespanS, ...others } = evaluation.parts;
      expect(others.moves).toBe(0);
      const upper = { value: evaluation.value + 1e-6, latestEnd: makespanS };
      expect(bruteForce(problem, upper)?.makespanTicks).toBe(makespanS);
      if (bound >= evaluation.value - 1e-9) proved += 1;
    }
    expect(proved).toBe(12);
  });

  it("proves or improves what the search leaves, on thirty tasks and five workers", async () => {
    const ilp = await loadIlp();
    const problem = unrelatedProblem(4, 30, { workers: 5, longest: 60 });
    const { best, bound } = solve(ilp, problem, 1, 1e9);
    if (best === null) throw new Error("no plan");
    expect(bound).toBeCloseTo(checkPlan(problem, best).evaluation.value, 6);
  });
});
