/** Optima of small shops by brute force, for tests. */
import type { Plan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import { bruteForce } from "../../core/testing/oracle.js";

export const makespanOf = (plan: Plan): number => plan.end.reduce((a, b) => Math.max(a, b), 0);

/** The least makespan of all plans no worse than `known`. */
export function optimumOf(problem: Problem, known: Plan): number {
  const value = makespanOf(known);
  return bruteForce(problem, { value: value + 1e-6, latestEnd: value })?.value ?? Number.NaN;
}
