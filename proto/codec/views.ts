/** What a reader is told, between wire and core/views.ts: jobs, tasks, plans and watches. */
import { jobId } from "../../core/ids.js";
import type { Result } from "../../core/result.js";
import { unreachable } from "../../core/result.js";
import type {
  AttemptView,
  InitialPlan,
  JobStateName,
  JobSummary,
  JobView,
  PlanAdoption,
  PlanEntryView,
  PlannedTask,
  PlanView,
  Reservation,
  SubmitReceipt,
  TaskView,
  WatchEvent,
} from "../../core/views.js";
import { attemptStates } from "../../core/views.js";
import { ObjectiveParts, ObjectiveWeights } from "../gen/almanac/v1/common.js";
import * as wire from "../gen/almanac/v1/job.js";
import {
  decodeAttemptId,
  decodeEstimate,
  decodeOutcome,
  decodeParts,
  decodeTaskId,
  decodeUsage,
  decodeViolation,
  decodeWeights,
  decodeWorkerId,
  encodeEstimate,
  encodeOutcome,
  encodeParts,
  encodeUsage,
  encodeViolation,
  encodeWeights,
} from "./common.js";
import { decodeOutputSummary } from "./data.js";
import {
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
  type Scope,
} from "./decoding.js";
import { encodeExpectation, readExpectation } from "./expectation.js";
import { decodeEdges, encodeEdge } from "./job.js";
import { decodeSecretUses, encodeSecretUses } from "./secrets.js";
import { jobStateWords, taskStateNumbers, taskStateWords } from "./states.js";
import { encodeJobSummary, readJobSummary } from "./summary.js";

export { encodeJobSummary } from "./summary.js";

/** Answers leave their message out where there is nothing: that is malformed, not empty. */
export const decodeJobSummary = (message: wire.JobSummary | undefined): Result<JobSummary> =>
  whole("job", message, wire.JobSummary, readJobSummary);

export function encodeJobView(view: JobView): wire.JobView {
  return {
    summary: encodeJobSummary(view.summary),
    tasks: view.tasks.map(encodeTaskView),
    edges: view.edges.map(encodeEdge),
    initialPlan: view.initialPlan === null ? undefined : encodeInitialPlan(view.initialPlan),
  };
}

export const decodeJobView = (message: wire.JobView | undefined): Result<JobView> =>
  whole("job", message, wire.JobView, readJobView);

export function encodeSubmitReceipt(receipt: SubmitReceipt): wire.SubmitResponse {
  return {
    jobId: receipt.jobId,
    duplicate: receipt.duplicate,
    warnings: receipt.warnings.map(encodeViolation),
    forecast: receipt.forecast === null ? undefined : encodeJobView(receipt.forecast),
  };
}

export const decodeSubmitReceipt = (
  message: wire.SubmitResponse | undefined,
): Result<SubmitReceipt> => whole("receipt", message, wire.SubmitResponse, readSubmitReceipt);

export function encodePlanView(view: PlanView): wire.GetPlanResponse {
  return {
    version: view.version,
    solver: view.solver,
    adoptedAtMs: view.adoptedAtMs,
    weights: encodeWeights(view.weights),
    parts: encodeParts(view.parts),
    value: view.value,
    bound: view.bound,
    gap: view.gap,
    entries: view.entries.map(encodePlanEntry),
  };
}

export const decodePlanView = (message: wire.GetPlanResponse | undefined): Result<PlanView> =>
  whole("plan", message, wire.GetPlanResponse, readPlanView);

export function encodeWatchEvent(event: WatchEvent): wire.WatchResponse {
  const { sequence, atMs, change } = event;
  return { sequence, atMs, change: encodeChange(change) };
}

export const decodeWatchEvent = (message: wire.WatchResponse | undefined): Result<WatchEvent> =>
  whole("watch event", message, wire.WatchResponse, readWatchEvent);

export function encodeTaskView(view: TaskView): wire.TaskView {
  return {
    id: view.id,
    name: view.name,
    template: view.template,
    state: taskStateNumbers[view.state],
    reason: view.reason,
    message: view.message,
    estimate: view.estimate === null ? undefined : encodeEstimate(view.estimate),
    reservation: view.reservation === null ? undefined : encodeReservation(view.reservation),
    attempts: view.attempts.map(encodeAttemptView),
    attemptsMax: view.attemptsMax,
    readyAtMs: view.readyAtMs ?? undefined,
    finishedAtMs: view.finishedAtMs ?? undefined,
    expected: view.expected === undefined ? undefined : encodeExpectation(view.expected),
  };
}

export const decodeTaskView = (message: wire.TaskView | undefined): Result<TaskView> =>
  whole("task", message, wire.TaskView, readTaskView);

