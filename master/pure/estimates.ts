/** How long a task will run, from the user's word, from like tasks, or not known at all. */
import { fromUser, remaining, weigh } from "../../core/estimate.js";
import type { Estimate } from "../../core/views.js";
import type { State, Task, Way } from "./state.js";
import { wayNow } from "./ways.js";

/** Planned for a task of which nothing is known, in a job of which nothing is known. */
const unknownMs = 60_000;
/** How much longer an unknown task may well take. */
const unknownSpread = 10;

/**
 * On a worker of speed 1, in the mode it runs or is planned in if no other is asked for. A task's own estimate is the user's word about just this task; a
 * template's is weighed against what like tasks took, by what each has lost on them. Of an unknown task it is assumed that it is
 * like the rest of its job; readers are told "unknown: no estimate" all the same.
 */
export function estimateOf(state: State, task: Task, way: Way = wayNow(state, task)): Estimate {
  const { template, groups } = way;
  if (task.entry.estimate !== null) return fromUser(task.entry.estimate);
  const best = weigh(state.statistics, groups, template.estimate);
  if (best !== null) return best;
  const p50Ms = task.job.typicalMs ?? unknownMs;
  return { p50Ms, p90Ms: p50Ms * unknownSpread, source: "unknown", confidence: 0 };
}

/** Duration on a worker of the given speed, with the time it takes to launch and report. */
export function durationOn(
  state: State,
  task: Task,
  speed: number,
  way: Way = wayNow(state, task),
): { readonly p50Ms: number; readonly p90Ms: number } {
  const { p50Ms, p90Ms } = estimateOf(state, task, way);
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
