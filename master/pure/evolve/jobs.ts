/** Events of jobs and tasks. */
import { satisfies } from "../condition.js";
import type { Remedy } from "../events.js";
import { buildJob } from "../job-graph.js";
import { holdsBack } from "../readiness.js";
import type { Job, State, Task } from "../state.js";
import { hasBegun, isEnded, jobKey } from "../state.js";
import { waysWithRemedy } from "../ways.js";
import { learnFinish, withdrawPromise } from "./calibration.js";
import {
  becomeReady,
  jobOf,
  type Of,
  setStatus,
  taskOf,
  touchJob,
  touchPlan,
  touchSpec,
  touchTask,
} from "./entities.js";
import { dropRevisions } from "./prediction.js";

export function jobSubmitted(
  state: State,
  event: Of<"JobSubmitted">,
  atMs: number,
  principal: string,
): void {
  const job = buildJob(event.job, event.spec, principal, atMs);
  job.sequence = state.seq;
  job.idempotencyKey = event.idempotencyKey;
  job.afterEnded = event.afterEnded ?? {};
  state.jobs.set(job.id, job);
  state.index.openJobs.add(job);
  if (event.idempotencyKey !== "") {
    state.idempotency.set(jobKey(event.spec.namespace, event.idempotencyKey), job.id);
  }
  for (const task of job.tasks) {
    state.tasks.set(task.id, task);
    task.held = holdsBack(state, task, atMs);
    if (task.template.hardDeadline === true) state.index.hard.add(task);
    if (task.held) state.index.held.add(task);
    else if (task.blockers === 0) becomeReady(state, task, atMs);
    touchTask(state, task);
  }
  state.facts++;
  touchSpec(state, job);
  touchJob(state, job);
}

export function jobEnded(state: State, event: Of<"JobEnded">, atMs: number): void {
  const job = jobOf(state, event.job);
  job.state = event.state;
  job.finishedAtMs = atMs;
  job.pausedAtMs = null;
  state.index.openJobs.delete(job);
  learnFinish(state, job, atMs);
  touchJob(state, job);
}

export function jobReopened(state: State, event: Of<"JobReopened">, atMs: number): void {
  const job = jobOf(state, event.job);
  job.state = "running";
  job.ending = null;
  job.finishedAtMs = null;
  job.timeoutFromMs = atMs;
  job.retriesSpent = 0;
  job.pausedAtMs = null;
  // The predictor is told of it anew, and says what it foresees by now.
  dropRevisions(state, job);
  withdrawPromise(state, job);
  state.index.openJobs.add(job);
  const reopened = new Set(event.tasks);
  for (const id of event.tasks) blockSuccessors(state, taskOf(state, id), reopened);
  for (const id of event.tasks) {
    const task = taskOf(state, id);
    task.cancelRequested = false;
    task.paused = false;
    // That it needs more memory is known now, whoever has it tried again.
    if (task.remedy?.fallback === true) setRemedy(task, null);
    task.readyAtMs = null;
    task.attemptsBefore = task.attempts.length;
    task.blockers = 0;
    for (const edge of edgesInto(job, task.index)) {
      const from = job.tasks[job.spec.edges[edge]?.from ?? -1];
      // Edges from tasks that ended and stay so are settled; retry re-runs only what can run.
      if (from !== undefined && (reopened.has(from.id) || !isEnded(from))) task.blockers++;
    }
    job.open++;
    setStatus(state, task, { kind: "pending" });
    if (task.blockers === 0) becomeReady(state, task, atMs);
  }
  state.facts++;
  touchJob(state, job);
}

export function taskReleased(state: State, task: Task, atMs: number): void {
  task.held = false;
  state.index.held.delete(task);
  state.facts++;
  if (task.status.kind === "backoff" || task.blockers === 0) becomeReady(state, task, atMs);
  touchTask(state, task);
}

export function taskBackedOff(state: State, event: Of<"TaskBackedOff">): void {
  const task = taskOf(state, event.task);
  setStatus(state, task, { kind: "backoff", untilMs: event.untilMs });
  if (event.because === "lost" || task.job.spec.retryBudget === undefined) return;
  task.job.retriesSpent++;
  touchJob(state, task.job);
}

/** The worker that it was planned on may not have what it takes now. */
export function taskRemedied(state: State, event: Of<"TaskRemedied">): void {
  const task = taskOf(state, event.task);
  setRemedy(task, event.remedy);
  state.facts++;
  if (state.plan.entries.delete(task.id)) {
    state.index.queues = null;
    touchPlan(state);
  }
  touchTask(state, task);
}

function setRemedy(task: Task, remedy: Remedy | null): void {
  task.remedy = remedy;
  task.ways = waysWithRemedy(task);
}

export function jobPaused(state: State, id: Job["id"], atMs: number): void {
  const job = jobOf(state, id);
  job.pausedAtMs = atMs;
  withdrawPromise(state, job);
  state.facts++;
  touchJob(state, job);
}

/** Its timeout stood still meanwhile. */
export function jobResumed(state: State, id: Job["id"], atMs: number): void {
  const job = jobOf(state, id);
  job.timeoutFromMs += Math.max(0, atMs - (job.pausedAtMs ?? atMs));
  job.pausedAtMs = null;
  state.facts++;
  touchJob(state, job);
}

export function taskPaused(state: State, id: Task["id"], paused: boolean): void {
  const task = taskOf(state, id);
  task.paused = paused;
  withdrawPromise(state, task.job);
  state.facts++;
  touchTask(state, task);
}

export function taskEnded(state: State, event: Of<"TaskEnded">, atMs: number): void {
  const task = taskOf(state, event.task);
  const { job } = task;
  const { state: endState, reason, message } = event;
  setStatus(state, task, { kind: "ended", state: endState, atMs, reason, message });
  if (state.plan.entries.delete(task.id)) touchPlan(state);
  job.open--;
  state.facts++;
  touchJob(state, job);
  for (let i = job.firstOut[task.index] ?? 0; i < (job.firstOut[task.index + 1] ?? 0); i++) {
    const edge = job.spec.edges[job.edgesOut[i] ?? -1];
    const next = edge === undefined ? undefined : job.tasks[edge.to];
    if (edge === undefined || next === undefined || isEnded(next) || hasBegun(next)) continue;
    if (!satisfies(edge.on, endState)) continue;
    next.blockers--;
    if (next.blockers === 0 && !next.held) becomeReady(state, next, atMs);
    touchTask(state, next);
  }
}

/** What a task had freed waits for it again, unless it has begun: that goes on. */
function blockSuccessors(state: State, task: Task, reopened: ReadonlySet<Task["id"]>): void {
  const { job, status } = task;
  if (status.kind !== "ended") return;
  for (let i = job.firstOut[task.index] ?? 0; i < (job.firstOut[task.index + 1] ?? 0); i++) {
    const edge = job.spec.edges[job.edgesOut[i] ?? -1];
    const next = edge === undefined ? undefined : job.tasks[edge.to];
    if (edge === undefined || next === undefined || reopened.has(next.id)) continue;
    if (isEnded(next) || hasBegun(next) || !satisfies(edge.on, status.state)) continue;
    next.blockers++;
    setStatus(state, next, { kind: "pending" });
  }
}

function* edgesInto(job: Job, task: number): Iterable<number> {
  for (let i = job.firstIn[task] ?? 0; i < (job.firstIn[task + 1] ?? 0); i++) {
    yield job.edgesIn[i] ?? -1;
  }
}
