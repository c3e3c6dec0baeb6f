/**
 * Best-first search over states of list scheduling, in buckets of f. The least f of the open states
 * is a bound all the time; when no state below the best known makespan is left, that is optimal.
 * Estimates in full are computed when a state comes up, not when it is made: most never come up.
 */
import { never } from "../../processors/model.js";
import type { Schedule } from "../../processors/schedule.js";
import { type Arena, addState, createArena, hashOf, isFull, isKnown } from "./arena.js";
import { estimate } from "./estimates.js";
import { firstInOrder } from "./fixed-order.js";
import type { Graph } from "./graph.js";
import {
  append,
  createState,
  dataReady,
  isIn,
  isSubset,
  readKey,
  type State,
  writeKey,
} from "./state.js";

export interface BestFirst {
  readonly graph: Graph;
  readonly arena: Arena;
  /** First state of each bucket, or -1; bucket k holds f = floor + k. */
  buckets: Int32Array;
  floor: number;
  /** No open state has a lower f. */
  bound: number;
  /** Best known makespan; nothing at or above it is looked at. */
  limit: number;
  /** Open states are exhausted below the limit. */
  finished: boolean;
  full: boolean;
  expanded: number;
  workUnits: number;
  readonly current: State;
  readonly child: State;
  readonly key: Int32Array;
  readonly moved: Int32Array;
  readonly ready: Int32Array;
  readonly scratch: Int32Array;
  readonly level: Int32Array;
}

/** A child costs about as much as so many probes of a worker. */
const unitsPerChild = 4;

/** `bound` is proven elsewhere; `limit` is a makespan that is known. */
export function createBestFirst(graph: Graph, bound: number, limit: number): BestFirst {
  const { n, m } = graph;
  const search: BestFirst = {
    graph,
    arena: createArena(),
    buckets: new Int32Array(Math.max(1, limit - bound)).fill(-1),
    floor: bound,
    bound,
    limit,
    finished: bound >= limit,
    full: false,
    expanded: 0,
    workUnits: 0,
    current: createState(graph),
    child: createState(graph),
    key: new Int32Array(4 + m + n),
    moved: new Int32Array(m),
    ready: new Int32Array(n),
    scratch: new Int32Array(n),
    level: new Int32Array(m),
  };
  const words = writeKey(graph, search.current, search.key);
  const root = addState(search.arena, search.key, words, hashOf(search.key, words), 0, -1, -1);
  open(search, root, bound);
  return search;
}

function open({ arena, buckets, floor }: BestFirst, state: number, f: number): void {
  const bucket = Math.max(0, f - floor);
  arena.next[state] = buckets[bucket] as number;
  buckets[bucket] = state;
}

/**
 * Expands states until `workUnits` are spent, a better schedule is found (its last state is
 * returned) or nothing is left. -1: no better schedule.
 */
export function expandBest(search: BestFirst, workUnits: number): number {
  const last = search.workUnits + workUnits;
  while (search.workUnits < last && !search.finished && !search.full) {
    const state = takeBest(search);
    if (state < 0) {
      search.finished = true;
      search.bound = search.limit;
      return -1;
    }
    const found = expand(search, state);
    if (found >= 0) return found;
  }
  return -1;
}

/** The last opened of the states of least f, with that f in `bound`. */
function takeBest(search: BestFirst): number {
  const { arena, buckets, graph, current, floor } = search;
  while (search.bound < search.limit) {
    const bucket = search.bound - floor;
    const state = buckets[bucket] as number;
    if (state < 0) {
      search.bound++;
      continue;
    }
    buckets[bucket] = arena.next[state] as number;
    readKey(graph, arena.keys, arena.keyFirst[state] as number, current);
    if (arena.sharp[state] === 1) return state;
    arena.sharp[state] = 1;
    search.workUnits += 1 + (graph.n >> 3);
    const f = estimate(graph, current, search.scratch, search.level);
    if (f <= search.bound) return state;
    if (f < search.limit) open(search, state, f);
  }
  return -1;
}

