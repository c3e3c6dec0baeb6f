/**
 * Place now: a plan at once, for every task, so that dispatch never waits for a solver. List
 * scheduling with insertion, by upward rank: the mean duration of a task and of the longest path
 * behind it (HEFT: Topcuoglu, Hariri & Wu, IEEE TPDS 13(3), 2002).
 */
import { type Choice, decodePartly, freeChoice } from "./decode.js";
import type { Plan } from "./plan.js";
import { prepare } from "./prepare.js";
import { rankOrder } from "./priority.js";
import type { Problem } from "./problem.js";

export { priorityOrders, randomisedOrder, rankOrder } from "./priority.js";

/**
 * Kept tasks in their previous order, then free ones by upward rank. A task for which no option
 * ends within the horizon (its only worker drains, say) stays unplaced and so does what waits for
 * it: worker and option `none`, at the horizon. The rest is feasible.
 */
export function greedy(problem: Problem): Plan {
  return placeInOrder(problem, rankOrder(problem, "bottom_level"), freeChoice(problem));
}

/** As `greedy`, in a given order and with given workers and options. */
export function placeInOrder(problem: Problem, order: Int32Array, choice: Choice): Plan {
  return decodePartly(prepare(problem), order, choice).plan;
}
