/** Topological orders, from keys, from priority rules and from the previous plan. */
import { leaveOut } from "../../core/choose-place.js";
import { priorityOrders } from "../../core/priority.js";
import { none, previousNever, taskRunning } from "../../core/problem.js";
import type { Kernel } from "./kernel.js";

/** Lower goes earlier. */
export type Keys = Float64Array;

/**
 * Tasks by key, ties in topological order, after raising each key to those of its predecessors, so
 * that the order is topological whatever the keys. `keys` is changed.
 */
export function orderByKeys(
  kernel: Kernel,
  keys: Keys,
  option: Int32Array | null = null,
): Int32Array {
  return sortByKeys(kernel, kernel.prepared.graph.topological, raiseKeys(kernel, keys, option));
}

/**
 * Raises each key to those of its predecessors, in place. With the options of a schedule, milestones
 * need not stand behind what is left out: they do not wait for it (`keepLeftOut`).
 */
export function raiseKeys(kernel: Kernel, keys: Keys, option: Int32Array | null): Keys {
  const { beforeMilestone } = kernel;
  const { block, state } = kernel.problem.tasks;
  const { topological, predecessorFirst, predecessor } = kernel.prepared.graph;
  for (let at = 0; at < topological.length; at += 1) {
    const task = topological[at] as number;
    // What runs has begun, whatever it waited for.
    if (state[task] === taskRunning) continue;
    let key = keys[task] as number;
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last; k += 1) {
      const before = predecessor[k] as number;
      const isVoid =
        option?.[before] === leaveOut && beforeMilestone[before] === 1 && block[task] === none;
      if (!isVoid) key = Math.max(key, keys[before] as number);
    }
    keys[task] = key;
  }
  return keys;
}

/** As above for keys that no edge contradicts; `almost` is an order that is nearly sorted. */
export function sortByKeys(
  kernel: Kernel,
  almost: Int32Array,
  keys: Keys | Int32Array,
): Int32Array {
  const rank = kernel.topologicalRank;
  // Arrays are sorted by a merge that uses existing runs, typed arrays are not.
  const sorted = Array.from(almost).sort(
    (a, b) =>
      (keys[a] as number) - (keys[b] as number) || (rank[a] as number) - (rank[b] as number),
  );
  return Int32Array.from(sorted);
}

/** Sorts in place an order that is nearly sorted already, which takes next to no time. */
export function settleOrder(kernel: Kernel, order: Int32Array, keys: Keys | Int32Array): void {
  const rank = kernel.topologicalRank;
  for (let at = 1; at < order.length; at += 1) {
    const task = order[at] as number;
    const key = keys[task] as number;
    let place = at;
    while (place > 0) {
      const other = order[place - 1] as number;
      const difference = (keys[other] as number) - key;
      if (difference < 0) break;
      if (difference === 0 && (rank[other] as number) < (rank[task] as number)) break;
      order[place] = other;
      place -= 1;
    }
    order[place] = task;
  }
}

/** The orders of core's priority rules, made topological, and one by heads. */
export function ruleOrders(kernel: Kernel): Int32Array[] {
  const orders = priorityOrders(kernel.problem).map(({ order }) =>
    orderByKeys(kernel, placesIn(order)),
  );
  orders.push(orderByKeys(kernel, Float64Array.from(kernel.head)));
  return orders;
}

/** The keys that give `order` back. */
export function placesIn(order: Int32Array): Keys {
  const keys = new Float64Array(order.length);
  for (let at = 0; at < order.length; at += 1) keys[order[at] as number] = at;
  return keys;
}

/** Starts in the previous plan; tasks that it did not have come at their heads. Null: no plan. */
export function previousKeys(kernel: Kernel): Keys | null {
  const { previousStart } = kernel.problem.tasks;
  if (previousStart.every((start) => start === previousNever)) return null;
  return Float64Array.from(previousStart, (start, task) =>
    start === previousNever ? (kernel.head[task] as number) : start,
  );
}
