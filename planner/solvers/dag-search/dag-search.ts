/** Local search for task graphs on processors, behind the solver port. */
import type { Plan } from "../../../core/plan.js";
import type { Problem } from "../../../core/problem.js";
import { seededRandom } from "../../../core/random.js";
import { never, processorModel } from "../../processors/model.js";
import { longestPaths } from "../../processors/paths.js";
import { rankedSchedule } from "../../processors/ranks.js";
import { planOfSchedule } from "../../processors/schedule.js";
import { takePlan, valueOfMakespan } from "../../processors/values.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import {
  anneal,
  createAnnealing,
  evaluateCurrent,
  evaluationUnits,
  keepBest,
  startRound,
} from "./annealing.js";
import { declinesDagSearch } from "./declines.js";

export const dagSearch: Solver = {
  name: "dag-search",
  deterministic: true,
  declines: declinesDagSearch,
  start: startSearch,
};

const movesBetweenPolls = 64;

function startSearch(problem: Problem, seed: number): SolverRun {
  const model = processorModel(problem);
  const paths = longestPaths(model);
  const search = createAnnealing(model, paths, seededRandom(seed));
  const impossible = model.shortest.some((ticks) => ticks >= never);
  const bound = impossible ? 0 : leastMakespan(model.floor, paths, model.shortest);
  let begun = false;
  let seen: Plan | null = null;

  const begin = (): void => {
    begun = true;
    search.workUnits += model.activities * 4;
    search.currentMakespan = rankedSchedule(model, paths.tail, search.best, search.current);
    keepBest(search);
    startRound(search);
  };
  const follow = (shared: Shared): void => {
    if (shared.plan === null || shared.plan === seen) return;
    seen = shared.plan;
    if (shared.value >= valueOfMakespan(model, search.bestMakespan)) return;
    takePlan(model, shared.plan, search.current);
    search.currentMakespan = evaluateCurrent(search, never);
    if (keepBest(search)) startRound(search);
  };

  const improve = (workUnits: number, shared: Shared): void => {
    const last = search.workUnits + workUnits;
    const cost = evaluationUnits(model) + 1;
    while (search.workUnits < last && search.bestMakespan > bound && !shared.interrupted()) {
      if (search.moves >= search.movesMax) startRound(search);
      const affordable = Math.ceil((last - search.workUnits) / cost);
      anneal(search, Math.min(movesBetweenPolls, affordable));
    }
  };

  return {
    step(workUnits: number, shared: Shared): StepReport {
      const before = search.workUnits;
      const makespanBefore = search.bestMakespan;
      if (impossible || model.activities === 0) {
        if (!impossible) search.bestMakespan = model.floor;
      } else {
        if (!begun) begin();
        follow(shared);
        improve(workUnits - (search.workUnits - before), shared);
      }
      const value = valueOfMakespan(model, search.bestMakespan);
      const isNews = search.bestMakespan < makespanBefore && value < shared.value;
      return {
        workUnits: search.workUnits - before,
        improved: isNews ? planOfSchedule(model, search.best) : null,
        bound: valueOfMakespan(model, bound),
        done: impossible || search.bestMakespan <= bound,
      };
    },
  };
}

function leastMakespan(
  floor: number,
  { head, tail }: { readonly head: Int32Array; readonly tail: Int32Array },
  shortest: Int32Array,
): number {
  let least = floor;
  for (let activity = 0; activity < head.length; activity++) {
    const path =
      (head[activity] as number) + (shortest[activity] as number) + (tail[activity] as number);
    least = Math.max(least, path);
  }
  return least;
}
