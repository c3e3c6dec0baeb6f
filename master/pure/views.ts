/** The state as readers see it. Predictions come from the plan rebuilt for the present. */
import { summaryOf } from "../../core/data.js";
import type { JobId } from "../../core/ids.js";
import { defaultObjective } from "../../core/objective.js";
import { gapOf } from "../../core/plan.js";
import type { Heartbeat } from "../../core/session.js";
import type {
  AttemptView,
  JobSummary,
  JobView,
  PlanView,
  TaskStateName,
  TaskView,
  WorkerView,
} from "../../core/views.js";
import { factorOf } from "../../core/worker-speed.js";
import { canRunTask, explainUnfitTask } from "./eligibility.js";
import { estimateOf } from "./estimates.js";
import { expectationOf } from "./expectations.js";
import type { Forecast } from "./forecast.js";
import { openness } from "./openness.js";
import { exhaustedPool } from "./pool-room.js";
import { predecessors } from "./problem-tasks.js";
import { correctedFinish, type Finishes, noFinishes } from "./roll-out.js";
import type { Attempt, Job, State, Task, Way, WorkerRecord } from "./state.js";
import { isEnded, isPaused, liveAttempt } from "./state.js";
import { wayNamed, wayNow } from "./ways.js";

export function jobView(
  state: State,
  job: Job,
  forecast: Forecast,
  withTasks: boolean,
  finishes: Finishes = noFinishes,
): JobView {
  return {
    summary: jobSummary(state, job, forecast, finishes),
    tasks: withTasks ? job.tasks.map((task) => taskView(state, task, forecast)) : [],
    edges: withTasks ? job.spec.edges : [],
    initialPlan: job.initialPlan,
  };
}

