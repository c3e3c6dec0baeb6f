/** From what a user calls a job or task to the one that is meant. */
import {
  type AttemptId,
  type JobId,
  numberOfAttempt,
  taskId,
  taskOfAttempt,
} from "../../core/ids.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { Attempt, Job, State, Task } from "../pure/state.js";

/** An id, `latest`, the name of a job (the newest of that name), or a prefix of just one id. */
export function findJob(state: State, text: string): Result<Job> {
  const exact = state.jobs.get(text as JobId);
  if (exact !== undefined) return ok(exact);
  if (text === "latest") {
    const last = [...state.jobs.values()].at(-1);
    return last === undefined ? fail("not_found", "there is no job yet") : ok(last);
  }
  if (text === "") return missing("job_id", "names no job");
  const named = [...state.jobs.values()].findLast((job) => job.spec.name === text);
  if (named !== undefined) return ok(named);
  const matches = [...state.jobs.values()].filter((job) => job.id.startsWith(text));
  if (matches.length === 1 && matches[0] !== undefined) return ok(matches[0]);
  if (matches.length === 0) return fail("not_found", `no job ${text}`);
  const shown = matches.slice(0, 3).map((job) => job.id);
  return missing("job_id", `${text} stands for ${matches.length} jobs: ${shown.join(", ")}, …`);
}

export function findTask(job: Job, name: string): Result<Task> {
  const id = taskId(job.id, name);
  const task = job.tasks.find((candidate) => candidate.id === id);
  return task === undefined ? fail("not_found", `job ${job.id} has no task ${name}`) : ok(task);
}

export const findAttempt = (state: State, attempt: AttemptId): Attempt | null =>
  state.tasks.get(taskOfAttempt(attempt))?.attempts[numberOfAttempt(attempt) - 1] ?? null;

/** `<job>/<task>`; a job of one task may leave the task out. */
export function findTaskByPath(state: State, path: string): Result<Task> {
  const slash = path.indexOf("/");
  const job = findJob(state, slash < 0 ? path : path.slice(0, slash));
  if (!job.ok) return job;
  if (slash >= 0) return findTask(job.value, path.slice(slash + 1));
  const only = job.value.tasks.length === 1 ? job.value.tasks[0] : undefined;
  if (only !== undefined) return ok(only);
  return missing("task_id", `job ${job.value.id} has several tasks: name one as <job>/<task>`);
}

const missing = (field: string, message: string) =>
  fail("invalid_argument", message, [{ field, message }]);
