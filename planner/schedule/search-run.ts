/** A search over schedules as a run behind the solver port. */
import { checkPlan } from "../../core/check.js";
import type { Plan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import { seededRandom } from "../../core/random.js";
import type { Shared, SolverRun, StepReport } from "../solver.js";
import { createKernel } from "./kernel.js";
import { createSearch, isEmpty, type Search } from "./search.js";

export function runSearch(
  problem: Problem,
  seed: number,
  explore: (search: Search) => Generator<void, void, void>,
): SolverRun {
  const search = createSearch(createKernel(problem), seededRandom(seed));
  const exploration = explore(search);
  let done = isEmpty(search);
  let seen: Plan | null = null;
  return {
    step(workUnits: number, shared: Shared): StepReport {
      const before = search.draft.workUnits;
      if (shared.plan !== null && shared.plan !== seen && shared.value < search.best.value) {
        seen = shared.plan;
        search.foreign = { plan: shared.plan, value: shared.value };
      }
      const returned = search.plan;
      while (!done && search.draft.workUnits - before < workUnits && !shared.interrupted()) {
        done = exploration.next().done === true;
      }
      const { plan } = search;
      const isNews = plan !== null && plan !== returned && plan !== seen;
      return {
        workUnits: search.draft.workUnits - before,
        improved: isNews && isBetterPlan(problem, plan, shared.value) ? plan : null,
        bound: 0,
        done,
      };
    },
  };
}

/** By core's own count, which every improvement is held to. */
const isBetterPlan = (problem: Problem, plan: Plan, than: number): boolean => {
  const { violations, evaluation } = checkPlan(problem, plan);
  return violations.length === 0 && evaluation.value < than;
};
