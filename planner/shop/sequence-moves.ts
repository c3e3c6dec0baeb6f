/**
 * Moves within the blocks of a critical path: any operation of a block to its front or rear
 * (N6: Balas & Vazacopoulos 1998), and its ends into its interior (N7: Zhang et al. 2007). Estimates
 * of the longest path through the operations that shift, by their heads and tails (Taillard 1994;
 * Balas & Vazacopoulos).
 */
import type { Schedule } from "./schedule.js";
import { offer, type TabuSearch } from "./tabu.js";

export function sequenceMoves(search: TabuSearch): void {
  const { schedule, path } = search;
  const { ops, length } = path;
  let from = 0;
  while (from < length) {
    let to = from;
    while (to + 1 < length && isLinked(schedule, ops[to] as number, ops[to + 1] as number)) to += 1;
    if (to > from) blockMoves(search, from, to);
    from = to + 1;
  }
}

/** Whether `x` waits for its machine to be done with `before`; it may wait for a lag as well. */
function isLinked({ previous, end, duration }: Schedule, before: number, x: number): boolean {
  if (previous[x] !== before) return false;
  return end[before] === (end[x] as number) - (duration[x] as number);
}

function blockMoves(search: TabuSearch, from: number, to: number): void {
  const { schedule, path } = search;
  const { ops } = path;
  const first = ops[from] as number;
  const last = ops[to] as number;
  if (to === from + 1) {
    moveBack(search, first, last);
    return;
  }
  // Before the first of all, and behind the last of all, no time can be won.
  const atStart = from === 0 && schedule.end[first] === schedule.duration[first];
  const atEnd = to === path.length - 1 && schedule.rest[last] === schedule.duration[last];
  if (!atEnd || !atStart) {
    for (let k = from; k < to && !atEnd; k += 1) moveBack(search, ops[k] as number, last);
    for (let k = from + 1; k <= to && !atStart; k += 1) moveFront(search, ops[k] as number, first);
  }
  if (!atStart) for (let k = from + 1; k < to; k += 1) moveBack(search, first, ops[k] as number);
  if (!atEnd) for (let k = from + 1; k < to; k += 1) moveFront(search, last, ops[k] as number);
}

/** Puts `op` right behind `target`, which comes later in the sequence. */
function moveBack(search: TabuSearch, op: number, target: number): void {
  const { schedule, heads } = search;
  const { jobReady, jobRest, duration, end, rest, previous, next, rank } = schedule;
  if ((rest[target] as number) < (jobRest[op] as number) && mayLead(schedule, op, target)) return;
  let free = end[previous[op] as number] as number;
  let count = 0;
  for (let x = next[op] as number; ; x = next[x] as number) {
    const ready = jobReady[x] as number;
    const head = free > ready ? free : ready;
    heads[count++] = head;
    free = head + (duration[x] as number);
    if (x === target) break;
  }
  const ready = jobReady[op] as number;
  const after = rest[next[target] as number] as number;
  const own = jobRest[op] as number;
  let tail = (after > own ? after : own) + (duration[op] as number);
  let estimate = (free > ready ? free : ready) + tail;
  for (let x = target; x !== op; x = previous[x] as number) {
    const byJob = jobRest[x] as number;
    tail = (tail > byJob ? tail : byJob) + (duration[x] as number);
    count -= 1;
    const length = (heads[count] as number) + tail;
    if (length > estimate) estimate = length;
  }
  const passed = (rank[target] as number) - (rank[op] as number);
  schedule.steps += 2 * passed;
  offer(search, op, schedule.way[op] as number, target, estimate, passed);
}

/** Puts `op` right in front of `target`, which comes earlier in the sequence. */
function moveFront(search: TabuSearch, op: number, target: number): void {
  const { schedule, heads } = search;
  const { jobReady, jobRest, duration, end, rest, previous, next, rank } = schedule;
  if ((end[target] as number) < (jobReady[op] as number) && mayFollow(schedule, op, target)) return;
  let behind = rest[next[op] as number] as number;
  let count = 0;
  for (let x = previous[op] as number; ; x = previous[x] as number) {
    const byJob = jobRest[x] as number;
    behind = (behind > byJob ? behind : byJob) + (duration[x] as number);
    heads[count++] = behind;
    if (x === target) break;
  }
  const left = previous[target] as number;
  const free = end[left] as number;
  const ready = jobReady[op] as number;
  const own = jobRest[op] as number;
  let head = (free > ready ? free : ready) + (duration[op] as number);
  let estimate = head + (behind > own ? behind : own);
  for (let x = target; x !== op; x = next[x] as number) {
    const byJob = jobReady[x] as number;
    const start = head > byJob ? head : byJob;
    count -= 1;
    const length = start + (heads[count] as number);
    if (length > estimate) estimate = length;
    head = start + (duration[x] as number);
  }
  const passed = (rank[target] as number) - (rank[op] as number);
  schedule.steps -= 2 * passed;
  offer(search, op, schedule.way[op] as number, left, estimate, passed);
}

/** Whether a path may lead from a successor of `op` to `target`: one has the longer rest. */
function mayLead({ model, rest }: Schedule, op: number, target: number): boolean {
  // Without lags that is what is known already.
  if (model.isTight) return true;
  const last = model.afterFirst[op + 1] as number;
  for (let k = model.afterFirst[op] as number; k < last; k += 1) {
    if ((rest[model.after[k] as number] as number) > (rest[target] as number)) return true;
  }
  return false;
}

/** Whether a path may lead from `target` to a predecessor of `op`: one ends later. */
function mayFollow({ model, end }: Schedule, op: number, target: number): boolean {
  if (model.isTight) return true;
  const last = model.beforeFirst[op + 1] as number;
  for (let k = model.beforeFirst[op] as number; k < last; k += 1) {
    if ((end[model.before[k] as number] as number) > (end[target] as number)) return true;
  }
  return false;
}
