/**
 * Large neighbourhood search over schedules (Shaw 1998; partial-order schedules: Godard, Laborie &
 * Nuijten 2005). Each step takes some tasks out of the schedule, keeps the order and the places of
 * the others and puts the tasks back. Neighbourhood, size and rule are drawn by what has paid; worse
 * schedules are accepted as in annealing.
 *
 * A generator: every `yield` is a point where the run may pause.
 */
import { choiceOf } from "../../../core/decode.js";
import { isMilestone, previousNever, taskFree } from "../../../core/problem.js";
import { repair } from "../../../core/repair.js";
import { criticalChain } from "../../schedule/critical-chain.js";
import type { Kernel } from "../../schedule/kernel.js";
import { orderByKeys } from "../../schedule/orders.js";
import { decodeAll, type Search, startSearch, takeForeign } from "../../schedule/search.js";
import { createBandit, draw, reward } from "./bandit.js";
import { decodeBatch } from "./decode-batch.js";
import { localBatch } from "./local-batch.js";
import { createWheel, type Wheel } from "./wheel.js";

/** Ends only where there is nothing to choose. */
export function* explore(search: Search): Generator<void, void, void> {
  const disturbed = yield* startFromRepair(search);
  yield* startSearch(search);
  if (search.best.value === Number.POSITIVE_INFINITY) return;
  const movable = movableOf(search.kernel);
  if (movable.length === 0) return;
  yield* improve(search, movable, disturbed);
}

const movableOf = (kernel: Kernel): Int32Array =>
  kernel.movable.filter((task) => kernel.problem.tasks.state[task] === taskFree);

/** Larger problems leave the repair of a plan to those who make it at once. */
const repairTasksMax = 20_000;

/** The previous plan, repaired; returns the tasks that had lost their place. */
function* startFromRepair(search: Search): Generator<void, Int32Array, void> {
  const { kernel } = search;
  const { tasks } = kernel.problem;
  const nothing = new Int32Array(0);
  const isNew = tasks.previousStart.every((start) => start === previousNever);
  if (isNew || tasks.count > repairTasksMax) return nothing;
  const { plan, disturbed, unplaced } = repair(kernel.problem);
  search.draft.workUnits += 4 * tasks.count;
  if (unplaced === 0) {
    yield* decodeAll(search, orderByKeys(kernel, Float64Array.from(plan.start)), choiceOf(plan));
  }
  // What is new was never anywhere: only lost places are worth a neighbourhood of their own.
  return disturbed.filter(
    (task) => tasks.state[task] === taskFree && !isMilestone(kernel.problem, task),
  );
}

/** Batches of steps that decode from the first change on, and of steps that touch a few tasks only. */
function* improve(
  search: Search,
  movable: Int32Array,
  disturbed: Int32Array,
): Generator<void, void, void> {
  const { draft, best, random } = search;
  const wheel = createWheel(search, movable, disturbed);
  const batches = [decodeBatch, localBatch] as const;
  const byBatch = createBandit([1, 1]);
  while (true) {
    if (search.foreign !== null) takeForeign(search);
    refreshChain(search, wheel);
    const arm = draw(byBatch, random);
    const before = draft.workUnits;
    const value = best.value;
    yield* (batches[arm] as typeof decodeBatch)(search, wheel);
    // A gain of a thousandth in one batch is a good one.
    const gain = value > 0 ? Math.min(4, (1000 * (value - best.value)) / value) : 0;
    reward(byBatch, arm, gain, draft.workUnits - before);
  }
}

function refreshChain(search: Search, wheel: Wheel): void {
  if (search.kernel.problem.weights.makespan === 0) return;
  wheel.around.chain = criticalChain(search.kernel, search.current);
}
