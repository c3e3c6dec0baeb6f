/** Orders to start from: priority rules, and samples of them (Kolisch & Hartmann 1999). */
import { randomInteger } from "../../../core/random.js";
import type { Project } from "./project.js";

export interface Rules {
  /** Each is an array of keys: the lower, the earlier. */
  readonly keys: readonly Float64Array[];
  /** [tasks] Longest way from the start of a task to the end of all, with the shortest modes. */
  readonly tail: Int32Array;
  /** [tasks] Earliest start without resources, with the shortest modes. */
  readonly head: Int32Array;
}

export function rulesOf(project: Project): Rules {
  const { tasks, successorFirst } = project;
  const shortest = shortestDurations(project);
  const head = headsOf(project, shortest);
  const tail = tailsOf(project, shortest);
  const successors = Float64Array.from(tail, (_, task) => {
    return -((successorFirst[task + 1] as number) - (successorFirst[task] as number));
  });
  const rankPositional = Float64Array.from(tail, (_, task) => -(shortest[task] as number));
  for (let task = 0; task < tasks; task += 1) {
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k += 1) {
      const after = project.successor[k] as number;
      rankPositional[task] = (rankPositional[task] as number) - (shortest[after] as number);
    }
  }
  const byTail = (more: (task: number) => number): Float64Array =>
    Float64Array.from(tail, (length, task) => more(task) - length);
  return {
    keys: [
      byTail((task) => shortest[task] as number),
      byTail(() => 0),
      byTail((task) => head[task] as number),
      rankPositional,
      successors,
    ],
    tail,
    head,
  };
}

export function shortestDurations({ tasks, modeFirst, duration }: Project): Int32Array {
  return Int32Array.from({ length: tasks }, (_, task) => {
    const modes = duration.subarray(modeFirst[task], modeFirst[task + 1]);
    return modes.reduce((least, ticks) => Math.min(least, ticks));
  });
}

export function headsOf(project: Project, shortest: Int32Array): Int32Array {
  const head = project.release.slice();
  for (const task of project.topological) {
    const last = project.successorFirst[task + 1] as number;
    const end = (head[task] as number) + (shortest[task] as number);
    for (let k = project.successorFirst[task] as number; k < last; k += 1) {
      const after = project.successor[k] as number;
      head[after] = Math.max(head[after] as number, end + (project.successorLag[k] as number));
    }
  }
  return head;
}

export function tailsOf(project: Project, shortest: Int32Array): Int32Array {
  const tail = new Int32Array(project.tasks);
  for (let place = project.topological.length - 1; place >= 0; place -= 1) {
    const task = project.topological[place] as number;
    let longest = 0;
    const last = project.successorFirst[task + 1] as number;
    for (let k = project.successorFirst[task] as number; k < last; k += 1) {
      const path =
        (tail[project.successor[k] as number] as number) + (project.successorLag[k] as number);
      longest = Math.max(longest, path);
    }
    tail[task] = longest + (shortest[task] as number);
  }
  return tail;
}

/**
 * Draws one task after the other from those whose predecessors are drawn: the one of least key among
 * `candidates` random ones. With endless candidates it is the rule itself.
 */
export function sampleOrder(
  project: Project,
  keys: Float64Array,
  candidates: number,
  random: () => number,
  order: Int32Array,
): void {
  const { tasks, successorFirst, successor, predecessorFirst } = project;
  const waiting = new Int32Array(tasks);
  const eligible = new Int32Array(tasks);
  let count = 0;
  for (let task = 0; task < tasks; task += 1) {
    waiting[task] = (predecessorFirst[task + 1] as number) - (predecessorFirst[task] as number);
    if (waiting[task] === 0) eligible[count++] = task;
  }
  for (let place = 0; place < tasks; place += 1) {
    let best = 0;
    if (candidates >= count) {
      for (let k = 1; k < count; k += 1) {
        if ((keys[eligible[k] as number] as number) < (keys[eligible[best] as number] as number)) {
          best = k;
        }
      }
    } else {
      best = randomInteger(random, count);
      for (let k = 1; k < candidates; k += 1) {
        const other = randomInteger(random, count);
        const isBefore =
          (keys[eligible[other] as number] as number) < (keys[eligible[best] as number] as number);
        if (isBefore) best = other;
      }
    }
    const task = eligible[best] as number;
    count -= 1;
    eligible[best] = eligible[count] as number;
    order[place] = task;
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k += 1) {
      const after = successor[k] as number;
      const left = (waiting[after] as number) - 1;
      waiting[after] = left;
      if (left === 0) eligible[count++] = after;
    }
  }
}
