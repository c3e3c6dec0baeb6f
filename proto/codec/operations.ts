/** What operators ask of workers: drains, maintenance windows, and what is foreseen of them. */
import { jobId, type WorkerId, workerId } from "../../core/ids.js";
import type { Result } from "../../core/result.js";
import { type DrainForecast, drainFates } from "../../core/views.js";
import {
  type Drain,
  drainStages,
  type MaintenanceWindow,
  type Quarantine,
} from "../../core/worker.js";
import * as wire from "../gen/almanac/v1/cluster.js";
import { decodeTaskId } from "./common.js";
import {
  finish,
  identifier,
  integer,
  integerOrNull,
  list,
  literal,
  newScope,
  required,
  type Scope,
} from "./decoding.js";

export const encodeDrain = (drain: Drain): wire.Drain => ({
  beganAtMs: drain.beganAtMs,
  deadlineAtMs: drain.deadlineAtMs ?? undefined,
  force: drain.force,
  stage: drain.stage,
  thenStop: drain.thenStop,
});

export const readDrain = (scope: Scope, message: wire.Drain): Drain => ({
  beganAtMs: integer(scope, "beganAtMs", message.beganAtMs),
  deadlineAtMs: integerOrNull(scope, "deadlineAtMs", message.deadlineAtMs),
  force: message.force,
  thenStop: message.thenStop,
  stage: literal(scope, "stage", message.stage, drainStages),
});

export const encodeWindow = (window: MaintenanceWindow): wire.MaintenanceWindow => ({
  id: window.id,
  fromMs: window.fromMs,
  toMs: window.toMs,
  everyMs: window.everyMs ?? undefined,
});

export const readWindow = (scope: Scope, message: wire.MaintenanceWindow): MaintenanceWindow => ({
  id: identifier(scope, "id", message.id),
  ...readTimes(scope, message),
});

export const readQuarantine = (scope: Scope, message: wire.Quarantine): Quarantine => ({
  sinceMs: integer(scope, "quarantine.sinceMs", message.sinceMs),
  untilMs: integer(scope, "quarantine.untilMs", message.untilMs),
  level: integer(scope, "quarantine.level", message.level, 1),
  message: message.message,
});

const readTimes = (scope: Scope, { fromMs, toMs, everyMs }: wire.MaintenanceWindow) => ({
  fromMs: integer(scope, "fromMs", fromMs),
  toMs: integer(scope, "toMs", toMs),
  everyMs: integerOrNull(scope, "everyMs", everyMs, 1),
});

export function decodeWorkerName(worker: string): Result<WorkerId> {
  const scope = newScope();
  return finish(scope, "request", workerId(identifier(scope, "worker", worker)));
}

export interface DrainOrder {
  readonly worker: WorkerId;
  /** From now on; null: everything may run to its end. */
  readonly deadlineMs: number | null;
  readonly force: boolean;
  readonly thenStop: boolean;
  readonly dryRun: boolean;
}

export const encodeDrainOrder = (order: DrainOrder): wire.DrainRequest => ({
  worker: order.worker,
  deadlineMs: order.deadlineMs ?? undefined,
  force: order.force,
  thenStop: order.thenStop,
  dryRun: order.dryRun,
});

export function decodeDrainOrder(message: wire.DrainRequest): Result<DrainOrder> {
  const scope = newScope();
  return finish(scope, "drain request", {
    worker: workerId(identifier(scope, "worker", message.worker)),
    deadlineMs: integerOrNull(scope, "deadlineMs", message.deadlineMs),
    force: message.force,
    thenStop: message.thenStop,
    dryRun: message.dryRun,
  });
}

export interface MaintenanceOrder {
  readonly worker: WorkerId;
  readonly window: Omit<MaintenanceWindow, "id">;
}

export const encodeMaintenanceOrder = (
  order: MaintenanceOrder,
): wire.ScheduleMaintenanceRequest => ({
  worker: order.worker,
  window: encodeWindow({ id: "", ...order.window }),
});

export function decodeMaintenanceOrder(
  message: wire.ScheduleMaintenanceRequest,
): Result<MaintenanceOrder> {
  const scope = newScope();
  return finish(scope, "maintenance request", {
    worker: workerId(identifier(scope, "worker", message.worker)),
    window: required(scope, "window", message.window, wire.MaintenanceWindow, readTimes),
  });
}

export const encodeDrainForecast = (forecast: DrainForecast): wire.DrainForecast => ({
  attempts: forecast.attempts.map(({ endBeforeMs, endAfterMs, ...attempt }) => ({
    ...attempt,
    endBeforeMs: endBeforeMs ?? undefined,
    endAfterMs: endAfterMs ?? undefined,
  })),
  moved: forecast.moved,
  unplaced: forecast.unplaced,
  jobs: forecast.jobs.map(({ jobId, name, finishBeforeMs, finishAfterMs }) => ({
    jobId,
    name,
    finishBeforeMs: finishBeforeMs ?? undefined,
    finishAfterMs: finishAfterMs ?? undefined,
  })),
});

export function decodeDrainForecast(
  message: wire.DrainForecast | undefined,
): Result<DrainForecast> {
  const scope = newScope();
  const forecast = required(scope, "forecast", message, wire.DrainForecast, readDrainForecast);
  return finish(scope, "malformed forecast", forecast, "internal");
}

const readDrainForecast = (scope: Scope, message: wire.DrainForecast): DrainForecast => ({
  attempts: list(scope, "attempts", message.attempts, (at, attempt) => ({
    taskId: decodeTaskId(at, "taskId", attempt.taskId),
    fate: literal(at, "fate", attempt.fate, drainFates),
    endBeforeMs: integerOrNull(at, "endBeforeMs", attempt.endBeforeMs),
    endAfterMs: integerOrNull(at, "endAfterMs", attempt.endAfterMs),
    nextWorker: attempt.nextWorker,
  })),
  moved: integer(scope, "moved", message.moved),
  unplaced: integer(scope, "unplaced", message.unplaced),
  jobs: list(scope, "jobs", message.jobs, (at, job) => ({
    jobId: jobId(identifier(at, "jobId", job.jobId)),
    name: job.name,
    finishBeforeMs: integerOrNull(at, "finishBeforeMs", job.finishBeforeMs),
    finishAfterMs: integerOrNull(at, "finishAfterMs", job.finishAfterMs),
  })),
});
