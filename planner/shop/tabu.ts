/**
 * Tabu search over schedules of a shop: in every iteration the best move by estimate that is not
 * tabu, then exact longest paths (Nowicki & Smutnicki 1996; Zhang et al. 2008; Peng, Lü & Cheng
 * 2015). Tenures are counted in iterations, so a run repeats bit by bit.
 *
 * Tabu are moves that bring back no arc but such as were turned lately, or an operation to a way that
 * it left lately. Keys share a hashed table; two that collide forbid a move too many, now and then.
 */
import { randomInteger } from "../../core/random.js";
import { type CriticalPath, createPath, tracePath } from "./critical.js";
import { reinsert } from "./reinsert.js";
import type { Schedule } from "./schedule.js";

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

/**
 * A move: `op` in `way` right after `left`, and what becomes tabu by it. With a `partner`, that one
 * takes the place that `op` leaves.
 */
export interface Pick {
  op: number;
  way: number;
  left: number;
  passed: number;
  /** -1: none. */
  partner: number;
  partnerWay: number;
  estimate: number;
  ties: number;
  /** One of all moves by chance, for when all are tabu. */
  anyOp: number;
  anyWay: number;
  anyLeft: number;
  anyPassed: number;
  seen: number;
}

export interface Snapshot {
  makespan: number;
  readonly way: Int32Array;
  /** Respects the precedence and gives the sequences. */
  readonly order: Int32Array;
  readonly start: Int32Array;
  /** What comes right before on the machine. */
  readonly previous: Int32Array;
}

const tableSize = 2 ** 16;
const wayTenure = 3;
const wayTenureMax = 8;
const infinite = 2 ** 31 - 1;

export const createSnapshot = (count: number): Snapshot => ({
  makespan: infinite,
  way: new Int32Array(count),
  order: new Int32Array(count),
  start: new Int32Array(count),
  previous: new Int32Array(count),
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
      passed: 0,
      partner: -1,
      partnerWay: -1,
      estimate: infinite,
      ties: 0,
      anyOp: -1,
      anyWay: -1,
      anyLeft: -1,
      anyPassed: 0,
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
  const { model, way, order, end, duration, previous } = schedule;
  into.makespan = schedule.makespan;
  into.order.set(order);
  for (let op = 0; op < model.count; op += 1) {
    into.previous[op] = previous[op] as number;
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
  to.previous.set(from.previous);
}

/** Begins a new search from where the schedule is now. */
export function beginTabu(search: TabuSearch): void {
  // All that was tabu has expired.
  search.iteration += 4 * search.tenure + 64;
  saveSnapshot(search.schedule, search.best);
}

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
    pick.passed = pick.anyPassed;
    pick.partner = -1;
  }
  search.iteration += 1;
  if (pick.partner >= 0) applyExchange(search);
  else applyPick(search);
  if (schedule.makespan < search.best.makespan) saveSnapshot(schedule, search.best);
  return true;
}

function applyPick(search: TabuSearch): void {
  const { schedule, pick } = search;
  const { op, way, left, passed } = pick;
  const { next, previous } = schedule;
  const old = schedule.way[op] as number;
  const holds = reinsert(schedule, op, way, left);
  if (passed === 0) forbidWay(search, op, holds ? old : way);
  // What closes a cycle is not to be tried again soon; what was done is not to be undone.
  let x = op;
  for (let k = passed; k > 0; k -= 1) {
    x = (holds ? previous[x] : next[x]) as number;
    forbid(search, holds ? arcKey(op, x) : arcKey(x, op));
  }
  for (let k = passed; k < 0; k += 1) {
    x = (holds ? next[x] : previous[x]) as number;
    forbid(search, holds ? arcKey(x, op) : arcKey(op, x));
  }
}

/** Both run at the same time, so no path leads from one to the other and no cycle can come of it. */
function applyExchange(search: TabuSearch): void {
  const { schedule, pick } = search;
  const { op, way, left, partner, partnerWay } = pick;
  const before = schedule.previous[op] as number;
  const old = schedule.way[op] as number;
  const partnerOld = schedule.way[partner] as number;
  if (reinsert(schedule, op, way, left)) forbidWay(search, op, old);
  if (reinsert(schedule, partner, partnerWay, before)) forbidWay(search, partner, partnerOld);
}

