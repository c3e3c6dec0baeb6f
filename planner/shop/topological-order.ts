/**
 * Keeps a topological order of the operations under moves: only the stretch that a move disturbs is
 * repaired, and a cycle shows there (as in Nowicki & Smutnicki 1996; Michel & Van Hentenryck 2003).
 */
import type { Schedule } from "./schedule.js";

/** Moves `op`, and all between that follow it, behind `left`; false, and nothing done, in a cycle. */
export function shiftBack(schedule: Schedule, op: number, left: number): boolean {
  const { model, order, position, mark, moved, previous } = schedule;
  const { beforeFirst, before } = model;
  const from = position[op] as number;
  const to = position[left] as number;
  let count = 0;
  mark[op] = 1;
  moved[count++] = op;
  for (let at = from + 1; at <= to; at += 1) {
    const x = order[at] as number;
    let follows = mark[previous[x] as number] as number;
    const last = beforeFirst[x + 1] as number;
    for (let k = beforeFirst[x] as number; k < last; k += 1) {
      follows |= mark[before[k] as number] as number;
    }
    if (follows === 0) continue;
    mark[x] = 1;
    moved[count++] = x;
  }
  schedule.steps += to - from;
  const holds = mark[left] === 0;
  if (holds) {
    let write = from;
    for (let at = from; at <= to; at += 1) {
      const x = order[at] as number;
      if (mark[x] === 1) continue;
      order[write] = x;
      position[x] = write++;
    }
    for (let k = 0; k < count; k += 1) {
      const x = moved[k] as number;
      order[write] = x;
      position[x] = write++;
    }
  }
  for (let k = 0; k < count; k += 1) mark[moved[k] as number] = 0;
  return holds;
}

/** Moves `op`, and all between that it follows, in front of `right`; false in a cycle. */
export function shiftForward(schedule: Schedule, op: number, right: number): boolean {
  const { model, order, position, mark, moved, next } = schedule;
  const { afterFirst, after } = model;
  const from = position[right] as number;
  const to = position[op] as number;
  let count = 0;
  mark[op] = 1;
  moved[count++] = op;
  for (let at = to - 1; at >= from; at -= 1) {
    const x = order[at] as number;
    let leads = mark[next[x] as number] as number;
    const last = afterFirst[x + 1] as number;
    for (let k = afterFirst[x] as number; k < last; k += 1) {
      leads |= mark[after[k] as number] as number;
    }
    if (leads === 0) continue;
    mark[x] = 1;
    moved[count++] = x;
  }
  schedule.steps += to - from;
  const holds = mark[right] === 0;
  if (holds) {
    let write = to;
    for (let at = to; at >= from; at -= 1) {
      const x = order[at] as number;
      if (mark[x] === 1) continue;
      order[write] = x;
      position[x] = write--;
    }
    for (let k = 0; k < count; k += 1) {
      const x = moved[k] as number;
      order[write] = x;
      position[x] = write--;
    }
  }
  for (let k = 0; k < count; k += 1) mark[moved[k] as number] = 0;
  return holds;
}
