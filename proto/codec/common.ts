/** What several messages carry: resources, devices, outcomes, estimates, objectives, violations. */
import type { AttemptId, Incarnation, TaskId, WorkerId } from "../../core/ids.js";
import { parseAttemptId, parseTaskId, workerId } from "../../core/ids.js";
import type { ObjectiveParts, ObjectiveWeights } from "../../core/objective.js";
import type { Device, GpuRequest, Resources } from "../../core/resources.js";
import { devicesPerWorkerMax, deviceThousandths } from "../../core/resources.js";
import type { Violation } from "../../core/result.js";
import { unreachable } from "../../core/result.js";
import type { Estimate } from "../../core/views.js";
import { estimateSources } from "../../core/views.js";
import type { Outcome, UsageReport } from "../../core/worker.js";
import type * as wire from "../gen/almanac/v1/common.js";
import type { Scope } from "./decoding.js";
import {
  entriesOf,
  excerpt,
  finite,
  identifier,
  identifierLength,
  integer,
  integerOrNull,
  integerRecord,
  literal,
  note,
} from "./decoding.js";

export function encodeResources(resources: Resources): wire.Resources {
  const { cpuMillis, memoryBytes, diskBytes, networkBps, custom } = resources;
  return { cpuMillis, memoryBytes, diskBytes, networkBps, custom: entriesOf(custom) };
}

export function decodeResources(scope: Scope, message: wire.Resources): Resources {
  return {
    cpuMillis: integer(scope, "cpuMillis", message.cpuMillis),
    memoryBytes: integer(scope, "memoryBytes", message.memoryBytes),
    diskBytes: integer(scope, "diskBytes", message.diskBytes),
    networkBps: integer(scope, "networkBps", message.networkBps),
    custom: integerRecord(scope, "custom", message.custom),
  };
}

export const encodeDevice = ({ id, type, memoryBytes }: Device): wire.Device => ({
  id,
  type,
  memoryBytes,
});

export function decodeDevice(scope: Scope, message: wire.Device): Device {
  return {
    id: identifier(scope, "id", message.id),
    type: message.type,
    memoryBytes: integer(scope, "memoryBytes", message.memoryBytes),
  };
}

export function encodeGpuRequest(request: GpuRequest): wire.GpuRequest {
  const amount: wire.GpuRequest["amount"] =
    request.kind === "whole"
      ? { $case: "whole", value: request.count }
      : { $case: "shareThousandths", value: request.thousandths };
  return { amount, type: request.type ?? undefined, memoryBytes: request.memoryBytes };
}

export function decodeGpuRequest(scope: Scope, message: wire.GpuRequest): GpuRequest {
  const type = message.type ?? null;
  const memoryBytes = integer(scope, "memoryBytes", message.memoryBytes);
  switch (message.amount?.$case) {
    case "whole": {
      const count = integer(scope, "count", message.amount.value, 1, devicesPerWorkerMax);
      return { kind: "whole", count, type, memoryBytes };
    }
    case "shareThousandths": {
      const limit = deviceThousandths;
      const thousandths = integer(scope, "thousandths", message.amount.value, 1, limit);
      return { kind: "share", thousandths, type, memoryBytes };
    }
    case undefined:
      note(scope, "amount", "is missing: whole devices, or thousandths of one");
      return { kind: "whole", count: 1, type, memoryBytes };
  }
}

export const encodeIncarnation = (incarnation: Incarnation): wire.Incarnation => ({
  worker: incarnation.worker,
  boot: incarnation.boot,
  session: incarnation.session,
  ledger: incarnation.ledger ?? "",
});

export function decodeIncarnation(scope: Scope, message: wire.Incarnation): Incarnation {
  return {
    worker: decodeWorkerId(scope, "worker", message.worker),
    boot: identifier(scope, "boot", message.boot),
    session: identifier(scope, "session", message.session),
    ...(message.ledger === "" ? {} : { ledger: identifier(scope, "ledger", message.ledger) }),
  };
}

export const decodeWorkerId = (scope: Scope, name: string, value: string): WorkerId =>
  workerId(identifier(scope, name, value));

const taskIdForm = /^[^/]+\/./s;
const attemptIdForm = /^[^/]+\/.+#[1-9][0-9]{0,8}$/s;

/** `<job>/<task>`. */
export function decodeTaskId(scope: Scope, name: string, value: string): TaskId {
  formed(scope, name, value, taskIdForm, "must be a task's id, <job>/<task>");
  return parseTaskId(value);
}

/** `<job>/<task>#<number>`. */
export function decodeAttemptId(scope: Scope, name: string, value: string): AttemptId {
  formed(scope, name, value, attemptIdForm, "must be an attempt's id, <job>/<task>#<number>");
  return parseAttemptId(value);
}

function formed(scope: Scope, name: string, value: string, form: RegExp, what: string): void {
  // The length first: it bounds what the pattern has to look at.
  if (value.length > identifierLength) identifier(scope, name, value);
  else if (!form.test(value)) note(scope, name, `${what}, not ${JSON.stringify(excerpt(value))}`);
}