/** The more ways an operation has, the longer it stays away from one that it left. */
function forbidWay(search: TabuSearch, op: number, way: number): void {
  const { wayFirst } = search.schedule.model;
  const ways = (wayFirst[op + 1] as number) - (wayFirst[op] as number);
  const stay =
    wayTenure + Math.min(ways, wayTenureMax) + randomInteger(search.random, wayTenureMax);
  search.expiry[slotOf(assignmentKey(op, way))] = search.iteration + stay;
}

function forbid(search: TabuSearch, key: number): void {
  const { expiry, tenure, iteration } = search;
  expiry[slotOf(key)] = iteration + tenure + randomInteger(search.random, tenure);
}

function isTabu(search: TabuSearch, op: number, way: number, passed: number): boolean {
  const { schedule, expiry, iteration } = search;
  if (passed === 0) return (expiry[slotOf(assignmentKey(op, way))] as number) >= iteration;
  // Every arc that the move would turn has been turned the other way of late.
  const { next, previous } = schedule;
  let x = op;
  for (let k = passed; k > 0; k -= 1) {
    x = next[x] as number;
    if ((expiry[slotOf(arcKey(x, op))] as number) < iteration) return false;
  }
  for (let k = passed; k < 0; k += 1) {
    x = previous[x] as number;
    if ((expiry[slotOf(arcKey(op, x))] as number) < iteration) return false;
  }
  return true;
}

function slotOf(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) & (tableSize - 1);
}

const arcKey = (from: number, to: number): number =>
  Math.imul(from + 1, 0x9e3779b1) ^ Math.imul(to + 1, 0x85ebca6b);

/** Ways are numbered across all operations, so the way alone says whose it is. */
const assignmentKey = (op: number, way: number): number =>
  Math.imul(way + 1, 0xc2b2ae35) ^ Math.imul(op + 1, 0x27d4eb2f);

/**
 * Considers a move of `op` over `passed` places of its sequence (backward if negative), or to
 * another machine (0). What is tabu counts only if it promises a new best.
 */
export function offer(
  search: TabuSearch,
  op: number,
  way: number,
  left: number,
  estimate: number,
  passed: number,
): void {
  const { pick, random } = search;
  pick.seen += 1;
  if (pick.seen === 1 || randomInteger(random, pick.seen) === 0) {
    pick.anyOp = op;
    pick.anyWay = way;
    pick.anyLeft = left;
    pick.anyPassed = passed;
  }
  if (estimate > pick.estimate) return;
  if (estimate >= search.best.makespan && isTabu(search, op, way, passed)) return;
  if (!wins(search, estimate)) return;
  pick.op = op;
  pick.way = way;
  pick.left = left;
  pick.passed = passed;
  pick.partner = -1;
}

/** Considers that `op` and `partner`, which run at the same time, change places. */
export function offerExchange(
  search: TabuSearch,
  op: number,
  way: number,
  partner: number,
  partnerWay: number,
  estimate: number,
): void {
  const { pick, schedule } = search;
  if (estimate > pick.estimate) return;
  const isOld = isTabu(search, op, way, 0) || isTabu(search, partner, partnerWay, 0);
  if (isOld && estimate >= search.best.makespan) return;
  if (!wins(search, estimate)) return;
  pick.op = op;
  pick.way = way;
  pick.left = schedule.previous[partner] as number;
  pick.passed = 0;
  pick.partner = partner;
  pick.partnerWay = partnerWay;
}

/** Whether a move of this estimate is chosen for now; those that are equally good by chance. */
function wins({ pick, random }: TabuSearch, estimate: number): boolean {
  if (estimate === pick.estimate) {
    pick.ties += 1;
    return randomInteger(random, pick.ties) === 0;
  }
  pick.ties = 1;
  pick.estimate = estimate;
  return true;
}
