/** From bounds that leave no choice to a plan, and from a plan to values of the variables. */
import { type Plan, planOfFacts } from "../../../core/plan.js";
import { none } from "../../../core/problem.js";
import { isTrue } from "./engine.js";
import type { Model } from "./model.js";
import type { PlacedTask } from "./variables.js";

/** Every start and every place is settled. */
export function planOf(model: Model): Plan {
  const { problem, engine } = model;
  const plan = planOfFacts(problem);
  model.tasks.forEach((placed, task) => {
    if (placed === null) return;
    const place = placed.places[chosenPlace(model, placed)];
    plan.start[task] = engine.low[placed.start] as number;
    plan.end[task] = (plan.start[task] as number) + (place?.duration ?? 0);
    plan.option[task] = place?.option ?? none;
    plan.worker[task] = model.places.groups[place?.group ?? none]?.workers[0] ?? none;
  });
  for (const { task, place, bits, literals } of model.deviceChoices) {
    const placed = model.tasks[task];
    if (!placed || chosenPlace(model, placed) !== place) continue;
    bits.forEach((bit, k) => {
      const literal = literals[k] as number;
      const isTaken = literal < 0 || isTrue(engine, literal);
      if (isTaken) plan.devices[task] = ((plan.devices[task] as number) | (1 << bit)) >>> 0;
    });
  }
  model.places.groups.forEach(({ isSlots }, group) => {
    if (isSlots) assignSlots(model, plan, group);
  });
  return plan;
}

/** Index of the place that is true, or -1. */
export function chosenPlace({ engine }: Model, { places, literals }: PlacedTask): number {
  if (places.length === 1) return 0;
  return literals.findIndex((literal) => isTrue(engine, literal));
}

/** In order of start each takes the first worker of the group that is free. */
function assignSlots(model: Model, plan: Plan, group: number): void {
  const { workers } = model.places.groups[group] as { workers: readonly number[] };
  const mine = model.tasks.flatMap((placed) => {
    if (placed === null) return [];
    return placed.places[chosenPlace(model, placed)]?.group === group ? [placed.task] : [];
  });
  const start = (task: number): number => plan.start[task] as number;
  mine.sort((a, b) => start(a) - start(b) || a - b);
  const freeAt = new Float64Array(workers.length).fill(Number.NEGATIVE_INFINITY);
  for (const task of mine) {
    const takesTime = (plan.end[task] as number) > start(task);
    const slot = takesTime ? freeAt.findIndex((at) => at <= start(task)) : 0;
    plan.worker[task] = workers[slot] ?? none;
    if (takesTime) freeAt[slot] = plan.end[task] as number;
  }
}

/** Values of variables (by even side) as the plan has them; `unset` where it says nothing. */
export const unset = -(2 ** 31);

export function valuesOf(model: Model, plan: Plan): Int32Array {
  const values = new Int32Array(model.engine.sides >> 1).fill(unset);
  const set = (side: number, value: number): void => {
    values[side >> 1] = (side & 1) === 0 ? value : -value;
  };
  let last = 0;
  model.tasks.forEach((placed, task) => {
    last = Math.max(last, plan.end[task] as number);
    if (placed === null) return;
    set(placed.start, plan.start[task] as number);
    if (placed.end >= 0) set(placed.end, plan.end[task] as number);
    const ticks = (plan.end[task] as number) - (plan.start[task] as number);
    if (placed.duration >= 0) set(placed.duration, ticks);
    placed.places.forEach(({ option, group }, k) => {
      const literal = placed.literals[k] as number;
      if (literal < 0) return;
      const worker = plan.worker[task] as number;
      const isHere = model.places.groups[group]?.workers.includes(worker) === true;
      values[literal >> 1] = isHere && plan.option[task] === option ? 1 : 0;
    });
  });
  for (const { task, place, bits, literals } of model.deviceChoices) {
    const literal = model.tasks[task]?.literals[place] ?? -1;
    const isHere = literal < 0 || values[literal >> 1] === 1;
    bits.forEach((bit, k) => {
      const own = literals[k] as number;
      if (own < 0 || own === literal) return;
      values[own >> 1] = isHere ? ((plan.devices[task] as number) >>> bit) & 1 : 0;
    });
  }
  for (const { first, second, forward, backward } of model.orders) {
    const isForward = (plan.end[first] as number) <= (plan.start[second] as number);
    const isBackward = (plan.end[second] as number) <= (plan.start[first] as number);
    values[backward >> 1] = isBackward && !isForward ? 1 : 0;
    values[forward >> 1] = isForward ? 1 : 0;
  }
  if (model.objective.makespan >= 0) set(model.objective.makespan, last);
  return values;
}
