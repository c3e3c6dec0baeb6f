/**
 * Tabu search over schedules of a shop: in every iteration the best move by estimate that is not
 * tabu, then exact longest paths (Nowicki & Smutnicki 1996; Zhang et al. 2008; Peng, Lü & Cheng
 * 2015). Tenures are counted in iterations, so a run repeats bit by bit.
 *
 * What is tabu is a key: of operations at their places in a sequence, or of an operation on a
 * machine. Keys share a hashed table; two that collide forbid one move too many, now and then.
 */
import { randomInteger } from "../../core/random.js";
import { type CriticalPath, createPath, tracePath } from "./critical.js";
import { layOut, reinsert, type Schedule } from "./schedule.js";

/** Writes its choice into `pick`; leaves `pick.op` at -1 where there is no move. */
export type Neighbourhood = (search: TabuSearch) => void;

export interface TabuSearch {
  readonly schedule: Schedule;
  readonly random: () => number;
  readonly neighbourhood: Neighbourhood;
  readonly path: CriticalPath;
  readonly pick: Pick;
  readonly best: Snapshot;
  /** Scratch memory of estimates. */
  readonly heads: Int32Array;
  readonly expiry: Int32Array;
  iteration: number;
  readonly tenure: number;
}

/** A move: `op` in `way` right after `left`, and what becomes tabu by it. */
export interface Pick {
  op: number;
  way: number;
  left: number;
  key: number;
  estimate: number;
  ties: number;
  /** One of all moves by chance, for when all are tabu. */
  anyOp: number;
  anyWay: number;
  anyLeft: number;
  anyKey: number;
  seen: number;
}

export interface Snapshot {
  makespan: number;
  readonly way: Int32Array;
  /** Respects the precedence and gives the sequences. */
  readonly order: Int32Array;
  readonly start: Int32Array;
}

const tableSize = 2 ** 16;
const infinite = 2 ** 31 - 1;

export const createSnapshot = (count: number): Snapshot => ({
  makespan: infinite,
  way: new Int32Array(count),
  order: new Int32Array(count),
  start: new Int32Array(count),
});

export function createTabuSearch(
  schedule: Schedule,
  random: () => number,
  neighbourhood: Neighbourhood,
): TabuSearch {
  const { model } = schedule;
  const { count } = model;
  const used = new Set(model.wayMachine).size;
  const load = used === 0 ? 0 : count / used / used;
  return {
    schedule,
    random,
    neighbourhood,
    path: createPath(count),
    pick: {
      op: -1,
      way: -1,
      left: -1,
      key: 0,
      estimate: infinite,
      ties: 0,
      anyOp: -1,
      anyWay: -1,
      anyLeft: -1,
      anyKey: 0,
      seen: 0,
    },
    best: createSnapshot(count),
    heads: new Int32Array(count + 1),
    expiry: new Int32Array(tableSize),
    iteration: 1,
    // As in TS/SA and TS/PR: ten, and the jobs per machine.
    tenure: 10 + Math.round(Math.min(load, 40)),
  };
}

export function saveSnapshot(schedule: Schedule, into: Snapshot): void {
  const { model, way, order, end, duration } = schedule;
  into.makespan = schedule.makespan;
  into.order.set(order);
  for (let op = 0; op < model.count; op += 1) {
    into.way[op] = way[op] as number;
    into.start[op] = (end[op] as number) - (duration[op] as number);
  }
  schedule.steps += model.count;
}

export function copySnapshot(from: Snapshot, to: Snapshot): void {
  to.makespan = from.makespan;
  to.way.set(from.way);
  to.order.set(from.order);
  to.start.set(from.start);
}

/** Begins a new search from where the schedule is now. */
export function beginTabu(search: TabuSearch): void {
  // All that was tabu has expired.
  search.iteration += 4 * search.tenure + 64;
  saveSnapshot(search.schedule, search.best);
}

export const restore = (schedule: Schedule, from: Snapshot): void =>
  layOut(schedule, from.way, from.order);

/** One iteration; false if no move is left. */
export function tabuStep(search: TabuSearch): boolean {
  const { schedule, pick, path } = search;
  tracePath(schedule, search.random, path);
  pick.op = -1;
  pick.anyOp = -1;
  pick.estimate = infinite;
  pick.ties = 0;
  pick.seen = 0;
  search.neighbourhood(search);
  if (pick.op < 0) {
    if (pick.anyOp < 0) return false;
    pick.op = pick.anyOp;
    pick.way = pick.anyWay;
    pick.left = pick.anyLeft;
    pick.key = pick.anyKey;
  }
  search.iteration += 1;
  applyPick(search);
  if (schedule.makespan < search.best.makespan) saveSnapshot(schedule, search.best);
  return true;
}

function applyPick(search: TabuSearch): void {
  const { schedule, pick } = search;
  const { op, way, left } = pick;
  const { machine, model, rank, previous } = schedule;
  const from = machine[op] as number;
  if (model.wayMachine[way] !== from || way !== schedule.way[op]) {
    const old = schedule.way[op] as number;
    const moved = reinsert(schedule, op, way, left);
    forbid(search, moved ? assignmentKey(op, old) : pick.key);
    return;
  }
  const none = model.count;
  const oldRank = rank[op] as number;
  const isBack = left !== none && (rank[left] as number) > oldRank;
  const begin = isBack ? op : left === none ? (schedule.firstOn[from] as number) : (schedule.next[left] as number);
  const stop = isBack ? left : op;
  let key = 0;
  for (let x = stop; ; x = previous[x] as number) {
    key = (key + placeKey(x, rank[x] as number)) | 0;
    if (x === begin) break;
  }
  // What closes a cycle is not to be tried again soon.
  forbid(search, reinsert(schedule, op, way, left) ? key : pick.key);
}

function forbid(search: TabuSearch, key: number): void {
  const { expiry, tenure } = search;
  expiry[slotOf(key)] = search.iteration + tenure + randomInteger(search.random, tenure);
}

const isTabu = ({ expiry, iteration }: TabuSearch, key: number): boolean =>
  (expiry[slotOf(key)] as number) >= iteration;

const slotOf = (key: number): number => ((key ^ (key >>> 15)) >>> 0) & (tableSize - 1);

/** Of an operation at a place of its machine's sequence; keys of a stretch are added up. */
export function placeKey(op: number, rank: number): number {
  let key = Math.imul(op + 1, 0x9e3779b1) ^ Math.imul(rank + 1, 0x85ebca6b);
  key = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d);
  return key ^ (key >>> 13);
}

export const assignmentKey = (op: number, way: number): number => placeKey(way, op + 0x10000);

/** Considers a move; what is tabu counts only if it promises a new best. */
export function offer(
  search: TabuSearch,
  op: number,
  way: number,
  left: number,
  estimate: number,
  key: number,
): void {
  const { pick, random } = search;
  pick.seen += 1;
  if (pick.seen === 1 || randomInteger(random, pick.seen) === 0) {
    pick.anyOp = op;
    pick.anyWay = way;
    pick.anyLeft = left;
    pick.anyKey = key;
  }
  if (estimate > pick.estimate) return;
  if (estimate >= search.best.makespan && isTabu(search, key)) return;
  if (estimate === pick.estimate) {
    pick.ties += 1;
    if (randomInteger(random, pick.ties) !== 0) return;
  } else pick.ties = 1;
  pick.op = op;
  pick.way = way;
  pick.left = left;
  pick.key = key;
  pick.estimate = estimate;
}
