/**
 * Allocate, then order: depth-first branch and bound that first decides which activities share a
 * worker and then who goes first there, so that no schedule is met twice (M. Orr & O. Sinnen,
 * "Integrating task duplication in optimal task scheduling with communication delays", 2015, and
 * "Optimal task scheduling benefits from a duplicate-free state-space", JPDC 146, 2020), with the
 * propagation of propagate.ts at every node. The next activity is the one with the fewest workers
 * left for the contradictions seen at it (dom/wdeg: Boussemart et al., ECAI 2004).
 */
import { never, type ProcessorModel } from "../../processors/model.js";
import { createSchedule, type Schedule, timeSchedule } from "../../processors/schedule.js";
import {
  after,
  apart,
  before,
  copyPartial,
  emptyPartial,
  isDecided,
  type Partial,
  rootPartial,
  together,
  workersMax,
} from "./partial.js";
import { propagate } from "./propagate.js";
import { createPropagation, type Propagation } from "./propagation.js";
import { restrict, setOrder } from "./workers.js";

interface Level {
  readonly state: Partial;
  /** What is decided next: workers of `first`, or, if `second` is one, which of the two leads. */
  first: number;
  second: number;
  /** Workers, or 0 and 1 for who leads; the most promising first. */
  readonly ways: Int32Array;
  readonly scores: Float64Array;
  count: number;
  next: number;
}

export interface Branching {
  readonly model: ProcessorModel;
  readonly propagation: Propagation;
  readonly levels: Level[];
  /** Contradictions seen at each activity. */
  readonly weight: Float64Array;
  readonly schedule: Schedule;
  readonly tail: Int32Array;
  depth: number;
  nodes: number;
  /** Proven: no makespan is less. */
  bound: number;
  /** How far above the bound the next limit is that propagation is to refute. */
  leap: number;
  /** Makespan of `schedule`, if a node has been a better schedule than the limit. */
  makespan: number;
}

export function createBranching(model: ProcessorModel, tail: Int32Array): Branching {
  return {
    model,
    propagation: createPropagation(model, never),
    levels: [levelOf(model, rootPartial(model))],
    weight: new Float64Array(model.activities).fill(1),
    schedule: createSchedule(model),
    tail,
    depth: -1,
    nodes: 0,
    bound: model.floor,
    leap: 0,
    makespan: never,
  };
}

const levelOf = (_model: ProcessorModel, state: Partial): Level => ({
  state,
  first: 0,
  second: -1,
  ways: new Int32Array(workersMax + 1),
  scores: new Float64Array(workersMax + 1),
  count: 0,
  next: 0,
});

/**
 * Raises `bound` to the least limit that propagation alone does not refute, or to `most`: every
 * smaller makespan is impossible (destructive bound: R. Klein & A. Scholl, EJOR 112, 1999). False if
 * the work is spent first.
 */
export function raiseBound(search: Branching, most: number, workUnits: number): boolean {
  const { propagation, model } = search;
  const last = propagation.workUnits + workUnits;
  const trial = levelAt(search, 0).state;
  const root = rootPartial(model);
  while (search.bound < most && propagation.workUnits < last) {
    // What is refuted refutes all below it: leap, ever farther, and back to a single step.
    const limit = Math.min(most - 1, search.bound + search.leap);
    propagation.limit = limit;
    copyPartial(root, trial);
    if (!propagate(propagation, trial)) {
      search.bound = limit + 1;
      search.leap = search.leap * 2 + 1;
    } else if (search.leap === 0) return true;
    else search.leap = 0;
  }
  return search.bound >= most;
}

/** Begins the search for schedules of a makespan of at most `limit`. True if that is one already. */
export function beginBranching(search: Branching, limit: number): boolean {
  const { propagation, model, levels } = search;
  propagation.limit = limit;
  const root = levels[0] as Level;
  copyPartial(rootPartial(model), root.state);
  search.depth = -1;
  if (limit < 0 || !propagate(propagation, root.state)) return false;
  if (!choose(search, root)) return accept(search, root.state);
  search.depth = 0;
  return false;
}

/** Nodes until `workUnits` are spent, a better schedule is found, or all is searched. */
export function branch(search: Branching, workUnits: number): boolean {
  const { propagation, levels } = search;
  const last = propagation.workUnits + workUnits;
  while (search.depth >= 0 && propagation.workUnits < last) {
    const level = levels[search.depth] as Level;
    if (level.next >= level.count) {
      search.depth--;
      continue;
    }
    const way = level.ways[level.next++] as number;
    const below = levelAt(search, search.depth + 1);
    copyPartial(level.state, below.state);
    search.nodes++;
    if (!decide(search, level, below.state, way) || !propagate(propagation, below.state)) {
      const { culprit } = propagation;
      search.weight[culprit] = (search.weight[culprit] as number) + 1;
      continue;
    }
    if (choose(search, below)) search.depth++;
    else if (accept(search, below.state)) return true;
  }
  return false;
}

function levelAt({ levels, model }: Branching, depth: number): Level {
  const known = levels[depth];
  if (known !== undefined) return known;
  const level = levelOf(model, emptyPartial(model));
  levels.push(level);
  return level;
}

function decide({ propagation, model }: Branching, level: Level, state: Partial, way: number) {
  const { first, second } = level;
  if (second < 0) return restrict(propagation, state, first, 1 << way);
  if (way === 0) setOrder(state, model.activities, first, second);
  else setOrder(state, model.activities, second, first);
  return true;
}

