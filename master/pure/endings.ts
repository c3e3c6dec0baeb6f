/**
 * What follows when a task ends: dependents whose condition can no longer come true are skipped,
 * and a job whose last task has ended ends.
 */
import type { TaskId } from "../../core/ids.js";
import type { JobStateName } from "../../core/views.js";
import { satisfies } from "./condition.js";
import type { EndState, Event } from "./events.js";
import { holdsBack, violatedAfter } from "./readiness.js";
import type { Job, State, Task } from "./state.js";
import { hasBegun, isEnded } from "./state.js";

/** Why a task was skipped that could no longer be done by its hard deadline. */
export const deadlineMissed = "hard_deadline_missed";
/** Why one was skipped that the plan found dearer than its price. */
export const leftOut = "left_out";

export interface Ending {
  readonly state: EndState;
  readonly reason: string;
  readonly message: string;
}

/** Ends a task, skips what can no longer run because of it, and ends the job if that was all. */
export function* endTask(state: State, task: Task, ending: Ending): Generator<Event, void, void> {
  yield { type: "TaskEnded", task: task.id, ...ending };
  const frontier: Task[] = [task];
  for (let at = frontier.pop(); at !== undefined; at = frontier.pop()) {
    for (const next of violatedBy(at)) {
      if (isEnded(next)) continue;
      yield {
        type: "TaskEnded",
        task: next.id,
        state: "skipped",
        reason: "dependency_not_met",
        message: `${at.entry.name} ${describeEnd(at)}`,
      };
      frontier.push(next);
    }
  }
  yield* endJobIfDone(state, task.job);
}

/** Direct successors of an ended task whose condition on it is now false; none that runs already. */
function violatedBy(task: Task): Task[] {
  const { job, status } = task;
  if (status.kind !== "ended") return [];
  const violated: Task[] = [];
  for (let i = job.firstOut[task.index] ?? 0; i < (job.firstOut[task.index + 1] ?? 0); i++) {
    const edge = job.spec.edges[job.edgesOut[i] ?? -1];
    const next = edge === undefined ? undefined : job.tasks[edge.to];
    if (edge === undefined || next === undefined || hasBegun(next)) continue;
    if (!satisfies(edge.on, status.state)) violated.push(next);
  }
  return violated;
}

function describeEnd(task: Task): string {
  return task.status.kind === "ended" ? task.status.state.replace("_", " ") : "has not ended";
}

export function* endJobIfDone(state: State, job: Job): Generator<Event, void, void> {
  if (job.open > 0 || job.state !== "running") return;
  yield { type: "JobEnded", job: job.id, state: endOfJob(job) };
  yield* releaseFollowers(state, job);
}

/**
 * A job succeeds if enough of its tasks have, by its own rule; without one, if every task succeeded,
 * was skipped by a condition, may fail, or failed where the job said what to do then (an edge on
 * failure or done leaves it).
 */
function endOfJob(job: Job): JobStateName {
  if (job.ending !== null) return job.ending.state;
  if (job.spec.success !== undefined && enoughSucceeded(job, job.spec.success.atLeast)) {
    return "succeeded";
  }
  if (job.tasks.some((task) => hasFailed(task) && !isForgiven(task))) return "failed";
  const cancelled = job.tasks.some(({ status }) => endStateOf(status) === "cancelled");
  if (cancelled) return "cancelled";
  return job.spec.success === undefined ? "succeeded" : "failed";
}

/**
 * Of the tasks that were to run in any case. Whatever a failure kept from running has not succeeded;
 * what may fail, and has, is not counted.
 */
function enoughSucceeded(job: Job, atLeast: number): boolean {
  let [counted, succeeded] = [0, 0];
  for (const task of job.tasks) {
    const { status, template } = task;
    if (job.conditional[task.index] === 1 || status.kind !== "ended") continue;
    const isGood = status.state === "succeeded" || (hasFailed(task) && failureIsHandled(task));
    if (!isGood && (status.reason === leftOut || template.mayFail === true)) continue;
    counted++;
    if (isGood) succeeded++;
  }
  // 0.95 of 20 is 19, whatever the arithmetic of fractions makes of it.
  return succeeded >= Math.ceil(atLeast * counted - 1e-6);
}

const endStateOf = (status: Task["status"]): EndState | null =>
  status.kind === "ended" ? status.state : null;

function hasFailed(task: Task): boolean {
  const state = endStateOf(task.status);
  return state === "failed" || state === "timed_out" || missedDeadline(task);
}

const isForgiven = (task: Task): boolean =>
  task.template.mayFail === true || failureIsHandled(task);

/** It was skipped because it could not be in time, and its job did not say that it might be. */
const missedDeadline = ({ status, template }: Task): boolean =>
  status.kind === "ended" && status.reason === deadlineMissed && template.skipPrice === undefined;

function failureIsHandled({ job, index }: Task): boolean {
  for (let i = job.firstOut[index] ?? 0; i < (job.firstOut[index + 1] ?? 0); i++) {
    const edge = job.spec.edges[job.edgesOut[i] ?? -1];
    if (edge !== undefined && edge.on !== "success") return true;
  }
  return false;
}

/** Tasks of other jobs that waited for this one; tick looks at them again and skips or frees them. */
function* releaseFollowers(state: State, ended: Job): Generator<Event, void, void> {
  const waiting: TaskId[] = [];
  for (const task of state.index.held) {
    if (task.job.spec.after.some(({ jobId }) => jobId === ended.id)) waiting.push(task.id);
  }
  for (const id of waiting) {
    const task = state.tasks.get(id);
    if (task !== undefined && !isEnded(task)) yield* settleHeld(state, task, state.atMs);
  }
}

/** Frees a held task whose time has come, or skips it if it can never come. */
export function* settleHeld(state: State, task: Task, nowMs: number): Generator<Event, void, void> {
  const violated = violatedAfter(state, task);
  if (violated !== null) {
    yield* endTask(state, task, {
      state: "skipped",
      reason: "dependency_not_met",
      message: violated,
    });
  } else if (!holdsBack(state, task, nowMs)) {
    yield { type: "TaskReleased", task: task.id };
  }
}
