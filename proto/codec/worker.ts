/** The session between worker and master, and the log stream, between wire and core/session.ts. */
import { driverNames } from "../../core/job.js";
import type { Result } from "../../core/result.js";
import { unreachable } from "../../core/result.js";
import type {
  AttemptFinished,
  AttemptStarted,
  Heartbeat,
  Hello,
  Launch,
  LaunchRefused,
  LogPull,
  LogPush,
  LogStreamName,
  MasterMessage,
  Stop,
  Welcome,
  WorkerMessage,
} from "../../core/session.js";
import { logStreams, refusalReasons } from "../../core/session.js";
import type { DriverFacts, Enforcement, WorkerFacts } from "../../core/worker.js";
import { Incarnation, Outcome, Resources, Usage } from "../gen/almanac/v1/common.js";
import { Command, LogStream } from "../gen/almanac/v1/job.js";
import * as wire from "../gen/almanac/v1/worker.js";
import { bufferOf } from "./columns.js";
import { decodeCommand, encodeCommand } from "./command.js";
import {
  decodeAttemptId,
  decodeDevice,
  decodeIncarnation,
  decodeOutcome,
  decodeResources,
  decodeUsage,
  encodeDevice,
  encodeIncarnation,
  encodeOutcome,
  encodeResources,
  encodeUsage,
} from "./common.js";
import { decodeLaunchData, decodeOutputs, encodeDataFile, encodeLaunchData } from "./data.js";
import type { Scope } from "./decoding.js";
import {
  entriesOf,
  enumWord,
  finish,
  finite,
  identifier,
  integer,
  integerOrNull,
  list,
  literal,
  newScope,
  note,
  optional,
  required,
  textRecord,
  wordsOf,
} from "./decoding.js";
import { decodeHeld, decodeHolds, encodeHeld, encodeHolds } from "./holds.js";
import { decodeLaunchSecrets, encodeLaunchSecrets } from "./secrets.js";

export function encodeWorkerMessage(message: WorkerMessage): wire.WorkerMessage {
  return {
    sequence: message.sequence,
    acknowledged: message.acknowledged,
    hello: message.hello === null ? undefined : encodeHello(message.hello),
    heartbeat: message.heartbeat === null ? undefined : encodeHeartbeat(message.heartbeat),
    started: message.started.map(encodeStarted),
    finished: message.finished.map(encodeFinished),
    refused: message.refused.map(encodeRefused),
    held: encodeHeld(message.held),
  };
}

export function decodeWorkerMessage(message: wire.WorkerMessage): Result<WorkerMessage> {
  const scope = newScope();
  return finish(scope, "worker message", {
    sequence: integer(scope, "sequence", message.sequence, 1),
    acknowledged: integer(scope, "acknowledged", message.acknowledged),
    hello: optional(scope, "hello", message.hello, decodeHello),
    heartbeat: optional(scope, "heartbeat", message.heartbeat, decodeHeartbeat),
    started: list(scope, "started", message.started, decodeStarted),
    finished: list(scope, "finished", message.finished, decodeFinished),
    refused: list(scope, "refused", message.refused, decodeRefused),
    ...decodeHeld(scope, message.held),
  });
}

export function encodeMasterMessage(message: MasterMessage): wire.MasterMessage {
  return {
    sequence: message.sequence,
    acknowledged: message.acknowledged,
    welcome: message.welcome === null ? undefined : encodeWelcome(message.welcome),
    launches: message.launches.map(encodeLaunch),
    stops: message.stops.map(encodeStop),
    leave: message.leave,
    holds: encodeHolds(message.holds),
  };
}

export function decodeMasterMessage(message: wire.MasterMessage): Result<MasterMessage> {
  const scope = newScope();
  return finish(scope, "master message", {
    sequence: integer(scope, "sequence", message.sequence, 1),
    acknowledged: integer(scope, "acknowledged", message.acknowledged),
    welcome: optional(scope, "welcome", message.welcome, decodeWelcome),
    launches: list(scope, "launches", message.launches, decodeLaunch),
    stops: list(scope, "stops", message.stops, decodeStop),
    leave: message.leave,
    ...decodeHolds(scope, message.holds),
  });
}

