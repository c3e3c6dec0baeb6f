/**
 * The views as JSON for programs: camelCase, instants as ISO 8601 in UTC without the `Ms` of their
 * names, durations in milliseconds with it, arrays for lists, null for what is not known. These
 * names are a promise; a field may be added, none changes or goes.
 */
import type { AlmanacError } from "../../core/result.js";
import type {
  AttemptView,
  ClusterStatus,
  DrainForecast,
  JobSummary,
  JobView,
  PlanView,
  Reservation,
  SubmitReceipt,
  TaskView,
  WatchEvent,
  WorkerView,
} from "../../core/views.js";

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** ISO 8601 in UTC. */
const instant = (atMs: number): string => new Date(atMs).toISOString();
const instantOrNull = (atMs: number | null): string | null =>
  atMs === null ? null : instant(atMs);

export const formatJson = (json: Json): string => `${JSON.stringify(json, null, 2)}\n`;

export const errorJson = (error: AlmanacError): Json => ({
  error: {
    code: error.code,
    message: error.message,
    violations: error.violations.map((violation) => ({ ...violation })),
  },
});

export const jobSummaryJson = (job: JobSummary): { readonly [key: string]: Json } => ({
  id: job.id,
  name: job.name,
  namespace: job.namespace,
  principal: job.principal,
  state: job.state,
  taskCounts: { ...job.taskCounts },
  submittedAt: instant(job.submittedAtMs),
  startedAt: instantOrNull(job.startedAtMs),
  finishedAt: instantOrNull(job.finishedAtMs),
  finishP50At: instantOrNull(job.finishP50AtMs),
  finishP90At: instantOrNull(job.finishP90AtMs),
  revision: job.revision,
  metadata: job.metadata,
  pausedAt: instantOrNull(job.pausedAtMs ?? null),
  retries: job.retries === undefined ? null : { ...job.retries },
});

export const jobsJson = (jobs: readonly JobSummary[]): Json => jobs.map(jobSummaryJson);

export const jobJson = (job: JobView): Json => ({
  ...jobSummaryJson(job.summary),
  tasks: job.tasks.map(taskJson),
  dependencies: job.edges.map(({ from, to, on }) => ({
    from: job.tasks[from]?.name ?? null,
    to: job.tasks[to]?.name ?? null,
    on,
  })),
  initialPlan:
    job.initialPlan === null
      ? null
      : {
          adoptedAt: instant(job.initialPlan.adoptedAtMs),
          makespanMs: job.initialPlan.makespanMs,
          boundMs: job.initialPlan.boundMs,
          solver: job.initialPlan.solver,
          tasks: job.initialPlan.tasks.map(({ name, worker, mode = null, startAtMs, endAtMs }) => ({
            name,
            worker,
            mode,
            startAt: instant(startAtMs),
            endAt: instant(endAtMs),
          })),
        },
});

export const taskJson = (task: TaskView): Json => ({
  id: task.id,
  name: task.name,
  template: task.template,
  state: task.state,
  reason: task.reason,
  message: task.message,
  estimate: task.estimate === null ? null : { ...task.estimate },
  reservation: task.reservation === null ? null : reservationJson(task.reservation),
  attempts: task.attempts.map(attemptJson),
  attemptsMax: task.attemptsMax,
  readyAt: instantOrNull(task.readyAtMs),
  finishedAt: instantOrNull(task.finishedAtMs),
  expected:
    task.expected === undefined
      ? null
      : {
          ...task.expected,
          peakMemory: task.expected.peakMemory === null ? null : { ...task.expected.peakMemory },
        },
});

const attemptJson = (attempt: AttemptView): Json => ({
  id: attempt.id,
  number: attempt.number,
  worker: attempt.worker,
  mode: attempt.mode ?? null,
  state: attempt.state,
  launchedAt: instant(attempt.launchedAtMs),
  startedAt: instantOrNull(attempt.startedAtMs),
  endedAt: instantOrNull(attempt.endedAtMs),
  outcome: attempt.outcome === null ? null : { ...attempt.outcome },
  usage: attempt.usage === null ? null : { ...attempt.usage },
  outputs: attempt.outputs === undefined ? null : { ...attempt.outputs },
  secrets: (attempt.secrets ?? []).map((use) => ({ ...use })),
});

const reservationJson = (reservation: Reservation): Json => ({
  worker: reservation.worker,
  mode: reservation.mode ?? null,
  startP50At: instant(reservation.startP50AtMs),
  startP90At: instant(reservation.startP90AtMs),
  endP50At: instant(reservation.endP50AtMs),
  endP90At: instant(reservation.endP90AtMs),
});

