/**
 * Large neighbourhood search within the engine: assumptions that hold most of a plan, as decisions
 * that come before all others (Shaw 1998; assumptions as in Eén & Sörensson 2003). Whatever is learned
 * under them holds without them, so nothing is lost when they are given up.
 */
import type { Plan } from "../../../core/plan.js";
import { isMilestone } from "../../../core/problem.js";
import type { Model } from "./model.js";
import { unset } from "./schedule.js";

/**
 * Atoms [side, value]… that hold the tasks that are not free where they are: their places, their order
 * among each other, and that none of them starts later. `values` are those of the plan.
 */
export function assumptionsAround(model: Model, values: Int32Array, free: Uint8Array): number[] {
  const atoms: number[] = [];
  const hold = (literal: number): void => {
    const value = values[literal >> 1] as number;
    if (literal < 0 || value === unset) return;
    const even = literal & ~1;
    if (value === 1) atoms.push(even, 1);
    else atoms.push(even + 1, 0);
  };
  for (const placed of model.tasks) {
    if (placed === null || free[placed.task] === 1) continue;
    for (const literal of placed.literals) hold(literal);
    atoms.push(placed.start ^ 1, -(values[placed.start >> 1] as number));
  }
  for (const { first, second, forward, backward } of model.orders) {
    if (free[first] === 1 || free[second] === 1) continue;
    hold(forward);
    if ((backward ^ 1) !== forward) hold(backward);
  }
  return atoms;
}

/** Tasks that run in a window of time, drawn so that about `count` of them do. */
export function tasksInWindow(
  model: Model,
  plan: Plan,
  count: number,
  random: () => number,
): Uint8Array {
  const { problem } = model;
  const free = new Uint8Array(problem.tasks.count);
  const tasks = model.tasks.flatMap((placed) =>
    placed === null || isMilestone(problem, placed.task) ? [] : [placed.task],
  );
  const start = (task: number): number => plan.start[task] as number;
  tasks.sort((a, b) => start(a) - start(b) || a - b);
  const from = Math.floor(random() * Math.max(1, tasks.length - count + 1));
  for (const task of tasks.slice(from, from + count)) free[task] = 1;
  for (const placed of model.tasks) {
    if (placed !== null && isMilestone(problem, placed.task)) free[placed.task] = 1;
  }
  return free;
}
