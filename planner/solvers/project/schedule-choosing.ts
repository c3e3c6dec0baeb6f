/**
 * Serial generation with choice of modes: improvement while a schedule is built (Van Peteghem &
 * Vanhoucke 2010).
 */
import { applyMode, isAffordable, type ModeChoice } from "./mode-choice.js";
import type { Schedule, Scheduler } from "./schedule.js";

/**
 * Every task of the order at its earliest start; with some chance in the mode that ends it earliest
 * among those the stocks allow. `left` must be counted for the schedule's modes; it stays so.
 */
export function scheduleChoosing(
  scheduler: Scheduler,
  choice: ModeChoice,
  schedule: Schedule,
  chance: number,
): void {
  const { project, profile } = scheduler;
  const { duration, modeFirst } = project;
  const { order, mode, start } = schedule;
  const { random } = choice;
  let makespan = project.makespanMin;
  profile.reset();
  for (let place = 0; place < order.length; place += 1) {
    const task = order[place] as number;
    const ready = readyOf(scheduler, schedule, task);
    const isFlexible = (modeFirst[task + 1] as number) - (modeFirst[task] as number) > 1;
    if (isFlexible && random() < chance) chooseMode(scheduler, choice, schedule, task, ready);
    const chosen = mode[task] as number;
    const ticks = duration[chosen] as number;
    const at = ticks > 0 ? profile.earliest(chosen, ticks, ready) : ready;
    if (ticks > 0) profile.take(chosen, at, ticks);
    scheduler.workUnits += 1;
    start[task] = at;
    if (at + ticks > makespan) makespan = at + ticks;
  }
  schedule.makespan = makespan;
}

function readyOf({ project }: Scheduler, { start, mode }: Schedule, task: number): number {
  const { predecessorFirst, predecessor, predecessorLag, release, duration } = project;
  let ready = release[task] as number;
  const last = predecessorFirst[task + 1] as number;
  for (let k = predecessorFirst[task] as number; k < last; k += 1) {
    const before = predecessor[k] as number;
    const ticks = duration[mode[before] as number] as number;
    const end = (start[before] as number) + ticks + (predecessorLag[k] as number);
    if (end > ready) ready = end;
  }
  return ready;
}

/** The mode of earliest end; of those, the one that takes least of the stocks. */
function chooseMode(
  scheduler: Scheduler,
  choice: ModeChoice,
  { mode }: Schedule,
  task: number,
  ready: number,
): void {
  const { project, profile } = scheduler;
  const { duration, modeFirst } = project;
  const { relativeUse } = choice;
  const old = mode[task] as number;
  const last = modeFirst[task + 1] as number;
  let chosen = old;
  let leastEnd = Number.POSITIVE_INFINITY;
  for (let other = modeFirst[task] as number; other < last; other += 1) {
    const ticks = duration[other] as number;
    if (ready + ticks > leastEnd || (other !== old && !isAffordable(choice, old, other))) continue;
    const end = (ticks > 0 ? profile.earliest(other, ticks, ready) : ready) + ticks;
    scheduler.workUnits += 1;
    const isThriftier = (relativeUse[other] as number) < (relativeUse[chosen] as number);
    if (end < leastEnd || (end === leastEnd && isThriftier)) {
      leastEnd = end;
      chosen = other;
    }
  }
  if (chosen !== old) applyMode(choice, mode, task, chosen);
}
