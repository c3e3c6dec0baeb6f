/** Large neighbourhood search: windows of a schedule, searched exactly against a target. */
import { randomInteger } from "../../../core/random.js";
import { createModeChoice, type ModeChoice } from "./mode-choice.js";
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
import { varyModes } from "./window-modes.js";
import {
  beginSearch,
  continueSearch,
  createWindowSearch,
  found,
  gaveUp,
  paused,
  refuted,
  type WindowSearch,
} from "./window-search.js";

/** Windows cut from one pair of justified schedules. */
const triesOfAim = 10;
const sizeMin = 6;
const sizeMax = 40;
const failsOfWindow = 200;
const workOfPause = 1_000;

export interface Lns {
  readonly scheduler: Scheduler;
  readonly windows: Windows;
  readonly search: WindowSearch;
  readonly random: () => number;
  readonly result: Schedule;
  /** null where no task has several modes. */
  readonly modes: ModeChoice | null;
  /** The schedule at hand, with other modes in a window. */
  readonly variant: Schedule;
  /** Of the last window. */
  outcome: number;
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
    modes: project.isSingleMode ? null : createModeChoice(project, random),
    variant: createSchedule(project),
    outcome: gaveUp,
  };
}

/** A schedule of the target's length or less, other than the given one in some window; or null. */
export function* rearrange(
  lns: Lns,
  schedule: Schedule,
  target: number,
  cut: { readonly first: number; readonly size: number; readonly failsMax: number },
): Generator<void, Schedule | null, void> {
  const { windows, search, scheduler, result } = lns;
  lns.outcome = refuted;
  if (!cutWindow(windows, schedule, cut.first, cut.size, target)) return null;
  const { window } = windows;
  copySchedule(schedule, result);
  rankTasks(lns, schedule);
  beginSearch(search, window);
  do {
    const before = search.workUnits;
    lns.outcome = continueSearch(search, window, cut.failsMax, workOfPause);
    // A look at a task of a window costs about half of what placing one costs.
    scheduler.workUnits += (search.workUnits - before) >> 1;
    if (lns.outcome === paused) yield;
  } while (lns.outcome === paused);
  if (lns.outcome !== found) return null;
  pasteWindow(windows, result, search.starts);
  sortByStart(scheduler, result);
  scheduleForward(scheduler, result);
  sortByStart(scheduler, result);
  justify(scheduler, result);
  return result;
}

/**
 * Which of the tasks that could start next does: by latest start, or by the middle between the starts
 * in the schedules justified to both sides, with noise.
 */
function rankTasks({ windows, search, random }: Lns, schedule: Schedule): void {
  const { window, right } = windows;
  const draw = random();
  const noise = draw < 0.5 ? 1 : 5;
  const isGuided = random() < 0.5;
  for (let index = 0; index < window.count; index += 1) {
    const task = window.task[index] as number;
    const by = isGuided
      ? ((schedule.start[task] as number) + (right.start[task] as number)) / 2
      : (window.latest[index] as number);
    search.rank[index] = by + noise * random();
  }
}

/** Some windows of one schedule; the first success is returned. */
export function* improve(
  lns: Lns,
  schedule: Schedule,
  target: number,
): Generator<void, Schedule | null, void> {
  const { windows, random, scheduler } = lns;
  const { tasks } = scheduler.project;
  aim(windows, schedule, target);
  for (let k = 0; k < triesOfAim; k += 1) {
    const most = lns.modes === null ? sizeMax : sizeMaxOfModes;
    const size = Math.min(tasks, sizeMin + randomInteger(random, most - sizeMin));
    const failsMax = lns.modes === null ? failsOfWindow : failsOfModes;
    const first = randomInteger(random, tasks - size + 1);
    const base = baseOf(lns, schedule, { first, size });
    const better = yield* rearrange(lns, base, target, { first, size, failsMax });
    if (better !== null) return better;
    yield;
  }
  return null;
}

/**
 * Windows of several modes are many and small: a choice of modes that does not fit shows soon. In most
 * of them modes are varied before they are searched.
 */
const sizeMaxOfModes = 24;
const failsOfModes = 60;
const variedShare = 0.7;

function baseOf(
  { modes, variant, random, scheduler }: Lns,
  schedule: Schedule,
  cut: { readonly first: number; readonly size: number },
): Schedule {
  if (modes === null || random() >= variedShare) return schedule;
  scheduler.workUnits += cut.size;
  return varyModes(modes, schedule, variant, cut) ? variant : schedule;
}
