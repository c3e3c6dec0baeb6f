/**
 * A problem as variables, precedences, clauses and resources: the start of each task, one literal
 * for each place where it may run and exactly one of them true, an order between tasks that cannot
 * run together, and the value as a variable with a unit.
 */
import { lowerBound } from "../../../core/bounds.js";
import type { Problem } from "../../../core/problem.js";
import { none, taskRunning } from "../../../core/problem.js";
import { transferTicks } from "../../../core/transfer.js";
import { addClause, addLiterals } from "./clauses.js";
import { addPrecedence, propagateEdges } from "./edges.js";
import {
  addBoolean,
  addPropagator,
  addVariable,
  createEngine,
  type Engine,
  freeze,
} from "./engine.js";
import { linearPropagator } from "./linear.js";
import { addObjective, type Objective } from "./objective.js";
import { addOrders, type Order } from "./orders.js";
import { type Place, type Places, placesOf } from "./places.js";
import { addResources } from "./resources.js";

export interface PlacedTask {
  readonly task: number;
  /** Sides of start, end and duration; end and duration are -1 where the duration is fixed. */
  readonly start: number;
  readonly end: number;
  readonly duration: number;
  /** Where the duration is fixed, that; else the least. */
  readonly ticks: number;
  readonly places: readonly Place[];
  /** Of each place; -1 where there is but one. */
  readonly literals: Int32Array;
}

export interface Model {
  readonly problem: Problem;
  readonly engine: Engine;
  readonly places: Places;
  /** By task; null for running tasks. */
  readonly tasks: readonly (PlacedTask | null)[];
  /** A variable that is 0. */
  readonly zero: number;
  readonly orders: readonly Order[];
  /** Once all places and orders are settled, so is the least value of all times. */
  readonly ordersSuffice: boolean;
  readonly objective: Objective;
  /** False: the problem has no feasible plan. */
  readonly possible: boolean;
}

/** Without the makers of constraints. */
export type Draft = Omit<Model, "orders" | "ordersSuffice" | "objective" | "possible"> & {
  impossible: boolean;
};

export function buildModel(problem: Problem): Model {
  const engine = createEngine();
  const places = placesOf(problem);
  const latest = latestEnd(problem);
  const zero = addVariable(engine, 0, 0);
  const draft: Draft = {
    problem,
    engine,
    places,
    zero,
    tasks: Array.from({ length: problem.tasks.count }, (_, task) =>
      problem.tasks.state[task] === taskRunning
        ? null
        : addTask(engine, problem, task, places.ofTask[task] ?? [], latest),
    ),
    impossible: false,
  };
  draft.impossible = draft.tasks.some(
    (placed, task) =>
      placed !== null &&
      ((problem.tasks.block[task] !== none && placed.places.length === 0) ||
        (engine.low[placed.start] as number) > -(engine.low[placed.start ^ 1] as number)),
  );
  const objective = addObjective(draft, latest, lowerBound(problem).value);
  if (draft.impossible) {
    return { ...draft, orders: [], ordersSuffice: false, objective, possible: false };
  }
  addEdges(draft);
  const orders = addOrders(draft);
  const ordersSuffice = addResources(draft, orders);
  freeze(engine);
  let possible = !draft.impossible;
  for (let side = 0; side < engine.sides && possible; side += 1) {
    possible = propagateEdges(engine, side);
  }
  return { ...draft, orders, ordersSuffice, objective, possible };
}

/** No plan needs to end later: every task as long as can be, one after the other. */
function latestEnd(problem: Problem): number {
  const { tasks, options, blocks, edges, workers } = problem;
  let latest = 0;
  for (const to of blocks.to) latest = Math.max(latest, to);
  for (let task = 0; task < tasks.count; task += 1) {
    latest = Math.max(latest, tasks.release[task] as number, tasks.fixedEnd[task] as number);
  }
  for (const block of tasks.block) {
    if (block === none) continue;
    let longest = 0;
    const after = options.blockFirst[block + 1] as number;
    for (let option = options.blockFirst[block] as number; option < after; option += 1) {
      longest = Math.max(longest, options.duration[option] as number);
    }
    latest += longest;
  }
  for (let edge = 0; edge < edges.count; edge += 1) {
    latest += (edges.lag[edge] as number) + longestTransfer(problem, edge, workers.count);
  }
  return Math.min(latest, problem.horizon);
}

function longestTransfer(problem: Problem, edge: number, workers: number): number {
  let longest = problem.edges.fixed[edge] as number;
  if (problem.edges.kib[edge] === 0) return longest;
  for (let from = 0; from < workers; from += 1) {
    for (let to = 0; to < workers; to += 1) {
      longest = Math.max(longest, transferTicks(problem, edge, from, to));
    }
  }
  return longest;
}

function addTask(
  engine: Engine,
  problem: Problem,
  task: number,
  places: readonly Place[],
  latest: number,
): PlacedTask {
  const { tasks } = problem;
  const durations = [...new Set(places.map(({ duration }) => duration))].sort((a, b) => a - b);
  const shortest = durations[0] ?? 0;
  const hardDue = tasks.hardDue[task] as number;
  const due = hardDue === none ? latest : Math.min(latest, hardDue);
  const release = Math.max(0, tasks.release[task] as number);
  const start = addVariable(engine, release, due - shortest);
  const literals = new Int32Array(places.length).fill(-1);
  if (places.length > 1)
    for (let k = 0; k < places.length; k += 1) literals[k] = addBoolean(engine);
  if (places.length > 1) exactlyOne(engine, literals);
  if (durations.length <= 1) {
    return { task, start, end: -1, duration: -1, ticks: shortest, places, literals };
  }
  const end = addVariable(engine, release + shortest, due);
  const longest = durations[durations.length - 1] as number;
  const duration = addVariable(engine, shortest, longest);
  tieDuration(engine, places, literals, durations, duration);
  const sum = (sides: readonly number[]): void => {
    const terms = sides.map((side) => ({ side, weight: 1 }));
    addPropagator(engine, linearPropagator(terms, 0), sides);
  };
  sum([end, start ^ 1, duration ^ 1]);
  sum([end ^ 1, start, duration]);
  return { task, start, end, duration, ticks: shortest, places, literals };
}

