/**
 * Admissible estimates of a state: paths from what can begin now, and the work that has to be done
 * long enough before the end, poured over the workers from when they are free.
 */
import type { Graph } from "./graph.js";
import { dataReady, isIn, isSubset, type State } from "./state.js";

/** Never above the makespan of any schedule that the state leads to. `head` is scratch. */
export function estimate(graph: Graph, state: State, head: Int32Array, level: Int32Array): number {
  return Math.max(pathEstimate(graph, state, head), workEstimate(graph, state, level));
}

function pathEstimate(graph: Graph, state: State, head: Int32Array): number {
  const { n, m, model, tail, before, duration } = graph;
  const { arcs, shortest } = model;
  let least = state.free[0] as number;
  for (let at = 1; at < m; at++) least = Math.min(least, state.free[at] as number);
  let longest = 0;
  for (let j = 0; j < n; j++) {
    if (isIn(state.done, j)) continue;
    let end: number;
    if (isSubset(before, j, state.done)) {
      end = 2 ** 30;
      for (let at = 0; at < m; at++) {
        const ready = dataReady(graph, state, j, at);
        const start = Math.max(ready, state.free[at] as number);
        end = Math.min(end, start + (duration[j * m + at] as number));
      }
    } else {
      let start = Math.max(least, graph.head[j] as number);
      for (let arc = arcs.into[j] as number; arc < (arcs.into[j + 1] as number); arc++) {
        const source = arcs.from[arc] as number;
        // Of what is done, the places decide; here only what is still to come counts.
        if (isIn(state.done, source)) continue;
        start = Math.max(start, (head[source] as number) + (arcs.lag[arc] as number));
      }
      end = start + (shortest[j] as number);
    }
    head[j] = end;
    longest = Math.max(longest, end + (tail[j] as number));
  }
  return longest;
}

function workEstimate(graph: Graph, state: State, level: Int32Array): number {
  const { n, m, model, tail, byTail } = graph;
  level.set(state.free);
  level.sort();
  let work = 0;
  let longest = 0;
  let open = 1;
  // Sum of the open workers' times: they are filled to one level.
  let base = level[0] as number;
  for (let k = 0; k < n; k++) {
    const j = byTail[k] as number;
    if (isIn(state.done, j)) continue;
    work += model.shortest[j] as number;
    while (open < m && (level[open] as number) * open - base < work) {
      base += level[open] as number;
      open++;
    }
    const until = Math.ceil((base + work) / open);
    longest = Math.max(longest, until + (tail[j] as number));
  }
  return longest;
}
