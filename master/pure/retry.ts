/**
 * A user has a failed task, or all that failed in a job, run once more. A job that has left memory
 * comes back first, out of the archive.
 */
import type { EdgeCondition } from "../../core/job.js";
import { fail, ok } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import { satisfies } from "./condition.js";
import { jobOfPlain } from "./plain-job.js";
import { predecessors } from "./problem-tasks.js";
import type { Job, State, Task } from "./state.js";
import { fullQueue, openTasksMax } from "./submit.js";

export function* retry(state: State, command: Extract<Command, { type: "Retry" }>): Decision {
  const { archived } = command;
  const known = state.jobs.get(command.job);
  const job = known ?? (archived === undefined ? undefined : jobOfPlain(archived));
  if (job === undefined) return fail("not_found", `no job ${command.job}`);
  if (job.state === "running" && job.ending !== null) {
    return fail("failed_precondition", `job ${job.id} is being ended: wait until it has`);
  }
  const one = command.task === null ? null : job.tasks.find(({ id }) => id === command.task);
  if (one === undefined) return fail("not_found", `no task ${command.task}`);
  if (one !== null && !mayRunAgain(one)) {
    return fail("failed_precondition", `task ${one.id} has not failed, so it cannot be retried`);
  }
  const roots = one === null ? job.tasks.filter(mayRunAgain) : [one];
  if (roots.length === 0) {
    return fail("failed_precondition", `job ${job.id} has no failed task to retry`);
  }
  const tasks = runnableAgain(job, new Set(roots));
  if (tasks.length === 0) {
    return fail("failed_precondition", "what these tasks wait for did not come true");
  }
  if (known === undefined && archived !== undefined) {
    if (state.tasks.size + job.tasks.length > openTasksMax) return fullQueue();
    yield { type: "JobReloaded", job: job.id, plain: archived };
  }
  yield { type: "JobReopened", job: job.id, tasks: tasks.map((task) => task.id) };
  return ok({ kind: "retry", tasks: tasks.length });
}

function mayRunAgain(task: Task): boolean {
  if (task.status.kind !== "ended") return false;
  const { state } = task.status;
  return state === "failed" || state === "timed_out" || state === "cancelled";
}

/**
 * The roots, and what was skipped on their account alone, in topological order: whatever another
 * task's end keeps from running stays as it is.
 */
function runnableAgain(job: Job, roots: ReadonlySet<Task>): Task[] {
  const chosen = new Set<Task>();
  for (const index of job.topological) {
    const task = job.tasks[index];
    if (task === undefined) continue;
    const before = [...predecessors(task)];
    const follows = wasSkipped(task) && before.some(([from]) => chosen.has(from));
    if (!follows && !roots.has(task)) continue;
    if (before.every(([from, on]) => chosen.has(from) || mayComeTrue(from, on))) chosen.add(task);
  }
  return [...chosen];
}

const wasSkipped = ({ status }: Task): boolean =>
  status.kind === "ended" && status.state === "skipped";

const mayComeTrue = ({ status }: Task, on: EdgeCondition): boolean =>
  status.kind !== "ended" || satisfies(on, status.state);
