/**
 * A job specification between wire and core/job.ts. Decoding first gives every field its type,
 * then holds the whole to the rules of core/validate-job: what comes out is a job that the master
 * may take in. Fields in errors are paths in JobSpec: `templates[0].resources.cpuMillis`.
 */
import type {
  Constraint,
  Edge,
  EdgeCondition,
  ExitCodes,
  Fallback,
  JobDependency,
  JobSpec,
  OnLost,
  RetryPolicy,
  TaskEntry,
  TaskMode,
  TaskTemplate,
  UserEstimate,
} from "../../core/job.js";
import { constraintOperators, driverNames, edgeConditions, jobLimits } from "../../core/job.js";
import type { Result } from "../../core/result.js";
import { validateJob } from "../../core/validate-job.js";
import { Resources } from "../gen/almanac/v1/common.js";
import * as wire from "../gen/almanac/v1/job.js";
import { decodeCommand, decodeEnv, encodeCommand } from "./command.js";
import {
  decodeGpuRequest,
  decodeResources,
  decodeWeights,
  encodeGpuRequest,
  encodeResources,
  encodeWeights,
} from "./common.js";
import { decodeTaskData, encodeTaskData } from "./data.js";
import {
  entriesOf,
  enumWord,
  fieldPath,
  finish,
  finite,
  integer,
  integerOrNull,
  integerRecord,
  list,
  literal,
  newScope,
  noteLimit,
  noteViolation,
  optional,
  required,
  type Scope,
  textRecord,
  wordsOf,
} from "./decoding.js";
import { decodeTerms, encodeTerms } from "./job-terms.js";
import { decodeTaskSecrets, encodeTaskSecrets } from "./secrets.js";

export function encodeJobSpec(spec: JobSpec): wire.JobSpec {
  return {
    name: spec.name,
    namespace: spec.namespace,
    templates: spec.templates.map(encodeTemplate),
    tasks: spec.tasks.map(encodeEntry),
    edges: spec.edges.map(encodeEdge),
    after: spec.after.map(({ jobId, on }) => ({ jobId, on: edgeConditionNumbers[on] })),
    timeoutMs: spec.timeoutMs ?? undefined,
    deadlineAtMs: spec.deadlineAtMs ?? undefined,
    objective: spec.objective === null ? undefined : encodeWeights(spec.objective),
    metadata: entriesOf(spec.metadata),
    retryBudget: spec.retryBudget,
    success: spec.success,
  };
}

/** A request without a specification is refused like one with a malformed one. */
export function decodeJobSpec(message: wire.JobSpec | undefined): Result<JobSpec> {
  const scope = newScope();
  const spec = required(scope, "spec", message, wire.JobSpec, (_scope, present) =>
    decodeSpec(scope, present),
  );
  // The rules read names and indices: they make sense only of what has the right shape.
  if (scope.faults.violations.length === 0) {
    for (const violation of validateJob(spec)) noteViolation(scope, violation);
  }
  return finish(scope, "job", spec);
}

function decodeSpec(scope: Scope, message: wire.JobSpec): JobSpec {
  bounded(scope, "templates", message.templates, jobLimits.templates);
  bounded(scope, "tasks", message.tasks, jobLimits.tasks);
  bounded(scope, "edges", message.edges, jobLimits.edges);
  bounded(scope, "after", message.after, jobLimits.jobDependencies);
  return {
    name: message.name,
    namespace: message.namespace,
    templates: list(scope, "templates", message.templates, decodeTemplate),
    tasks: list(scope, "tasks", message.tasks, decodeEntry),
    edges: decodeEdges(scope, message.edges),
    after: list(scope, "after", message.after, decodeDependency),
    timeoutMs: integerOrNull(scope, "timeoutMs", message.timeoutMs),
    deadlineAtMs: integerOrNull(scope, "deadlineAtMs", message.deadlineAtMs),
    objective: optional(scope, "objective", message.objective, decodeWeights),
    metadata: textRecord(scope, "metadata", message.metadata),
    ...(message.retryBudget === undefined
      ? {}
      : { retryBudget: integer(scope, "retryBudget", message.retryBudget) }),
    ...(message.success === undefined
      ? {}
      : { success: { atLeast: finite(scope, "success.atLeast", message.success.atLeast, 0) } }),
  };
}

function bounded(scope: Scope, name: string, values: readonly unknown[], limit: number): void {
  const { length } = values;
  if (length > limit) noteLimit(scope, name, `must be at most ${limit}, but are ${length}`, limit);
}

