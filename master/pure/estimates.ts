/**
 * How long a task will run: from the predictor, from the user's word, from like tasks, or not known
 * at all. What the predictor says is in the state (revise.ts), so that replay plans on the same
 * grounds; the master asks nobody here.
 */
import { fromUser, remaining, weigh } from "../../core/estimate.js";
import type { Estimate } from "../../core/views.js";
import type { Job, State, Task, Way } from "./state.js";
import { wayNow } from "./ways.js";

/** Planned for a task of which nothing is known, in a job of which nothing is known. */
const unknownMs = 60_000;
/** How much longer an unknown task may well take. */
const unknownSpread = 10;

/**
 * On a worker of speed 1, in the mode it runs or is planned in if no other is asked for. A task's
 * own estimate is the user's word about just this task. Otherwise what the predictor has said of
 * tasks like it counts, which has weighed everything else; without it a template's estimate is
 * weighed against what like tasks took, by what each has lost on them. Of an unknown task it is
 * assumed that it is like the rest of its job; readers are told "unknown: no estimate" all the same.
 */
export function estimateOf(state: State, task: Task, way: Way = wayNow(state, task)): Estimate {
  if (task.entry.estimate !== null) return fromUser(task.entry.estimate);
  return estimateOfWay(state, task.job, way);
}

/** Of the job's tasks that have no estimate of their own. */
export function estimateOfWay(
  { statistics }: Pick<State, "statistics">,
  { revised, typicalMs }: Pick<Job, "revised" | "typicalMs">,
  { key, template, groups }: Way,
): Estimate {
  const best = revised?.[key] ?? weigh(statistics, groups, template.estimate);
  if (best !== null) return best;
  const p50Ms = typicalMs ?? unknownMs;
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

/**
 * What is left of a live attempt that has been charged for `elapsedMs`: by the newest estimate, not
 * by the one at its launch, for what like tasks have shown since then holds for it as well.
 */
export function remainingOn(
  state: State,
  task: Task,
  speed: number,
  elapsedMs: number,
): { readonly p50Ms: number; readonly p90Ms: number } {
  return remaining(durationOn(state, task, speed), Math.max(0, elapsedMs));
}