function expand(search: BestFirst, state: number): number {
  const { graph, current, ready, arena, scratch } = search;
  const { n, m, before, twin } = graph;
  search.expanded++;
  let count = 0;
  for (let j = 0; j < n; j++) {
    if (!isIn(current.done, j) && isSubset(before, j, current.done)) ready[count++] = j;
  }
  const fixed = firstInOrder(graph, current, ready, count, scratch);
  const past = arena.past[state] as number;
  for (let k = 0; k < count; k++) {
    const j = fixed >= 0 ? fixed : (ready[k] as number);
    const other = twin[j] as number;
    if (fixed < 0 && other >= 0 && !isIn(current.done, other)) continue;
    for (let place = 0; place < m; place++) {
      if (isLikeBefore(graph, current, place)) continue;
      const found = make(search, state, past, j, place, fixed >= 0);
      if (found >= 0) return found;
      if (search.full) return -1;
    }
    if (fixed >= 0) break;
  }
  return -1;
}

/** A worker of the same kind at the place before is free at the same time, and neither has data. */
function isLikeBefore({ n, kindFirst }: Graph, state: State, place: number): boolean {
  if (place === kindFirst[place] || state.free[place] !== state.free[place - 1]) return false;
  for (let of = 0; of < n; of++) {
    if (!isIn(state.live, of)) continue;
    if (state.place[of] === place || state.place[of] === place - 1) return false;
  }
  return true;
}

/** Makes a child, unless it is known or too long; returns it if it is a whole schedule. */
function make(
  search: BestFirst,
  state: number,
  pastBefore: number,
  j: number,
  place: number,
  isFixed: boolean,
): number {
  const { graph, arena, current, child, key, moved } = search;
  const { m, duration, tail } = graph;
  const time = duration[j * m + place] as number;
  if (time >= never) return -1;
  search.workUnits += unitsPerChild;
  const start = Math.max(current.free[place] as number, dataReady(graph, current, j, place));
  const past = Math.max(pastBefore, start + time + (tail[j] as number));
  if (past >= search.limit) return -1;
  append(graph, current, j, place, start, isFixed ? 0 : start, child, moved);
  const f = Math.max(past, search.bound, averageEnd(graph, child));
  if (f >= search.limit) return -1;
  const words = writeKey(graph, child, key);
  const hash = hashOf(key, words);
  if (isKnown(arena, key, words, hash, past)) return -1;
  if (isFull(arena, words)) {
    search.full = true;
    // The state is open still.
    open(search, state, search.bound);
    return -1;
  }
  const made = addState(
    arena,
    key,
    words,
    hash,
    past,
    state,
    (j * 32 + place) * 2 + (isFixed ? 1 : 0),
  );
  if (isComplete(graph, child)) {
    search.limit = Math.max(past, graph.model.floor);
    // Its other children may be better still.
    open(search, state, search.bound);
    return made;
  }
  open(search, made, f);
  return -1;
}

const isComplete = ({ n }: Graph, { done }: State): boolean => {
  for (let j = 0; j < n; j++) if (!isIn(done, j)) return false;
  return true;
};

/** If all workers ended at once. */
function averageEnd({ n, m, model }: Graph, { done, free }: State): number {
  let work = 0;
  for (let j = 0; j < n; j++) if (!isIn(done, j)) work += model.shortest[j] as number;
  for (let at = 0; at < m; at++) work += free[at] as number;
  return Math.ceil(work / m);
}

/** Order and workers of the schedule that a complete state ends. Times are to be computed. */
export function scheduleOf(search: BestFirst, state: number, schedule: Schedule): void {
  const { arena, graph, moved } = search;
  const { n, workerAt } = graph;
  const moves: number[] = [];
  for (let at = state; (arena.parent[at] as number) >= 0; at = arena.parent[at] as number) {
    moves.push(at);
  }
  moves.reverse();
  let actual = workerAt.slice();
  const from = createState(graph);
  const to = createState(graph);
  for (let k = 0; k < n; k++) {
    const at = moves[k] as number;
    const move = arena.move[at] as number;
    const j = move >>> 6;
    const place = (move >>> 1) & 31;
    readKey(graph, arena.keys, arena.keyFirst[arena.parent[at] as number] as number, from);
    const start = Math.max(from.free[place] as number, dataReady(graph, from, j, place));
    schedule.order[k] = j;
    schedule.worker[j] = actual[place] as number;
    append(graph, from, j, place, start, (move & 1) === 1 ? 0 : start, to, moved);
    actual = moved.map((old) => actual[old] as number);
  }
}
