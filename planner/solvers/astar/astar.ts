/** Best-first search for task graphs on processors, behind the solver port. */
import type { Plan } from "../../../core/plan.js";
import type { Problem } from "../../../core/problem.js";
import { never, processorModel } from "../../processors/model.js";
import { rankedSchedule } from "../../processors/ranks.js";
import { createSchedule, planOfSchedule, timeSchedule } from "../../processors/schedule.js";
import { makespanBelow, valueOfMakespan } from "../../processors/values.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { type BestFirst, createBestFirst, expandBest, scheduleOf } from "./best-first.js";
import { declinesAstar } from "./declines.js";
import { estimate } from "./estimates.js";
import { finishMax, graphOfModel } from "./graph.js";
import { createState } from "./state.js";

export const astar: Solver = {
  name: "astar",
  deterministic: true,
  declines: declinesAstar,
  start: startAstar,
};

const unitsBetweenPolls = 5_000;

function startAstar(problem: Problem): SolverRun {
  const model = processorModel(problem);
  const graph = graphOfModel(model);
  const schedule = createSchedule(model);
  const impossible = model.shortest.some((ticks) => ticks >= never);
  let search: BestFirst | null = null;
  let makespan = never;

  const begin = (known: number): BestFirst => {
    makespan = Math.max(
      model.floor,
      rankedSchedule(model, graph.tail, createSchedule(model), schedule),
    );
    const scratch = new Int32Array(model.activities);
    const root = estimate(graph, createState(graph), scratch, new Int32Array(model.workers));
    const bound = Math.min(Math.max(model.floor, root), makespan, known);
    return createBestFirst(graph, bound, Math.min(makespan, known));
  };

  return {
    step(workUnits: number, shared: Shared): StepReport {
      const known = makespanBelow(model, shared.value);
      if (impossible) return { workUnits: 1, improved: null, bound: 0, done: true };
      let improved: Plan | null = null;
      let spent = 0;
      if (search === null) {
        search = begin(known);
        spent = model.activities;
        if (makespan < known) improved = planOfSchedule(model, schedule);
        if (makespan >= finishMax) search.full = true;
      }
      search.limit = Math.min(search.limit, known);
      const before = search.workUnits - spent;
      while (!search.finished && !search.full && !shared.interrupted()) {
        const left = workUnits - (search.workUnits - before);
        if (left <= 0) break;
        const found = expandBest(search, Math.min(unitsBetweenPolls, left));
        if (found < 0) continue;
        scheduleOf(search, found, schedule);
        makespan = timeSchedule(model, schedule, graph.tail, never);
        improved = planOfSchedule(model, schedule);
      }
      return {
        workUnits: search.workUnits - before,
        improved,
        bound: valueOfMakespan(model, Math.min(search.bound, search.limit)),
        done: search.finished || search.full,
      };
    },
  };
}