/** A schedule: its times are the heads. */
function accept(search: Branching, state: Partial): boolean {
  const { model, schedule, propagation } = search;
  schedule.order.forEach((_, place) => {
    schedule.order[place] = place;
    schedule.worker[place] = 31 - Math.clz32(state.domain[place] as number);
  });
  schedule.order.sort((a, b) => (state.head[a] as number) - (state.head[b] as number) || a - b);
  const makespan = timeSchedule(model, schedule, search.tail, never);
  if (makespan > propagation.limit) return false;
  search.makespan = makespan;
  propagation.limit = makespan - 1;
  return true;
}

/** What to decide next; false if nothing is left to decide. */
function choose(search: Branching, level: Level): boolean {
  level.next = 0;
  return chooseWorker(search, level) || chooseOrder(search, level);
}

function chooseWorker(search: Branching, level: Level): boolean {
  const { model, weight } = search;
  const { domain, duration, head, tail } = level.state;
  const used = usedWorkers(level.state);
  let best = -1;
  let bestCount = 0;
  let bestWeight = 0;
  let bestPath = 0;
  for (let i = 0; i < domain.length; i++) {
    const of = domain[i] as number;
    if (isDecided(of)) continue;
    const count = distinctWorkers(model, of, used);
    const path = (head[i] as number) + (duration[i] as number) + (tail[i] as number);
    // count / weight, compared without division.
    const ours = count * bestWeight;
    const theirs = bestCount * (weight[i] as number);
    if (best >= 0 && (ours > theirs || (ours === theirs && path <= bestPath))) continue;
    best = i;
    bestCount = count;
    bestWeight = weight[i] as number;
    bestPath = path;
  }
  if (best < 0) return false;
  level.first = best;
  level.second = -1;
  level.count = 0;
  let seenKinds = 0;
  for (let rest = domain[best] as number; rest !== 0; rest &= rest - 1) {
    const worker = 31 - Math.clz32(rest & -rest);
    if ((used & (1 << worker)) === 0) {
      // Workers of one kind on which nothing runs yet are one choice.
      const kind = 1 << (model.kind[worker] as number);
      if ((seenKinds & kind) !== 0) continue;
      seenKinds |= kind;
    }
    insertWay(level, worker, promise(model, level.state, best, worker));
  }
  return true;
}

function usedWorkers({ domain }: Partial): number {
  let used = 0;
  for (let i = 0; i < domain.length; i++) {
    if (isDecided(domain[i] as number)) used |= domain[i] as number;
  }
  return used;
}

function distinctWorkers({ kind }: ProcessorModel, domain: number, used: number): number {
  let count = 0;
  let seen = 0;
  for (let rest = domain; rest !== 0; rest &= rest - 1) {
    const worker = 31 - Math.clz32(rest & -rest);
    const bit = 1 << (kind[worker] as number);
    if ((used & (1 << worker)) === 0) {
      if ((seen & bit) !== 0) continue;
      seen |= bit;
    }
    count++;
  }
  return count;
}

/** When the activity could end on the worker, by what is decided; the least is tried first. */
function promise(model: ProcessorModel, state: Partial, activity: number, worker: number): number {
  const { arcs, activities, workers, earliest, duration } = model;
  const { head, domain, pair } = state;
  const bit = 1 << worker;
  let at = Math.max(head[activity] as number, earliest[activity * workers + worker] as number);
  for (let arc = arcs.into[activity] as number; arc < (arcs.into[activity + 1] as number); arc++) {
    const from = arcs.from[arc] as number;
    const end = (head[from] as number) + (state.duration[from] as number);
    const wait = (domain[from] as number) & bit ? arcs.lag[arc] : arcs.apartMin[arc];
    at = Math.max(at, end + (wait as number));
  }
  let load = 0;
  for (let other = 0; other < activities; other++) {
    if (domain[other] !== bit) continue;
    if (((pair[other * activities + activity] as number) & after) !== 0) continue;
    const end = (head[other] as number) + (state.duration[other] as number);
    if (end > at) load += Math.min(end - at, state.duration[other] as number);
  }
  return at + load + (duration[activity * workers + worker] as number);
}

function insertWay(level: Level, way: number, score: number): void {
  let place = level.count++;
  while (place > 0 && (level.scores[place - 1] as number) > score) {
    level.ways[place] = level.ways[place - 1] as number;
    level.scores[place] = level.scores[place - 1] as number;
    place--;
  }
  level.ways[place] = way;
  level.scores[place] = score;
}

/** The pair on one worker with the least room in either order. */
function chooseOrder({ propagation }: Branching, level: Level): boolean {
  const { head, tail, duration, pair } = level.state;
  const n = head.length;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const flags = pair[i * n + j] as number;
      if ((flags & together) === 0 || (flags & (before | after | apart)) !== 0) continue;
      const both = (duration[i] as number) + (duration[j] as number);
      const lead = propagation.limit - (head[i] as number) - (tail[j] as number) - both;
      const follow = propagation.limit - (head[j] as number) - (tail[i] as number) - both;
      const room = Math.min(lead, follow) * 4 + Math.max(lead, follow);
      if (room >= least) continue;
      least = room;
      level.first = i;
      level.second = j;
      level.ways[0] = lead >= follow ? 0 : 1;
      level.ways[1] = lead >= follow ? 1 : 0;
    }
  }
  level.count = 2;
  return least < Number.POSITIVE_INFINITY;
}
