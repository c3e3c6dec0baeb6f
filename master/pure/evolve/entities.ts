/** Look-ups that must succeed, and the changes of entities that keep indices and hash true. */
import type { AttemptId, TaskId } from "../../../core/ids.js";
import { numberOfAttempt, taskOfAttempt } from "../../../core/ids.js";
import { assert } from "../../../core/result.js";
import { jobText, modelText, planText, revisedText, taskText, workerText } from "../entity-text.js";
import type { Event } from "../events.js";
import { touch } from "../hash.js";
import type { Attempt, Job, State, Task, TaskStatus, WorkerRecord } from "../state.js";

export type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

export function becomeReady(state: State, task: Task, atMs: number): void {
  task.readyAtMs = atMs;
  // What ran and waits again has another turn than while it ran.
  if (task.attempts.length > 0) state.index.queues = null;
  setStatus(state, task, { kind: "ready", sinceMs: atMs });
}

export function setStatus(state: State, task: Task, status: TaskStatus): void {
  const { index } = state;
  index.ready.delete(task);
  index.backoff.delete(task);
  index.live.delete(task);
  index.unknown.delete(task);
  if (status.kind === "ended") index.held.delete(task);
  if (task.template.hardDeadline === true) {
    if (status.kind === "ended" || status.kind === "live") index.hard.delete(task);
    else index.hard.add(task);
  }
  task.status = status;
  if (status.kind === "ready") index.ready.add(task);
  else if (status.kind === "backoff") index.backoff.add(task);
  else if (status.kind === "live") index.live.add(task);
  touchTask(state, task);
}

export function jobOf(state: State, id: Job["id"]): Job {
  const job = state.jobs.get(id);
  assert(job !== undefined, `no job ${id}`);
  return job;
}

export function taskOf(state: State, id: TaskId): Task {
  const task = state.tasks.get(id);
  assert(task !== undefined, `no task ${id}`);
  return task;
}

export function workerOf(state: State, id: WorkerRecord["id"]): WorkerRecord {
  const worker = state.workers.get(id);
  assert(worker !== undefined, `no worker ${id}`);
  return worker;
}

export function liveAttemptOf(state: State, id: AttemptId): { task: Task; attempt: Attempt } {
  const task = taskOf(state, taskOfAttempt(id));
  const attempt = task.attempts[numberOfAttempt(id) - 1];
  assert(attempt !== undefined && attempt.status.kind !== "ended", `attempt ${id} is not live`);
  return { task, attempt };
}

export const touchTask = (state: State, task: Task): void =>
  touch(state.hash, task.id, () => taskText(task));
export const touchJob = (state: State, job: Job): void =>
  touch(state.hash, job.id, () => jobText(job));
export const touchSpec = (state: State, job: Job): void =>
  touch(state.hash, `${job.id} spec`, () => JSON.stringify(job.spec));
export const touchPlan = (state: State): void =>
  touch(state.hash, "plan", () => planText(state.plan));
export const touchWorker = (state: State, worker: WorkerRecord): void =>
  touch(state.hash, `worker/${worker.id}`, () => workerText(worker));
export const touchRevised = (state: State, job: Job): void =>
  touch(state.hash, `${job.id} revised`, () => revisedText(job));
export const touchModel = (state: State): void =>
  touch(state.hash, "model", () => modelText(state.model));