const encodeTemplate = (template: TaskTemplate): wire.TaskTemplate => ({
  name: template.name,
  driver: template.driver,
  command: encodeCommand(template.command),
  resources: encodeResources(template.resources),
  gpu: template.gpu === null ? undefined : encodeGpuRequest(template.gpu),
  pools: entriesOf(template.pools),
  constraints: template.constraints.map(encodeConstraint),
  priority: template.priority,
  deadlineAtMs: template.deadlineAtMs ?? undefined,
  estimate: template.estimate === null ? undefined : encodeUserEstimate(template.estimate),
  retry: encodeRetry(template.retry),
  timeoutMs: template.timeoutMs ?? undefined,
  killGraceMs: template.killGraceMs,
  stopWhenLostAfterMs: template.onLost.kind === "stop" ? template.onLost.afterMs : undefined,
  idempotent: template.idempotent,
  scheduledAtMs: template.scheduledAtMs ?? undefined,
  maxConcurrent: template.maxConcurrent ?? undefined,
  logBytesMax: template.logBytesMax,
  metadata: entriesOf(template.metadata),
  data: template.data === undefined ? undefined : encodeTaskData(template.data),
  modes: template.modes?.map(encodeMode) ?? [],
  secrets: template.secrets === undefined ? undefined : encodeTaskSecrets(template.secrets),
  ...encodeTerms(template),
});

const encodeMode = (mode: TaskMode): wire.TaskMode => ({
  name: mode.name,
  driver: mode.driver,
  command: mode.command === null ? undefined : encodeCommand(mode.command),
  resources: encodeResources(mode.resources),
  gpu: mode.gpu === null ? undefined : encodeGpuRequest(mode.gpu),
  pools: entriesOf(mode.pools),
  constraints: mode.constraints.map(encodeConstraint),
  estimate: mode.estimate === null ? undefined : encodeUserEstimate(mode.estimate),
  timeoutMs: mode.timeoutMs ?? undefined,
});

const decodeMode = (scope: Scope, message: wire.TaskMode): TaskMode => ({
  name: message.name,
  driver: literal(scope, "driver", message.driver, driverNames),
  command: optional(scope, "command", message.command, decodeCommand),
  resources: required(scope, "resources", message.resources, Resources, decodeResources),
  gpu: optional(scope, "gpu", message.gpu, decodeGpuRequest),
  pools: integerRecord(scope, "pools", message.pools),
  constraints: list(scope, "constraints", message.constraints, decodeConstraint),
  estimate: optional(scope, "estimate", message.estimate, decodeUserEstimate),
  timeoutMs: integerOrNull(scope, "timeoutMs", message.timeoutMs),
});

/** Far more than there may be is not read at all. */
function decodeModes(
  scope: Scope,
  messages: readonly wire.TaskMode[],
): Pick<TaskTemplate, "modes"> {
  if (messages.length === 0) return {};
  bounded(scope, "modes", messages, jobLimits.modes);
  return { modes: list(scope, "modes", messages.slice(0, jobLimits.modes), decodeMode) };
}

const decodeTemplate = (scope: Scope, message: wire.TaskTemplate): TaskTemplate => ({
  name: message.name,
  driver: literal(scope, "driver", message.driver, driverNames),
  command: required(scope, "command", message.command, wire.Command, decodeCommand),
  resources: required(scope, "resources", message.resources, Resources, decodeResources),
  gpu: optional(scope, "gpu", message.gpu, decodeGpuRequest),
  pools: integerRecord(scope, "pools", message.pools),
  constraints: list(scope, "constraints", message.constraints, decodeConstraint),
  priority: message.priority,
  deadlineAtMs: integerOrNull(scope, "deadlineAtMs", message.deadlineAtMs),
  estimate: optional(scope, "estimate", message.estimate, decodeUserEstimate),
  retry: required(scope, "retry", message.retry, wire.RetryPolicy, decodeRetry),
  timeoutMs: integerOrNull(scope, "timeoutMs", message.timeoutMs),
  killGraceMs: integer(scope, "killGraceMs", message.killGraceMs),
  onLost: decodeOnLost(scope, message.stopWhenLostAfterMs),
  idempotent: message.idempotent,
  scheduledAtMs: integerOrNull(scope, "scheduledAtMs", message.scheduledAtMs),
  maxConcurrent: integerOrNull(scope, "maxConcurrent", message.maxConcurrent),
  logBytesMax: integer(scope, "logBytesMax", message.logBytesMax),
  metadata: textRecord(scope, "metadata", message.metadata),
  ...(message.data === undefined ? {} : { data: decodeTaskData(scope, message.data) }),
  ...(message.secrets === undefined ? {} : { secrets: decodeTaskSecrets(scope, message.secrets) }),
  ...decodeModes(scope, message.modes),
  ...decodeTerms(scope, message),
});

function decodeOnLost(scope: Scope, afterMs: number | undefined): OnLost {
  if (afterMs === undefined) return { kind: "keep" };
  return { kind: "stop", afterMs: integer(scope, "onLost.afterMs", afterMs) };
}

const encodeConstraint = ({ label, operator, values }: Constraint): wire.Constraint => ({
  label,
  operator,
  values: [...values],
});

