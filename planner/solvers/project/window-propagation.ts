/**
 * Precedence and time-table propagation in a window (Beldiceanu & Carlsson 2002): each state is a row
 * of earliest and latest starts, of starts that were postponed, and of what is free.
 */
import type { Window } from "./window.js";

export interface WindowState {
  /** Rows of states, one for each depth: earliest, latest, postponed, free. */
  stack: Int32Array;
  /** Looks at a task. */
  workUnits: number;
}

/** The state of the root: what the window allows. */
export function beginState({ stack }: WindowState, window: Window): void {
  const { count, length } = window;
  for (let index = 0; index < count; index += 1) {
    stack[index] = window.earliest[index] as number;
    stack[count + index] = window.latest[index] as number;
    stack[2 * count + index] = -1;
  }
  for (let at = 0; at < length; at += 1) stack[3 * count + at] = window.free[at] as number;
}

/** Takes the parts of the time that tasks occupy wherever they start. */
export function enterParts(search: WindowState, window: Window, base: number): boolean {
  const { count } = window;
  for (let index = 0; index < count; index += 1) {
    const latest = search.stack[base + count + index] as number;
    const end = (search.stack[base + index] as number) + (window.duration[index] as number);
    if (latest < end && !take(search, window, base, index, latest, end)) return false;
  }
  return true;
}

function take(
  { stack }: WindowState,
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

/** A later earliest start: the occupied part grows at its end. */
export function raiseEarliest(
  search: WindowState,
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
export function lowerLatest(
  search: WindowState,
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
export function propagate(search: WindowState, window: Window, base: number): boolean {
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

function earliestOf({ stack }: WindowState, window: Window, base: number, index: number): number {
  const { predecessorFirst, predecessor, predecessorLag, duration, count, guards } = window;
  const old = stack[base + index] as number;
  const latest = stack[base + count + index] as number;
  let start = old;
  const last = predecessorFirst[index + 1] as number;
  for (let k = predecessorFirst[index] as number; k < last; k += 1) {
    const other = predecessor[k] as number;
    const end =
      (stack[base + other] as number) + (duration[other] as number) + (predecessorLag[k] as number);
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

function latestOf({ stack }: WindowState, window: Window, base: number, index: number): number {
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
