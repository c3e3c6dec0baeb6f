/** All engines on one problem, against one another and against enumeration. */
import { lowerBound } from "../../core/bounds.js";
import type { Problem } from "../../core/problem.js";
import { none } from "../../core/problem.js";
import { repair } from "../../core/repair.js";
import type { SolverName } from "../../planner/solvers/registry.js";
import { type Draw, problemOf } from "./draw.js";
import { greedyPlan, isProver, judgedValue, type Testimony, takersOf, testify } from "./engines.js";
import { enumerate } from "./enumerate.js";

export interface Verdict {
  readonly draw: Draw;
  readonly testimonies: readonly Testimony[];
  /** Null where enumeration gave up, and there is no plan at all. */
  readonly optimum: number | null;
  readonly isEnumerated: boolean;
  readonly faults: readonly Fault[];
}

export interface Fault {
  readonly solver: string;
  readonly message: string;
}

/** Sums of floating numbers differ in their last bits, in one order or another. */
export const slackOf = (value: number): number => 1e-7 * Math.max(1, Math.abs(value));

/** A further witness: the whole portfolio, in threads. */
export interface Portfolio {
  ask(problem: Problem, seed: number): Promise<Testimony>;
}

export async function judge(
  draw: Draw,
  among: readonly SolverName[] | undefined,
  portfolio: Portfolio | null,
): Promise<Verdict> {
  const problem = problemOf(draw);
  const { seed } = draw;
  const testimonies = [ofCore(problem)];
  const first = greedyPlan(problem);
  for (const name of takersOf(problem, among)) {
    // Every other problem begins with a plan of somebody else's, as in a portfolio.
    testimonies.push(await testify(name, problem, seed, seed % 2 === 0 ? null : first));
  }
  // And some provers once more, with the best plan of all at hand.
  const best = testimonies.reduce((a, b) => (b.value < a.value ? b : a)).plan;
  for (const name of best !== null && seed % 3 === 0 ? takersOf(problem, among) : []) {
    if (isProver(name)) testimonies.push(await testify(name, problem, seed, best));
  }
  if (portfolio !== null) testimonies.push(await portfolio.ask(problem, seed));
  const known = Math.min(...testimonies.map(({ value }) => value));
  const better = enumerate(problem, Number.isFinite(known) ? known - slackOf(known) : known);
  const faults = testimonies.flatMap(({ solver, faults: own }) =>
    own.map((message) => ({ solver, message })),
  );
  let optimum: number | null = Number.isFinite(known) ? known : null;
  if (better.plan !== null) {
    const own: string[] = [];
    optimum = judgedValue(problem, better.plan, own);
    if (Math.abs(optimum - better.value) > slackOf(optimum)) {
      own.push(`${better.value} by its own sum, ${optimum} by the check's`);
    }
    faults.push(...own.map((message) => ({ solver: "enumeration", message })));
  }
  // The best that is known is above every bound, whether or not it is the optimum.
  for (const one of testimonies) {
    faults.push(...against(one, optimum).map((message) => ({ solver: one.solver, message })));
  }
  return { draw, testimonies, optimum, isEnumerated: better.complete, faults };
}

function against(
  { bound, value, done, isExhaustive }: Testimony,
  optimum: number | null,
): string[] {
  const faults: string[] = [];
  const least = optimum ?? Number.POSITIVE_INFINITY;
  const slack = Number.isFinite(least) ? slackOf(least) : 0;
  if (bound > least + slack) faults.push(`a bound of ${bound} where ${least} is possible`);
  const isProven = Number.isFinite(value) && bound >= value - slack;
  if (isProven && value > least + slack) faults.push(`${value} proven, but ${least} is possible`);
  if (done && isExhaustive && value > least + slack) {
    faults.push(`says it has searched all with ${value}, but ${least} is possible`);
  }
  return faults;
}

/** Core's own: bounds, greedy, and repair of the previous plan. */
function ofCore(problem: Problem): Testimony {
  const faults: string[] = [];
  let plan = greedyPlan(problem);
  let value = plan === null ? Number.POSITIVE_INFINITY : judgedValue(problem, plan, faults);
  if (problem.tasks.previousWorker.some((worker) => worker !== none)) {
    const { plan: repaired, unplaced } = repair(problem);
    const valueThen = unplaced === 0 ? judgedValue(problem, repaired, faults) : value;
    if (valueThen < value) [plan, value] = [repaired, valueThen];
  }
  const bound = lowerBound(problem).value;
  return { solver: "core", value, plan, bound, done: false, isExhaustive: false, faults };
}
