/** Multi-start of greedy schedules, with local search, behind the solver port. Any problem, any size. */
import type { Plan } from "../../../core/plan.js";
import { none, type Problem } from "../../../core/problem.js";
import { seededRandom } from "../../../core/random.js";
import { createKernel } from "../../schedule/kernel.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { createSearch, explore, startFrom } from "./search.js";

export const multiStart: Solver = {
  name: "multi-start",
  deterministic: true,
  declines: () => null,
  start: startSearch,
};

function startSearch(problem: Problem, seed: number): SolverRun {
  const kernel = createKernel(problem);
  const search = createSearch(kernel, seededRandom(seed));
  const exploration = explore(search);
  let done = problem.tasks.count === 0 || kernel.impossible !== none;
  let seen: Plan | null = null;
  return {
    step(workUnits: number, shared: Shared): StepReport {
      const before = search.draft.workUnits;
      // Two searches that follow one plan find the same: a foreign one must be clearly better.
      if (shared.plan !== null && shared.plan !== seen && shared.value < search.best.value) {
        seen = shared.plan;
        if (search.plan === null) startFrom(search, shared.plan, shared.value);
        else search.foreign = { plan: shared.plan, value: shared.value };
      }
      const returned = search.plan;
      while (!done && search.draft.workUnits - before < workUnits && !shared.interrupted()) {
        done = exploration.next().done === true;
      }
      const improved = search.plan !== returned && search.best.value < shared.value;
      return {
        workUnits: search.draft.workUnits - before,
        improved: improved ? search.plan : null,
        bound: 0,
        done,
      };
    },
  };
}
