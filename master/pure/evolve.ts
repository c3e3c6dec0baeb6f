/**
 * Folds one event into the state, in place. It never decides and never fails: an event that does
 * not fit the state is a bug in decide or a damaged journal, and crashes.
 */
import { observe } from "../../core/estimate.js";
import type { AttemptId, TaskId } from "../../core/ids.js";
import { numberOfAttempt, taskOfAttempt } from "../../core/ids.js";
import { addResources, subtractResources } from "../../core/resources.js";
import { assert, unreachable } from "../../core/result.js";
import type { Event, PlannedEntry, Recorded } from "./events.js";
import { touch } from "./hash.js";
import { buildJob } from "./job-graph.js";
import { jobText, planText, taskText, workerText } from "./entity-text.js";
import { holdsBack } from "./readiness.js";
import type { Attempt, AttemptStatus, Job, State, Task, TaskStatus, WorkerRecord } from "./state.js";
import { isEnded, jobKey } from "./state.js";

type Of<T extends Event["type"]> = Extract<Event, { type: T }>;

/** Share of a new sample in the running mean of the overhead. */
const overheadGain = 0.1;
const overheadMaxMs = 5_000;

export function evolve(state: State, recorded: Recorded): void {
  assert(recorded.seq === state.seq + 1, `event ${recorded.seq} after ${state.seq}`);
  state.seq = recorded.seq;
  state.atMs = recorded.atMs;
  apply(state, recorded.event, recorded.atMs, recorded.principal);
}

function apply(state: State, event: Event, atMs: number, principal: string): void {
  switch (event.type) {
    case "EpochBegan":
      state.epoch = event.epoch;
      state.settings = event.settings;
      state.facts++;
      return;
    case "JobSubmitted":
      return jobSubmitted(state, event, atMs, principal);
    case "JobCancelRequested": {
      const job = jobOf(state, event.job);
      job.ending = { state: event.state, reason: event.reason };
      return touchJob(state, job);
    }
    case "JobEnded":
      return jobEnded(state, event, atMs);
    case "JobReopened":
      return jobReopened(state, event, atMs);
    case "TaskReleased":
      return taskReleased(state, taskOf(state, event.task), atMs);
    case "TaskCancelRequested": {
      const task = taskOf(state, event.task);
      task.cancelRequested = true;
      return touchTask(state, task);
    }
    case "TaskEnded":
      return taskEnded(state, event, atMs);
    case "TaskBackedOff":
      return setStatus(state, taskOf(state, event.task), {
        kind: "backoff",
        untilMs: event.untilMs,
      });
    case "TaskRequeued":
      return becomeReady(state, taskOf(state, event.task), atMs);
    case "AttemptLaunched":
      return attemptLaunched(state, event, atMs);
    case "AttemptStarted":
      return attemptStarted(state, event.attempt, event.startedAtMs);
    case "AttemptStopRequested":
      return attemptStopRequested(state, event);
    case "AttemptEnded":
      return attemptEnded(state, event, atMs);
    case "AttemptBecameUnknown":
      return attemptBecameUnknown(state, event);
    case "AttemptRecovered":
      return attemptStarted(state, event.attempt, event.startedAtMs);
    case "WorkerRegistered":
      return workerRegistered(state, event, atMs);
    case "WorkerDisconnected":
      return workerState(state, event.worker, "silent", atMs);
    case "WorkerLost":
      return workerLost(state, event, atMs);
    case "PlanAdopted":
      return planAdopted(state, event, atMs);
    default:
      return unreachable(event);
  }
}

// Jobs and tasks

function jobSubmitted(
  state: State,
  event: Of<"JobSubmitted">,
  atMs: number,
  principal: string,
): void {
  const job = buildJob(event.job, event.spec, principal, atMs);
  state.jobs.set(job.id, job);
  state.index.openJobs.add(job);
  if (event.idempotencyKey !== "") {
    state.idempotency.set(jobKey(event.spec.namespace, event.idempotencyKey), job.id);
  }
  for (const task of job.tasks) {
    state.tasks.set(task.id, task);
    task.held = holdsBack(state, task, atMs);
    if (task.held) state.index.held.add(task);
    else if (task.blockers === 0) becomeReady(state, task, atMs);
    touchTask(state, task);
  }
  state.facts++;
  touch(state.hash, `${job.id} spec`, () => JSON.stringify(job.spec));
  touchJob(state, job);
}

