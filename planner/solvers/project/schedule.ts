/**
 * Serial schedule generation forward and backward, and double justification (Valls, Ballestín &
 * Quintanilla 2005): from an order and modes to start times. Scratch memory of one search.
 */
import { createProfile } from "./create-profile.js";
import { isTickwise, type Profile } from "./profile.js";
import type { Project } from "./project.js";

export interface Scheduler {
  readonly project: Project;
  readonly profile: Profile;
  /** Tasks placed so far: one is a unit of work. */
  workUnits: number;
  /** [span + 2] for sorting by time; null where times are too many to count. */
  readonly buckets: Int32Array | null;
  readonly keys: Float64Array;
  readonly unsorted: Int32Array;
}

/** Start times with the order that gives them; by start, so that neighbours are near in time. */
export interface Schedule {
  readonly order: Int32Array;
  /** [tasks] Index among the modes. */
  readonly mode: Int32Array;
  readonly start: Int32Array;
  makespan: number;
}

export function createScheduler(project: Project): Scheduler {
  const { tasks, span } = project;
  return {
    project,
    profile: createProfile(project),
    workUnits: 0,
    buckets: isTickwise(project) ? new Int32Array(span + 2) : null,
    keys: new Float64Array(tasks),
    unsorted: new Int32Array(tasks),
  };
}

export function createSchedule({ tasks, modeFirst, topological }: Project): Schedule {
  return {
    order: topological.slice(),
    mode: modeFirst.slice(0, tasks),
    start: new Int32Array(tasks),
    makespan: Number.POSITIVE_INFINITY,
  };
}

export function copySchedule(from: Schedule, to: Schedule): void {
  to.order.set(from.order);
  to.mode.set(from.mode);
  to.start.set(from.start);
  to.makespan = from.makespan;
}

/** Every task of `order`, which respects precedence, at its earliest start. */
export function scheduleForward(scheduler: Scheduler, schedule: Schedule): void {
  const { project, profile } = scheduler;
  const { predecessorFirst, predecessor, predecessorLag, release, duration } = project;
  const { order, mode, start } = schedule;
  let makespan = project.makespanMin;
  profile.reset();
  for (let place = 0; place < order.length; place += 1) {
    const task = order[place] as number;
    const chosen = mode[task] as number;
    const ticks = duration[chosen] as number;
    let at = release[task] as number;
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last; k += 1) {
      const before = predecessor[k] as number;
      const end =
        (start[before] as number) +
        (duration[mode[before] as number] as number) +
        (predecessorLag[k] as number);
      if (end > at) at = end;
    }
    if (ticks > 0) {
      at = profile.earliest(chosen, ticks, at);
      profile.take(chosen, at, ticks);
    }
    start[task] = at;
    if (at + ticks > makespan) makespan = at + ticks;
  }
  schedule.makespan = makespan;
  scheduler.workUnits += order.length;
}

/**
 * Every task at its latest start that ends by `limit`, from the last end backwards. With `limit` at
 * the makespan no start is earlier than it was. False if some task found no room after tick 0.
 */
export function scheduleBackward(scheduler: Scheduler, schedule: Schedule, limit: number): boolean {
  const { project, profile } = scheduler;
  const { successorFirst, successor, successorLag, duration, release } = project;
  const { order, mode, start } = schedule;
  let isWhole = true;
  profile.reset();
  sortByEnd(scheduler, schedule);
  for (let place = order.length - 1; place >= 0; place -= 1) {
    const task = order[place] as number;
    const chosen = mode[task] as number;
    const ticks = duration[chosen] as number;
    let at = limit;
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k += 1) {
      const bar = (start[successor[k] as number] as number) - (successorLag[k] as number);
      if (bar < at) at = bar;
    }
    at -= ticks;
    if (ticks > 0) at = profile.latest(chosen, ticks, at);
    if (at < (release[task] as number)) {
      isWhole = false;
      if (at < 0) break;
    }
    if (ticks > 0) profile.take(chosen, at, ticks);
    start[task] = at;
  }
  scheduler.workUnits += order.length;
  return isWhole;
}

/** Backward and forward again, of a schedule with its times. */
export function justify(scheduler: Scheduler, schedule: Schedule): void {
  scheduleBackward(scheduler, schedule, schedule.makespan);
  sortByStart(scheduler, schedule);
  scheduleForward(scheduler, schedule);
  sortByStart(scheduler, schedule);
}

/** Ties keep their order, so precedence stays respected whatever takes no time. */
export function sortByStart(scheduler: Scheduler, { order, start }: Schedule): void {
  sortStable(scheduler, order, start, null, null);
}

function sortByEnd(scheduler: Scheduler, { order, start, mode }: Schedule): void {
  sortStable(scheduler, order, start, mode, scheduler.project.duration);
}

function sortStable(
  scheduler: Scheduler,
  order: Int32Array,
  start: Int32Array,
  mode: Int32Array | null,
  duration: Int32Array | null,
): void {
  const { buckets, keys, unsorted } = scheduler;
  const tasks = order.length;
  for (let place = 0; place < tasks; place += 1) {
    const task = order[place] as number;
    let key = start[task] as number;
    if (mode !== null && duration !== null) key += duration[mode[task] as number] as number;
    keys[place] = key;
  }
  if (buckets === null) {
    for (let place = 0; place < tasks; place += 1) {
      keys[place] = (keys[place] as number) * tasks + place;
    }
    keys.sort();
    unsorted.set(order);
    for (let place = 0; place < tasks; place += 1) {
      order[place] = unsorted[(keys[place] as number) % tasks] as number;
    }
    return;
  }
  let latest = 0;
  for (let place = 0; place < tasks; place += 1) {
    const key = keys[place] as number;
    if (key > latest) latest = key;
  }
  buckets.fill(0, 0, latest + 2);
  for (let place = 0; place < tasks; place += 1) {
    const at = (keys[place] as number) + 1;
    buckets[at] = (buckets[at] as number) + 1;
  }
  for (let at = 1; at <= latest; at += 1) {
    buckets[at] = (buckets[at] as number) + (buckets[at - 1] as number);
  }
  unsorted.set(order);
  for (let place = 0; place < tasks; place += 1) {
    const at = keys[place] as number;
    const to = buckets[at] as number;
    buckets[at] = to + 1;
    order[to] = unsorted[place] as number;
  }
}
