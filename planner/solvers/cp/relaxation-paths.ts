/**
 * Longest paths through the fractional durations of a relaxation, as cuts: from the earliest start of
 * a task, along precedence, to the makespan or to the latest start of another task. So the linear
 * programme needs no starts, of which there would be as many as of everything else together.
 */

import { addRow, dropRow, isSlack, levelOf } from "../../linear/dual-simplex.js";
import type { Engine } from "./engine.js";
import type { RelaxationModel } from "./relaxation-model.js";

export interface Paths {
  readonly model: RelaxationModel;
  /** [slots] The task that a path begins with, and the one before whose start it ends, or -1. */
  readonly head: Int32Array;
  readonly tail: Int32Array;
  /** [tasks] Scratch: duration, earliest start along paths, and the task before on that path. */
  readonly duration: Float64Array;
  readonly reached: Float64Array;
  readonly before: Int32Array;
}

/** Less would only stir up noise. */
const violationMin = 1e-4;

export function createPaths(model: RelaxationModel): Paths {
  const slots = model.tableau.slots;
  return {
    model,
    head: new Int32Array(slots).fill(-1),
    tail: new Int32Array(slots).fill(-1),
    duration: new Float64Array(model.tasks),
    reached: new Float64Array(model.tasks),
    before: new Int32Array(model.tasks),
  };
}

/** Side of the start of a task. */
export const startSide = ({ sides, columns, choices }: RelaxationModel, task: number): number =>
  sides[columns + choices + task] as number;

/** The bounds of starts, as they are, into the limits of paths. */
export function boundPaths(paths: Paths, engine: Engine): void {
  const { model } = paths;
  const { tableau, firstPath } = model;
  for (let slot = firstPath; slot < tableau.slots; slot += 1) {
    if (tableau.isUsed[slot] === 1) boundPath(paths, engine, slot);
  }
}

function boundPath({ model, head, tail }: Paths, { low }: Engine, slot: number): void {
  const { tableau, columns, limit } = model;
  const from = startSide(model, head[slot] as number);
  let most = (limit[slot] as number) - (low[from] as number);
  const to = tail[slot] as number;
  if (to >= 0) most -= low[startSide(model, to) ^ 1] as number;
  tableau.upper[columns + slot] = most;
}

/** Adds the paths that the solution breaks most; returns how many. */
export function addPaths(paths: Paths, engine: Engine): number {
  const { model, reached, duration } = paths;
  const { tasks, isLast, tableau } = model;
  reach(paths, engine);
  const makespan = levelOf(tableau, 0);
  let last = -1;
  let latest = makespan + violationMin;
  let late = -1;
  let most = violationMin;
  for (let task = 0; task < tasks; task += 1) {
    const start = reached[task] as number;
    const end = start + (duration[task] as number);
    if (isLast[task] === 1 && end > latest) {
      latest = end;
      last = task;
    }
    const excess = start + (engine.low[startSide(model, task) ^ 1] as number);
    if (excess > most && (paths.before[task] as number) >= 0) {
      most = excess;
      late = task;
    }
  }
  let added = 0;
  if (last >= 0 && addPath(paths, engine, last, -1)) added += 1;
  if (late >= 0 && addPath(paths, engine, paths.before[late] as number, late)) added += 1;
  return added;
}

function reach({ model, duration, reached, before }: Paths, { low }: Engine): void {
  const { tasks, tableau, columnOf, columnsOf, longer } = model;
  const { predecessorFirst, predecessor, predecessorLag } = model;
  for (let task = 0; task < tasks; task += 1) {
    let ticks = model.duration[task] as number;
    const first = columnOf[task] as number;
    for (let c = first; c < first + (columnsOf[task] as number); c += 1) {
      ticks += (longer[c] as number) * levelOf(tableau, c);
    }
    duration[task] = ticks;
    let start = low[startSide(model, task)] as number;
    before[task] = -1;
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last; k += 1) {
      const other = predecessor[k] as number;
      const at =
        (reached[other] as number) + (duration[other] as number) + (predecessorLag[k] as number);
      if (at <= start + 1e-9) continue;
      start = at;
      before[task] = other;
    }
    reached[task] = start;
  }
}

/** The path that ends with `task`, to the makespan or to the start of `tail`. */
function addPath(paths: Paths, engine: Engine, task: number, tail: number): boolean {
  const { model, before, head } = paths;
  const { tableau, columns, columnOf, columnsOf, longer, limit } = model;
  const slot = freeSlot(paths);
  if (slot < 0) return false;
  const base = slot * columns;
  tableau.given.fill(0, base, base + columns);
  let fixed = tail < 0 ? 0 : lagOf(model, task, tail);
  if (tail < 0) tableau.given[base] = -1;
  for (let at = task; ; at = before[at] as number) {
    fixed += model.duration[at] as number;
    const first = columnOf[at] as number;
    for (let c = first; c < first + (columnsOf[at] as number); c += 1) {
      tableau.given[base + c] = longer[c] as number;
    }
    head[slot] = at;
    if ((before[at] as number) < 0) break;
    fixed += lagOf(model, before[at] as number, at);
  }
  paths.tail[slot] = tail;
  limit[slot] = -fixed;
  tableau.lower[columns + slot] = Number.NEGATIVE_INFINITY;
  boundPath(paths, engine, slot);
  addRow(tableau, slot);
  return true;
}

/** Of parallel edges the longest counts. */
function lagOf(model: RelaxationModel, from: number, to: number): number {
  const { predecessorFirst, predecessor, predecessorLag } = model;
  let longest = 0;
  const last = predecessorFirst[to + 1] as number;
  for (let k = predecessorFirst[to] as number; k < last; k += 1) {
    if (predecessor[k] === from) longest = Math.max(longest, predecessorLag[k] as number);
  }
  return longest;
}

/** A slot without a row, or that of the path that holds back least; -1: all of them do. */
function freeSlot({ model }: Paths): number {
  const { tableau, firstPath, columns } = model;
  let found = -1;
  let most = violationMin;
  for (let slot = firstPath; slot < tableau.slots; slot += 1) {
    if (tableau.isUsed[slot] === 0) return slot;
    if (!isSlack(tableau, slot)) continue;
    const slack = (tableau.upper[columns + slot] as number) - levelOf(tableau, columns + slot);
    if (slack <= most) continue;
    most = slack;
    found = slot;
  }
  if (found >= 0) dropRow(tableau, found);
  return found;
}
