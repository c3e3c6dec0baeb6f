/**
 * Choices of modes that keep to the stocks: repair of those that do not, and improvement while a
 * schedule is built (Van Peteghem & Vanhoucke 2010; Lova et al. 2009).
 */
import { randomInteger } from "../../../core/random.js";
import type { Project } from "./project.js";
import type { Schedule, Scheduler } from "./schedule.js";

export interface ModeChoice {
  readonly project: Project;
  readonly random: () => number;
  /** [stocks] What the modes of the schedule at hand leave; negative where they overdraw. */
  readonly left: Int32Array;
  /** Tasks with several modes. */
  readonly flexible: Int32Array;
  /** [modes] What a mode uses of the stocks, each relative to its size. */
  readonly relativeUse: Float64Array;
}

export function createModeChoice(project: Project, random: () => number): ModeChoice {
  const { tasks, modeFirst, stocks, stock, use, duration } = project;
  const flexible: number[] = [];
  for (let task = 0; task < tasks; task += 1) {
    if ((modeFirst[task + 1] as number) - (modeFirst[task] as number) > 1) flexible.push(task);
  }
  const relativeUse = Float64Array.from(duration, (_, mode) => {
    let sum = 0;
    for (let k = 0; k < stocks; k += 1) {
      sum += (use[mode * stocks + k] as number) / Math.max(1, stock[k] as number);
    }
    return sum;
  });
  return {
    project,
    random,
    left: new Int32Array(stocks),
    flexible: Int32Array.from(flexible),
    relativeUse,
  };
}

/** Counts what the modes leave; true if no stock is overdrawn. */
export function countStocks({ project, left }: ModeChoice, mode: Int32Array): boolean {
  const { stocks, use, stock, tasks } = project;
  left.set(stock);
  for (let task = 0; task < tasks; task += 1) {
    const row = (mode[task] as number) * stocks;
    for (let k = 0; k < stocks; k += 1) {
      left[k] = (left[k] as number) - (use[row + k] as number);
    }
  }
  return left.every((amount) => amount >= 0);
}

/** Random modes for all tasks. */
export function drawModes({ project, random, flexible }: ModeChoice, mode: Int32Array): void {
  const { modeFirst } = project;
  mode.set(modeFirst.subarray(0, project.tasks));
  for (const task of flexible) mode[task] = drawMode(project, random, task);
}

/** A few tasks take any other mode. */
export function mutateModes(
  { project, random, flexible }: ModeChoice,
  mode: Int32Array,
  changes: number,
): void {
  for (let change = 0; change < changes && flexible.length > 0; change += 1) {
    const task = flexible[randomInteger(random, flexible.length)] as number;
    mode[task] = drawMode(project, random, task);
  }
}

function drawMode({ modeFirst }: Project, random: () => number, task: number): number {
  const first = modeFirst[task] as number;
  return first + randomInteger(random, (modeFirst[task + 1] as number) - first);
}

/**
 * Changes modes until no stock is overdrawn: the change that lessens the overdraft most among a few
 * tasks, and where none does, a random step. False if that takes too long.
 */
export function repairModes(choice: ModeChoice, mode: Int32Array): boolean {
  const { project, random, left, flexible } = choice;
  const { stocks, modeFirst } = project;
  if (stocks === 0 || countStocks(choice, mode)) return true;
  const stepsMax = 20 * flexible.length + 100;
  for (let step = 0; step < stepsMax; step += 1) {
    // Few tasks at first, for variety; all of them once that does not help.
    const looks = step < flexible.length ? Math.min(12, flexible.length) : flexible.length;
    const offset = randomInteger(random, flexible.length);
    let bestTask = -1;
    let bestMode = -1;
    let least = 0;
    for (let look = 0; look < looks; look += 1) {
      const place = step < flexible.length ? randomInteger(random, flexible.length) : offset + look;
      const task = flexible[place % flexible.length] as number;
      const last = modeFirst[task + 1] as number;
      for (let other = modeFirst[task] as number; other < last; other += 1) {
        if (other === mode[task]) continue;
        const change = overdraftChange(choice, mode[task] as number, other);
        if (change < least) {
          least = change;
          bestTask = task;
          bestMode = other;
        }
      }
    }
    if (bestTask < 0) {
      bestTask = flexible[offset] as number;
      bestMode = drawMode(project, random, bestTask);
    }
    applyMode(choice, mode, bestTask, bestMode);
    if (left.every((amount) => amount >= 0)) return true;
  }
  return false;
}

