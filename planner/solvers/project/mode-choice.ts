/**
 * Choices of modes that keep to the stocks, and repair of those that do not (Lova et al. 2009; Van
 * Peteghem & Vanhoucke 2010).
 */
import { randomInteger } from "../../../core/random.js";
import type { Project } from "./project.js";

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
  const { stocks } = project;
  if (stocks === 0 || countStocks(choice, mode)) return true;
  const stepsMax = 20 * flexible.length + 100;
  for (let step = 0; step < stepsMax; step += 1) {
    // Few tasks at first, for variety; all of them once that does not help.
    const looks = step < flexible.length ? Math.min(12, flexible.length) : flexible.length;
    const task = flexible[randomInteger(random, flexible.length)] as number;
    const better = bestRepair(choice, mode, looks);
    if (better >= 0) applyMode(choice, mode, taskOfMode(project, better), better);
    else applyMode(choice, mode, task, drawMode(project, random, task));
    if (left.every((amount) => amount >= 0)) return true;
  }
  return false;
}

/** Of some tasks in a row, from a random one on, the mode that lessens the overdraft most; or -1. */
function bestRepair(choice: ModeChoice, mode: Int32Array, looks: number): number {
  const { project, random, flexible } = choice;
  const { modeFirst } = project;
  const stride = 1 + randomInteger(random, flexible.length);
  let place = randomInteger(random, flexible.length);
  let best = -1;
  let least = 0;
  for (let look = 0; look < looks; look += 1) {
    place = (place + (looks < flexible.length ? stride : 1)) % flexible.length;
    const task = flexible[place] as number;
    const last = modeFirst[task + 1] as number;
    for (let other = modeFirst[task] as number; other < last; other += 1) {
      const change = overdraftChange(choice, mode[task] as number, other);
      if (change >= least) continue;
      least = change;
      best = other;
    }
  }
  return best;
}

function taskOfMode({ modeFirst }: Project, mode: number): number {
  let low = 0;
  let high = modeFirst.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((modeFirst[middle] as number) <= mode) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Sum over stocks of the relative overdraft, after minus before. */
export function overdraftChange({ project, left }: ModeChoice, from: number, to: number): number {
  const { stocks, use, stock } = project;
  let change = 0;
  for (let k = 0; k < stocks; k += 1) {
    const now = left[k] as number;
    const then = now + (use[from * stocks + k] as number) - (use[to * stocks + k] as number);
    change += (Math.min(0, now) - Math.min(0, then)) / Math.max(1, stock[k] as number);
  }
  return change;
}

/** The task takes another mode. */
export function applyMode(
  { project, left }: ModeChoice,
  mode: Int32Array,
  task: number,
  to: number,
): void {
  const { stocks, use } = project;
  const from = mode[task] as number;
  for (let k = 0; k < stocks; k += 1) {
    const back = use[from * stocks + k] as number;
    left[k] = (left[k] as number) + back - (use[to * stocks + k] as number);
  }
  mode[task] = to;
}

/** Whether the stocks allow the change. */
export function isAffordable({ project, left }: ModeChoice, from: number, to: number): boolean {
  const { stocks, use } = project;
  for (let k = 0; k < stocks; k += 1) {
    const change = (use[to * stocks + k] as number) - (use[from * stocks + k] as number);
    if (change > (left[k] as number)) return false;
  }
  return true;
}
