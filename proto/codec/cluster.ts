/** The cluster's workers and its status, between wire and core/views.ts. */
import type { Result } from "../../core/result.js";
import type {
  ClusterStatus,
  LearntSpeed,
  PlannerStatus,
  PoolView,
  WorkerView,
} from "../../core/views.js";
import { healthStates, plannerStates, workerStates } from "../../core/views.js";
import * as wire from "../gen/almanac/v1/cluster.js";
import { Incarnation, Resources } from "../gen/almanac/v1/common.js";
import { WorkerFacts } from "../gen/almanac/v1/worker.js";
import {
  decodeIncarnation,
  decodeResources,
  encodeIncarnation,
  encodeResources,
} from "./common.js";
import {
  finish,
  finite,
  integer,
  integerOrNull,
  list,
  literal,
  newScope,
  note,
  optional,
  required,
  type Scope,
} from "./decoding.js";
import { encodeDrain, encodeWindow, readDrain, readQuarantine, readWindow } from "./operations.js";
import {
  decodeHeartbeat,
  decodeWorkerFacts,
  encodeHeartbeat,
  encodeWorkerFacts,
} from "./worker.js";

export const encodeWorkerViews = (views: readonly WorkerView[]): wire.ListWorkersResponse => ({
  workers: views.map(encodeWorkerView),
});

export function decodeWorkerViews(
  message: wire.ListWorkersResponse,
): Result<readonly WorkerView[]> {
  const scope = newScope();
  const views = list(scope, "workers", message.workers, readWorkerView);
  return finish(scope, "malformed list of workers", views, "internal");
}

export const encodeWorkerView = (view: WorkerView): wire.WorkerView => ({
  facts: encodeWorkerFacts(view.facts),
  incarnation: encodeIncarnation(view.incarnation),
  state: view.state,
  sinceMs: view.sinceMs,
  lastHeardAtMs: view.lastHeardAtMs ?? undefined,
  used: encodeResources(view.used),
  attempts: view.attempts,
  heartbeat: view.heartbeat === null ? undefined : encodeHeartbeat(view.heartbeat),
  cordonedAtMs: view.cordonedAtMs ?? undefined,
  drain: view.drain === null ? undefined : encodeDrain(view.drain),
  maintenance: view.maintenance.map(encodeWindow),
  quarantine: view.quarantine,
  learntSpeed: view.learntSpeed,
});

export const readWorkerView = (scope: Scope, message: wire.WorkerView): WorkerView => ({
  facts: required(scope, "facts", message.facts, WorkerFacts, decodeWorkerFacts),
  incarnation: required(scope, "incarnation", message.incarnation, Incarnation, decodeIncarnation),
  state: literal(scope, "state", message.state, workerStates),
  sinceMs: integer(scope, "sinceMs", message.sinceMs),
  lastHeardAtMs: integerOrNull(scope, "lastHeardAtMs", message.lastHeardAtMs),
  used: required(scope, "used", message.used, Resources, decodeResources),
  attempts: integer(scope, "attempts", message.attempts),
  heartbeat: optional(scope, "heartbeat", message.heartbeat, decodeHeartbeat),
  cordonedAtMs: integerOrNull(scope, "cordonedAtMs", message.cordonedAtMs),
  drain: optional(scope, "drain", message.drain, readDrain),
  maintenance: list(scope, "maintenance", message.maintenance, readWindow),
  ...(message.quarantine === undefined
    ? {}
    : { quarantine: readQuarantine(scope, message.quarantine) }),
  ...(message.learntSpeed === undefined
    ? {}
    : { learntSpeed: readLearntSpeed(scope, message.learntSpeed) }),
});

function readLearntSpeed(scope: Scope, { factor, runs }: wire.LearntSpeed): LearntSpeed {
  if (!(factor > 0)) note(scope, "learntSpeed.factor", `must be above 0, but is ${factor}`);
  return {
    factor: finite(scope, "learntSpeed.factor", factor),
    runs: integer(scope, "learntSpeed.runs", runs),
  };
}

/** The worker as an operator's command has left it. */
export function decodeWorkerView(message: wire.WorkerView | undefined): Result<WorkerView> {
  const scope = newScope();
  const view = required(scope, "worker", message, wire.WorkerView, readWorkerView);
  return finish(scope, "malformed worker", view, "internal");
}

export const encodeClusterStatus = (status: ClusterStatus): wire.GetStatusResponse => ({
  health: status.health,
  message: status.message,
  epoch: status.epoch,
  sequence: status.sequence,
  durability: status.durability,
  planner: encodePlannerStatus(status.planner),
  jobsRunning: status.jobsRunning,
  tasksLive: status.tasksLive,
  workersConnected: status.workersConnected,
  version: status.version,
  startedAtMs: status.startedAtMs,
  stateHash: status.stateHash,
  pools: (status.pools ?? []).map((pool) => ({ ...pool })),
});

export function decodeClusterStatus(message: wire.GetStatusResponse): Result<ClusterStatus> {
  const scope = newScope();
  const status: ClusterStatus = {
    health: literal(scope, "health", message.health, healthStates),
    message: message.message,
    epoch: integer(scope, "epoch", message.epoch),
    sequence: integer(scope, "sequence", message.sequence),
    durability: literal(scope, "durability", message.durability, ["full", "reduced"]),
    planner: required(scope, "planner", message.planner, wire.PlannerStatus, readPlannerStatus),
    jobsRunning: integer(scope, "jobsRunning", message.jobsRunning),
    tasksLive: integer(scope, "tasksLive", message.tasksLive),
    workersConnected: integer(scope, "workersConnected", message.workersConnected),
    version: message.version,
    startedAtMs: integer(scope, "startedAtMs", message.startedAtMs),
    stateHash: message.stateHash,
    ...(message.pools.length === 0 ? {} : { pools: list(scope, "pools", message.pools, readPool) }),
  };
  return finish(scope, "malformed status", status, "internal");
}

const readPool = (scope: Scope, message: wire.PoolView): PoolView => ({
  name: message.name,
  capacity: integer(scope, "capacity", message.capacity),
  consumable: message.consumable,
  used: integer(scope, "used", message.used),
  consumed: integer(scope, "consumed", message.consumed),
});

const encodePlannerStatus = (planner: PlannerStatus): wire.PlannerStatus => ({
  state: planner.state,
  message: planner.message,
  plansReceived: planner.plansReceived,
  plansAdopted: planner.plansAdopted,
  plansRejected: planner.plansRejected,
  lastHeardAtMs: planner.lastHeardAtMs ?? undefined,
});

const readPlannerStatus = (scope: Scope, message: wire.PlannerStatus): PlannerStatus => ({
  state: literal(scope, "state", message.state, plannerStates),
  message: message.message,
  plansReceived: integer(scope, "plansReceived", message.plansReceived),
  plansAdopted: integer(scope, "plansAdopted", message.plansAdopted),
  plansRejected: integer(scope, "plansRejected", message.plansRejected),
  lastHeardAtMs: integerOrNull(scope, "lastHeardAtMs", message.lastHeardAtMs),
});
