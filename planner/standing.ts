/**
 * What a portfolio knows: the best plan, the best bound, and who found them. Every plan is checked
 * here before it counts, and a bound that contradicts a checked plan is thrown out with its author:
 * a wrong solver is found out, not believed.
 */
import { checkPlan } from "../core/check.js";
import type { Evaluation, Plan } from "../core/plan.js";
import type { Problem } from "../core/problem.js";

export interface Incumbent {
  readonly plan: Plan;
  readonly evaluation: Evaluation;
  readonly solver: string;
}

export interface Contribution {
  incumbents: number;
  bestValue: number;
  bestBound: number;
  workUnits: number;
  /** Why it takes no further part; empty while it does. */
  failure: string;
}

export interface Standing {
  readonly problem: Problem;
  incumbent: Incumbent | null;
  bound: number;
  boundSolver: string;
  readonly contributions: Map<string, Contribution>;
}

/** Relative difference below which a bound meets a value: floating sums differ in their last bits. */
const gapTolerance = 1e-7;

export function createStanding(problem: Problem): Standing {
  return { problem, incumbent: null, bound: 0, boundSolver: "", contributions: new Map() };
}

export function contributionOf(standing: Standing, solver: string): Contribution {
  let contribution = standing.contributions.get(solver);
  if (contribution === undefined) {
    contribution = {
      incumbents: 0,
      bestValue: Number.POSITIVE_INFINITY,
      bestBound: 0,
      workUnits: 0,
      failure: "",
    };
    standing.contributions.set(solver, contribution);
  }
  return contribution;
}

/** `wrong`: it cannot be, and the contribution's `failure` says why. */
export type Verdict = "taken" | "no better" | "wrong";

/** Takes a plan if it is feasible and better than the best. */
export function offerPlan(standing: Standing, solver: string, plan: Plan): Verdict {
  const contribution = contributionOf(standing, solver);
  const { violations, evaluation } = checkPlan(standing.problem, plan);
  const violation = violations[0];
  if (violation !== undefined) {
    contribution.failure = `infeasible plan: ${JSON.stringify(violation)}`;
    return "wrong";
  }
  const { value } = evaluation;
  contribution.bestValue = Math.min(contribution.bestValue, value);
  if (standing.incumbent !== null && value >= standing.incumbent.evaluation.value) {
    return "no better";
  }
  standing.incumbent = { plan, evaluation, solver };
  contribution.incumbents += 1;
  if (standing.bound > value + slack(value)) rejectBounds(standing, value);
  return "taken";
}

/** Takes a bound if it is higher than the best and contradicts no plan. */
export function offerBound(standing: Standing, solver: string, bound: number): Verdict {
  const contribution = contributionOf(standing, solver);
  const value = standing.incumbent?.evaluation.value ?? Number.POSITIVE_INFINITY;
  if (bound > value + slack(value)) {
    contribution.failure = `bound ${bound} above the value ${value} of a feasible plan`;
    return "wrong";
  }
  contribution.bestBound = Math.max(contribution.bestBound, Math.min(bound, value));
  if (bound <= standing.bound) return "no better";
  standing.bound = Math.min(bound, value);
  standing.boundSolver = solver;
  return "taken";
}

/** True if the best plan is proven optimal. */
export function isOptimal(standing: Standing): boolean {
  return isProof(standing, standing.bound);
}

/** Whether a bound of this height would prove the best plan optimal; false if it cannot be right. */
export function isProof(standing: Standing, bound: number): boolean {
  const value = standing.incumbent?.evaluation.value;
  return value !== undefined && Math.abs(bound - value) <= slack(value);
}

const slack = (value: number): number => gapTolerance * Math.max(1e-3, Math.abs(value));

/** A feasible plan lies below the bound, so the bound's author was wrong: fall back to others'. */
function rejectBounds(standing: Standing, value: number): void {
  standing.bound = 0;
  standing.boundSolver = "";
  for (const [solver, contribution] of standing.contributions) {
    if (contribution.bestBound > value + slack(value)) {
      contribution.failure = `bound ${contribution.bestBound} above the value ${value} of a feasible plan`;
      contribution.bestBound = 0;
    } else if (contribution.bestBound > standing.bound) {
      standing.bound = contribution.bestBound;
      standing.boundSolver = solver;
    }
  }
}