/** Of so many literals every pair has a clause; of more, one sum is cheaper. */
const pairwiseMax = 12;

function exactlyOne(engine: Engine, literals: Int32Array): void {
  addLiterals(engine, [...literals]);
  if (literals.length > pairwiseMax) {
    const terms = Array.from(literals, (side) => ({ side, weight: 1 }));
    addPropagator(engine, linearPropagator(terms, 1), literals);
    return;
  }
  for (let a = 0; a < literals.length; a += 1) {
    for (let b = 0; b < a; b += 1) {
      addLiterals(engine, [(literals[a] as number) ^ 1, (literals[b] as number) ^ 1]);
    }
  }
}

/** The chosen place gives the duration, and a duration leaves the places that have it. */
function tieDuration(
  engine: Engine,
  places: readonly Place[],
  literals: Int32Array,
  durations: readonly number[],
  side: number,
): void {
  places.forEach((place, k) => {
    const chosen = literals[k] as number;
    addAtoms(engine, [chosen ^ 1], [side, place.duration]);
    addAtoms(engine, [chosen ^ 1], [side ^ 1, -place.duration]);
  });
  durations.forEach((ticks, at) => {
    if (at > 0) {
      const shorter = [...literals].filter((_, k) => (places[k]?.duration ?? 0) < ticks);
      addAtoms(engine, shorter, [side, ticks]);
    }
    if (at + 1 < durations.length) {
      const longer = [...literals].filter((_, k) => (places[k]?.duration ?? 0) > ticks);
      addAtoms(engine, longer, [side ^ 1, -ticks]);
    }
  });
}

function addEdges(draft: Draft): void {
  const { problem, engine } = draft;
  const { edges, tasks } = problem;
  for (let edge = 0; edge < edges.count; edge += 1) {
    const from = edges.from[edge] as number;
    const to = draft.tasks[edges.to[edge] as number];
    if (to === null || to === undefined) continue;
    const before = draft.tasks[from];
    const lag = edges.lag[edge] as number;
    const [side, ahead] =
      before === null || before === undefined
        ? [draft.zero, tasks.fixedEnd[from] as number]
        : [endSide(before), endTicks(before)];
    addPrecedence(engine, side, to.start, ahead + lag, -1);
    addTransfers(draft, edge, side, ahead + lag);
  }
}

/** The end of a task is this side plus `endTicks`. */
export const endSide = (placed: PlacedTask): number =>
  placed.end === -1 ? placed.start : placed.end;

export const endTicks = (placed: PlacedTask): number => (placed.end === -1 ? placed.ticks : 0);

/** For each amount that the transfer may take, a literal that holds if it takes so long. */
function addTransfers(draft: Draft, edge: number, side: number, ahead: number): void {
  const { problem, engine } = draft;
  const from = problem.edges.from[edge] as number;
  const to = problem.edges.to[edge] as number;
  const target = draft.tasks[to];
  if (target === null || target === undefined) return;
  const here = workersOf(draft, from);
  const there = workersOf(draft, to);
  const pairs = here.flatMap((a) =>
    there.map((b) => ({ a, b, ticks: transferTicks(problem, edge, a.worker, b.worker) })),
  );
  const amounts = new Set(pairs.map(({ ticks }) => ticks).filter((ticks) => ticks > 0));
  const least = pairs.reduce((a, { ticks }) => Math.min(a, ticks), Number.POSITIVE_INFINITY);
  for (const amount of [...amounts].sort((a, b) => a - b)) {
    if (amount === least) {
      addPrecedence(engine, side, target.start, ahead + amount, -1);
      continue;
    }
    const travels = addBoolean(engine);
    for (const { a, b, ticks } of pairs) {
      if (ticks < amount) continue;
      const literals = [travels];
      if (a.literal >= 0) literals.push(a.literal ^ 1);
      if (b.literal >= 0) literals.push(b.literal ^ 1);
      addLiterals(engine, literals);
    }
    addPrecedence(engine, side, target.start, ahead + amount, travels);
  }
}

/** Workers that may run the task, each with a literal that it does (-1: it must). */
export function workersOf(
  draft: Draft,
  task: number,
): readonly { readonly worker: number; readonly literal: number }[] {
  const placed = draft.tasks[task];
  if (placed === undefined) return [];
  if (placed === null) {
    return [{ worker: draft.problem.tasks.fixedWorker[task] as number, literal: -1 }];
  }
  return placed.places.map(({ group }, k) => ({
    worker: draft.places.groups[group]?.workers[0] ?? none,
    literal: placed.literals[k] as number,
  }));
}

/** A clause of literals and one atom. */
function addAtoms(
  engine: Engine,
  literals: readonly number[],
  atom: readonly [number, number],
): void {
  addClause(engine, [...literals.flatMap((literal) => [literal, 1 - (literal & 1)]), ...atom]);
}
