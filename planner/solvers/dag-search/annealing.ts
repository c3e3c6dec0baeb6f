/**
 * Threshold accepting over lists (G. Dueck & T. Scheuer, Journal of Computational Physics 90, 1990):
 * a state is an order of activities and, unless all workers are alike, a worker for each. A move
 * takes one activity to another place between those that it waits for and those that wait for it,
 * and perhaps to another worker. Rounds grow longer; most start from the best schedule.
 */
import type { ProcessorModel } from "../../processors/model.js";
import { never } from "../../processors/model.js";
import type { Paths } from "../../processors/paths.js";
import {
  copySchedule,
  createSchedule,
  placeSchedule,
  type Schedule,
  timeSchedule,
} from "../../processors/schedule.js";

export interface Annealing {
  readonly model: ProcessorModel;
  readonly tail: Int32Array;
  readonly random: () => number;
  readonly current: Schedule;
  readonly best: Schedule;
  /** [activities] Place in the current order. */
  readonly place: Int32Array;
  /** Workers before a move that changes several. */
  readonly saved: Int32Array;
  currentMakespan: number;
  bestMakespan: number;
  /** Of this round: moves so far and in all. */
  moves: number;
  movesMax: number;
  /** Largest loss accepted at the beginning of the round, in ticks. */
  heat: number;
  rounds: number;
  workUnits: number;
}

/** Part of the moves that change the workers of more than one activity. */
const groupMoves = 0.2;
/** Of the makespan, for rounds that leave the best schedule. */
const leavingHeat = 0.5;
const firstRoundMoves = 200;
const roundGrowth = 1.3;
const roundMovesMax = 20_000;

export function createAnnealing(
  model: ProcessorModel,
  { tail }: Paths,
  random: () => number,
): Annealing {
  return {
    model,
    tail,
    random,
    current: createSchedule(model),
    best: createSchedule(model),
    place: new Int32Array(model.activities),
    saved: new Int32Array(model.activities),
    currentMakespan: never,
    bestMakespan: never,
    moves: 0,
    movesMax: 0,
    heat: 0,
    rounds: 0,
    workUnits: 0,
  };
}

/** Takes the current schedule as the best if it is better; its times must be up to date. */
export function keepBest(search: Annealing): boolean {
  if (search.currentMakespan >= search.bestMakespan) return false;
  search.bestMakespan = search.currentMakespan;
  copySchedule(search.current, search.best);
  return true;
}

/** Evaluates the current order and workers; stops counting at `limit`. */
export function evaluateCurrent(search: Annealing, limit: number): number {
  const { model, current, tail } = search;
  search.workUnits += evaluationUnits(model);
  return model.alike
    ? placeSchedule(model, current, tail, limit)
    : timeSchedule(model, current, tail, limit);
}

/** Appending an activity to a worker that is known takes a fraction of a search for its place. */
export const evaluationUnits = ({ activities }: ProcessorModel): number => 1 + (activities >> 2);

export function startRound(search: Annealing): void {
  const { model, current, best, place, random } = search;
  // Every third round goes on from where the last one ended, hot enough to forget it.
  const leaves = search.rounds % 3 === 2 && search.currentMakespan < never;
  if (!leaves) {
    copySchedule(best, current);
    search.currentMakespan = search.bestMakespan;
  }
  current.order.forEach((activity, at) => {
    place[activity] = at;
  });
  search.moves = 0;
  const growth = Math.min(roundMovesMax, firstRoundMoves * roundGrowth ** search.rounds);
  search.movesMax = Math.ceil(growth * model.activities);
  search.heat = search.bestMakespan * (leaves ? leavingHeat : heats(random()));
  search.rounds++;
}

/** Rounds of different heat: how rugged a graph's landscape is shows only on the way. */
const heats = (draw: number): number => 0.005 + 0.15 * draw * draw;

/** Up to `count` moves of the round. True if the best schedule has improved. */
export function anneal(search: Annealing, count: number): boolean {
  const { random } = search;
  let improved = false;
  const last = Math.min(search.movesMax, search.moves + count);
  for (; search.moves < last; search.moves++) {
    const left = 1 - search.moves / search.movesMax;
    const draw = random();
    const loss = Math.floor(search.heat * left * left * draw * draw);
    if (tryMove(search, search.currentMakespan + loss + 1) && keepBest(search)) improved = true;
  }
  return improved;
}

