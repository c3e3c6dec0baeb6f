/**
 * States of exhaustive list scheduling with activities appended in the order of their starts
 * (A. Z. S. Shahul & O. Sinnen, "Scheduling task graphs optimally with A*", Journal of
 * Supercomputing 51, 2010). Since nothing begins earlier than what was last appended, all workers
 * count as busy until then. What lies in the past is forgotten: a state is the set of activities
 * that are appended, when each worker is free, and where and when those ended whose data may still
 * be on its way. Workers of one kind stand in an order that follows from the state, so schedules
 * that differ in their names are one state.
 */
import type { Graph } from "./graph.js";

export interface State {
  /** Sets of activities, two words each. */
  readonly done: Int32Array;
  readonly live: Int32Array;
  /** [m] By place. */
  readonly free: Int32Array;
  /** [n] Of live activities. */
  readonly finish: Int32Array;
  readonly place: Int32Array;
  /** [m] Scratch. */
  readonly rank: Int32Array;
  readonly until: Int32Array;
}

export const createState = ({ n, m }: Graph): State => ({
  done: new Int32Array(2),
  live: new Int32Array(2),
  free: new Int32Array(m),
  finish: new Int32Array(n),
  place: new Int32Array(n),
  rank: new Int32Array(m),
  until: new Int32Array(m),
});

export const isIn = (set: Int32Array, activity: number): boolean =>
  ((set[activity >= 31 ? 1 : 0] as number) & (1 << (activity % 31))) !== 0;

export const isSubset = (sets: Int32Array, at: number, set: Int32Array): boolean =>
  ((sets[at * 2] as number) & ~(set[0] as number)) === 0 &&
  ((sets[at * 2 + 1] as number) & ~(set[1] as number)) === 0;

/** When the data of all predecessors is at a place; what is not live any more has long been there. */
export function dataReady(graph: Graph, state: State, activity: number, place: number): number {
  const { model, m, earliest, linkAt } = graph;
  const { from, into, lag, apart, links } = model.arcs;
  let at = earliest[activity * m + place] as number;
  const last = into[activity + 1] as number;
  for (let arc = into[activity] as number; arc < last; arc++) {
    const source = from[arc] as number;
    if (!isIn(state.live, source)) continue;
    const on = state.place[source] as number;
    const wait =
      on === place
        ? (lag[arc] as number)
        : (apart[
            (arc * links + (linkAt[on] as number)) * links + (linkAt[place] as number)
          ] as number);
    const ready = (state.finish[source] as number) + wait;
    if (ready > at) at = ready;
  }
  return at;
}

/**
 * The state after appending, in `child`; `moved[k]` is the place in `parent` of the worker that is
 * at place k of the child. Nothing begins before `since` any more.
 */
export function append(
  graph: Graph,
  parent: State,
  activity: number,
  place: number,
  start: number,
  since: number,
  child: State,
  moved: Int32Array,
): void {
  const { m, duration } = graph;
  const { until } = child;
  const end = start + (duration[activity * m + place] as number);
  child.done[0] = parent.done[0] as number;
  child.done[1] = parent.done[1] as number;
  add(child.done, activity);
  let least = end;
  for (let at = 0; at < m; at++) {
    const free = at === place ? end : Math.max(since, parent.free[at] as number);
    until[at] = free;
    if (free < least) least = free;
  }
  keepLive(graph, parent, activity, place, end, least, child);
  sortPlaces(graph, child, moved);
}

/** What is appended is live as long as its data may arrive after `least`. */
function keepLive(
  graph: Graph,
  parent: State,
  activity: number,
  place: number,
  end: number,
  least: number,
  child: State,
): void {
  const { n, longestWait, after } = graph;
  const { live, finish, rank } = child;
  live[0] = 0;
  live[1] = 0;
  rank.fill(n);
  for (let of = 0; of < n; of++) {
    const isNew = of === activity;
    if (!isNew && !isIn(parent.live, of)) continue;
    const ended = isNew ? end : (parent.finish[of] as number);
    if (ended + (longestWait[of] as number) <= least) continue;
    if (isSubset(after, of, child.done)) continue;
    add(live, of);
    finish[of] = ended;
    const at = isNew ? place : (parent.place[of] as number);
    child.place[of] = at;
    if ((rank[at] as number) > of) rank[at] = of;
  }
}

/** Workers of one kind by their lowest live activity, then by when they are free. */
function sortPlaces({ n, m, kindFirst }: Graph, child: State, moved: Int32Array): void {
  const { rank, until, live, place } = child;
  moved[0] = 0;
  for (let at = 1; at < m; at++) {
    const first = kindFirst[at] as number;
    let to = at;
    while (to > first) {
      const other = moved[to - 1] as number;
      const order = (rank[other] as number) - (rank[at] as number);
      if (order < 0 || (order === 0 && (until[other] as number) <= (until[at] as number))) break;
      moved[to] = other;
      to--;
    }
    moved[to] = at;
  }
  for (let at = 0; at < m; at++) {
    child.free[at] = until[moved[at] as number] as number;
    // From here on `rank` holds the new place of each old one.
    rank[moved[at] as number] = at;
  }
  for (let of = 0; of < n; of++) {
    if (isIn(live, of)) place[of] = rank[place[of] as number] as number;
  }
}

function add(set: Int32Array, activity: number): void {
  const word = activity >= 31 ? 1 : 0;
  set[word] = (set[word] as number) | (1 << (activity % 31));
}

/** Returns the words used: sets, times of workers, and a word for each live activity. */
export function writeKey({ n, m }: Graph, state: State, key: Int32Array): number {
  key[0] = state.done[0] as number;
  key[1] = state.done[1] as number;
  key[2] = state.live[0] as number;
  key[3] = state.live[1] as number;
  let words = 4;
  for (let at = 0; at < m; at++) key[words++] = state.free[at] as number;
  for (let of = 0; of < n; of++) {
    if (!isIn(state.live, of)) continue;
    key[words++] = (state.finish[of] as number) * 32 + (state.place[of] as number);
  }
  return words;
}

export function readKey({ n, m }: Graph, keys: Int32Array, first: number, state: State): void {
  state.done[0] = keys[first] as number;
  state.done[1] = keys[first + 1] as number;
  state.live[0] = keys[first + 2] as number;
  state.live[1] = keys[first + 3] as number;
  let word = first + 4;
  for (let at = 0; at < m; at++) state.free[at] = keys[word++] as number;
  for (let of = 0; of < n; of++) {
    if (!isIn(state.live, of)) continue;
    const packed = keys[word++] as number;
    state.finish[of] = packed >>> 5;
    state.place[of] = packed & 31;
  }
}