/** The states that a list is asked for; one that has no name is refused, not left out. */
export function decodeJobStates(states: readonly wire.JobState[]): Result<readonly JobStateName[]> {
  const scope = newScope();
  const names = states.map((state, index) =>
    enumWord(scope, `states[${index}]`, state, jobStateWords, "running"),
  );
  return finish(scope, "list request", names);
}

/** What the other side answers is its affair: where that is malformed, the error is `internal`. */
function whole<W, T>(
  what: string,
  message: W | undefined,
  type: { decode(input: Uint8Array): W },
  read: (scope: Scope, message: W) => T,
): Result<T> {
  const scope = newScope();
  const value =
    message === undefined ? required(scope, what, message, type, read) : read(scope, message);
  return finish(scope, `malformed ${what}`, value, "internal");
}

const readJobView = (scope: Scope, message: wire.JobView): JobView => ({
  summary: required(scope, "summary", message.summary, wire.JobSummary, readJobSummary),
  tasks: list(scope, "tasks", message.tasks, readTaskView),
  edges: decodeEdges(scope, message.edges),
  initialPlan: optional(scope, "initialPlan", message.initialPlan, readInitialPlan),
});

const readTaskView = (scope: Scope, message: wire.TaskView): TaskView => ({
  id: decodeTaskId(scope, "id", message.id),
  name: message.name,
  template: message.template,
  state: enumWord(scope, "state", message.state, taskStateWords, "pending"),
  reason: message.reason,
  message: message.message,
  estimate: optional(scope, "estimate", message.estimate, decodeEstimate),
  reservation: optional(scope, "reservation", message.reservation, readReservation),
  attempts: list(scope, "attempts", message.attempts, readAttemptView),
  attemptsMax: integer(scope, "attemptsMax", message.attemptsMax),
  readyAtMs: integerOrNull(scope, "readyAtMs", message.readyAtMs),
  finishedAtMs: integerOrNull(scope, "finishedAtMs", message.finishedAtMs),
  ...readExpected(scope, message),
});

function readExpected(scope: Scope, { expected }: wire.TaskView): Pick<TaskView, "expected"> {
  const read = optional(scope, "expected", expected, readExpectation);
  return read === null ? {} : { expected: read };
}

const encodeAttemptView = (view: AttemptView): wire.AttemptView => ({
  id: view.id,
  number: view.number,
  worker: view.worker,
  state: view.state,
  launchedAtMs: view.launchedAtMs,
  startedAtMs: view.startedAtMs ?? undefined,
  endedAtMs: view.endedAtMs ?? undefined,
  outcome: view.outcome === null ? undefined : encodeOutcome(view.outcome),
  usage: view.usage === null ? undefined : encodeUsage(view.usage),
  outputs: view.outputs,
  mode: view.mode ?? "",
  secrets: encodeSecretUses(view.secrets),
});

const readAttemptView = (scope: Scope, message: wire.AttemptView): AttemptView => ({
  id: decodeAttemptId(scope, "id", message.id),
  number: integer(scope, "number", message.number, 1),
  worker: decodeWorkerId(scope, "worker", message.worker),
  state: literal(scope, "state", message.state, attemptStates),
  launchedAtMs: integer(scope, "launchedAtMs", message.launchedAtMs),
  startedAtMs: integerOrNull(scope, "startedAtMs", message.startedAtMs),
  endedAtMs: integerOrNull(scope, "endedAtMs", message.endedAtMs),
  outcome: optional(scope, "outcome", message.outcome, decodeOutcome),
  usage: optional(scope, "usage", message.usage, decodeUsage),
  ...(message.outputs === undefined
    ? {}
    : { outputs: decodeOutputSummary(scope, message.outputs) }),
  ...readMode(message),
  ...decodeSecretUses(scope, message.secrets),
});

const readMode = ({ mode }: { readonly mode: string }): { readonly mode?: string } =>
  mode === "" ? {} : { mode };

const encodeReservation = ({ worker, mode, ...times }: Reservation): wire.Reservation => ({
  worker,
  startP50AtMs: times.startP50AtMs,
  endP50AtMs: times.endP50AtMs,
  startP90AtMs: times.startP90AtMs,
  endP90AtMs: times.endP90AtMs,
  mode: mode ?? "",
});

const readReservation = (scope: Scope, message: wire.Reservation): Reservation => ({
  worker: decodeWorkerId(scope, "worker", message.worker),
  startP50AtMs: integer(scope, "startP50AtMs", message.startP50AtMs),
  endP50AtMs: integer(scope, "endP50AtMs", message.endP50AtMs),
  startP90AtMs: integer(scope, "startP90AtMs", message.startP90AtMs),
  endP90AtMs: integer(scope, "endP90AtMs", message.endP90AtMs),
  ...readMode(message),
});