const decodeConstraint = (scope: Scope, message: wire.Constraint): Constraint => ({
  label: message.label,
  operator: literal(scope, "operator", message.operator, constraintOperators),
  values: message.values,
});

const encodeUserEstimate = ({ p50Ms, p90Ms }: UserEstimate): wire.UserEstimate => ({
  p50Ms,
  p90Ms,
});

const decodeUserEstimate = (scope: Scope, message: wire.UserEstimate): UserEstimate => ({
  p50Ms: integer(scope, "p50Ms", message.p50Ms),
  p90Ms: integer(scope, "p90Ms", message.p90Ms),
});

const encodeRetry = (retry: RetryPolicy): wire.RetryPolicy => ({
  attemptsMax: retry.attemptsMax,
  backoffMs: retry.backoffMs,
  backoffMaxMs: retry.backoffMaxMs,
  never: (retry.never ?? []).map(({ from, to }) => ({ from, to })),
  moreMemory: retry.moreMemory,
  crashesMax: retry.crashesMax,
  fallback:
    retry.fallback === undefined
      ? undefined
      : { way: encodeMode(retry.fallback.way), attemptsMax: retry.fallback.attemptsMax },
});

function decodeRetry(scope: Scope, message: wire.RetryPolicy): RetryPolicy {
  const { never, moreMemory, crashesMax, fallback } = message;
  bounded(scope, "never", never, jobLimits.exitCodeRanges);
  return {
    attemptsMax: integer(scope, "attemptsMax", message.attemptsMax),
    backoffMs: integer(scope, "backoffMs", message.backoffMs),
    backoffMaxMs: integer(scope, "backoffMaxMs", message.backoffMaxMs),
    ...(never.length === 0 ? {} : { never: list(scope, "never", never, decodeCodes) }),
    ...(moreMemory === undefined
      ? {}
      : {
          moreMemory: {
            factor: finite(scope, "moreMemory.factor", moreMemory.factor, 0),
            maxBytes: integer(scope, "moreMemory.maxBytes", moreMemory.maxBytes),
          },
        }),
    ...(crashesMax === undefined ? {} : { crashesMax: integer(scope, "crashesMax", crashesMax) }),
    ...(fallback === undefined ? {} : { fallback: decodeFallback(scope, fallback) }),
  };
}

const decodeCodes = (scope: Scope, message: wire.ExitCodes): ExitCodes => ({
  from: integer(scope, "from", message.from),
  to: integer(scope, "to", message.to),
});

const decodeFallback = (scope: Scope, { way, attemptsMax }: wire.Fallback): Fallback => ({
  way: required(scope, "fallback.way", way, wire.TaskMode, decodeMode),
  attemptsMax: integer(scope, "fallback.attemptsMax", attemptsMax),
});

const encodeEntry = (entry: TaskEntry): wire.TaskEntry => ({
  name: entry.name,
  template: entry.template,
  env: entriesOf(entry.env),
  estimate: entry.estimate === null ? undefined : encodeUserEstimate(entry.estimate),
  inputBytes: entry.inputBytes ?? undefined,
});

const decodeEntry = (scope: Scope, message: wire.TaskEntry): TaskEntry => ({
  name: message.name,
  template: integer(scope, "template", message.template),
  env: decodeEnv(scope, "env", message.env),
  estimate: optional(scope, "estimate", message.estimate, decodeUserEstimate),
  inputBytes: integerOrNull(scope, "inputBytes", message.inputBytes),
});

const edgeConditionNumbers = {
  success: wire.EdgeCondition.EDGE_CONDITION_SUCCESS,
  failure: wire.EdgeCondition.EDGE_CONDITION_FAILURE,
  done: wire.EdgeCondition.EDGE_CONDITION_DONE,
} satisfies Record<EdgeCondition, wire.EdgeCondition>;

const edgeConditionWords = wordsOf(edgeConditionNumbers, edgeConditions);

export const encodeEdge = ({ from, to, on }: Edge): wire.Edge => ({
  from,
  to,
  on: edgeConditionNumbers[on],
});

/** A million edges are common enough that no path is made for one that has nothing wrong. */
export function decodeEdges(scope: Scope, messages: readonly wire.Edge[]): readonly Edge[] {
  return messages.map(({ from, to, on }, index) => {
    const condition = edgeConditionWords.get(on);
    if (condition !== undefined && from >= 0 && to >= 0) return { from, to, on: condition };
    const at = { path: fieldPath(scope, `edges[${index}]`), faults: scope.faults };
    return {
      from: integer(at, "from", from),
      to: integer(at, "to", to),
      on: enumWord(at, "on", on, edgeConditionWords, "success"),
    };
  });
}

const decodeDependency = (scope: Scope, message: wire.JobDependency): JobDependency => ({
  jobId: message.jobId,
  on: enumWord(scope, "on", message.on, edgeConditionWords, "success"),
});
