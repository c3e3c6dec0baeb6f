/** A project search behind the solver port: plans in, plans and bounds out. */
import { evaluate } from "../../../core/check.js";
import { type Plan, planOfFacts } from "../../../core/plan.js";
import { none, type Problem } from "../../../core/problem.js";
import { assert } from "../../../core/result.js";
import type { Shared, SolverRun, StepReport } from "../../solver.js";
import { type Project, projectOf } from "./project.js";
import { type Schedule, sortByStart } from "./schedule.js";
import { createSearch, explore, type Search } from "./search.js";

/**
 * Placements that cost as much as one probe of the general searches: on packed profiles, with modes to
 * choose, and on lists of segments. Counted one for one, an epoch would go to the engines beside. With
 * modes a unit is as dear as one of `cp` with its relaxation: of two threads one would wait else.
 */
const placementsPerUnitPacked = 16;
const placementsPerUnitOfModes = 24;
const placementsPerUnitOfSegments = 4;

export function startProject(problem: Problem, seed: number): SolverRun {
  const project = projectOf(problem);
  assert(typeof project !== "string", `a declined problem is not started: ${String(project)}`);
  const search = createSearch(project, seed);
  const exploration = explore(search);
  const perUnit = placementsPerUnit(search);
  let seen: Plan | null = null;
  let returned = Number.POSITIVE_INFINITY;
  let done = false;
  return {
    step(workUnits: number, shared: Shared): StepReport {
      const { scheduler, best } = search;
      const before = scheduler.workUnits;
      if (shared.plan !== null && shared.plan !== seen) {
        seen = shared.plan;
        takeUp(search, shared.plan);
      }
      const until = before + workUnits * perUnit;
      while (!done && scheduler.workUnits < until && !shared.interrupted()) {
        done = exploration.next().done === true;
      }
      let improved: Plan | null = null;
      if (best.makespan < returned && best.makespan <= problem.horizon) {
        returned = best.makespan;
        const plan = planOf(project, best);
        if (evaluate(problem, plan).value < shared.value) improved = plan;
      }
      return {
        workUnits: Math.max(1, Math.ceil((scheduler.workUnits - before) / perUnit)),
        improved,
        bound: valueOfTicks(project, search.bound),
        done,
      };
    },
  };
}

function placementsPerUnit({ lns, project }: Search): number {
  if (lns === null) return placementsPerUnitOfSegments;
  return project.isSingleMode ? placementsPerUnitPacked : placementsPerUnitOfModes;
}

/** The value of a plan of so many ticks, but for what all plans pay alike. */
const valueOfTicks = ({ problem }: Project, ticks: number): number =>
  (problem.weights.makespan * ticks * problem.tickMs) / 1000;

function planOf(project: Project, schedule: Schedule): Plan {
  const { problem, worker, taskOf, modeOption, duration } = project;
  const plan = planOfFacts(problem);
  for (let index = 0; index < project.tasks; index += 1) {
    const task = taskOf[index] as number;
    const mode = schedule.mode[index] as number;
    const option = modeOption[mode] as number;
    plan.option[task] = option;
    plan.worker[task] = option === none ? none : worker;
    plan.start[task] = schedule.start[index] as number;
    plan.end[task] = (schedule.start[index] as number) + (duration[mode] as number);
  }
  return plan;
}

/** A plan from elsewhere enters the population, unless it takes options that are dropped here. */
function takeUp(search: Search, plan: Plan): void {
  const { project, foreign, scheduler } = search;
  const { modeFirst, modeOption, duration, taskOf } = project;
  let makespan = project.makespanMin;
  for (let index = 0; index < project.tasks; index += 1) {
    const task = taskOf[index] as number;
    const last = modeFirst[index + 1] as number;
    let mode = modeFirst[index] as number;
    while (mode < last && modeOption[mode] !== plan.option[task]) mode += 1;
    if (mode === last) return;
    foreign.mode[index] = mode;
    foreign.start[index] = plan.start[task] as number;
    makespan = Math.max(makespan, (plan.start[task] as number) + (duration[mode] as number));
  }
  foreign.makespan = makespan;
  foreign.order.set(project.topological);
  sortByStart(scheduler, foreign);
  search.hasForeign = true;
}
