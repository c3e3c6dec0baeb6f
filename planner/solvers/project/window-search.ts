/**
 * Exact search in a window: schedule or postpone (Le Pape et al. 1994), with precedence and time-table
 * propagation (Beldiceanu & Carlsson 2002) of starts that all must keep. Complete: where it ends
 * without a limit, no arrangement keeps the target.
 *
 * The state of a node is copied, not trailed: a window has some dozens of tasks and ticks.
 */
import type { Window } from "./window.js";
import {
  beginState,
  enterParts,
  lowerLatest,
  propagate,
  raiseEarliest,
  type WindowState,
} from "./window-propagation.js";

export const found = 1;
export const refuted = 0;
export const gaveUp = -1;
export const paused = -2;

export interface WindowSearch extends WindowState {
  readonly chosen: Int32Array;
  /** [sizeMax] After `found`: the starts. */
  readonly starts: Int32Array;
  /** [sizeMax] Ties of the earliest start go to the lower one. */
  readonly rank: Float64Array;
  /** [length] Work that must end by then, of one resource. */
  work: Int32Array;
  depth: number;
  /** False: the present node has failed. */
  holds: boolean;
  fails: number;
}

export function createWindowSearch(sizeMax: number): WindowSearch {
  return {
    stack: new Int32Array(0),
    chosen: new Int32Array(sizeMax + 1),
    starts: new Int32Array(sizeMax),
    rank: new Float64Array(sizeMax),
    work: new Int32Array(0),
    depth: 0,
    holds: true,
    fails: 0,
    workUnits: 0,
  };
}

/** `rank` must be set for the tasks of the window. */
export function beginSearch(search: WindowSearch, window: Window): void {
  const { count, length } = window;
  const stride = 3 * count + length;
  if (search.stack.length < stride * (count + 2)) {
    search.stack = new Int32Array(stride * (count + 2) * 2);
  }
  if (search.work.length < length + 1) search.work = new Int32Array(2 * length + 1);
  search.fails = 0;
  search.depth = 0;
  beginState(search, window);
  search.holds = enterParts(search, window, 0);
}

/** Goes on for about `workMax`; the window must be as it was when the search began. */
export function continueSearch(
  search: WindowSearch,
  window: Window,
  failsMax: number,
  workMax: number,
): number {
  const { count, length } = window;
  const stride = 3 * count + length;
  const { stack, chosen } = search;
  const until = search.workUnits + workMax;
  while (search.workUnits < until) {
    const base = search.depth * stride;
    const task = search.holds ? nextTask(search, window, base) : failed;
    if (task === complete) {
      for (let index = 0; index < count; index += 1) {
        search.starts[index] = stack[base + index] as number;
      }
      return found;
    }
    if (task === failed) {
      search.fails += 1;
      if (search.depth === 0) return refuted;
      if (search.fails > failsMax) return gaveUp;
      search.depth -= 1;
      const row = search.depth * stride;
      const postponed = chosen[search.depth] as number;
      stack[row + 2 * count + postponed] = stack[row + postponed] as number;
      search.holds = true;
      continue;
    }
    chosen[search.depth] = task;
    stack.copyWithin(base + stride, base, base + stride);
    search.depth += 1;
    search.holds = fixLatest(search, window, base + stride, task);
  }
  return paused;
}

/** The task to be scheduled or postponed next, after all that can be concluded; or an end. */
function nextTask(search: WindowSearch, window: Window, base: number): number {
  while (propagate(search, window, base)) {
    const task = choose(search, window, base);
    if (task < 0) return task;
    const from = search.stack[base + task] as number;
    const raised = advancePostponed(search, window, base, from);
    if (raised === failed) return failed;
    if (raised === 0) return hasRoom(search, window, base, from) ? task : failed;
  }
  return failed;
}

const complete = -1;
const failed = -2;

function fixLatest(search: WindowSearch, window: Window, base: number, index: number): boolean {
  const { stack } = search;
  return lowerLatest(search, window, base, index, stack[base + index] as number);
}

/** The open task of earliest start that is not postponed; `complete` if none is open. */
function choose({ stack, rank }: WindowSearch, window: Window, base: number): number {
  const { count } = window;
  let best = complete;
  let bestStart = 0;
  let isOpen = false;
  for (let index = 0; index < count; index += 1) {
    const start = stack[base + index] as number;
    if (start === stack[base + count + index]) continue;
    isOpen = true;
    if (start === stack[base + 2 * count + index]) continue;
    const isBetter =
      best === complete ||
      start < bestStart ||
      (start === bestStart && (rank[index] as number) < (rank[best] as number));
    if (isBetter) {
      best = index;
      bestStart = start;
    }
  }
  return best === complete && isOpen ? failed : best;
}

/**
 * If there is a schedule, there is one in which no task could hop to an earlier start. In it the
 * first of the open tasks is not a postponed one, for nothing would keep it from the start it was
 * denied. So none starts before the earliest other one can; and one that would have ended by then
 * starts nowhere. Returns how many were raised, or `failed`.
 */
function advancePostponed(search: WindowSearch, window: Window, base: number, to: number): number {
  const { stack } = search;
  const { count, duration } = window;
  let raised = 0;
  for (let index = 0; index < count; index += 1) {
    const start = stack[base + index] as number;
    if (start >= to || start !== stack[base + 2 * count + index]) continue;
    if (start === stack[base + count + index]) continue;
    if (start + (duration[index] as number) <= to) return failed;
    if (!raiseEarliest(search, window, base, index, to)) return failed;
    raised += 1;
  }
  return raised;
}

/**
 * Energy: all open tasks start at `from` or later; those that must end by some time find room for
 * what they need of each resource before it.
 */
function hasRoom(
  { stack, work }: WindowSearch,
  window: Window,
  base: number,
  from: number,
): boolean {
  const { count, length, duration, demand, fields } = window;
  const free = base + 3 * count;
  for (let k = 0; k < fields.length; k += 1) {
    const { shift, mask } = fields[k] as { shift: number; mask: number };
    for (let at = from; at <= length; at += 1) work[at] = 0;
    for (let index = 0; index < count; index += 1) {
      const earliest = stack[base + index] as number;
      const latest = stack[base + count + index] as number;
      if (earliest === latest) continue;
      const ticks = duration[index] as number;
      // What it occupies in any case is not free any more.
      const occupied = earliest + ticks - latest;
      const open = occupied > 0 ? ticks - occupied : ticks;
      const end = latest + ticks;
      work[end] = (work[end] as number) + open * (((demand[index] as number) >> shift) & mask);
    }
    let rest = 0;
    for (let at = from; at < length; at += 1) {
      rest += ((stack[free + at] as number) >> shift) & mask;
      rest -= work[at + 1] as number;
      if (rest < 0) return false;
    }
  }
  return true;
}