/** A random move; undone unless the makespan stays below `limit`. */
function tryMove(search: Annealing, limit: number): boolean {
  const { model, current, place, random } = search;
  const { activities } = model;
  const activity = Math.floor(random() * activities);
  const workerBefore = current.worker[activity] as number;
  const placeBefore = place[activity] as number;
  let placeAfter = placeBefore;
  let worker = workerBefore;
  const draw = random();
  if (!model.alike && draw < groupMoves) return tryGroup(search, activity, draw, limit);
  if (!model.alike && draw < 0.6) worker = otherWorker(search, activity);
  if (model.alike || draw > 0.3) placeAfter = otherPlace(search, activity);
  // Where no move is possible, time must pass all the same.
  search.workUnits++;
  if (placeAfter === placeBefore && worker === workerBefore) return false;
  current.worker[activity] = worker;
  shift(current.order, place, placeBefore, placeAfter);
  const makespan = evaluateCurrent(search, limit);
  if (makespan < limit) {
    search.currentMakespan = makespan;
    return true;
  }
  shift(current.order, place, placeAfter, placeBefore);
  current.worker[activity] = workerBefore;
  return false;
}

/**
 * Several workers at once, the order as it is: two activities change workers, or one takes its
 * neighbours in the graph that share its worker along. Undone unless the makespan stays below
 * `limit`.
 */
function tryGroup(search: Annealing, activity: number, draw: number, limit: number): boolean {
  const { model, current, saved, random } = search;
  saved.set(current.worker);
  const from = current.worker[activity] as number;
  if (draw < groupMoves / 2) {
    const other = Math.floor(random() * model.activities);
    assign(search, activity, current.worker[other] as number);
    assign(search, other, from);
  } else {
    const to = otherWorker(search, activity);
    if (to === from) return false;
    takeAlong(search, activity, from, to);
  }
  const makespan = evaluateCurrent(search, limit);
  if (makespan < limit) {
    search.currentMakespan = makespan;
    return true;
  }
  current.worker.set(saved);
  return false;
}

function takeAlong(search: Annealing, activity: number, from: number, to: number): void {
  const { arcs } = search.model;
  const { worker } = search.current;
  assign(search, activity, to);
  for (let at = arcs.out[activity] as number; at < (arcs.out[activity + 1] as number); at++) {
    const after = arcs.to[arcs.outArc[at] as number] as number;
    if (worker[after] === from) assign(search, after, to);
  }
  if (search.random() < 0.5) return;
  for (let arc = arcs.into[activity] as number; arc < (arcs.into[activity + 1] as number); arc++) {
    const before = arcs.from[arc] as number;
    if (worker[before] === from) assign(search, before, to);
  }
}

/** Unless the worker may not take the activity. */
function assign({ model, current }: Annealing, activity: number, worker: number): void {
  const ticks = model.duration[activity * model.workers + worker] as number;
  if (ticks < never) current.worker[activity] = worker;
}

function otherWorker({ model, current, random }: Annealing, activity: number): number {
  const { arcs, duration, workers } = model;
  const degree = (arcs.into[activity + 1] as number) - (arcs.into[activity] as number);
  let worker = Math.floor(random() * workers);
  // Half of the time to where data comes from.
  if (degree > 0 && random() < 0.5) {
    const arc = (arcs.into[activity] as number) + Math.floor(random() * degree);
    worker = current.worker[arcs.from[arc] as number] as number;
  }
  const allowed = (duration[activity * workers + worker] as number) < never;
  return allowed ? worker : (current.worker[activity] as number);
}

/** A place between the last of those that it waits for and the first of those that wait. */
function otherPlace({ model, place, random }: Annealing, activity: number): number {
  const { arcs, activities } = model;
  let first = 0;
  let last = activities - 1;
  for (let arc = arcs.into[activity] as number; arc < (arcs.into[activity + 1] as number); arc++) {
    const at = place[arcs.from[arc] as number] as number;
    if (at >= first) first = at + 1;
  }
  for (let at = arcs.out[activity] as number; at < (arcs.out[activity + 1] as number); at++) {
    const after = place[arcs.to[arcs.outArc[at] as number] as number] as number;
    if (after <= last) last = after - 1;
  }
  return first + Math.floor(random() * (last - first + 1));
}

function shift(order: Int32Array, place: Int32Array, from: number, to: number): void {
  const moved = order[from] as number;
  const step = from < to ? 1 : -1;
  for (let at = from; at !== to; at += step) {
    const other = order[at + step] as number;
    order[at] = other;
    place[other] = at;
  }
  order[to] = moved;
  place[moved] = to;
}
