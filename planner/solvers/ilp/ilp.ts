/**
 * Integer programming behind the solver port: assigns independent tasks to unrelated workers. A short
 * search by prices finds a good schedule; the model of all better ones is then solved to the end, so
 * that "infeasible" proves the schedule optimal.
 */
import type { Problem } from "../../../core/problem.js";
import { assert } from "../../../core/result.js";
import type { Shared, Solver, SolverRun, StepReport } from "../../solver.js";
import { declinesUnrelated } from "../unrelated/declines.js";
import { pricesOf } from "../unrelated/prices.js";
import { AssignmentSearch } from "../unrelated/search.js";
import { planOf, type UnrelatedView, unrelatedView } from "../unrelated/view.js";
import { assignedIn, assignmentModel } from "./assignment.js";
import { type LpEngines, loadEngines } from "./engines.js";

/** Moves of the search before the first model. */
const searchMoves = 3_000_000;
/** A model of more columns is not built. */
const cellsMax = 30_000;
const workUnitsPerNode = 2_000;
/** Much longer than any budget: the portfolio's clock stops the engine. */
const wallMs = 3_600_000;

export async function loadIlp(): Promise<Solver> {
  const engines = await loadEngines();
  return {
    name: "ilp",
    deterministic: false,
    declines: declinesUnrelated,
    start(problem, seed) {
      const view = unrelatedView(problem);
      assert(typeof view !== "string", "asked for a problem that was declined");
      return startIlp(engines, problem, view, seed);
    },
  };
}

function startIlp(
  engines: LpEngines,
  problem: Problem,
  view: UnrelatedView,
  seed: number,
): SolverRun {
  const perTick = (problem.weights.makespan * problem.tickMs) / 1000;
  const prices = pricesOf(view);
  const search = new AssignmentSearch(view, prices, seed);
  let boundTicks = prices.bound;
  return {
    step(workUnits: number, shared: Shared): StepReport {
      while (search.moves < searchMoves && search.bestTicks > boundTicks && !shared.interrupted()) {
        search.run();
      }
      const knownTicks = Math.round(shared.value / perTick);
      let bestTicks = Math.min(search.bestTicks, knownTicks);
      let best = search.bestTicks < knownTicks ? search.best : null;
      if (best !== null) {
        shared.progress({ improved: planOf(problem, view, best), bound: boundTicks * perTick });
        best = null;
      }
      const target = bestTicks - 1;
      const model = target < boundTicks ? null : assignmentModel(view, prices, target, cellsMax);
      if (model !== null && !shared.interrupted()) {
        const answer = engines.solve(model.model, {
          wallMs,
          nodesMax: Math.max(1, Math.floor(workUnits / workUnitsPerNode)),
          interrupted: shared.interrupted,
        });
        // The makespan is a whole number of ticks, so a bound may be rounded up, with some slack.
        const proven = Math.ceil(answer.bound - 1e-4);
        if (answer.status === "infeasible") boundTicks = bestTicks;
        else if (Number.isFinite(proven)) boundTicks = Math.max(boundTicks, proven);
        if (answer.solution !== null) {
          best = assignedIn(model, answer.solution, view.tasks.length);
          bestTicks = Math.round(answer.value);
        }
      }
      return {
        workUnits,
        improved: best === null ? null : planOf(problem, view, best),
        bound: Math.min(boundTicks, bestTicks) * perTick,
        // What is left is the engine's limit: it would only stop there again.
        done: true,
      };
    },
  };
}
