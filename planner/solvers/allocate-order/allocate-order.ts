/** Exact depth-first search for task graphs on processors, behind the solver port. */
import type { Plan } from "../../../core/plan.js";
import type { Problem } from "../../../core/problem.js";
import { never, processorModel } from "../../processors/model.js";
import { longestPaths } from "../../processors/paths.js";
import { rankedSchedule } from "../../processors/ranks.js";
import { createSchedule, planOfSchedule } from "../../processors/schedule.js";
import { makespanBelow, valueOfMakespan } from "../../processors/values.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { beginBranching, branch, createBranching, raiseBound } from "./branch.js";
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
  const impossible = model.shortest.some((ticks) => ticks >= never);
  let makespan = never;
  let phase: "list" | "bound" | "branch" = impossible ? "branch" : "list";

  /** Works until the units are spent; returns the best new plan, if any. */
  const work = (workUnits: number, shared: Shared): Plan | null => {
    const { propagation } = search;
    const last = propagation.workUnits + workUnits;
    let improved: Plan | null = null;
    const accept = (found: boolean): void => {
      if (!found) return;
      makespan = search.makespan;
      improved = planOfSchedule(model, search.schedule);
    };
    if (phase === "list") {
      phase = "bound";
      propagation.workUnits += model.activities;
      makespan = rankedSchedule(model, paths.tail, createSchedule(model), best);
      makespan = Math.max(model.floor, makespan);
      if (makespan < makespanBelow(model, shared.value)) improved = planOfSchedule(model, best);
    }
    makespan = Math.min(makespan, makespanBelow(model, shared.value));
    while (propagation.workUnits < last && search.bound < makespan && !shared.interrupted()) {
      const left = Math.min(unitsBetweenPolls, last - propagation.workUnits);
      if (phase === "bound") {
        if (!raiseBound(search, makespan, left)) continue;
        phase = "branch";
        accept(beginBranching(search, makespan - 1));
      } else {
        propagation.limit = Math.min(propagation.limit, makespan - 1);
        accept(branch(search, left));
      }
      if (phase === "branch" && search.depth < 0) search.bound = makespan;
    }
    return improved;
  };

  return {
    step(workUnits: number, shared: Shared): StepReport {
      const before = search.propagation.workUnits;
      const improved = impossible ? null : work(workUnits, shared);
      return {
        workUnits: search.propagation.workUnits - before,
        improved,
        bound: valueOfMakespan(model, Math.min(search.bound, makespan)),
        done: impossible || search.bound >= makespan,
      };
    },
  };
}
