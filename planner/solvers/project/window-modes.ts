/**
 * Other modes for some tasks of a window before it is searched: the exact search of starts then tells
 * at once whether the change is worth anything, which is cheaper than to branch over modes in it.
 */
import { randomInteger } from "../../../core/random.js";
import { applyMode, countStocks, type ModeChoice, overdraftChange } from "./mode-choice.js";
import { copySchedule, type Schedule } from "./schedule.js";

const changesMax = 4;
const repairsMax = 8;

/**
 * Into `variant`: the schedule, with a few of the tasks `first … first + size - 1` of its order in
 * other modes. False if the stocks do not allow it.
 */
export function varyModes(
  choice: ModeChoice,
  schedule: Schedule,
  variant: Schedule,
  { first, size }: { readonly first: number; readonly size: number },
): boolean {
  const { random, left, project } = choice;
  copySchedule(schedule, variant);
  countStocks(choice, variant.mode);
  const changes = 1 + randomInteger(random, changesMax);
  for (let change = 0; change < changes; change += 1) {
    const task = variant.order[first + randomInteger(random, size)] as number;
    const from = project.modeFirst[task] as number;
    const count = (project.modeFirst[task + 1] as number) - from;
    applyMode(choice, variant.mode, task, from + randomInteger(random, count));
  }
  for (let repair = 0; repair < repairsMax; repair += 1) {
    if (left.every((amount) => amount >= 0)) return true;
    const task = variant.order[first + randomInteger(random, size)] as number;
    repairTask(choice, variant.mode, task);
  }
  return left.every((amount) => amount >= 0);
}

/** The mode of the task that overdraws the stocks least. */
function repairTask(choice: ModeChoice, mode: Int32Array, task: number): void {
  const { modeFirst } = choice.project;
  const last = modeFirst[task + 1] as number;
  let best = -1;
  let least = 0;
  for (let other = modeFirst[task] as number; other < last; other += 1) {
    const change = overdraftChange(choice, mode[task] as number, other);
    if (change >= least) continue;
    least = change;
    best = other;
  }
  if (best >= 0) applyMode(choice, mode, task, best);
}
