/**
 * A part of a schedule to be rearranged (Palpant, Artigues & Michelon 2004; Debels & Vanhoucke 2007):
 * what stands before stays at its place in the left-justified schedule, what stands behind at its
 * place in one justified to the right against a target. In between, tasks are free within what
 * precedence and the rest of the resources leave. Such a freeze loses next to nothing against keeping
 * the partial order of the rest (Godard, Laborie & Nuijten 2005), whose earliest and latest starts
 * are these two schedules, and it makes small problems of large ones.
 */
import type { Packing } from "./packed-profile.js";
import {
  copySchedule,
  createSchedule,
  type Schedule,
  type Scheduler,
  scheduleBackward,
} from "./schedule.js";

/** Tasks `0 … count - 1` in an order that respects precedence; times in ticks from `origin`. */
export interface Window {
  readonly sizeMax: number;
  count: number;
  origin: number;
  length: number;
  /** [count] Index in the project. */
  readonly task: Int32Array;
  readonly duration: Int32Array;
  /** Packed. */
  readonly demand: Int32Array;
  readonly earliest: Int32Array;
  readonly latest: Int32Array;
  readonly predecessorFirst: Int32Array;
  readonly predecessor: Int32Array;
  readonly predecessorLag: Int32Array;
  readonly successorFirst: Int32Array;
  readonly successor: Int32Array;
  readonly successorLag: Int32Array;
  /** [length] Packed; what the tasks around the window leave. */
  readonly free: Int32Array;
  readonly guards: number;
  readonly fields: Packing["fields"];
}

export interface Windows {
  readonly scheduler: Scheduler;
  readonly packing: Packing;
  readonly window: Window;
  readonly right: Schedule;
  /** [tasks] Index in the window; -1 before it, -2 behind it. */
  readonly placeOf: Int32Array;
}

const before = -1;
const behind = -2;

export function createWindows(scheduler: Scheduler, packing: Packing, sizeMax: number): Windows {
  const { project } = scheduler;
  const edges = project.predecessor.length;
  const ints = (size: number): Int32Array => new Int32Array(size);
  return {
    scheduler,
    packing,
    right: createSchedule(project),
    placeOf: ints(project.tasks),
    window: {
      sizeMax,
      count: 0,
      origin: 0,
      length: 0,
      task: ints(sizeMax),
      duration: ints(sizeMax),
      demand: ints(sizeMax),
      earliest: ints(sizeMax),
      latest: ints(sizeMax),
      predecessorFirst: ints(sizeMax + 1),
      predecessor: ints(edges),
      predecessorLag: ints(edges),
      successorFirst: ints(sizeMax + 1),
      successor: ints(edges),
      successorLag: ints(edges),
      free: ints(project.span + 1),
      guards: packing.guards,
      fields: packing.fields,
    },
  };
}

/** The schedule justified to the right against a target; windows are cut from both. */
export function aim(windows: Windows, schedule: Schedule, target: number): void {
  copySchedule(schedule, windows.right);
  scheduleBackward(windows.scheduler, windows.right, target);
}

/**
 * The window of `size` tasks after the `first` that start earliest; false where it is plain that
 * nothing fits the target.
 */
export function cutWindow(
  windows: Windows,
  schedule: Schedule,
  first: number,
  size: number,
  target: number,
): boolean {
  const { placeOf, right, window, scheduler } = windows;
  const { project } = scheduler;
  const { tasks } = project;
  const { order } = schedule;
  for (let place = 0; place < first; place += 1) placeOf[order[place] as number] = before;
  for (let place = first; place < tasks; place += 1) placeOf[order[place] as number] = 0;
  // The order of `right` is by end, ties respecting precedence: its last tasks are closed under it.
  let left = tasks - first - size;
  for (let place = tasks - 1; place >= 0 && left > 0; place -= 1) {
    const task = right.order[place] as number;
    if (placeOf[task] === before) continue;
    placeOf[task] = behind;
    left -= 1;
  }
  let count = 0;
  for (let place = first; place < tasks; place += 1) {
    const task = order[place] as number;
    if (placeOf[task] !== 0) continue;
    window.task[count] = task;
    placeOf[task] = count;
    count += 1;
  }
  window.count = count;
  return boundTimes(windows, schedule, target) && fillFree(windows, schedule);
}

