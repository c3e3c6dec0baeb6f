/**
 * Engines on a problem in this thread, each for itself: what it says of it, step by step, with every
 * plan judged twice, by `core/check` and by the oracle that looks at it tick by tick.
 */
import { checkPlan } from "../../core/check.js";
import { greedy } from "../../core/greedy.js";
import type { Plan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import { isFeasible } from "../../core/testing/oracle.js";
import type { Shared, SolverNews } from "../../planner/solver.js";
import { type SolverName, solverNames, solverRegistry } from "../../planner/solvers/registry.js";

/** What one engine said of a problem. */
export interface Testimony {
  readonly solver: string;
  /** Of its best plan, or of the one it was told of; Infinity without any. */
  readonly value: number;
  readonly plan: Plan | null;
  readonly bound: number;
  /** It says that nothing more will come. */
  readonly done: boolean;
  /** Searches everything, so that `done` is a proof that its plan is the best. */
  readonly isExhaustive: boolean;
  /** What is wrong already, whatever the optimum: a plan that does not hold, an error. */
  readonly faults: readonly string[];
}

/** Steps are small, so that what stands between two of them is tried as well. */
const quantum = 5_000;
const searchUnits = 10_000;
const proofUnits = 1_500_000;
/** For engines without work limits, and as a backstop: a step that long is a fault. */
const wallMs = 20_000;

const exhaustive: ReadonlySet<string> = new Set<SolverName>([
  "astar",
  "allocate-order",
  "cp",
  "exact-highs",
]);

export const isProver = (name: SolverName): boolean => solverRegistry[name].role === "proof";

export const takersOf = (problem: Problem, among: readonly SolverName[] = solverNames) =>
  among.filter((name) => solverRegistry[name].declines(problem) === null);

/** `known`: a plan that others have found; null: none. */
export async function testify(
  name: SolverName,
  problem: Problem,
  seed: number,
  known: Plan | null,
): Promise<Testimony> {
  const entry = solverRegistry[name];
  const faults: string[] = [];
  const knownValue =
    known === null ? Number.POSITIVE_INFINITY : judgedValue(problem, known, faults);
  let value = knownValue;
  let plan: Plan | null = known;
  let bound = 0;
  let done = false;
  const take = ({ improved, bound: proven }: SolverNews): void => {
    if (Number.isNaN(proven)) faults.push("a bound that is no number");
    bound = Math.max(bound, proven);
    if (improved === null) return;
    const found = judgedValue(problem, improved, faults);
    if (found >= value) faults.push(`a plan of ${found} after one of ${value}`);
    value = found;
    plan = improved;
  };
  const startedMs = performance.now();
  try {
    const solver = await entry.load();
    const run = solver.start(problem, seed);
    const units = entry.role === "proof" ? proofUnits : searchUnits;
    const step = entry.deterministic ? quantum : units;
    for (let spent = 0; spent < units && !done; ) {
      const shared: Shared = {
        plan: known,
        value: knownValue,
        bound: 0,
        interrupted: () => performance.now() - startedMs > wallMs,
        progress: take,
      };
      const report = run.step(step, shared);
      take(report);
      done = report.done;
      spent += Math.max(1, report.workUnits);
      if (performance.now() - startedMs > wallMs) faults.push("it did not come to an end");
      if (faults.length > 0) break;
    }
  } catch (error) {
    faults.push(`threw: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  }
  const isExhaustive = exhaustive.has(name);
  return { solver: name, value, plan, bound, done, isExhaustive, faults };
}

/** What stands at once, before any engine: greedy, which may leave a task unplaced. */
export function greedyPlan(problem: Problem): Plan | null {
  const plan = greedy(problem);
  return checkPlan(problem, plan).violations.length === 0 ? plan : null;
}

/** Infinity, and a fault, where the plan does not hold or the judges differ. */
export function judgedValue(problem: Problem, plan: Plan, faults: string[]): number {
  const { violations, evaluation } = checkPlan(problem, plan);
  const isSound = isFeasible(problem, plan);
  const first = violations[0];
  if (first !== undefined) faults.push(`a plan that does not hold: ${JSON.stringify(first)}`);
  if (isSound !== (first === undefined)) {
    faults.push(
      `the check finds ${violations.length} violations, the oracle ${isSound ? 0 : "some"}`,
    );
  }
  return first === undefined && isSound ? evaluation.value : Number.POSITIVE_INFINITY;
}
