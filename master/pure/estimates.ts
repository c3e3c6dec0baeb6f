/** How long a task will run, from the user's word, from like tasks, or not known at all. */
import { estimate, remaining } from "../../core/estimate.js";
import type { Estimate } from "../../core/views.js";
import type { State, Task } from "./state.js";

/** Planned for a task of which nothing is known; shown to people as "unknown: no estimate". */
export const unknownDuration = { p50Ms: 60_000, p90Ms: 600_000 } as const;

/** On a worker of speed 1. */
export function estimateOf(state: State, task: Task): Estimate {
  const user = task.entry.estimate ?? task.template.estimate;
  if (user !== null) return { ...user, source: "user", confidence: 0.5 };
  const learned = estimate(state.statistics, task.groups);
  return learned ?? { ...unknownDuration, source: "unknown", confidence: 0 };
}

/** Duration on a worker of the given speed, with the time it takes to launch and report. */
export function durationOn(
  state: State,
  task: Task,
  speed: number,
): { readonly p50Ms: number; readonly p90Ms: number } {
  const { p50Ms, p90Ms } = estimateOf(state, task);
  return { p50Ms: p50Ms / speed + state.overheadMs, p90Ms: p90Ms / speed + state.overheadMs };
}

/** What is left of a live attempt that has been charged for `elapsedMs`. */
export function remainingOn(
  state: State,
  task: Task,
  speed: number,
  elapsedMs: number,
): { readonly p50Ms: number; readonly p90Ms: number } {
  return remaining(durationOn(state, task, speed), Math.max(0, elapsedMs));
}
