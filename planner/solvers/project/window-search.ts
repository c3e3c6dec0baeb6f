/**
 * Exact search in a window: schedule or postpone (Le Pape et al. 1994), with precedence and time-table
 * propagation (Beldiceanu & Carlsson 2002) of starts that all must keep. Complete: where it ends
 * without a limit, no arrangement keeps the target.
 *
 * The state of a node is copied, not trailed: a window has some dozens of tasks and ticks.
 */
import type { Window } from "./window.js";

export const found = 1;
export const refuted = 0;
export const gaveUp = -1;
export const paused = -2;

export interface WindowSearch {
  /** Rows of states, one for each depth: earliest, latest, postponed, free. */
  stack: Int32Array;
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
  workUnits: number;
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
  begin(search, window);
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

function begin({ stack }: WindowSearch, window: Window): void {
  const { count, length } = window;
  for (let index = 0; index < count; index += 1) {
    stack[index] = window.earliest[index] as number;
    stack[count + index] = window.latest[index] as number;
    stack[2 * count + index] = -1;
  }
  for (let at = 0; at < length; at += 1) stack[3 * count + at] = window.free[at] as number;
}

/** Takes the parts of the time that tasks occupy wherever they start. */
function enterParts(search: WindowSearch, window: Window, base: number): boolean {
  const { count } = window;
  for (let index = 0; index < count; index += 1) {
    const latest = search.stack[base + count + index] as number;
    const end = (search.stack[base + index] as number) + (window.duration[index] as number);
    if (latest < end && !take(search, window, base, index, latest, end)) return false;
  }
  return true;
}

function take(
  { stack }: WindowSearch,
  window: Window,
  base: number,
  index: number,
  from: number,
  to: number,
): boolean {
  const free = base + 3 * window.count;
  const word = window.demand[index] as number;
  const { guards } = window;
  let holds = true;
  for (let at = free + from; at < free + to; at += 1) {
    const rest = (stack[at] as number) - word;
    stack[at] = rest;
    if ((rest & guards) !== guards) holds = false;
  }
  return holds;
}

function fixLatest(search: WindowSearch, window: Window, base: number, index: number): boolean {
  const { stack } = search;
  return lowerLatest(search, window, base, index, stack[base + index] as number);
}

/** A later earliest start: the occupied part grows at its end. */
function raiseEarliest(
  search: WindowSearch,
  window: Window,
  base: number,
  index: number,
  to: number,
): boolean {
  const { stack } = search;
  const old = stack[base + index] as number;
  const latest = stack[base + window.count + index] as number;
  if (to > latest) return false;
  stack[base + index] = to;
  const ticks = window.duration[index] as number;
  const from = old + ticks > latest ? old + ticks : latest;
  return to + ticks <= from || take(search, window, base, index, from, to + ticks);
}

/** An earlier latest start: the occupied part grows at its begin. */
function lowerLatest(
  search: WindowSearch,
  window: Window,
  base: number,
  index: number,
  to: number,
): boolean {
  const { stack } = search;
  const earliest = stack[base + index] as number;
  const place = base + window.count + index;
  const old = stack[place] as number;
  if (to < earliest) return false;
  stack[place] = to;
  const end = earliest + (window.duration[index] as number);
  const until = old < end ? old : end;
  return to >= until || take(search, window, base, index, to, until);
}

/** To the fixed point of precedence and time-table; false if nothing can hold. */
function propagate(search: WindowSearch, window: Window, base: number): boolean {
  const { count } = window;
  for (let isNews = true; isNews; ) {
    isNews = false;
    search.workUnits += count;
    for (let index = 0; index < count; index += 1) {
      const at = earliestOf(search, window, base, index);
      if (at > (search.stack[base + index] as number)) {
        if (!raiseEarliest(search, window, base, index, at)) return false;
        isNews = true;
      }
    }
    for (let index = count - 1; index >= 0; index -= 1) {
      const at = latestOf(search, window, base, index);
      if (at < (search.stack[base + count + index] as number)) {
        if (!lowerLatest(search, window, base, index, at)) return false;
        isNews = true;
      }
    }
  }
  return true;
}

function earliestOf(
  { stack }: WindowSearch,
  window: Window,
  base: number,
  index: number,
): number {
  const { predecessorFirst, predecessor, predecessorLag, duration, count, guards } = window;
  const old = stack[base + index] as number;
  const latest = stack[base + count + index] as number;
  let start = old;
  const last = predecessorFirst[index + 1] as number;
  for (let k = predecessorFirst[index] as number; k < last; k += 1) {
    const other = predecessor[k] as number;
    const end =
      (stack[base + other] as number) +
      (duration[other] as number) +
      (predecessorLag[k] as number);
    if (end > start) start = end;
  }
  if (old === latest || start > latest) return start;
  const ticks = duration[index] as number;
  const word = window.demand[index] as number;
  const free = base + 3 * count;
  // Where the task itself is counted already there is room for it.
  const ownEnd = old + ticks;
  let at = start + ticks - 1;
  while (at >= start) {
    if (at >= latest && at < ownEnd) {
      at = latest - 1;
      continue;
    }
    if ((((stack[free + at] as number) - word) & guards) === guards) at -= 1;
    else {
      start = at + 1;
      if (start > latest) return start;
      at = start + ticks - 1;
    }
  }
  return start;
}

function latestOf({ stack }: WindowSearch, window: Window, base: number, index: number): number {
  const { successorFirst, successor, successorLag, duration, count, guards } = window;
  const earliest = stack[base + index] as number;
  const old = stack[base + count + index] as number;
  const ticks = duration[index] as number;
  let start = old;
  const last = successorFirst[index + 1] as number;
  for (let k = successorFirst[index] as number; k < last; k += 1) {
    const bar =
      (stack[base + count + (successor[k] as number)] as number) -
      (successorLag[k] as number) -
      ticks;
    if (bar < start) start = bar;
  }
  if (old === earliest || start < earliest) return start;
  const word = window.demand[index] as number;
  const free = base + 3 * count;
  const ownEnd = earliest + ticks;
  let at = start;
  while (at < start + ticks) {
    if (at >= old && at < ownEnd) {
      at = ownEnd;
      continue;
    }
    if ((((stack[free + at] as number) - word) & guards) === guards) at += 1;
    else {
      start = at - ticks;
      if (start < earliest) return start;
      at = start;
    }
  }
  return start;
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
function advancePostponed(
  search: WindowSearch,
  window: Window,
  base: number,
  to: number,
): number {
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
function hasRoom({ stack, work }: WindowSearch, window: Window, base: number, from: number): boolean {
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
