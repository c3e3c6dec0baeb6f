/** Large neighbourhood search: windows of a schedule, searched exactly against a target. */
import { randomInteger } from "../../../core/random.js";
import { packingOf } from "./packed-profile.js";
import { isTickwise } from "./profile.js";
import {
  copySchedule,
  createSchedule,
  justify,
  type Schedule,
  type Scheduler,
  scheduleForward,
  sortByStart,
} from "./schedule.js";
import { aim, createWindows, cutWindow, pasteWindow, type Windows } from "./window.js";
import { createWindowSearch, found, searchWindow, type WindowSearch } from "./window-search.js";

export interface Lns {
  readonly scheduler: Scheduler;
  readonly windows: Windows;
  readonly search: WindowSearch;
  readonly random: () => number;
  readonly result: Schedule;
}

/** null where times are too long for windows of words per tick. */
export function createLns(scheduler: Scheduler, random: () => number): Lns | null {
  const { project } = scheduler;
  const packing = isTickwise(project) ? packingOf(project) : null;
  if (packing === null) return null;
  return {
    scheduler,
    windows: createWindows(scheduler, packing, project.tasks),
    search: createWindowSearch(project.tasks),
    random,
    result: createSchedule(project),
  };
}

/** A schedule of the target's length or less, other than the given one in some window; or null. */
export function rearrange(
  lns: Lns,
  schedule: Schedule,
  target: number,
  first: number,
  size: number,
  failsMax: number,
): Schedule | null {
  const { windows, search, scheduler, random, result } = lns;
  if (!cutWindow(windows, schedule, first, size, target)) return null;
  const { window } = windows;
  const noise = random() < 0.5 ? 2 : 6;
  for (let index = 0; index < window.count; index += 1) {
    search.rank[index] = (window.latest[index] as number) + noise * random();
  }
  const before = search.workUnits;
  const outcome = searchWindow(search, window, failsMax);
  scheduler.workUnits += (search.workUnits - before) >> 1;
  if (outcome !== found) return null;
  copySchedule(schedule, result);
  pasteWindow(windows, result, search.starts);
  sortByStart(scheduler, result);
  scheduleForward(scheduler, result);
  sortByStart(scheduler, result);
  justify(scheduler, result);
  return result;
}

/** Some windows of one schedule; the first success is returned. */
export function improve(lns: Lns, schedule: Schedule, target: number, tries: number): Schedule | null {
  const { windows, random, scheduler } = lns;
  const { tasks } = scheduler.project;
  aim(windows, schedule, target);
  for (let k = 0; k < tries; k += 1) {
    const size = Math.min(tasks, 8 + randomInteger(random, 40));
    const first = randomInteger(random, tasks - size + 1);
    const better = rearrange(lns, schedule, target, first, size, 100);
    if (better !== null) return better;
  }
  return null;
}