export function encodeOutcome(outcome: Outcome): wire.Outcome {
  switch (outcome.kind) {
    case "exited":
      return { kind: { $case: "exitCode", value: outcome.exitCode } };
    case "signalled":
      return { kind: { $case: "signal", value: outcome.signal } };
    case "timed_out":
      return { kind: { $case: "timedOut", value: true } };
    case "cancelled":
      return { kind: { $case: "cancelled", value: true } };
    case "out_of_memory":
      return { kind: { $case: "outOfMemory", value: true } };
    case "not_started":
      return { kind: { $case: "notStarted", value: outcome.message } };
    case "lease_expired":
      return { kind: { $case: "leaseExpired", value: true } };
    case "supervisor_lost":
      return { kind: { $case: "supervisorLost", value: true } };
    case "drained":
      return { kind: { $case: "drained", value: true } };
    case "input_unavailable":
      return { kind: { $case: "inputUnavailable", value: outcome.message } };
    case "output_failed":
      return { kind: { $case: "outputFailed", value: outcome.message } };
    case "lost":
      return { kind: { $case: "lost", value: outcome.message } };
    default:
      return unreachable(outcome);
  }
}

export function decodeOutcome(scope: Scope, message: wire.Outcome): Outcome {
  const kind = message.kind;
  switch (kind?.$case) {
    case "exitCode":
      return { kind: "exited", exitCode: kind.value };
    case "signal":
      return { kind: "signalled", signal: identifier(scope, "signal", kind.value) };
    case "timedOut":
      return { kind: "timed_out" };
    case "cancelled":
      return { kind: "cancelled" };
    case "outOfMemory":
      return { kind: "out_of_memory" };
    case "notStarted":
      return { kind: "not_started", message: kind.value };
    case "leaseExpired":
      return { kind: "lease_expired" };
    case "supervisorLost":
      return { kind: "supervisor_lost" };
    case "drained":
      return { kind: "drained" };
    case "inputUnavailable":
      return { kind: "input_unavailable", message: kind.value };
    case "outputFailed":
      return { kind: "output_failed", message: kind.value };
    case "lost":
      return { kind: "lost", message: kind.value };
    case undefined:
      note(scope, "kind", "is missing: why the attempt ended");
      return { kind: "supervisor_lost" };
  }
}

export const encodeUsage = (usage: UsageReport): wire.Usage => ({
  peakMemoryBytes: usage.peakMemoryBytes ?? undefined,
  cpuMs: usage.cpuMs ?? undefined,
  stagingMs: usage.stagingMs,
  collectingMs: usage.collectingMs,
});

export function decodeUsage(scope: Scope, message: wire.Usage): UsageReport {
  return {
    peakMemoryBytes: integerOrNull(scope, "peakMemoryBytes", message.peakMemoryBytes),
    cpuMs: integerOrNull(scope, "cpuMs", message.cpuMs),
    ...(message.stagingMs === undefined
      ? {}
      : { stagingMs: integer(scope, "stagingMs", message.stagingMs) }),
    ...(message.collectingMs === undefined
      ? {}
      : { collectingMs: integer(scope, "collectingMs", message.collectingMs) }),
  };
}

export const encodeEstimate = ({ p50Ms, p90Ms, source, confidence }: Estimate): wire.Estimate => ({
  p50Ms,
  p90Ms,
  source,
  confidence,
});

export function decodeEstimate(scope: Scope, message: wire.Estimate): Estimate {
  return {
    p50Ms: integer(scope, "p50Ms", message.p50Ms),
    p90Ms: integer(scope, "p90Ms", message.p90Ms),
    source: literal(scope, "source", message.source, estimateSources),
    confidence: finite(scope, "confidence", message.confidence, 0),
  };
}

export const encodeWeights = (weights: ObjectiveWeights): wire.ObjectiveWeights => ({
  makespan: weights.makespan,
  flow: weights.flow,
  tardiness: weights.tardiness,
  moves: weights.moves,
  cost: weights.cost,
});

export function decodeWeights(scope: Scope, message: wire.ObjectiveWeights): ObjectiveWeights {
  return {
    makespan: finite(scope, "makespan", message.makespan, 0),
    flow: finite(scope, "flow", message.flow, 0),
    tardiness: finite(scope, "tardiness", message.tardiness, 0),
    moves: finite(scope, "moves", message.moves, 0),
    cost: finite(scope, "cost", message.cost, 0),
  };
}

export const encodeParts = (parts: ObjectiveParts): wire.ObjectiveParts => ({
  makespanS: parts.makespanS,
  flowS: parts.flowS,
  tardinessS: parts.tardinessS,
  moves: parts.moves,
  cost: parts.cost,
  skipped: parts.skipped,
});

export function decodeParts(scope: Scope, message: wire.ObjectiveParts): ObjectiveParts {
  return {
    makespanS: finite(scope, "makespanS", message.makespanS),
    flowS: finite(scope, "flowS", message.flowS),
    tardinessS: finite(scope, "tardinessS", message.tardinessS),
    moves: finite(scope, "moves", message.moves),
    cost: finite(scope, "cost", message.cost),
    skipped: finite(scope, "skipped", message.skipped),
  };
}

export const encodeViolation = (violation: Violation): wire.Violation => ({
  field: violation.field,
  message: violation.message,
  line: violation.line,
  limit: violation.limit,
});

export function decodeViolation(_scope: Scope, message: wire.Violation): Violation {
  return {
    field: message.field,
    message: message.message,
    ...(message.line === undefined ? {} : { line: message.line }),
    ...(message.limit === undefined ? {} : { limit: message.limit }),
  };
}
