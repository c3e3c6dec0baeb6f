/**
 * Ready activities whose order is known beforehand (O. Sinnen, "Reducing the solution space of
 * optimal task scheduling", Computers & Operations Research 43, 2014): each waits for at most one
 * activity, all of these on one worker, and feeds at most one, the same for all. If they can be
 * sorted so that data comes ever later and what they send weighs ever less, some best schedule
 * appends them in that order.
 */
import type { Graph } from "./graph.js";
import { isIn, type State } from "./state.js";

/** The first of the `count` ready activities in the fixed order, or -1 where none is known. */
export function firstInOrder(
  graph: Graph,
  state: State,
  ready: Int32Array,
  count: number,
  arrives: Int32Array,
): number {
  const { model, m } = graph;
  const { arcs } = model;
  if (arcs.links !== 1) return -1;
  if (!feedOne(graph, ready, count)) return -1;
  let source = -1;
  for (let k = 0; k < count; k++) {
    const j = ready[k] as number;
    const first = arcs.into[j] as number;
    let arrival = 0;
    if (first < (arcs.into[j + 1] as number) && isIn(state.live, arcs.from[first] as number)) {
      const from = arcs.from[first] as number;
      const on = state.place[from] as number;
      if ((arcs.lag[first] as number) > 0 || (source >= 0 && on !== source)) return -1;
      source = on;
      arrival = (state.finish[from] as number) + (arcs.apart[first] as number);
    }
    for (let at = 0; at < m; at++) {
      if ((graph.earliest[j * m + at] as number) > (state.free[at] as number)) return -1;
    }
    // Sorted by arrival, then by falling weight of what is sent.
    let place = k;
    while (place > 0 && comesBefore(graph, j, arrival, ready[place - 1] as number, arrives)) {
      ready[place] = ready[place - 1] as number;
      place--;
    }
    ready[place] = j;
    arrives[j] = arrival;
  }
  for (let k = 1; k < count; k++) {
    if (sends(graph, ready[k] as number) > sends(graph, ready[k - 1] as number)) return -1;
  }
  return ready[0] as number;
}

/** Each waits for one activity at most, and feeds at most one, which is the same for all. */
function feedOne({ model }: Graph, ready: Int32Array, count: number): boolean {
  const { arcs, delivery } = model;
  let target = -2;
  for (let k = 0; k < count; k++) {
    const j = ready[k] as number;
    const out = arcs.out[j] as number;
    const inDegree = (arcs.into[j + 1] as number) - (arcs.into[j] as number);
    const outDegree = (arcs.out[j + 1] as number) - out;
    if (inDegree > 1 || outDegree > 1 || (delivery[j] as number) > 0) return false;
    const arc = outDegree === 0 ? -1 : (arcs.outArc[out] as number);
    const feeds = arc < 0 ? -1 : (arcs.to[arc] as number);
    if (target !== -2 && feeds !== target) return false;
    target = feeds;
    if (arc >= 0 && (arcs.lag[arc] as number) > 0) return false;
  }
  return true;
}

function sends({ model }: Graph, j: number): number {
  const { arcs } = model;
  const out = arcs.out[j] as number;
  return out === (arcs.out[j + 1] as number)
    ? 0
    : (arcs.apart[arcs.outArc[out] as number] as number);
}

function comesBefore(
  graph: Graph,
  j: number,
  arrival: number,
  other: number,
  arrives: Int32Array,
): boolean {
  const arrivesOther = arrives[other] as number;
  if (arrival !== arrivesOther) return arrival < arrivesOther;
  const difference = sends(graph, j) - sends(graph, other);
  return difference > 0 || (difference === 0 && j < other);
}