const encodeInitialPlan = (plan: InitialPlan): wire.InitialPlan => ({
  adoptedAtMs: plan.adoptedAtMs,
  makespanMs: plan.makespanMs,
  boundMs: plan.boundMs,
  solver: plan.solver,
  tasks: plan.tasks.map(({ name, worker, startAtMs, endAtMs, mode = "" }) => ({
    name,
    worker,
    startAtMs,
    endAtMs,
    mode,
  })),
});

const readInitialPlan = (scope: Scope, message: wire.InitialPlan): InitialPlan => ({
  adoptedAtMs: integer(scope, "adoptedAtMs", message.adoptedAtMs),
  makespanMs: integer(scope, "makespanMs", message.makespanMs),
  boundMs: integer(scope, "boundMs", message.boundMs),
  solver: message.solver,
  tasks: list(scope, "tasks", message.tasks, readPlannedTask),
});

const readPlannedTask = (scope: Scope, message: wire.PlannedTask): PlannedTask => ({
  name: identifier(scope, "name", message.name),
  worker: decodeWorkerId(scope, "worker", message.worker),
  startAtMs: integer(scope, "startAtMs", message.startAtMs),
  endAtMs: integer(scope, "endAtMs", message.endAtMs),
  ...readMode(message),
});

const readSubmitReceipt = (scope: Scope, message: wire.SubmitResponse): SubmitReceipt => ({
  jobId: jobId(identifier(scope, "jobId", message.jobId)),
  duplicate: message.duplicate,
  warnings: list(scope, "warnings", message.warnings, decodeViolation),
  forecast: optional(scope, "forecast", message.forecast, readJobView),
});

const encodePlanEntry = ({ taskId, state, reservation }: PlanEntryView): wire.PlanEntry => ({
  taskId,
  state: taskStateNumbers[state],
  reservation: encodeReservation(reservation),
});

const readPlanEntry = (scope: Scope, message: wire.PlanEntry): PlanEntryView => ({
  taskId: decodeTaskId(scope, "taskId", message.taskId),
  state: enumWord(scope, "state", message.state, taskStateWords, "pending"),
  reservation: required(
    scope,
    "reservation",
    message.reservation,
    wire.Reservation,
    readReservation,
  ),
});

const readPlanView = (scope: Scope, message: wire.GetPlanResponse): PlanView => ({
  version: integer(scope, "version", message.version),
  solver: message.solver,
  adoptedAtMs: integer(scope, "adoptedAtMs", message.adoptedAtMs),
  weights: required(scope, "weights", message.weights, ObjectiveWeights, decodeWeights),
  parts: required(scope, "parts", message.parts, ObjectiveParts, decodeParts),
  value: finite(scope, "value", message.value),
  bound: finite(scope, "bound", message.bound),
  gap: finite(scope, "gap", message.gap),
  entries: list(scope, "entries", message.entries, readPlanEntry),
});

type Change = NonNullable<wire.WatchResponse["change"]>;

function encodeChange(change: WatchEvent["change"]): Change {
  switch (change.kind) {
    case "snapshot":
      return { $case: "snapshot", value: encodeJobSummary(change.job) };
    case "job":
      return { $case: "job", value: encodeJobSummary(change.job) };
    case "task":
      return { $case: "task", value: encodeTaskView(change.task) };
    case "plan": {
      const { version, solver, makespanMs, boundMs, gap } = change.plan;
      return { $case: "plan", value: { version, solver, makespanMs, boundMs, gap } };
    }
    default:
      return unreachable(change);
  }
}

const readWatchEvent = (scope: Scope, message: wire.WatchResponse): WatchEvent => ({
  sequence: integer(scope, "sequence", message.sequence),
  atMs: integer(scope, "atMs", message.atMs),
  change: readChange(scope, message.change),
});

function readChange(scope: Scope, change: wire.WatchResponse["change"]): WatchEvent["change"] {
  switch (change?.$case) {
    case "snapshot":
      return { kind: "snapshot", job: readJobSummary(scope, change.value) };
    case "job":
      return { kind: "job", job: readJobSummary(scope, change.value) };
    case "task":
      return { kind: "task", task: readTaskView(scope, change.value) };
    case "plan":
      return { kind: "plan", plan: readAdoption(scope, change.value) };
    case undefined:
      note(scope, "change", "is missing: a job, a task or a plan");
      return { kind: "plan", plan: { version: 0, solver: "", makespanMs: 0, boundMs: 0, gap: 0 } };
  }
}

const readAdoption = (scope: Scope, message: wire.PlanAdopted): PlanAdoption => ({
  version: integer(scope, "version", message.version),
  solver: message.solver,
  makespanMs: integer(scope, "makespanMs", message.makespanMs),
  boundMs: integer(scope, "boundMs", message.boundMs),
  gap: finite(scope, "gap", message.gap),
});