export function jobSummary(
  state: State,
  job: Job,
  forecast: Forecast,
  finishes: Finishes = noFinishes,
): JobSummary {
  const counts: Partial<Record<TaskStateName, number>> = {};
  for (const task of job.tasks) {
    const name = taskStateName(task);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const finish = finishOf(state, job, forecast, finishes);
  return {
    id: job.id,
    name: job.spec.name,
    namespace: job.spec.namespace,
    principal: job.principal,
    state: job.state,
    taskCounts: counts,
    submittedAtMs: job.submittedAtMs,
    startedAtMs: job.startedAtMs,
    finishedAtMs: job.finishedAtMs,
    finishP50AtMs: finish?.p50AtMs ?? null,
    finishP90AtMs: finish?.p90AtMs ?? null,
    revision: job.revision,
    metadata: job.spec.metadata,
    ...(job.pausedAtMs === null ? {} : { pausedAtMs: job.pausedAtMs }),
    ...(job.spec.retryBudget === undefined
      ? {}
      : { retries: { spent: job.retriesSpent, budget: job.spec.retryBudget } }),
  };
}

/**
 * Unknown as soon as one remaining task has no reservation or no estimate. Tasks that run only if
 * something fails are not counted on. Where no roll-out has the job (yet), the ends of its tasks
 * with median and with p90 durations stand in: those are never too early, and mostly too late.
 */
function finishOf(
  state: State,
  job: Job,
  forecast: Forecast,
  finishes: Finishes,
): { p50AtMs: number; p90AtMs: number } | null {
  if (job.state !== "running") return null;
  let p50AtMs = 0;
  let p90AtMs = 0;
  for (const task of job.tasks) {
    if (isEnded(task)) continue;
    // Nobody knows when it goes on.
    if (isPaused(task)) return null;
    const reservation = forecast.get(task.id);
    if (reservation === undefined && job.conditional[task.index] === 1) continue;
    if (reservation === undefined) return null;
    const way = wayForeseen(state, task, forecast);
    if (estimateOf(state, task, way).source === "unknown") return null;
    p50AtMs = Math.max(p50AtMs, reservation.endP50AtMs);
    p90AtMs = Math.max(p90AtMs, reservation.endP90AtMs);
  }
  const rolled = finishes.get(job.id);
  return rolled === undefined ? { p50AtMs, p90AtMs } : correctedFinish(state, rolled);
}

export function taskView(state: State, task: Task, forecast: Forecast): TaskView {
  const { reason, message } = explain(state, task, forecast);
  const way = wayForeseen(state, task, forecast);
  const expected = isEnded(task) ? null : expectationOf(state, way);
  return {
    id: task.id,
    name: task.entry.name,
    template: task.template.name,
    state: taskStateName(task),
    reason,
    message,
    estimate: estimateOf(state, task, way),
    reservation: isEnded(task) ? null : (forecast.get(task.id) ?? null),
    attempts: task.attempts.map(attemptView),
    attemptsMax: task.template.retry.attemptsMax + (task.template.retry.fallback?.attemptsMax ?? 0),
    readyAtMs: task.readyAtMs,
    finishedAtMs: task.status.kind === "ended" ? task.status.atMs : null,
    ...(expected === null ? {} : { expected }),
  };
}

/** A forecast knows of plans that are in no state. */
function wayForeseen(state: State, task: Task, forecast: Forecast): Way {
  const foreseen = task.status.kind === "live" ? undefined : forecast.get(task.id);
  return foreseen === undefined ? wayNow(state, task) : wayNamed(task, foreseen.mode);
}

export function taskStateName(task: Task): TaskStateName {
  const { status } = task;
  if (status.kind === "ended") return status.state;
  const paused = isPaused(task);
  if (status.kind !== "live") return paused ? "paused" : status.kind;
  const attempt = liveAttempt(task);
  const kind = attempt?.status.kind;
  if (kind === "unknown" || kind === "launching") return kind;
  return paused && isHeld(attempt) ? "paused" : "running";
}

function attemptView(attempt: Attempt): AttemptView {
  const { id, number, worker, mode, secrets, launchedAtMs, status } = attempt;
  return {
    id,
    number,
    worker,
    ...(mode === undefined ? {} : { mode }),
    ...(secrets === undefined ? {} : { secrets }),
    state: status.kind,
    launchedAtMs,
    startedAtMs: status.kind === "launching" ? null : status.startedAtMs,
    endedAtMs: status.kind === "ended" ? status.endedAtMs : null,
    outcome: status.kind === "ended" ? status.outcome : null,
    usage: status.kind === "ended" ? status.usage : null,
    ...(status.kind === "ended" && status.outputs !== undefined
      ? { outputs: summaryOf(status.outputs) }
      : {}),
  };
}

const isHeld = (attempt: Attempt | null): boolean =>
  attempt?.held !== undefined && attempt.held.sinceMs !== null;

/** Why the task is in its state, for programs and for people. */
function explain(
  state: State,
  task: Task,
  forecast: Forecast,
): { readonly reason: string; readonly message: string } {
  const { status } = task;
  if (status.kind === "ended") return { reason: status.reason, message: status.message };
  if (status.kind === "live") return explainLive(task);
  if (isPaused(task)) return { reason: "paused", message: pausedWhat(task) };
  if (status.kind === "backoff") {
    return { reason: "backoff", message: "waits before its next attempt" };
  }
  if (status.kind === "pending") return explainPending(task);
  const facts = [...state.workers.values()].map((worker) => worker.facts);
  const present = [...state.workers.values()].filter((worker) => worker.state !== "lost");
  const fit = present.filter((worker) => canRunTask(worker.facts, task));
  if (fit.length === 0) {
    return { reason: "no_worker_fits", message: explainUnfitTask(facts, task) };
  }
  if (fit.every((worker) => openness(worker) !== "open")) {
    const names = fit.slice(0, 3).map(({ id }) => id);
    const message = `all workers that fit are cordoned, drained or quarantined: ${names.join(", ")}`;
    return { reason: "workers_closed", message };
  }
  const exhausted = exhaustedPool(state, task);
  if (exhausted !== null) {
    const message = `too little is left of ${exhausted}, of which what is taken does not come back`;
    return { reason: "pool_exhausted", message };
  }
  if (!forecast.has(task.id) && task.template.hardDeadline === true) {
    const message = "no plan meets its hard deadline as things are; it is skipped once none can";
    return { reason: "deadline_at_risk", message };
  }
  if (!forecast.has(task.id) && task.bonds.length > 0) {
    const message = "waits for room for its whole gang, or for others of its group to end";
    return { reason: "waits_for_group", message };
  }
  if (!forecast.has(task.id)) {
    return { reason: "beyond_window", message: "not planned yet: the queue ahead is long" };
  }
  return { reason: "queued", message: "waits for its turn on its worker" };
}

const pausedWhat = ({ job }: Task): string =>
  job.pausedAtMs === null
    ? "is paused until it is resumed"
    : "its job is paused until it is resumed";

function explainHeld(task: Task): { readonly reason: string; readonly message: string } {
  const attempt = liveAttempt(task);
  const problem = attempt?.held?.problem;
  if (problem !== undefined) {
    const what = isPaused(task) ? "paused" : "resumed";
    return { reason: "pause_failed", message: `could not be ${what}: ${problem}` };
  }
  if (isPaused(task) === isHeld(attempt)) {
    return isPaused(task)
      ? { reason: "paused", message: pausedWhat(task) }
      : { reason: "", message: "" };
  }
  return isPaused(task)
    ? { reason: "pausing", message: "is being paused" }
    : { reason: "resuming", message: "is being resumed" };
}

function explainLive(task: Task): { readonly reason: string; readonly message: string } {
  const status = liveAttempt(task)?.status;
  if (status?.kind === "stopping") return { reason: status.reason, message: "is being stopped" };
  if (status?.kind !== "unknown") return explainHeld(task);
  const until = status.untilMs === null ? "until its worker returns" : "until it must have stopped";
  return { reason: "worker_lost", message: `contact with its worker is lost; kept ${until}` };
}

function explainPending(task: Task): { readonly reason: string; readonly message: string } {
  const waiting: string[] = [];
  for (const [before] of predecessors(task)) if (!isEnded(before)) waiting.push(before.entry.name);
  if (waiting.length > 0) {
    const shown = waiting.slice(0, 3).join(", ");
    const more = waiting.length > 3 ? ` and ${waiting.length - 3} more` : "";
    return { reason: "waiting_for_dependencies", message: `waits for ${shown}${more}` };
  }
  const { after } = task.job.spec;
  if (after.length > 0) {
    return {
      reason: "waiting_for_jobs",
      message: `waits for ${after.map(({ jobId }) => jobId).join(", ")}`,
    };
  }
  return { reason: "scheduled", message: "waits for its scheduled time" };
}

export function workerView(
  worker: WorkerRecord,
  lastHeardAtMs: number | null,
  heartbeat: Heartbeat | null,
): WorkerView {
  return {
    facts: worker.facts,
    incarnation: worker.incarnation,
    state: worker.state,
    sinceMs: worker.sinceMs,
    lastHeardAtMs,
    used: worker.used,
    attempts: worker.live.size,
    heartbeat,
    cordonedAtMs: worker.cordonedAtMs,
    drain: worker.drain,
    maintenance: worker.maintenance,
    ...(worker.quarantine === null ? {} : { quarantine: worker.quarantine }),
    ...learntSpeedOf(worker),
  };
}

/** Of one that has shown nothing yet, what its class has taught. */
function learntSpeedOf({ speed }: WorkerRecord): Pick<WorkerView, "learntSpeed"> {
  const { residuals, correction } = speed;
  if (residuals.length === 0 && correction === 0) return {};
  return { learntSpeed: { factor: factorOf(speed), runs: residuals.length } };
}

export function planView(state: State, forecast: Forecast, job: JobId | null): PlanView {
  const { plan } = state;
  const entries = [...forecast].flatMap(([id, reservation]) => {
    const task = state.tasks.get(id);
    if (task === undefined || (job !== null && task.job.id !== job)) return [];
    return [{ taskId: id, state: taskStateName(task), reservation }];
  });
  return {
    version: plan.version,
    solver: plan.solver,
    adoptedAtMs: plan.adoptedAtMs,
    weights: state.settings.objective ?? defaultObjective,
    parts: plan.parts,
    value: plan.value,
    bound: plan.bound,
    gap: gapOf(plan.value, plan.bound),
    entries,
  };
}
