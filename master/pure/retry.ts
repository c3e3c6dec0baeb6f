/** A user has a failed task, or all that failed in a job, run once more. */
import { fail, ok } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import type { Job, State, Task } from "./state.js";

export function* retry(state: State, command: Extract<Command, { type: "Retry" }>): Decision {
  const job = state.jobs.get(command.job);
  if (job === undefined) return fail("not_found", `no job ${command.job}`);
  const one = command.task === null ? null : state.tasks.get(command.task);
  if (one === undefined) return fail("not_found", `no task ${command.task}`);
  if (one !== null && !mayRunAgain(one)) {
    return fail("failed_precondition", `task ${one.id} has not failed, so it cannot be retried`);
  }
  const roots = one === null ? job.tasks.filter(mayRunAgain) : [one];
  if (roots.length === 0) {
    return fail("failed_precondition", `job ${job.id} has no failed task to retry`);
  }
  const tasks = withSkippedDescendants(job, roots);
  yield { type: "JobReopened", job: job.id, tasks: tasks.map((task) => task.id) };
  return ok({ kind: "retry", tasks: tasks.length });
}

function mayRunAgain(task: Task): boolean {
  if (task.status.kind !== "ended") return false;
  const { state } = task.status;
  return state === "failed" || state === "timed_out" || state === "cancelled";
}

/** The roots and everything that was skipped on their account, in the job's order. */
function withSkippedDescendants(job: Job, roots: readonly Task[]): Task[] {
  const chosen = new Set(roots);
  const frontier = [...roots];
  for (let task = frontier.pop(); task !== undefined; task = frontier.pop()) {
    for (let i = job.firstOut[task.index] ?? 0; i < (job.firstOut[task.index + 1] ?? 0); i++) {
      const next = job.tasks[job.spec.edges[job.edgesOut[i] ?? -1]?.to ?? -1];
      const skipped = next?.status.kind === "ended" && next.status.state === "skipped";
      if (next === undefined || !skipped || chosen.has(next)) continue;
      chosen.add(next);
      frontier.push(next);
    }
  }
  return [...chosen].sort((a, b) => a.index - b.index);
}
