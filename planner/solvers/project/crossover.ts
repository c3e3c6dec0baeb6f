/**
 * Crossovers of schedules. A child may break precedence on the way: `settle` puts predecessors that
 * come too late before those that wait for them.
 */
import { randomInteger } from "../../../core/random.js";
import type { Project } from "./project.js";
import type { Schedule } from "./schedule.js";

export interface Crossing {
  readonly project: Project;
  readonly random: () => number;
  readonly isTaken: Uint8Array;
  readonly merged: Int32Array;
  readonly stack: Int32Array;
  /** [tasks] Work per tick over capacity, summed over resources: what a task adds to a peak. */
  readonly intensity: Float64Array;
}

export function createCrossing(project: Project, random: () => number): Crossing {
  const { tasks, resources, capacity, demand, modeFirst } = project;
  const intensity = Float64Array.from({ length: tasks }, (_, task) => {
    let sum = 0;
    for (let k = 0; k < resources; k += 1) {
      const of = capacity[k] as number;
      if (of > 0) sum += (demand[(modeFirst[task] as number) * resources + k] as number) / of;
    }
    return sum;
  });
  return {
    project,
    random,
    isTaken: new Uint8Array(tasks),
    merged: new Int32Array(tasks),
    stack: new Int32Array(tasks + 1),
    intensity,
  };
}

/** Two-point crossover of activity lists (Hartmann 1998): the middle in the father's order. */
export function crossTwoPoint(
  crossing: Crossing,
  mother: Schedule,
  father: Schedule,
  child: Schedule,
): void {
  const { isTaken, random } = crossing;
  const tasks = mother.order.length;
  const first = randomInteger(random, tasks);
  const length = 1 + randomInteger(random, Math.max(1, tasks >> 1));
  isTaken.fill(0);
  child.mode.set(mother.mode);
  let written = 0;
  for (; written < first; written += 1) {
    const task = mother.order[written] as number;
    child.order[written] = task;
    isTaken[task] = 1;
  }
  const last = Math.min(tasks, first + length);
  for (let place = 0; written < last; place += 1) {
    const task = father.order[place] as number;
    if (isTaken[task] === 1) continue;
    isTaken[task] = 1;
    child.mode[task] = father.mode[task] as number;
    child.order[written++] = task;
  }
  for (let place = 0; written < tasks; place += 1) {
    const task = mother.order[place] as number;
    if (isTaken[task] === 0) child.order[written++] = task;
  }
}

/**
 * Peak crossover (Valls, Ballestín & Quintanilla 2008, in the manner of Debels & Vanhoucke's
 * resource-based crossover): of some windows of time in the father's schedule, the one in which
 * resources are used most stays together; all others keep the mother's order around it.
 */
export function crossPeak(
  crossing: Crossing,
  mother: Schedule,
  father: Schedule,
  child: Schedule,
): void {
  const { isTaken, random, intensity, project } = crossing;
  const { duration } = project;
  const tasks = mother.order.length;
  const length = Math.max(2, Math.floor(tasks * (0.15 + 0.5 * random())));
  let best = 0;
  let most = -1;
  for (let draw = 0; draw < 3; draw += 1) {
    const first = randomInteger(random, Math.max(1, tasks - length));
    const from = father.start[father.order[first] as number] as number;
    const to = father.start[father.order[Math.min(tasks - 1, first + length)] as number] as number;
    let used = 0;
    for (let place = first; place < Math.min(tasks, first + length); place += 1) {
      const task = father.order[place] as number;
      used += (intensity[task] as number) * (duration[father.mode[task] as number] as number);
    }
    const ratio = used / Math.max(1, to - from);
    if (ratio > most) {
      most = ratio;
      best = first;
    }
  }
  isTaken.fill(0);
  child.mode.set(mother.mode);
  let middle = 0;
  const last = Math.min(tasks, best + length);
  for (let place = best; place < last; place += 1) {
    const task = father.order[place] as number;
    isTaken[task] = 1;
    child.mode[task] = father.mode[task] as number;
    middle += mother.start[task] as number;
  }
  middle /= last - best;
  let written = 0;
  let place = 0;
  for (; place < tasks; place += 1) {
    const task = mother.order[place] as number;
    if ((mother.start[task] as number) >= middle || written === best) break;
    if (isTaken[task] === 0) child.order[written++] = task;
  }
  for (let at = best; at < last; at += 1) child.order[written++] = father.order[at] as number;
  for (; place < tasks; place += 1) {
    const task = mother.order[place] as number;
    if (isTaken[task] === 0) child.order[written++] = task;
  }
  settle(crossing, child.order);
}

/** Some tasks move a little; predecessors stay before. */
export function mutate(crossing: Crossing, order: Int32Array, shifts: number): void {
  const { random } = crossing;
  const tasks = order.length;
  for (let shift = 0; shift < shifts; shift += 1) {
    const from = randomInteger(random, tasks);
    const reach = 1 + randomInteger(random, Math.max(1, tasks >> 3));
    const to = Math.max(0, Math.min(tasks - 1, random() < 0.5 ? from - reach : from + reach));
    const task = order[from] as number;
    if (to > from) order.copyWithin(from, from + 1, to + 1);
    else order.copyWithin(to + 1, to, from);
    order[to] = task;
  }
  settle(crossing, order);
}

/** Depth first: before a task come those of its predecessors that are not there yet. */
export function settle(crossing: Crossing, order: Int32Array): void {
  const { isTaken, merged, stack, project } = crossing;
  const { predecessorFirst, predecessor } = project;
  const tasks = order.length;
  let written = 0;
  isTaken.fill(0);
  for (let place = 0; place < tasks; place += 1) {
    let depth = 0;
    stack[0] = order[place] as number;
    while (depth >= 0) {
      const task = stack[depth] as number;
      if (isTaken[task] === 1) {
        depth -= 1;
        continue;
      }
      let missing = -1;
      const last = predecessorFirst[task + 1] as number;
      for (let k = predecessorFirst[task] as number; k < last; k += 1) {
        if (isTaken[predecessor[k] as number] === 0) {
          missing = predecessor[k] as number;
          break;
        }
      }
      if (missing >= 0) {
        depth += 1;
        stack[depth] = missing;
      } else {
        isTaken[task] = 1;
        merged[written++] = task;
        depth -= 1;
      }
    }
  }
  order.set(merged);
}