const encodeHello = (hello: Hello): wire.Hello => ({
  incarnation: encodeIncarnation(hello.incarnation),
  facts: encodeWorkerFacts(hello.facts),
  epochSeen: hello.epochSeen,
  live: hello.live.map(encodeStarted),
  unacknowledged: hello.unacknowledged.map(encodeFinished),
  held: [...(hello.held ?? [])],
});

const decodeHello = (scope: Scope, message: wire.Hello): Hello => ({
  incarnation: required(scope, "incarnation", message.incarnation, Incarnation, decodeIncarnation),
  facts: required(scope, "facts", message.facts, wire.WorkerFacts, decodeWorkerFacts),
  epochSeen: integer(scope, "epochSeen", message.epochSeen),
  live: list(scope, "live", message.live, decodeStarted),
  unacknowledged: list(scope, "unacknowledged", message.unacknowledged, decodeFinished),
  ...(message.held.length === 0
    ? {}
    : { held: message.held.map((id, index) => decodeAttemptId(scope, `held[${index}]`, id)) }),
});

export const encodeHeartbeat = (heartbeat: Heartbeat): wire.Heartbeat => ({
  freeMemoryBytes: heartbeat.freeMemoryBytes,
  loadAverage: heartbeat.loadAverage,
});

export const decodeHeartbeat = (scope: Scope, message: wire.Heartbeat): Heartbeat => ({
  freeMemoryBytes: integer(scope, "freeMemoryBytes", message.freeMemoryBytes),
  loadAverage: finite(scope, "loadAverage", message.loadAverage, 0),
});

const encodeStarted = (started: AttemptStarted): wire.AttemptStarted => ({
  attemptId: started.attempt,
  startedAtMs: started.startedAtMs,
  pid: started.pid,
});

const decodeStarted = (scope: Scope, message: wire.AttemptStarted): AttemptStarted => ({
  attempt: decodeAttemptId(scope, "attemptId", message.attemptId),
  startedAtMs: integer(scope, "startedAtMs", message.startedAtMs),
  pid: integer(scope, "pid", message.pid),
});

const encodeFinished = (finished: AttemptFinished): wire.AttemptFinished => ({
  attemptId: finished.attempt,
  outcome: encodeOutcome(finished.outcome),
  usage: encodeUsage(finished.usage),
  startedAtMs: finished.startedAtMs ?? undefined,
  endedAtMs: finished.endedAtMs,
  stdoutBytes: finished.stdoutBytes,
  stderrBytes: finished.stderrBytes,
  outputs: (finished.outputs ?? []).map(encodeDataFile),
});

const decodeFinished = (scope: Scope, message: wire.AttemptFinished): AttemptFinished => ({
  attempt: decodeAttemptId(scope, "attemptId", message.attemptId),
  outcome: required(scope, "outcome", message.outcome, Outcome, decodeOutcome),
  usage: required(scope, "usage", message.usage, Usage, decodeUsage),
  startedAtMs: integerOrNull(scope, "startedAtMs", message.startedAtMs),
  endedAtMs: integer(scope, "endedAtMs", message.endedAtMs),
  stdoutBytes: integer(scope, "stdoutBytes", message.stdoutBytes),
  stderrBytes: integer(scope, "stderrBytes", message.stderrBytes),
  ...(message.outputs.length === 0 ? {} : { outputs: decodeOutputs(scope, message.outputs) }),
});

const encodeRefused = (refused: LaunchRefused): wire.LaunchRefused => ({
  attemptId: refused.attempt,
  reason: refused.reason,
  message: refused.message,
});

const decodeRefused = (scope: Scope, message: wire.LaunchRefused): LaunchRefused => ({
  attempt: decodeAttemptId(scope, "attemptId", message.attemptId),
  reason: literal(scope, "reason", message.reason, refusalReasons),
  message: message.message,
});

const encodeWelcome = (welcome: Welcome): wire.Welcome => ({
  epoch: welcome.epoch,
  heartbeatIntervalMs: welcome.heartbeatIntervalMs,
  silenceLimitMs: welcome.silenceLimitMs,
  keep: [...welcome.keep],
  kill: [...welcome.kill],
});

