/** Exact depth-first search for task graphs on processors, behind the solver port. */
import type { Plan } from "../../../core/plan.js";
import type { Problem } from "../../../core/problem.js";
import { never, processorModel } from "../../processors/model.js";
import { longestPaths } from "../../processors/paths.js";
import { rankedSchedule } from "../../processors/ranks.js";
import { createSchedule, planOfSchedule } from "../../processors/schedule.js";
import { makespanBelow, valueOfMakespan } from "../../processors/values.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { beginBranching, branch, createBranching, destructiveBound } from "./branch.js";
import { declinesAllocateOrder } from "./declines.js";

export const allocateOrder: Solver = {
  name: "allocate-order",
  deterministic: true,
  declines: declinesAllocateOrder,
  start: startBranching,
};

const unitsBetweenPolls = 2_000;

function startBranching(problem: Problem): SolverRun {
  const model = processorModel(problem);
  const paths = longestPaths(model);
  const search = createBranching(model, paths.tail);
  const best = createSchedule(model);
  let makespan = never;
  let bound = 0;
  let begun = false;
  const impossible = model.shortest.some((ticks) => ticks >= never);
  return {
    step(workUnits: number, shared: Shared): StepReport {
      const { propagation } = search;
      const before = propagation.workUnits;
      let improved: Plan | null = null;
      const known = makespanBelow(model, shared.value);
      if (!begun) {
        begun = true;
        makespan = Math.max(model.floor, rankedSchedule(model, paths.tail, createSchedule(model), best));
        if (makespan < known) improved = planOfSchedule(model, best);
        bound = destructiveBound(search, model.floor, Math.min(makespan, known));
        makespan = Math.min(makespan, known);
        if (beginBranching(search, makespan - 1)) {
          makespan = search.makespan;
          improved = planOfSchedule(model, search.schedule);
        }
      }
      if (known < makespan) makespan = known;
      propagation.limit = Math.min(propagation.limit, makespan - 1);
      while (search.depth >= 0 && propagation.workUnits - before < workUnits) {
        if (shared.interrupted() || makespan <= bound) break;
        if (branch(search, unitsBetweenPolls)) {
          makespan = search.makespan;
          improved = planOfSchedule(model, search.schedule);
        }
      }
      if (search.depth < 0) bound = Math.max(bound, makespan);
      return {
        workUnits: propagation.workUnits - before,
        improved,
        bound: valueOfMakespan(model, bound),
        done: impossible || makespan <= bound,
      };
    },
  };
}
