/**
 * Longest paths to the end and from the start of each operation. After a move they are computed
 * again along the topological order, and only where a value has changed.
 */
import type { Schedule } from "./schedule.js";

/** Longest path up to the end of an operation, by its neighbours; whether it has changed. */
export function refreshEnd(schedule: Schedule, op: number): boolean {
  const { model, end } = schedule;
  const { beforeFirst, before, beforeLag } = model;
  let ready = schedule.floor[op] as number;
  const last = beforeFirst[op + 1] as number;
  for (let k = beforeFirst[op] as number; k < last; k += 1) {
    const at = (end[before[k] as number] as number) + (beforeLag[k] as number);
    if (at > ready) ready = at;
  }
  schedule.jobReady[op] = ready;
  const free = end[schedule.previous[op] as number] as number;
  const value = (free > ready ? free : ready) + (schedule.duration[op] as number);
  if (end[op] === value) return false;
  end[op] = value;
  return true;
}

/** Longest path from the start of an operation; whether it has changed. */
export function refreshRest(schedule: Schedule, op: number): boolean {
  const { model, rest } = schedule;
  const { afterFirst, after, afterLag } = model;
  let longest = 0;
  const last = afterFirst[op + 1] as number;
  for (let k = afterFirst[op] as number; k < last; k += 1) {
    const path = (rest[after[k] as number] as number) + (afterLag[k] as number);
    if (path > longest) longest = path;
  }
  schedule.jobRest[op] = longest;
  const onMachine = rest[schedule.next[op] as number] as number;
  const value = (onMachine > longest ? onMachine : longest) + (schedule.duration[op] as number);
  if (rest[op] === value) return false;
  rest[op] = value;
  return true;
}

export function makespanOf({ model, end }: Schedule): number {
  const { sinks } = model;
  let latest = model.floor;
  for (let k = 0; k < sinks.length; k += 1) {
    const at = end[sinks[k] as number] as number;
    if (at > latest) latest = at;
  }
  return latest;
}

/** Recomputes heads and tails from the operations whose neighbours changed, as far as they do. */
export function propagate(
  schedule: Schedule,
  op: number,
  oldLeft: number,
  oldRight: number,
  right: number,
  left: number,
): void {
  propagateEnds(schedule, op, oldRight, right);
  propagateRests(schedule, op, oldLeft, left);
  schedule.makespan = makespanOf(schedule);
}

function propagateEnds(schedule: Schedule, a: number, b: number, c: number): void {
  const { model, order, position, mark, next } = schedule;
  const { afterFirst, after } = model;
  const none = model.count;
  let pending = 0;
  let at = none;
  for (let k = 0; k < 3; k += 1) {
    const op = k === 0 ? a : k === 1 ? b : c;
    if (op === none || mark[op] === 1) continue;
    mark[op] = 1;
    pending += 1;
    if ((position[op] as number) < at) at = position[op] as number;
  }
  const from = at;
  for (; pending > 0; at += 1) {
    const op = order[at] as number;
    if (mark[op] === 0) continue;
    mark[op] = 0;
    pending -= 1;
    if (!refreshEnd(schedule, op)) continue;
    const onMachine = next[op] as number;
    if (onMachine !== none && mark[onMachine] === 0) {
      mark[onMachine] = 1;
      pending += 1;
    }
    const last = afterFirst[op + 1] as number;
    for (let k = afterFirst[op] as number; k < last; k += 1) {
      const x = after[k] as number;
      if (mark[x] === 1) continue;
      mark[x] = 1;
      pending += 1;
    }
  }
  schedule.steps += at - from;
}

function propagateRests(schedule: Schedule, a: number, b: number, c: number): void {
  const { model, order, position, mark, previous } = schedule;
  const { beforeFirst, before } = model;
  const none = model.count;
  let pending = 0;
  let at = -1;
  for (let k = 0; k < 3; k += 1) {
    const op = k === 0 ? a : k === 1 ? b : c;
    if (op === none || mark[op] === 1) continue;
    mark[op] = 1;
    pending += 1;
    if ((position[op] as number) > at) at = position[op] as number;
  }
  const from = at;
  for (; pending > 0; at -= 1) {
    const op = order[at] as number;
    if (mark[op] === 0) continue;
    mark[op] = 0;
    pending -= 1;
    if (!refreshRest(schedule, op)) continue;
    const onMachine = previous[op] as number;
    if (onMachine !== none && mark[onMachine] === 0) {
      mark[onMachine] = 1;
      pending += 1;
    }
    const last = beforeFirst[op + 1] as number;
    for (let k = beforeFirst[op] as number; k < last; k += 1) {
      const x = before[k] as number;
      if (mark[x] === 1) continue;
      mark[x] = 1;
      pending += 1;
    }
  }
  schedule.steps += from - at;
}
