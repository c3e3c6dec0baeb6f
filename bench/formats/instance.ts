/** A benchmark instance as one problem, and the way back from a plan to the file's own names. */
import type { Plan } from "../../core/plan.js";
import { isMilestone, type Problem } from "../../core/problem.js";

/** What a file calls a task or a machine. */
export type Name = string | number;

export interface Names {
  readonly task: readonly Name[];
  readonly worker: readonly Name[];
  /** Of each option: the mode as the file counts it, from 1. */
  readonly mode: readonly number[];
  /** Workers on which a task of no duration may be said to run; the first there is, if not named. */
  readonly milestoneWorkers: ReadonlyMap<number, readonly number[]>;
}

export interface Instance {
  /** `family/file`, with `@pN` where the processor count is not in the file. */
  readonly instance: string;
  readonly family: string;
  readonly problem: Problem;
  readonly names: Names;
}

/** What a reader makes of a file, before it is called anything. */
export interface Read {
  readonly problem: Problem;
  readonly names: Names;
}

export interface SolutionTask {
  readonly task: Name;
  readonly worker: Name;
  readonly start: number;
  readonly end: number;
  readonly mode: number;
}

export interface Solution {
  readonly instance: string;
  readonly tasks: readonly SolutionTask[];
}

/** Times are in the file's own unit, which is a second of the problem. */
export function solutionOf({ instance, problem, names }: Instance, plan: Plan): Solution {
  const tasks = names.task.map((task, index): SolutionTask => {
    const option = plan.option[index] as number;
    const time = (ticks: number): number => (ticks * problem.tickMs) / 1000;
    const at = { start: time(plan.start[index] as number), end: time(plan.end[index] as number) };
    if (!isMilestone(problem, index)) {
      const worker = names.worker[plan.worker[index] as number] ?? "";
      return { task, worker, ...at, mode: names.mode[option] ?? 1 };
    }
    const place = placeOfMilestone(problem, names, plan, index);
    const start = time(place.at);
    return { task, worker: names.worker[place.worker] ?? "", start, end: start, mode: 1 };
  });
  return { instance, tasks };
}

/**
 * A moment, between what comes before and after a task of no duration, at which one of its workers
 * is between two tasks: programs that check solutions may not allow it in the middle of another.
 */
function placeOfMilestone(
  { edges, tasks }: Problem,
  names: Names,
  plan: Plan,
  milestone: number,
): { readonly worker: number; readonly at: number } {
  const workers = names.milestoneWorkers.get(milestone) ?? [0];
  const planned = plan.start[milestone] as number;
  let earliest = tasks.release[milestone] as number;
  let latest = Number.POSITIVE_INFINITY;
  for (let edge = 0; edge < edges.count; edge++) {
    const lag = edges.lag[edge] as number;
    if (edges.to[edge] === milestone) {
      earliest = Math.max(earliest, (plan.end[edges.from[edge] as number] as number) + lag);
    }
    if (edges.from[edge] === milestone) {
      latest = Math.min(latest, (plan.start[edges.to[edge] as number] as number) - lag);
    }
  }
  const inside = (worker: number, at: number): boolean =>
    plan.worker.some(
      (other, task) =>
        other === worker && (plan.start[task] as number) < at && at < (plan.end[task] as number),
    );
  for (const worker of workers) {
    const ends = plan.end.filter((_, task) => plan.worker[task] === worker);
    for (const at of [planned, earliest, latest, ...ends]) {
      if (at >= earliest && at <= latest && Number.isFinite(at) && !inside(worker, at)) {
        return { worker, at };
      }
    }
  }
  return { worker: workers[0] ?? 0, at: planned };
}
