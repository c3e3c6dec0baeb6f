/**
 * A user has a job, or one task, stand still: nothing of it is started, and what runs is held by its
 * driver until it is resumed. It keeps what it is charged for, and its deadlines go on.
 */
import type { AlmanacError } from "../../core/result.js";
import { fail } from "../../core/result.js";
import type { AttemptHeld } from "../../core/session.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { Event } from "./events.js";
import type { Attempt, Job, State, Task } from "./state.js";
import { isEnded } from "./state.js";

export function* pause(state: State, command: Extract<Command, { type: "Pause" }>): Decision {
  const found = target(state, command);
  if (!found.ok) return found;
  const { job, task } = found;
  if (task === null) {
    if (job.pausedAtMs === null) yield { type: "JobPaused", job: job.id };
  } else if (!task.paused) yield { type: "TaskPaused", task: task.id };
  return noReply;
}

/** A job as a whole: also what of it was paused by itself. */
export function* resume(state: State, command: Extract<Command, { type: "Resume" }>): Decision {
  const found = target(state, command);
  if (!found.ok) return found;
  const { job, task } = found;
  if (task !== null && job.pausedAtMs !== null) {
    return fail("failed_precondition", `job ${job.id} is paused as a whole: resume the job`);
  }
  if (task === null && job.pausedAtMs !== null) yield { type: "JobResumed", job: job.id };
  for (const one of task === null ? job.tasks : [task]) {
    if (one.paused) yield { type: "TaskResumed", task: one.id };
  }
  return noReply;
}

type Target =
  | { readonly ok: true; readonly job: Job; readonly task: Task | null }
  | { readonly ok: false; readonly error: AlmanacError };

function target(
  state: State,
  { job: id, task: wanted }: Extract<Command, { type: "Pause" | "Resume" }>,
): Target {
  const job = state.jobs.get(id);
  if (job === undefined) return fail("not_found", `no job ${id}`);
  if (job.state !== "running") {
    return fail("failed_precondition", `job ${job.id} has already ${job.state}`);
  }
  if (job.ending !== null) return fail("failed_precondition", `job ${job.id} is being ended`);
  const task = wanted === null ? null : state.tasks.get(wanted);
  if (task === undefined) return fail("not_found", `no task ${wanted}`);
  if (task !== null && isEnded(task)) {
    return fail("failed_precondition", `task ${task.id} has already ended`);
  }
  return { ok: true, job, task };
}

/** What a worker says of an attempt, recorded where it is news. */
export function* takeHeld(
  { id, held }: Attempt,
  { held: isHeld, problem }: Pick<AttemptHeld, "held" | "problem">,
): Generator<Event, void, void> {
  const was = held !== undefined && held.sinceMs !== null;
  if (was === isHeld && (held?.problem ?? null) === problem) return;
  const why = problem === null ? {} : { problem };
  yield { type: "AttemptHeld", attempt: id, held: isHeld, ...why };
}

/** How long it has been held in all, so far. */
export const heldForMs = ({ held }: Attempt, nowMs: number): number => {
  if (held === undefined) return 0;
  return held.totalMs + (held.sinceMs === null ? 0 : Math.max(0, nowMs - held.sinceMs));
};

/** How long an attempt has been charged for without being held. */
export const elapsedMs = (attempt: Attempt, nowMs: number): number =>
  Math.max(0, nowMs - attempt.launchedAtMs - heldForMs(attempt, nowMs));

/** Nobody knows when it is resumed: a pause is taken to last as long again as it has lasted. */
export const pauseAheadMs = ({ held }: Attempt, nowMs: number): number =>
  held === undefined || held.sinceMs === null ? 0 : Math.max(0, nowMs - held.sinceMs);