/** Earliest and latest starts from the frozen tasks around, and the edges within. */
function boundTimes(windows: Windows, schedule: Schedule, target: number): boolean {
  const { placeOf, right, window, scheduler, packing } = windows;
  const { project } = scheduler;
  const { duration } = project;
  const { task: taskAt, count } = window;
  let inEdges = 0;
  let outEdges = 0;
  let origin = target;
  let end = 0;
  for (let index = 0; index < count; index += 1) {
    const task = taskAt[index] as number;
    const mode = schedule.mode[task] as number;
    const ticks = duration[mode] as number;
    let earliest = project.release[task] as number;
    let latest = target - ticks;
    window.predecessorFirst[index] = inEdges;
    window.successorFirst[index] = outEdges;
    const lastIn = project.predecessorFirst[task + 1] as number;
    for (let k = project.predecessorFirst[task] as number; k < lastIn; k += 1) {
      const other = project.predecessor[k] as number;
      const lag = project.predecessorLag[k] as number;
      const place = placeOf[other] as number;
      if (place === before) {
        const otherTicks = duration[schedule.mode[other] as number] as number;
        const at = (schedule.start[other] as number) + otherTicks + lag;
        if (at > earliest) earliest = at;
      } else {
        window.predecessor[inEdges] = place;
        window.predecessorLag[inEdges++] = lag;
      }
    }
    const lastOut = project.successorFirst[task + 1] as number;
    for (let k = project.successorFirst[task] as number; k < lastOut; k += 1) {
      const other = project.successor[k] as number;
      const lag = project.successorLag[k] as number;
      const place = placeOf[other] as number;
      if (place === behind) {
        const at = (right.start[other] as number) - lag - ticks;
        if (at < latest) latest = at;
      } else {
        window.successor[outEdges] = place;
        window.successorLag[outEdges++] = lag;
      }
    }
    if (earliest > latest) return false;
    window.duration[index] = ticks;
    window.demand[index] = ticks === 0 ? 0 : (packing.demand[mode] as number);
    window.earliest[index] = earliest;
    window.latest[index] = latest;
    if (earliest < origin) origin = earliest;
    if (latest + ticks > end) end = latest + ticks;
  }
  window.predecessorFirst[count] = inEdges;
  window.successorFirst[count] = outEdges;
  window.origin = origin;
  window.length = end - origin;
  for (let index = 0; index < count; index += 1) {
    window.earliest[index] = (window.earliest[index] as number) - origin;
    window.latest[index] = (window.latest[index] as number) - origin;
  }
  return true;
}

/** False if the frozen tasks are in one another's way. */
function fillFree(windows: Windows, schedule: Schedule): boolean {
  const { placeOf, right, window, scheduler, packing } = windows;
  const { project } = scheduler;
  const { free, origin, length, guards } = window;
  for (let at = 0; at < length; at += 1) free[at] = packing.base[origin + at] as number;
  for (let task = 0; task < project.tasks; task += 1) {
    const place = placeOf[task] as number;
    if (place >= 0) continue;
    const mode = schedule.mode[task] as number;
    const start =
      place === before ? (schedule.start[task] as number) : (right.start[task] as number);
    const from = Math.max(0, start - origin);
    const to = Math.min(length, start + (project.duration[mode] as number) - origin);
    const word = packing.demand[mode] as number;
    for (let at = from; at < to; at += 1) {
      const rest = (free[at] as number) - word;
      if ((rest & guards) !== guards) return false;
      free[at] = rest;
    }
  }
  // What is frozen before must end before what is frozen behind begins, where one waits for the other.
  for (let task = 0; task < project.tasks; task += 1) {
    if (placeOf[task] !== behind) continue;
    const last = project.predecessorFirst[task + 1] as number;
    for (let k = project.predecessorFirst[task] as number; k < last; k += 1) {
      const other = project.predecessor[k] as number;
      if (placeOf[other] !== before) continue;
      const ticks = project.duration[schedule.mode[other] as number] as number;
      const end = (schedule.start[other] as number) + ticks + (project.predecessorLag[k] as number);
      if (end > (right.start[task] as number)) return false;
    }
  }
  return true;
}

/** Puts the window's new starts and the frozen ones into the schedule. */
export function pasteWindow(windows: Windows, schedule: Schedule, starts: Int32Array): void {
  const { placeOf, right, window } = windows;
  for (let task = 0; task < placeOf.length; task += 1) {
    const place = placeOf[task] as number;
    if (place >= 0) schedule.start[task] = (starts[place] as number) + window.origin;
    else if (place === behind) schedule.start[task] = right.start[task] as number;
  }
}
