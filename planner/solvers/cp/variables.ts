/** The variables of tasks: start, places, and end and duration where the places differ in it. */
import { none, type Problem, taskRunning } from "../../../core/problem.js";
import { transferTicks } from "../../../core/transfer.js";
import { addClause, addLiterals } from "./clauses.js";
import { addBoolean, addPropagator, addVariable, createEngine, type Engine } from "./engine.js";
import { linearPropagator } from "./linear.js";
import { type Place, type Places, placesOf } from "./places.js";

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

/** A model that is being built. */
export interface Draft {
  readonly problem: Problem;
  readonly engine: Engine;
  readonly places: Places;
  /** By task; null for running tasks. */
  readonly tasks: readonly (PlacedTask | null)[];
  /** A variable that is 0. */
  readonly zero: number;
  /** No plan needs to end later. */
  readonly latest: number;
  /** There is no feasible plan. */
  impossible: boolean;
}

export function draftOf(problem: Problem): Draft {
  const engine = createEngine();
  const places = placesOf(problem);
  const latest = latestEnd(problem);
  const zero = addVariable(engine, 0, 0);
  const tasks = Array.from({ length: problem.tasks.count }, (_, task) =>
    problem.tasks.state[task] === taskRunning
      ? null
      : addTask(engine, problem, task, places.ofTask[task] ?? [], latest),
  );
  const impossible = tasks.some(
    (placed, task) =>
      placed !== null &&
      ((problem.tasks.block[task] !== none && placed.places.length === 0) ||
        (engine.low[placed.start] as number) > -(engine.low[placed.start ^ 1] as number)),
  );
  return { problem, engine, places, tasks, zero, latest, impossible };
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

/** The end of a task is this side plus `endTicks`. */
export const endSide = (placed: PlacedTask): number =>
  placed.end === -1 ? placed.start : placed.end;

export const endTicks = (placed: PlacedTask): number => (placed.end === -1 ? placed.ticks : 0);

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
