/**
 * The orders that rule-based planning tries, best first known: the priority rules by themselves, then
 * two of them in one key, for a cluster wants short jobs to be over soon and long ones not to begin
 * late, and how much of either depends on how full it is. How much is found by bisection around the
 * best mixture so far; then orders near the best are sampled.
 *
 * Composite rules: Panwalkar & Iskander 1977. Sampling: Kolisch & Drexl 1996.
 */
import { priorityOrders, randomisedOrder, rankOrder } from "../../../core/greedy.js";
import type { Problem } from "../../../core/problem.js";

/** Every `yield` hands out an order and takes back the value of its plan, infinite if it has none. */
export type Orders = Generator<Int32Array, void, number>;

/** Beside them all other rules are tried by themselves only. */
const mixed = ["weighted_shortest_job", "bottom_level"] as const;
/** The second rule's part in the key; 0 and 1 are the rules by themselves. */
const mixtures = [0.3, 0.5, 0, 1, 0.7, 0.15];
const bisections = 8;
/** Of the best order, and then of the best of those, and so on. */
const samples = 24;

export function* ordersOf(problem: Problem, random: () => number): Orders {
  const rules = new Map(priorityOrders(problem).map(({ name, order }) => [name, order]));
  const [first, second] = mixed.map((name) => placesIn(rules.get(name) ?? new Int32Array(0)));
  if (first === undefined || second === undefined) return;
  let best: { readonly order: Int32Array; readonly value: number } = {
    order: rules.get(mixed[0]) ?? new Int32Array(0),
    value: Number.POSITIVE_INFINITY,
  };
  const note = (order: Int32Array, value: number): boolean => {
    if (value >= best.value) return false;
    best = { order, value };
    return true;
  };
  let share = mixtures[0] as number;
  let step = 0.1;
  for (const part of mixtures) {
    const order = mixture(first, second, part);
    if (note(order, yield order)) share = part;
  }
  for (const [name, order] of rules) {
    if (!mixed.some((known) => known === name)) note(order, yield order);
  }
  for (let k = 0; k < bisections; k += 1) {
    const part = share + (k % 2 === 0 ? step : -step);
    if (k % 2 === 1) step /= 2;
    if (part <= 0 || part >= 1) continue;
    const order = mixture(first, second, part);
    if (note(order, yield order)) share = part;
  }
  for (let k = 0; k < samples; k += 1) {
    const order = randomisedOrder(problem, best.order, random);
    note(order, yield order);
  }
}

/** The first of them, for who has time for one. */
export function firstOrder(problem: Problem): Int32Array {
  const [first, second] = mixed.map((name) => placesIn(rankOrder(problem, name)));
  if (first === undefined || second === undefined) return new Int32Array(0);
  return mixture(first, second, mixtures[0] as number);
}

/** Place of each task in an order. */
function placesIn(order: Int32Array): Int32Array {
  const places = new Int32Array(order.length);
  for (let at = 0; at < order.length; at += 1) places[order[at] as number] = at;
  return places;
}

/** Tasks by their places in two orders, weighed. */
function mixture(first: Int32Array, second: Int32Array, share: number): Int32Array {
  const key = Float64Array.from(
    first,
    (place, task) => (1 - share) * place + share * (second[task] as number),
  );
  const order = Int32Array.from(first, (_, task) => task);
  return order.sort((a, b) => (key[a] as number) - (key[b] as number) || a - b);
}