const decodeWelcome = (scope: Scope, message: wire.Welcome): Welcome => ({
  epoch: integer(scope, "epoch", message.epoch),
  heartbeatIntervalMs: integer(scope, "heartbeatIntervalMs", message.heartbeatIntervalMs, 1),
  silenceLimitMs: integer(scope, "silenceLimitMs", message.silenceLimitMs, 1),
  keep: message.keep.map((id, index) => decodeAttemptId(scope, `keep[${index}]`, id)),
  kill: message.kill.map((id, index) => decodeAttemptId(scope, `kill[${index}]`, id)),
});

const encodeLaunch = (launch: Launch): wire.Launch => ({
  attemptId: launch.attempt,
  epoch: launch.epoch,
  driver: launch.driver,
  command: encodeCommand(launch.command),
  resources: encodeResources(launch.resources),
  devices: [...launch.devices],
  timeoutMs: launch.timeoutMs ?? undefined,
  killGraceMs: launch.killGraceMs,
  stopWhenLostAfterMs: launch.stopWhenLostAfterMs ?? undefined,
  logBytesMax: launch.logBytesMax,
  data: launch.data === undefined ? undefined : encodeLaunchData(launch.data),
  secrets: launch.secrets === undefined ? undefined : encodeLaunchSecrets(launch.secrets),
});

const decodeLaunch = (scope: Scope, message: wire.Launch): Launch => ({
  attempt: decodeAttemptId(scope, "attemptId", message.attemptId),
  epoch: integer(scope, "epoch", message.epoch),
  driver: literal(scope, "driver", message.driver, driverNames),
  command: required(scope, "command", message.command, Command, decodeCommand),
  resources: required(scope, "resources", message.resources, Resources, decodeResources),
  devices: message.devices.map((id, index) => identifier(scope, `devices[${index}]`, id)),
  timeoutMs: integerOrNull(scope, "timeoutMs", message.timeoutMs),
  killGraceMs: integer(scope, "killGraceMs", message.killGraceMs),
  stopWhenLostAfterMs: integerOrNull(scope, "stopWhenLostAfterMs", message.stopWhenLostAfterMs),
  logBytesMax: integer(scope, "logBytesMax", message.logBytesMax),
  ...(message.data === undefined ? {} : { data: decodeLaunchData(scope, message.data) }),
  ...(message.secrets === undefined
    ? {}
    : { secrets: decodeLaunchSecrets(scope, message.secrets) }),
});

const encodeStop = (stop: Stop): wire.Stop => ({
  attemptId: stop.attempt,
  epoch: stop.epoch,
  reason: stop.reason,
  graceMs: stop.graceMs,
});

const decodeStop = (scope: Scope, message: wire.Stop): Stop => ({
  attempt: decodeAttemptId(scope, "attemptId", message.attemptId),
  epoch: integer(scope, "epoch", message.epoch),
  reason: literal(scope, "reason", message.reason, ["cancelled", "timed_out"]),
  graceMs: integer(scope, "graceMs", message.graceMs),
});

export const encodeWorkerFacts = (facts: WorkerFacts): wire.WorkerFacts => ({
  name: facts.name,
  hostname: facts.hostname,
  capacity: encodeResources(facts.capacity),
  devices: facts.devices.map(encodeDevice),
  labels: entriesOf(facts.labels),
  drivers: facts.drivers.map(encodeDriverFacts),
  speed: facts.speed,
  softwareVersion: facts.softwareVersion,
  unavailableDrivers: facts.unavailableDrivers.map(({ name, reason }) => ({ name, reason })),
  link: facts.link,
  costPerHour: facts.costPerHour,
});

const encodeDriverFacts = (facts: DriverFacts): wire.DriverFacts => ({
  name: facts.name,
  cpuLimit: facts.cpuLimit,
  memoryLimit: facts.memoryLimit,
  notEnforced: [...(facts.notEnforced ?? [])],
  stagesData: facts.stagesData === true,
  givesSecrets: facts.givesSecrets === true,
});

