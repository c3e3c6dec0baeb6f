/** Large neighbourhood search behind the solver port. Any problem with every feature, any size. */
import { checkPlan } from "../../../core/check.js";
import type { Plan } from "../../../core/plan.js";
import type { Problem } from "../../../core/problem.js";
import { seededRandom } from "../../../core/random.js";
import { createKernel } from "../../schedule/kernel.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { createSearch, explore, isEmpty } from "./search.js";

export const lns: Solver = {
  name: "lns",
  deterministic: true,
  declines: () => null,
  start: startSearch,
};

function startSearch(problem: Problem, seed: number): SolverRun {
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
        improved: isNews && isBetter(problem, plan, shared.value) ? plan : null,
        bound: 0,
        done,
      };
    },
  };
}

const isBetter = (problem: Problem, plan: Plan, than: number): boolean => {
  const { violations, evaluation } = checkPlan(problem, plan);
  return violations.length === 0 && evaluation.value < than;
};
