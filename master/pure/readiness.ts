/** Whether something other than its own job's dependencies holds a task back. */
import type { State, Task } from "./state.js";

/** A task is held while its scheduled time, or a job that its job comes after, lies ahead. */
export function holdsBack(state: State, task: Task, nowMs: number): boolean {
  const { scheduledAtMs } = task.template;
  if (scheduledAtMs !== null && scheduledAtMs > nowMs) return true;
  return task.job.spec.after.some(({ jobId }) => {
    const ahead = state.jobs.get(jobId as Task["job"]["id"]);
    return ahead !== undefined && ahead.state === "running";
  });
}

/** The condition on an earlier job that can no longer come true, if there is one. */
export function violatedAfter(state: State, task: Task): string | null {
  for (const { jobId, on } of task.job.spec.after) {
    const ahead = state.jobs.get(jobId as Task["job"]["id"]);
    const ended = ahead?.state ?? task.job.afterEnded[jobId];
    if (ended === undefined || ended === "running" || on === "done") continue;
    const succeeded = ended === "succeeded";
    if (succeeded !== (on === "success")) return `job ${jobId} ended as ${ended}`;
  }
  return null;
}
