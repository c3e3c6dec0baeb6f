/** Bounds on the makespan that need no search. */
import { lowerBound } from "../../../core/bounds.js";
import type { Project } from "./project.js";
import { headsOf, shortestDurations, tailsOf } from "./rules.js";

/**
 * The largest of core's bound and those of disjunctive sets: of tasks any two of which take more than
 * there is of some resource, only one runs at a time, so they take the sum of their durations between
 * the least head and the least tail of a set (Carlier 1982; cliques as in Brucker et al. 1998).
 */
export function firstBound(project: Project): number {
  const core = lowerBound(project.problem).makespanTicks;
  return Math.max(core, project.makespanMin, disjunctiveBound(project));
}

function disjunctiveBound(project: Project): number {
  const { tasks, modeFirst, duration, demand, resources, capacity } = project;
  if (tasks > cliqueTasksMax) return 0;
  const shortest = shortestDurations(project);
  const head = headsOf(project, shortest);
  const tail = tailsOf(project, shortest);
  const reach = reachOf(project);
  /** [tasks × resources] Least demand over the modes. */
  const least = new Int32Array(tasks * resources);
  for (let task = 0; task < tasks; task += 1) {
    for (let k = 0; k < resources; k += 1) {
      let amount = Number.POSITIVE_INFINITY;
      for (
        let mode = modeFirst[task] as number;
        mode < (modeFirst[task + 1] as number);
        mode += 1
      ) {
        amount = Math.min(
          amount,
          duration[mode] === 0 ? 0 : (demand[mode * resources + k] as number),
        );
      }
      least[task * resources + k] = amount;
    }
  }
  const isApart = (a: number, b: number): boolean => {
    if (reach[a * tasks + b] === 1 || reach[b * tasks + a] === 1) return true;
    for (let k = 0; k < resources; k += 1) {
      const sum = (least[a * resources + k] as number) + (least[b * resources + k] as number);
      if (sum > (capacity[k] as number)) return true;
    }
    return false;
  };
  const byLength = Array.from({ length: tasks }, (_, task) => task)
    .filter((task) => (shortest[task] as number) > 0)
    .sort((a, b) => (shortest[b] as number) - (shortest[a] as number) || a - b);
  let bound = 0;
  for (const seed of byLength) {
    const clique = [seed];
    for (const task of byLength) {
      if (task !== seed && clique.every((other) => isApart(task, other))) clique.push(task);
    }
    bound = Math.max(bound, oneMachineBound(clique, shortest, head, tail));
  }
  return bound;
}

const cliqueTasksMax = 400;

/** reach[a × tasks + b]: b comes after a. */
function reachOf({ tasks, topological, successorFirst, successor }: Project): Uint8Array {
  const reach = new Uint8Array(tasks * tasks);
  for (let place = topological.length - 1; place >= 0; place -= 1) {
    const task = topological[place] as number;
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k += 1) {
      const after = successor[k] as number;
      reach[task * tasks + after] = 1;
      for (let other = 0; other < tasks; other += 1) {
        if (reach[after * tasks + other] === 1) reach[task * tasks + other] = 1;
      }
    }
  }
  return reach;
}

/** Over all subsets by head and tail: least head + durations + least tail. */
function oneMachineBound(
  clique: readonly number[],
  shortest: Int32Array,
  head: Int32Array,
  tail: Int32Array,
): number {
  // `tail` counts the task itself.
  const after = (task: number): number => (tail[task] as number) - (shortest[task] as number);
  const byTail = [...clique].sort((a, b) => after(b) - after(a));
  let bound = 0;
  for (const first of clique) {
    const from = head[first] as number;
    let sum = 0;
    for (const task of byTail) {
      if ((head[task] as number) < from) continue;
      sum += shortest[task] as number;
      bound = Math.max(bound, from + sum + after(task));
    }
  }
  return bound;
}
