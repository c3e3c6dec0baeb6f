/** A user ends a job or one task: what waits ends at once, what runs is asked to stop. */
import type { AlmanacError } from "../../core/result.js";
import { fail } from "../../core/result.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { endJobIfDone, endTask } from "./endings.js";
import type { Event } from "./events.js";
import type { Job, State, Task } from "./state.js";
import { isEnded, liveAttempt } from "./state.js";

export function* cancel(state: State, command: Extract<Command, { type: "Cancel" }>): Decision {
  const job = state.jobs.get(command.job);
  if (job === undefined) return fail("not_found", `no job ${command.job}`);
  if (command.task === null) {
    if (job.state !== "running") return ended(`job ${job.id} has already ${job.state}`);
    yield* endJobEarly(state, job, "cancelled", command.reason);
    return noReply;
  }
  const task = state.tasks.get(command.task);
  if (task === undefined) return fail("not_found", `no task ${command.task}`);
  if (isEnded(task)) return ended(`task ${task.id} has already ended`);
  yield { type: "TaskCancelRequested", task: task.id, reason: command.reason };
  if (!(yield* stopIfLive(task, "cancelled"))) {
    yield* endTask(state, task, cancelledBecause(command.reason));
  }
  return noReply;
}

const ended = (message: string): { ok: false; error: AlmanacError } =>
  fail("failed_precondition", message);

const cancelledBecause = (reason: string) => ({
  state: "cancelled" as const,
  reason: "cancelled",
  message: reason,
});

/** Ends all that waits in a job and asks all that runs to stop; the job ends with the last of it. */
export function* endJobEarly(
  state: State,
  job: Job,
  endState: "cancelled" | "timed_out",
  reason: string,
): Generator<Event, void, void> {
  yield { type: "JobCancelRequested", job: job.id, state: endState, reason };
  for (const task of job.tasks) {
    if (isEnded(task)) continue;
    if (yield* stopIfLive(task, endState)) continue;
    // The whole job ends: dependents are not skipped one by one, for they are ended here as well.
    yield { type: "TaskEnded", task: task.id, state: endState, reason: endState, message: reason };
  }
  yield* endJobIfDone(state, job);
}

/** Asks a live attempt to stop, once; false if there is none. */
function* stopIfLive(
  task: Task,
  reason: "cancelled" | "timed_out",
): Generator<Event, boolean, void> {
  const attempt = liveAttempt(task);
  if (attempt === null) return false;
  const { status } = attempt;
  const asked =
    status.kind === "stopping" || (status.kind === "unknown" && status.stopReason !== null);
  if (!asked) yield { type: "AttemptStopRequested", attempt: attempt.id, reason };
  return true;
}