/** Sum over stocks of the relative overdraft, after minus before. */
function overdraftChange({ project, left }: ModeChoice, from: number, to: number): number {
  const { stocks, use, stock } = project;
  let change = 0;
  for (let k = 0; k < stocks; k += 1) {
    const now = left[k] as number;
    const then = now + (use[from * stocks + k] as number) - (use[to * stocks + k] as number);
    change += (Math.min(0, now) - Math.min(0, then)) / Math.max(1, stock[k] as number);
  }
  return change;
}

function applyMode({ project, left }: ModeChoice, mode: Int32Array, task: number, to: number): void {
  const { stocks, use } = project;
  const from = mode[task] as number;
  for (let k = 0; k < stocks; k += 1) {
    const back = use[from * stocks + k] as number;
    left[k] = (left[k] as number) + back - (use[to * stocks + k] as number);
  }
  mode[task] = to;
}

/**
 * Serial generation in which every task, with some chance, takes the mode that ends it earliest among
 * those the stocks allow. `left` must be counted for the schedule's modes; it stays so.
 */
export function scheduleChoosing(
  scheduler: Scheduler,
  choice: ModeChoice,
  schedule: Schedule,
  chance: number,
): void {
  const { project, profile } = scheduler;
  const { predecessorFirst, predecessor, predecessorLag, release, duration, modeFirst } = project;
  const { order, mode, start } = schedule;
  const { random } = choice;
  let makespan = project.makespanMin;
  profile.reset();
  for (let place = 0; place < order.length; place += 1) {
    const task = order[place] as number;
    let ready = release[task] as number;
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last; k += 1) {
      const before = predecessor[k] as number;
      const end =
        (start[before] as number) +
        (duration[mode[before] as number] as number) +
        (predecessorLag[k] as number);
      if (end > ready) ready = end;
    }
    const first = modeFirst[task] as number;
    const after = modeFirst[task + 1] as number;
    let chosen = mode[task] as number;
    let ticks = duration[chosen] as number;
    let at = ticks > 0 ? profile.earliest(chosen, ticks, ready) : ready;
    scheduler.workUnits += 1;
    if (after - first > 1 && random() < chance) {
      for (let other = first; other < after; other += 1) {
        if (other === chosen || !isAffordable(choice, mode[task] as number, other)) continue;
        const otherTicks = duration[other] as number;
        if (ready + otherTicks > at + ticks) continue;
        const otherAt = otherTicks > 0 ? profile.earliest(other, otherTicks, ready) : ready;
        scheduler.workUnits += 1;
        const gain = at + ticks - otherAt - otherTicks;
        const isThriftier =
          (choice.relativeUse[other] as number) < (choice.relativeUse[chosen] as number);
        if (gain > 0 || (gain === 0 && isThriftier)) {
          chosen = other;
          ticks = otherTicks;
          at = otherAt;
        }
      }
      if (chosen !== mode[task]) applyMode(choice, mode, task, chosen);
    }
    if (ticks > 0) profile.take(chosen, at, ticks);
    start[task] = at;
    if (at + ticks > makespan) makespan = at + ticks;
  }
  schedule.makespan = makespan;
}

function isAffordable({ project, left }: ModeChoice, from: number, to: number): boolean {
  const { stocks, use } = project;
  for (let k = 0; k < stocks; k += 1) {
    const change = (use[to * stocks + k] as number) - (use[from * stocks + k] as number);
    if (change > (left[k] as number)) return false;
  }
  return true;
}