function jobEnded(state: State, event: Of<"JobEnded">, atMs: number): void {
  const job = jobOf(state, event.job);
  job.state = event.state;
  job.finishedAtMs = atMs;
  state.index.openJobs.delete(job);
  touchJob(state, job);
}

function jobReopened(state: State, event: Of<"JobReopened">, atMs: number): void {
  const job = jobOf(state, event.job);
  job.state = "running";
  job.ending = null;
  job.finishedAtMs = null;
  state.index.openJobs.add(job);
  const reopened = new Set(event.tasks);
  for (const id of event.tasks) {
    const task = taskOf(state, id);
    task.cancelRequested = false;
    task.readyAtMs = null;
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

function taskReleased(state: State, task: Task, atMs: number): void {
  task.held = false;
  state.index.held.delete(task);
  if (task.status.kind === "backoff" || task.blockers === 0) becomeReady(state, task, atMs);
  touchTask(state, task);
}

function taskEnded(state: State, event: Of<"TaskEnded">, atMs: number): void {
  const task = taskOf(state, event.task);
  const { job } = task;
  const { state: endState, reason, message } = event;
  setStatus(state, task, { kind: "ended", state: endState, atMs, reason, message });
  if (state.plan.entries.delete(task.id)) touchPlan(state);
  job.open--;
  touchJob(state, job);
  for (let i = job.firstOut[task.index] ?? 0; i < (job.firstOut[task.index + 1] ?? 0); i++) {
    const edge = job.spec.edges[job.edgesOut[i] ?? -1];
    const next = edge === undefined ? undefined : job.tasks[edge.to];
    if (edge === undefined || next === undefined || isEnded(next)) continue;
    if (!satisfies(edge.on, endState)) continue;
    next.blockers--;
    if (next.blockers === 0 && !next.held) becomeReady(state, next, atMs);
    touchTask(state, next);
  }
}

/** Whether a predecessor that ended so lets the edge's target go on. */
export function satisfies(
  condition: "success" | "failure" | "done",
  end: Extract<TaskStatus, { kind: "ended" }>["state"],
): boolean {
  if (condition === "done") return true;
  if (condition === "success") return end === "succeeded";
  return end === "failed" || end === "timed_out";
}

function becomeReady(state: State, task: Task, atMs: number): void {
  task.readyAtMs = atMs;
  setStatus(state, task, { kind: "ready", sinceMs: atMs });
}

function setStatus(state: State, task: Task, status: TaskStatus): void {
  const { index } = state;
  index.ready.delete(task);
  index.backoff.delete(task);
  index.live.delete(task);
  index.unknown.delete(task);
  if (status.kind === "ended") index.held.delete(task);
  task.status = status;
  if (status.kind === "ready") index.ready.add(task);
  else if (status.kind === "backoff") index.backoff.add(task);
  else if (status.kind === "live") index.live.add(task);
  touchTask(state, task);
}

// Attempts

function attemptLaunched(state: State, event: Of<"AttemptLaunched">, atMs: number): void {
  const task = taskOf(state, taskOfAttempt(event.attempt));
  const worker = workerOf(state, event.worker);
  task.attempts.push({
    id: event.attempt,
    number: numberOfAttempt(event.attempt),
    worker: event.worker,
    session: worker.incarnation.session,
    devices: event.devices,
    launchedAtMs: atMs,
    status: { kind: "launching" },
  });
  if (task.job.startedAtMs === null) {
    task.job.startedAtMs = atMs;
    touchJob(state, task.job);
  }
  task.job.livePerTemplate[task.entry.template] =
    (task.job.livePerTemplate[task.entry.template] ?? 0) + 1;
  worker.live.set(event.attempt, task);
  worker.used = addResources(worker.used, task.template.resources);
  charge(state, task, 1);
  setStatus(state, task, { kind: "live" });
  touchWorker(state, worker);
}

function attemptStarted(state: State, id: AttemptId, startedAtMs: number): void {
  const { task, attempt } = liveAttemptOf(state, id);
  const { status } = attempt;
  state.index.unknown.delete(task);
  const stopReason =
    status.kind === "stopping"
      ? status.reason
      : status.kind === "unknown"
        ? status.stopReason
        : null;
  setAttempt(
    state,
    task,
    attempt,
    stopReason === null
      ? { kind: "running", startedAtMs }
      : { kind: "stopping", startedAtMs, reason: stopReason },
  );
}

function attemptStopRequested(state: State, event: Of<"AttemptStopRequested">): void {
  const { task, attempt } = liveAttemptOf(state, event.attempt);
  const { status } = attempt;
  if (status.kind === "unknown") {
    return setAttempt(state, task, attempt, { ...status, stopReason: event.reason });
  }
  const startedAtMs = status.kind === "running" ? status.startedAtMs : null;
  setAttempt(state, task, attempt, { kind: "stopping", startedAtMs, reason: event.reason });
}

function attemptBecameUnknown(state: State, event: Of<"AttemptBecameUnknown">): void {
  const { task, attempt } = liveAttemptOf(state, event.attempt);
  const { status } = attempt;
  const startedAtMs =
    status.kind === "launching" || status.kind === "ended" ? null : status.startedAtMs;
  const stopReason = status.kind === "stopping" ? status.reason : null;
  state.index.unknown.add(task);
  state.facts++;
  setAttempt(state, task, attempt, {
    kind: "unknown",
    startedAtMs,
    untilMs: event.untilMs,
    stopReason,
  });
}

function attemptEnded(state: State, event: Of<"AttemptEnded">, atMs: number): void {
  const { task, attempt } = liveAttemptOf(state, event.attempt);
  const worker = workerOf(state, attempt.worker);
  const { startedAtMs, endedAtMs, outcome, usage } = event;
  setAttempt(state, task, attempt, { kind: "ended", startedAtMs, endedAtMs, outcome, usage });
  state.index.unknown.delete(task);
  worker.live.delete(attempt.id);
  worker.used = subtractResources(worker.used, task.template.resources);
  task.job.livePerTemplate[task.entry.template] =
    (task.job.livePerTemplate[task.entry.template] ?? 0) - 1;
  charge(state, task, -1);
  task.job.progressed = true;
  state.facts++;
  touchWorker(state, worker);
  if (startedAtMs === null || outcome.kind !== "exited") return;
  const ranMs = Math.max(0, endedAtMs - startedAtMs);
  // Failed runs are not labels for durations: they end early.
  if (outcome.exitCode === 0) observe(state.statistics, task.groups, ranMs * worker.facts.speed);
  const overheadMs = Math.min(overheadMaxMs, Math.max(0, atMs - attempt.launchedAtMs - ranMs));
  state.overheadMs += overheadGain * (overheadMs - state.overheadMs);
}

function charge(state: State, task: Task, sign: 1 | -1): void {
  for (const [pool, amount] of Object.entries(task.template.pools)) {
    state.poolUse.set(pool, (state.poolUse.get(pool) ?? 0) + sign * amount);
  }
}

function setAttempt(state: State, task: Task, attempt: Attempt, status: AttemptStatus): void {
  attempt.status = status;
  touchTask(state, task);
}

// Workers

function workerRegistered(state: State, event: Of<"WorkerRegistered">, atMs: number): void {
  const { incarnation, facts } = event;
  const known = state.workers.get(incarnation.worker);
  if (known === undefined) {
    state.workers.set(incarnation.worker, {
      id: incarnation.worker,
      incarnation,
      facts,
      state: "connected",
      sinceMs: atMs,
      live: new Map(),
      used: { cpuMillis: 0, memoryBytes: 0, diskBytes: 0, networkBps: 0, custom: {} },
    });
  } else {
    known.incarnation = incarnation;
    known.facts = facts;
  }
  workerState(state, incarnation.worker, "connected", atMs);
  state.facts++;
}

function workerState(
  state: State,
  id: WorkerRecord["id"],
  to: WorkerRecord["state"],
  atMs: number,
): void {
  const worker = workerOf(state, id);
  worker.state = to;
  worker.sinceMs = atMs;
  touchWorker(state, worker);
}

function workerLost(state: State, event: Of<"WorkerLost">, atMs: number): void {
  workerState(state, event.worker, "lost", atMs);
  for (const [task, entry] of state.plan.entries) {
    if (entry.worker === event.worker) state.plan.entries.delete(task);
  }
  state.index.queues = null;
  state.facts++;
  touchPlan(state);
}

// Plan

function planAdopted(state: State, event: Of<"PlanAdopted">, atMs: number): void {
  const { plan } = state;
  plan.version = event.version;
  plan.solver = event.solver;
  plan.adoptedAtMs = atMs;
  plan.value = event.value;
  plan.bound = event.bound;
  plan.parts = event.parts;
  plan.makespanMs = event.makespanMs;
  plan.makespanBoundMs = event.makespanBoundMs;
  for (const task of event.removed) plan.entries.delete(task);
  const jobs = new Set<Job>();
  for (const entry of event.entries) {
    plan.entries.set(entry.task, planEntry(entry));
    jobs.add(taskOf(state, entry.task).job);
  }
  for (const job of jobs) rememberInitialPlan(state, job, event, atMs);
  state.index.queues = null;
  touchPlan(state);
}

const planEntry = ({ worker, startAtMs, endAtMs }: PlannedEntry) => ({
  worker,
  startAtMs,
  endAtMs,
});

/**
 * What was foreseen for a job at the start: the last plan over the whole job that was adopted
 * before any of its attempts had ended.
 */
function rememberInitialPlan(
  state: State,
  job: Job,
  event: Of<"PlanAdopted">,
  atMs: number,
): void {
  if (job.progressed || job.finishedAtMs !== null) return;
  let endAtMs = atMs;
  const tasks = [];
  for (const task of job.tasks) {
    const running = task.attempts.at(-1);
    const before = job.initialPlan?.tasks[tasks.length];
    const entry = state.plan.entries.get(task.id);
    // A launched attempt keeps the reservation it was launched under.
    if (entry === undefined && (running === undefined || before === undefined)) return;
    const planned =
      entry === undefined && before !== undefined
        ? before
        : { name: task.entry.name, ...(entry as NonNullable<typeof entry>) };
    endAtMs = Math.max(endAtMs, planned.endAtMs);
    tasks.push(planned);
  }
  job.initialPlan = {
    adoptedAtMs: atMs,
    makespanMs: endAtMs - job.submittedAtMs,
    boundMs: event.makespanBoundMs + (atMs - job.submittedAtMs),
    solver: event.solver,
    tasks,
  };
  touchJob(state, job);
}

// Look-ups that must succeed

function jobOf(state: State, id: Job["id"]): Job {
  const job = state.jobs.get(id);
  assert(job !== undefined, `no job ${id}`);
  return job;
}

function taskOf(state: State, id: TaskId): Task {
  const task = state.tasks.get(id);
  assert(task !== undefined, `no task ${id}`);
  return task;
}

function workerOf(state: State, id: WorkerRecord["id"]): WorkerRecord {
  const worker = state.workers.get(id);
  assert(worker !== undefined, `no worker ${id}`);
  return worker;
}

function liveAttemptOf(state: State, id: AttemptId): { task: Task; attempt: Attempt } {
  const task = taskOf(state, taskOfAttempt(id));
  const attempt = task.attempts[numberOfAttempt(id) - 1];
  assert(attempt !== undefined && attempt.status.kind !== "ended", `attempt ${id} is not live`);
  return { task, attempt };
}

function* edgesInto(job: Job, task: number): Iterable<number> {
  for (let i = job.firstIn[task] ?? 0; i < (job.firstIn[task + 1] ?? 0); i++) {
    yield job.edgesIn[i] ?? -1;
  }
}

const touchTask = (state: State, task: Task): void =>
  touch(state.hash, task.id, () => taskText(task));
const touchJob = (state: State, job: Job): void => touch(state.hash, job.id, () => jobText(job));
const touchPlan = (state: State): void =>
  touch(state.hash, "plan", () => planText(state.plan));
const touchWorker = (state: State, worker: WorkerRecord): void =>
  touch(state.hash, `worker/${worker.id}`, () => workerText(worker));
