/** Makes a solver of a neighbourhood of shop schedules. */
import { type Plan, planOfFacts } from "../../core/plan.js";
import { none, type Problem } from "../../core/problem.js";
import { seededRandom } from "../../core/random.js";
import type { Shared, Solver, SolverRun, StepReport } from "../solver.js";
import { shopBound } from "./bound.js";
import { type ShopModel, shopModel } from "./model.js";
import { createShopSearch, explore } from "./search.js";
import type { Neighbourhood, Snapshot } from "./tabu.js";

export interface ShopEngine {
  readonly name: string;
  declines(problem: Problem): string | null;
  readonly neighbourhood: Neighbourhood;
}

/** Elementary steps, a few nanoseconds each, that cost about as much as one probe. */
const stepsPerWorkUnit = 16;

export const shopSolver = ({ name, declines, neighbourhood }: ShopEngine): Solver => ({
  name,
  deterministic: true,
  declines,
  start: (problem, seed) => startRun(problem, seed, neighbourhood),
});

function startRun(problem: Problem, seed: number, neighbourhood: Neighbourhood): SolverRun {
  const model = shopModel(problem);
  const bound = model.isImpossible ? 0 : shopBound(model);
  const search = createShopSearch(model, seededRandom(seed), neighbourhood, bound);
  const exploration = explore(search);
  const perTick = (problem.weights.makespan * problem.tickMs) / 1000;
  let done = model.count === 0 || model.isImpossible;
  let returned = Number.POSITIVE_INFINITY;
  let seen: Plan | null = null;
  return {
    step(workUnits: number, shared: Shared): StepReport {
      const { schedule, best } = search;
      if (shared.plan !== null && shared.plan !== seen) {
        seen = shared.plan;
        if (shared.value < best.makespan * perTick) search.foreign = shared.plan;
      }
      const before = schedule.steps;
      const limit = before + workUnits * stepsPerWorkUnit;
      while (!done && schedule.steps < limit && !shared.interrupted()) {
        done = exploration.next().done === true;
      }
      const isBetter =
        best.makespan < returned &&
        best.makespan <= problem.horizon &&
        best.makespan * perTick < shared.value;
      if (isBetter) returned = best.makespan;
      return {
        workUnits: Math.max(1, Math.ceil((schedule.steps - before) / stepsPerWorkUnit)),
        improved: isBetter ? planOf(model, best) : null,
        bound: bound * perTick,
        done,
      };
    },
  };
}

function planOf(model: ShopModel, { way, start }: Snapshot): Plan {
  const { problem, taskOf, wayOption, wayMachine, wayDuration } = model;
  const plan = planOfFacts(problem);
  for (let op = 0; op < model.count; op += 1) {
    const task = taskOf[op] as number;
    const chosen = way[op] as number;
    plan.start[task] = start[op] as number;
    plan.end[task] = start[op] as number;
    if (chosen < 0) continue;
    plan.option[task] = wayOption[chosen] ?? none;
    plan.worker[task] = wayMachine[chosen] ?? none;
    plan.end[task] = (start[op] as number) + (wayDuration[chosen] as number);
  }
  return plan;
}
