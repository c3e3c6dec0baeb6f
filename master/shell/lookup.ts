/** From what a user calls a task or attempt to the one that is meant. */
import { type AttemptId, numberOfAttempt, taskId, taskOfAttempt } from "../../core/ids.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { Attempt, Job, State, Task } from "../pure/state.js";

export function findTask(job: Job, name: string): Result<Task> {
  const id = taskId(job.id, name);
  const task = job.tasks.find((candidate) => candidate.id === id);
  return task === undefined ? fail("not_found", `job ${job.id} has no task ${name}`) : ok(task);
}

export const findAttempt = (state: State, attempt: AttemptId): Attempt | null =>
  state.tasks.get(taskOfAttempt(attempt))?.attempts[numberOfAttempt(attempt) - 1] ?? null;