export function decodeWorkerFacts(scope: Scope, message: wire.WorkerFacts): WorkerFacts {
  if (!(message.speed > 0)) note(scope, "speed", `must be above 0, but is ${message.speed}`);
  return {
    name: identifier(scope, "name", message.name),
    hostname: message.hostname,
    capacity: required(scope, "capacity", message.capacity, Resources, decodeResources),
    devices: list(scope, "devices", message.devices, decodeDevice),
    labels: textRecord(scope, "labels", message.labels),
    drivers: list(scope, "drivers", message.drivers, decodeDriverFacts),
    speed: finite(scope, "speed", message.speed),
    softwareVersion: message.softwareVersion,
    unavailableDrivers: list(
      scope,
      "unavailableDrivers",
      message.unavailableDrivers,
      (at, one) => ({
        name: literal(at, "name", one.name, driverNames),
        reason: one.reason,
      }),
    ),
    ...(message.link === undefined ? {} : { link: identifier(scope, "link", message.link) }),
    ...(message.costPerHour === undefined
      ? {}
      : { costPerHour: finite(scope, "costPerHour", message.costPerHour, 0) }),
  };
}

const enforcements = [
  "not_enforced",
  "cgroup_v1",
  "cgroup_v2",
] as const satisfies readonly Enforcement[];

const decodeDriverFacts = (scope: Scope, message: wire.DriverFacts): DriverFacts => ({
  name: literal(scope, "name", message.name, driverNames),
  cpuLimit: literal(scope, "cpuLimit", message.cpuLimit, enforcements),
  memoryLimit: literal(scope, "memoryLimit", message.memoryLimit, enforcements),
  ...(message.notEnforced.length === 0 ? {} : { notEnforced: message.notEnforced }),
  ...(message.stagesData ? { stagesData: true } : {}),
  ...(message.givesSecrets ? { givesSecrets: true } : {}),
});

export const logStreamNumbers = {
  stdout: LogStream.LOG_STREAM_STDOUT,
  stderr: LogStream.LOG_STREAM_STDERR,
} satisfies Record<LogStreamName, LogStream>;

export const logStreamWords = wordsOf(logStreamNumbers, logStreams);

export function encodeLogPull(pull: LogPull): wire.LogPull {
  switch (pull.kind) {
    case "open": {
      const value: wire.LogOpen = {
        attemptId: pull.attempt,
        stream: logStreamNumbers[pull.stream],
        offset: pull.offset,
        follow: pull.follow,
        creditBytes: pull.creditBytes,
      };
      return { request: pull.request, kind: { $case: "open", value } };
    }
    case "credit":
      return { request: pull.request, kind: { $case: "creditBytes", value: pull.creditBytes } };
    case "close":
      return { request: pull.request, kind: { $case: "close", value: true } };
    default:
      return unreachable(pull);
  }
}

export function decodeLogPull(message: wire.LogPull): Result<LogPull> {
  const scope = newScope();
  return finish(scope, "log pull", logPullOf(scope, message));
}

function logPullOf(scope: Scope, message: wire.LogPull): LogPull {
  const request = integer(scope, "request", message.request);
  switch (message.kind?.$case) {
    case "open": {
      const { attemptId, stream, offset, follow, creditBytes } = message.kind.value;
      return {
        kind: "open",
        request,
        attempt: decodeAttemptId(scope, "open.attemptId", attemptId),
        stream: enumWord(scope, "open.stream", stream, logStreamWords, "stdout"),
        offset: integer(scope, "open.offset", offset, Number.MIN_SAFE_INTEGER),
        follow,
        creditBytes: integer(scope, "open.creditBytes", creditBytes),
      };
    }
    case "creditBytes": {
      const creditBytes = integer(scope, "creditBytes", message.kind.value);
      return { kind: "credit", request, creditBytes };
    }
    case "close":
      return { kind: "close", request };
    case undefined:
      note(scope, "kind", "is missing: open, creditBytes or close");
      return { kind: "close", request };
  }
}

export const encodeLogPush = (push: LogPush): wire.LogPush => ({
  incarnation: push.incarnation === null ? undefined : encodeIncarnation(push.incarnation),
  request: push.request,
  offset: push.offset,
  data: bufferOf(push.data),
  droppedBytes: push.droppedBytes,
  end: push.end,
  error: push.error,
});

export function decodeLogPush(message: wire.LogPush): Result<LogPush> {
  const scope = newScope();
  return finish(scope, "log push", {
    incarnation: optional(scope, "incarnation", message.incarnation, decodeIncarnation),
    request: integer(scope, "request", message.request),
    offset: integer(scope, "offset", message.offset),
    data: message.data,
    droppedBytes: integer(scope, "droppedBytes", message.droppedBytes),
    end: message.end,
    error: message.error,
  });
}
