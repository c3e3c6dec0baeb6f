/**
 * When a plan should have a task done, so that its deadline is kept in nine cases of ten: a plan puts
 * ends at their medians, so it aims at the deadline less what the p90 is beyond the median.
 */
import { estimateOf } from "./estimates.js";
import type { State, Task } from "./state.js";

/**
 * Wall-clock milliseconds. At most half of the room that there was at submission is given to doubt:
 * of tasks that nobody can be sure of the earlier deadline still comes first. It does not depend on
 * the time, for bounds that were proven for a moment ago count (admission.ts).
 */
export function dueAtMs(state: State, task: Task, deadlineAtMs: number): number {
  const { p50Ms, p90Ms } = estimateOf(state, task);
  const roomMs = deadlineAtMs - task.job.submittedAtMs - p50Ms;
  return deadlineAtMs - Math.max(0, Math.min(p90Ms - p50Ms, roomMs / 2));
}
