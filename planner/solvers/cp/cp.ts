/** The engine behind the solver port: proofs and bounds, and the better plans found on the way. */
import { checkPlan } from "../../../core/check.js";
import { greedy } from "../../../core/greedy.js";
import type { Plan } from "../../../core/plan.js";
import { none, type Problem } from "../../../core/problem.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import type { Search } from "./branch.js";
import { declinesCp } from "./declines.js";
import { climb, isFarBelow } from "./destructive.js";
import { buildModel } from "./model.js";
import { adopt, createSearch, explore } from "./search.js";

export const cp: Solver = {
  name: "cp",
  deterministic: true,
  declines: declinesCp,
  start: startCp,
};

/** Bounds, edges and watches looked at that cost about as much as one probe of greedy search. */
const workPerUnit = 48;

function startCp(problem: Problem, seed: number): SolverRun {
  let search: Search | null = null;
  // A model takes time to build: where budgets are short it waits until they would pay for it.
  let owed = buildUnits(problem);
  return {
    step(workUnits: number, shared: Shared): StepReport {
      let first: Plan | null = null;
      if (search === null) {
        owed -= workUnits;
        if (owed > 0 || shared.interrupted()) {
          return { workUnits: Math.max(1, workUnits), improved: null, bound: 0, done: false };
        }
        search = createSearch(buildModel(problem), seed);
        first = shared.plan === null ? ownStart(problem, search, shared.value) : null;
      }
      return stepSearch(search, workUnits, shared, first);
    },
  };
}

/** About what it costs to build the model, in probes of greedy search. */
function buildUnits({ tasks, options }: Problem): number {
  let places = 0;
  for (const block of tasks.block) {
    if (block === none) continue;
    places += (options.blockFirst[block + 1] as number) - (options.blockFirst[block] as number);
  }
  return Math.ceil((tasks.count * tasks.count) / 2 + 20 * places);
}

/** With no plan known: one from greedy, so that there is something to beat. */
function ownStart(problem: Problem, search: Search, value: number): Plan | null {
  const plan = greedy(problem);
  const { violations, evaluation } = checkPlan(problem, plan);
  if (violations.length > 0 || evaluation.value >= value) return null;
  adopt(search, plan, evaluation.value);
  return plan;
}

function stepSearch(
  search: Search,
  workUnits: number,
  shared: Shared,
  first: Plan | null,
): StepReport {
  const { engine } = search.model;
  const before = engine.work;
  if (shared.plan !== null) adopt(search, shared.plan, shared.value);
  let found = first;
  const end = before + workUnits * workPerUnit;
  // Far from a proof every third step is for the bound alone.
  if (search.steps % 3 === 2 && isFarBelow(search)) {
    const isOver = (): boolean => engine.work >= end || shared.interrupted();
    if (climb(search, isOver)) found = search.plan;
  }
  while (!search.done && engine.work < end && !shared.interrupted()) {
    if (explore(search, end - engine.work, shared.interrupted)) found = search.plan;
  }
  search.steps += 1;
  const improved = found !== null && search.value < shared.value ? search.plan : null;
  return {
    workUnits: Math.ceil((engine.work - before) / workPerUnit),
    improved,
    bound: search.bound,
    done: search.done,
  };
}