export const receiptJson = (receipt: SubmitReceipt): Json => ({
  jobId: receipt.jobId,
  duplicate: receipt.duplicate,
  warnings: receipt.warnings.map((warning) => ({ ...warning })),
  forecast: receipt.forecast === null ? null : jobJson(receipt.forecast),
});

export const workersJson = (workers: readonly WorkerView[]): Json => workers.map(workerJson);

export const workerJson = (worker: WorkerView): { readonly [key: string]: Json } => ({
  name: worker.facts.name,
  hostname: worker.facts.hostname,
  state: worker.state,
  since: instant(worker.sinceMs),
  lastHeardAt: instantOrNull(worker.lastHeardAtMs),
  attempts: worker.attempts,
  capacity: { ...worker.facts.capacity },
  used: { ...worker.used },
  load: worker.heartbeat === null ? null : { ...worker.heartbeat },
  devices: worker.facts.devices.map((device) => ({ ...device })),
  labels: worker.facts.labels,
  drivers: worker.facts.drivers.map((driver) => ({ ...driver })),
  unavailableDrivers: worker.facts.unavailableDrivers.map((driver) => ({ ...driver })),
  speed: worker.facts.speed,
  learntSpeed: worker.learntSpeed === undefined ? null : { ...worker.learntSpeed },
  link: worker.facts.link ?? null,
  costPerHour: worker.facts.costPerHour ?? 0,
  softwareVersion: worker.facts.softwareVersion,
  incarnation: { boot: worker.incarnation.boot, session: worker.incarnation.session },
  cordonedAt: instantOrNull(worker.cordonedAtMs),
  quarantine:
    worker.quarantine === undefined
      ? null
      : {
          since: instant(worker.quarantine.sinceMs),
          until: instant(worker.quarantine.untilMs),
          level: worker.quarantine.level,
          message: worker.quarantine.message,
        },
  drain:
    worker.drain === null
      ? null
      : {
          beganAt: instant(worker.drain.beganAtMs),
          deadlineAt: instantOrNull(worker.drain.deadlineAtMs),
          force: worker.drain.force,
          thenStop: worker.drain.thenStop,
          stage: worker.drain.stage,
        },
  maintenance: worker.maintenance.map(({ id, fromMs, toMs, everyMs }) => ({
    id,
    from: instant(fromMs),
    to: instant(toMs),
    everyMs,
  })),
});

export const drainForecastJson = (forecast: DrainForecast): Json => ({
  attempts: forecast.attempts.map(({ taskId, fate, endBeforeMs, endAfterMs, nextWorker }) => ({
    taskId,
    fate,
    endBefore: instantOrNull(endBeforeMs),
    endAfter: instantOrNull(endAfterMs),
    nextWorker: nextWorker === "" ? null : nextWorker,
  })),
  moved: forecast.moved,
  unplaced: forecast.unplaced,
  jobs: forecast.jobs.map(({ jobId, name, finishBeforeMs, finishAfterMs }) => ({
    jobId,
    name,
    finishBefore: instantOrNull(finishBeforeMs),
    finishAfter: instantOrNull(finishAfterMs),
  })),
});

export const planJson = (plan: PlanView): Json => ({
  version: plan.version,
  solver: plan.solver,
  adoptedAt: instant(plan.adoptedAtMs),
  weights: { ...plan.weights },
  parts: { ...plan.parts },
  value: plan.value,
  bound: plan.bound,
  gap: plan.gap,
  entries: plan.entries.map(({ taskId, state, reservation }) => ({
    taskId,
    state,
    reservation: reservationJson(reservation),
  })),
});

export const clusterStatusJson = (status: ClusterStatus): Json => ({
  health: status.health,
  message: status.message,
  epoch: status.epoch,
  sequence: status.sequence,
  durability: status.durability,
  planner: {
    state: status.planner.state,
    message: status.planner.message,
    plansReceived: status.planner.plansReceived,
    plansAdopted: status.planner.plansAdopted,
    plansRejected: status.planner.plansRejected,
    lastHeardAt: instantOrNull(status.planner.lastHeardAtMs),
  },
  jobsRunning: status.jobsRunning,
  tasksLive: status.tasksLive,
  workersConnected: status.workersConnected,
  version: status.version,
  startedAt: instant(status.startedAtMs),
  stateHash: status.stateHash,
  pools: (status.pools ?? []).map((pool) => ({ ...pool })),
});

/** One line of a watch as JSON lines. */
export function watchEventJson({ sequence, atMs, change }: WatchEvent): Json {
  const head = { sequence, at: instant(atMs), kind: change.kind };
  switch (change.kind) {
    case "snapshot":
    case "job":
      return { ...head, job: jobSummaryJson(change.job) };
    case "task":
      return { ...head, task: taskJson(change.task) };
    case "plan":
      return { ...head, plan: { ...change.plan } };
  }
}
