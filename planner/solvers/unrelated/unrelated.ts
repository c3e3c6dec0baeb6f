/** Unrelated workers behind the solver port: prices first, which prove a bound, then annealing. */
import type { Problem } from "../../../core/problem.js";
import { assert } from "../../../core/result.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { declinesUnrelated } from "./declines.js";
import { type Prices, pricesOf } from "./prices.js";
import { AssignmentSearch } from "./search.js";
import { planOf, type UnrelatedView, unrelatedView } from "./view.js";

/** Moves of the search that cost about as much as one work unit. */
const movesPerUnit = 4;

export const unrelated: Solver = {
  name: "unrelated",
  deterministic: true,
  declines: declinesUnrelated,
  start(problem, seed) {
    const view = unrelatedView(problem);
    assert(typeof view !== "string", "asked for a problem that was declined");
    return startSearch(problem, view, seed);
  },
};

function startSearch(problem: Problem, view: UnrelatedView, seed: number): SolverRun {
  const perTick = (problem.weights.makespan * problem.tickMs) / 1000;
  let prices: Prices | null = null;
  let search: AssignmentSearch | null = null;
  const begin = (shared: Shared): AssignmentSearch => {
    prices = pricesOf(view, () => shared.interrupted());
    search = new AssignmentSearch(view, prices, seed);
    return search;
  };
  return {
    step(workUnits: number, shared: Shared): StepReport {
      const isFirst = search === null;
      const running = search ?? begin(shared);
      const boundTicks = prices?.bound ?? 0;
      const before = running.moves;
      let better = isFirst;
      if (shared.value < Number.POSITIVE_INFINITY) {
        running.aimBelow(Math.round(shared.value / perTick));
      }
      const enough = (): boolean =>
        running.bestTicks <= boundTicks || (running.moves - before) / movesPerUnit >= workUnits;
      while (!enough() && !shared.interrupted()) {
        if (running.run()) better = true;
      }
      const isBetter = better && running.bestTicks * perTick < shared.value;
      return {
        workUnits: Math.max(1, Math.round((running.moves - before) / movesPerUnit)),
        improved: isBetter ? planOf(problem, view, running.best) : null,
        bound: boundTicks * perTick,
        done: running.bestTicks <= boundTicks,
      };
    },
  };
}
