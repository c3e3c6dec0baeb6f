/**
 * Which finished jobs may leave memory, and for how long their idempotency keys stay. Whoever asks
 * for it (the shell's archivist) has them in the archive, synced, before; so the event only says
 * that memory lets go, and a crash between the two leaves a job that is in both.
 */
import type { JobId } from "../../core/ids.js";
import type { Command, Decision } from "./commands.js";
import { noReply } from "./commands.js";
import type { Event } from "./events.js";
import { type Job, jobKey, type State } from "./state.js";

/** A job that is no longer there, runs again or is waited for is passed over: it may be next time. */
export function* archive(
  state: State,
  { jobs, keysForMs }: Extract<Command, { type: "Archive" }>,
  nowMs: number,
): Decision {
  const awaited = awaitedJobs(state);
  for (const id of jobs) {
    const job = state.jobs.get(id);
    if (job === undefined || job.state === "running" || awaited.has(id)) continue;
    const keyUntilMs = ownsKey(state, job) ? { keyUntilMs: nowMs + keysForMs } : {};
    yield { type: "JobArchived", job: id, ...keyUntilMs };
  }
  return noReply;
}

const ownsKey = (state: State, job: Job): boolean =>
  job.idempotencyKey !== "" &&
  state.idempotency.get(jobKey(job.spec.namespace, job.idempotencyKey)) === job.id;

export interface Keeping {
  readonly nowMs: number;
  /** How long a finished job stays in memory. */
  readonly keepMs: number;
  /** With more finished tasks than this in memory jobs go earlier, the first to finish first. */
  readonly finishedTasksMax: number;
  /** Jobs that somebody still has to be told of; they stay unless there is no room. */
  readonly isWatched: (job: JobId) => boolean;
}

/** Finished jobs that are to leave memory now, the first to finish first. */
export function archivable(state: State, keeping: Keeping): Job[] {
  const { nowMs, keepMs, finishedTasksMax, isWatched } = keeping;
  const awaited = awaitedJobs(state);
  const finished: Job[] = [];
  let tasks = 0;
  for (const job of state.jobs.values()) {
    if (job.state === "running") continue;
    finished.push(job);
    tasks += job.tasks.length;
  }
  finished.sort((a, b) => (a.finishedAtMs ?? 0) - (b.finishedAtMs ?? 0) || a.sequence - b.sequence);
  return finished.filter((job) => {
    const over = tasks > finishedTasksMax;
    const isDue = nowMs - (job.finishedAtMs ?? nowMs) >= keepMs && !isWatched(job.id);
    if (awaited.has(job.id) || !(over || isDue)) return false;
    tasks -= job.tasks.length;
    return true;
  });
}

/** Jobs whose end held tasks of others have yet to look at. */
function awaitedJobs(state: State): ReadonlySet<string> {
  const awaited = new Set<string>();
  for (const { job } of state.index.held) {
    for (const { jobId } of job.spec.after) awaited.add(jobId);
  }
  return awaited;
}

/** Of one event at most. */
const keysForgottenMax = 1_000;

/** Keys whose time is over. They stand in the order of their times unless the setting was changed. */
export function* forgetKeys(state: State, nowMs: number): Generator<Event, void, void> {
  const keys: string[] = [];
  for (const [key, untilMs] of state.keysKept) {
    if (untilMs > nowMs || keys.length === keysForgottenMax) break;
    keys.push(key);
  }
  if (keys.length > 0) yield { type: "KeysForgotten", keys };
}

export const nextKeyForgotten = (state: State): number | null => {
  for (const untilMs of state.keysKept.values()) return untilMs;
  return null;
};
