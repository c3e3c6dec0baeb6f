/** Master and predictor, between wire and core/prediction.ts. */
import {
  type AbsentModel,
  type BroughtModel,
  type Completion,
  type EstimateSubject,
  type HistoryAnswer,
  type HistoryRecord,
  type ModelChoice,
  type ModelEvaluation,
  type ModelList,
  type ModelMetrics,
  type ModelProposal,
  type ModelView,
  modelOrigins,
  modelStates,
  predictionLimits,
} from "../../core/prediction.js";
import type { Result } from "../../core/result.js";
import type { Estimate } from "../../core/views.js";
import { Estimate as EstimateWire, Resources } from "../gen/almanac/v1/common.js";
import * as wire from "../gen/almanac/v1/planner.js";
import { decodeEstimate, decodeResources, encodeEstimate, encodeResources } from "./common.js";
import {
  finish,
  finite,
  identifier,
  integer,
  list,
  literal,
  newScope,
  note,
  noteLimit,
  optional,
  required,
  type Scope,
} from "./decoding.js";

export const encodeEstimateRequest = (
  subjects: readonly EstimateSubject[],
): wire.EstimateRequest => ({ subjects: subjects.map(encodeSubject) });

export function decodeEstimateRequest(
  message: wire.EstimateRequest,
): Result<readonly EstimateSubject[]> {
  const scope = newScope();
  const { subjectsPerRequest } = predictionLimits;
  const subjects = bounded(scope, "subjects", message.subjects, subjectsPerRequest, decodeSubject);
  return finish(scope, "estimate request", subjects);
}

export const encodeEstimateResponse = (estimates: readonly Estimate[]): wire.EstimateResponse => ({
  estimates: estimates.map(encodeEstimate),
});

/** `subjects`: how many were asked about; there must be an answer for each. */
export function decodeEstimateResponse(
  message: wire.EstimateResponse,
  subjects: number,
): Result<readonly Estimate[]> {
  const scope = newScope();
  const { length } = message.estimates;
  if (length !== subjects) note(scope, "estimates", `must be ${subjects}, but are ${length}`);
  const estimates = list(scope, "estimates", message.estimates, decodeEstimate);
  return finish(scope, "estimate response", estimates);
}

export const encodeHistoryRequest = (records: readonly HistoryRecord[]): wire.HistoryRequest => ({
  completions: [],
  records: records.map(encodeRecord),
});

export function decodeHistoryRequest(
  message: wire.HistoryRequest,
): Result<readonly HistoryRecord[]> {
  const scope = newScope();
  const { recordsPerRequest } = predictionLimits;
  const records = bounded(scope, "records", message.records, recordsPerRequest, decodeRecord);
  return finish(scope, "history request", records);
}

export const encodeHistoryAnswer = (answer: HistoryAnswer): wire.HistoryResponse => ({
  sequence: answer.sequence,
  revised: answer.revised.map(({ key, estimate }) => ({ key, estimate: encodeEstimate(estimate) })),
  proposal: answer.proposal === null ? undefined : encodeProposal(answer.proposal),
});

export function decodeHistoryAnswer(message: wire.HistoryResponse): Result<HistoryAnswer> {
  const scope = newScope();
  return finish(scope, "history response", {
    sequence: integer(scope, "sequence", message.sequence),
    revised: list(scope, "revised", message.revised, (at, revised) => ({
      key: identifier(at, "key", revised.key),
      estimate: required(at, "estimate", revised.estimate, EstimateWire, decodeEstimate),
    })),
    proposal: optional(scope, "proposal", message.proposal, decodeProposal),
  });
}

const encodeSubject = (subject: EstimateSubject): wire.EstimateSubject => ({
  key: subject.key,
  groups: [...subject.groups],
  resources: encodeResources(subject.resources),
  workerSpeed: subject.workerSpeed,
  submittedAtMs: subject.submittedAtMs,
  timeoutMs: subject.timeoutMs ?? 0,
  userEstimateMs: subject.userEstimateMs ?? 0,
  priority: subject.priority,
  inputBytes: subject.inputBytes ?? -1,
  inputFiles: subject.inputFiles,
  image: subject.image,
  principal: subject.principal,
});

const decodeSubject = (scope: Scope, subject: wire.EstimateSubject): EstimateSubject => ({
  key: subject.key === "" ? "" : identifier(scope, "key", subject.key),
  groups: decodeGroups(scope, subject.groups),
  resources: required(scope, "resources", subject.resources, Resources, decodeResources),
  workerSpeed: positive(scope, "workerSpeed", subject.workerSpeed),
  submittedAtMs: integer(scope, "submittedAtMs", subject.submittedAtMs),
  timeoutMs: orNull(integer(scope, "timeoutMs", subject.timeoutMs)),
  userEstimateMs: orNull(integer(scope, "userEstimateMs", subject.userEstimateMs)),
  priority: integer(scope, "priority", subject.priority, Number.MIN_SAFE_INTEGER),
  inputBytes: subject.inputBytes < 0 ? null : integer(scope, "inputBytes", subject.inputBytes),
  inputFiles: integer(scope, "inputFiles", subject.inputFiles),
  image: subject.image,
  principal: subject.principal,
});

const encodeCompletion = (run: Completion): wire.Completion => ({
  key: run.key,
  groups: [...run.groups],
  durationMs: run.durationMs,
  workerSpeed: run.workerSpeed,
  succeeded: run.succeeded,
  sequence: 0,
  launchedSequence: run.launchedSequence,
  endedAtMs: run.endedAtMs,
  peakMemoryBytes: run.peakMemoryBytes ?? 0,
});

const decodeCompletion = (scope: Scope, run: wire.Completion): Completion => ({
  key: identifier(scope, "key", run.key),
  groups: decodeGroups(scope, run.groups),
  durationMs: integer(scope, "durationMs", run.durationMs),
  workerSpeed: positive(scope, "workerSpeed", run.workerSpeed),
  succeeded: run.succeeded,
  launchedSequence: integer(scope, "launchedSequence", run.launchedSequence),
  endedAtMs: integer(scope, "endedAtMs", run.endedAtMs),
  peakMemoryBytes: orNull(integer(scope, "peakMemoryBytes", run.peakMemoryBytes)),
});

function encodeRecord({ sequence, what }: HistoryRecord): wire.HistoryRecord {
  switch (what.kind) {
    case "foreseen":
      return { sequence, kind: { $case: "foreseen", value: encodeSubject(what.subject) } };
    case "ended":
      return { sequence, kind: { $case: "ended", value: encodeCompletion(what.run) } };
    case "chosen":
      return { sequence, kind: { $case: "chosen", value: encodeChoice(what.choice) } };
  }
}

function decodeRecord(scope: Scope, record: wire.HistoryRecord): HistoryRecord {
  const sequence = integer(scope, "sequence", record.sequence, 1);
  switch (record.kind?.$case) {
    case "foreseen": {
      const subject = decodeSubject(scope, record.kind.value);
      if (subject.key === "") note(scope, "key", "must not be empty");
      return { sequence, what: { kind: "foreseen", subject } };
    }
    case "ended":
      return { sequence, what: { kind: "ended", run: decodeCompletion(scope, record.kind.value) } };
    case "chosen":
      return { sequence, what: { kind: "chosen", choice: decodeChoice(scope, record.kind.value) } };
    case undefined:
      note(scope, "kind", "is neither foreseen, ended nor chosen");
      return { sequence, what: { kind: "chosen", choice: { sha256: null, pinned: false } } };
  }
}

const encodeChoice = ({ sha256, pinned }: ModelChoice): wire.ModelChoice => ({
  sha256: sha256 ?? "",
  pinned,
});

const decodeChoice = (scope: Scope, { sha256, pinned }: wire.ModelChoice): ModelChoice => ({
  sha256: digestOrNull(scope, sha256),
  pinned,
});

const encodeProposal = ({ sha256, version, reason }: ModelProposal): wire.ModelProposal => ({
  sha256: sha256 ?? "",
  version,
  reason,
});

const decodeProposal = (scope: Scope, proposal: wire.ModelProposal): ModelProposal => ({
  sha256: digestOrNull(scope, proposal.sha256),
  version: proposal.version,
  reason: proposal.reason,
});

export const encodeModel = (model: ModelView): wire.ModelView => ({
  ...model,
  offline: model.offline ?? undefined,
  live: model.live ?? undefined,
});

export const decodeModel = (scope: Scope, model: wire.ModelView): ModelView => ({
  version: identifier(scope, "version", model.version),
  sha256: digest(scope, model.sha256),
  state: literal(scope, "state", model.state, modelStates),
  origin: literal(scope, "origin", model.origin, modelOrigins),
  licence: model.licence,
  modelBytes: integer(scope, "modelBytes", model.modelBytes),
  features: integer(scope, "features", model.features),
  rows: integer(scope, "rows", model.rows),
  seed: integer(scope, "seed", model.seed, Number.MIN_SAFE_INTEGER),
  trainedAtMs: integer(scope, "trainedAtMs", model.trainedAtMs),
  offline: optional(scope, "offline", model.offline, decodeMetrics),
  live: optional(scope, "live", model.live, decodeMetrics),
  pinned: model.pinned,
  reason: model.reason,
});

const decodeMetrics = (scope: Scope, metrics: wire.ModelMetrics): ModelMetrics => ({
  rows: integer(scope, "rows", metrics.rows),
  meanLogError: finite(scope, "meanLogError", metrics.meanLogError),
  pinball50: finite(scope, "pinball50", metrics.pinball50),
  pinball90: finite(scope, "pinball90", metrics.pinball90),
  coverage90: finite(scope, "coverage90", metrics.coverage90),
  statisticsMeanLogError: finite(scope, "statisticsMeanLogError", metrics.statisticsMeanLogError),
  statisticsPinball50: finite(scope, "statisticsPinball50", metrics.statisticsPinball50),
  statisticsPinball90: finite(scope, "statisticsPinball90", metrics.statisticsPinball90),
});

export const encodeModelList = (models: ModelList): wire.ListModelsResponse => ({
  ...models,
  models: models.models.map(encodeModel),
  absent: models.absent ?? undefined,
});

export function decodeModelList(message: wire.ListModelsResponse): Result<ModelList> {
  const scope = newScope();
  return finish(scope, "models", {
    models: list(scope, "models", message.models, decodeModel),
    completions: integer(scope, "completions", message.completions),
    nextTrainingAt: integer(scope, "nextTrainingAt", message.nextTrainingAt),
    training: message.training,
    absent: optional(scope, "absent", message.absent, decodeAbsent) ?? null,
  });
}

const decodeAbsent = (scope: Scope, { version, sha256 }: wire.AbsentModel): AbsentModel => ({
  version: identifier(scope, "version", version),
  sha256: digest(scope, sha256),
});

/** Of a training and of an import alike. */
export const encodeModelAnswer = (model: ModelView): wire.TrainModelResponse => ({
  model: encodeModel(model),
});

export function decodeModelAnswer(message: {
  readonly model?: wire.ModelView | undefined;
}): Result<ModelView> {
  const scope = newScope();
  const model = required(scope, "model", message.model, wire.ModelView, decodeModel);
  return finish(scope, "model", model);
}

export const encodeEvaluation = (evaluation: ModelEvaluation): wire.EvaluateModelResponse => ({
  model: encodeModel(evaluation.model),
  metrics: { ...evaluation.metrics },
});

export function decodeEvaluation(message: wire.EvaluateModelResponse): Result<ModelEvaluation> {
  const scope = newScope();
  return finish(scope, "evaluation", {
    model: required(scope, "model", message.model, wire.ModelView, decodeModel),
    metrics: required(scope, "metrics", message.metrics, wire.ModelMetrics, decodeMetrics),
  });
}

export const encodeImport = ({ model, manifest }: BroughtModel): wire.ImportModelRequest => ({
  model: Buffer.from(model),
  manifest,
});

export function decodeImport({ model, manifest }: wire.ImportModelRequest): Result<BroughtModel> {
  const scope = newScope();
  const { modelBytes, manifestBytes } = predictionLimits;
  const limit = (name: string, bytes: number, most: number): void => {
    if (bytes === 0) note(scope, name, "must not be empty");
    if (bytes > most)
      noteLimit(scope, name, `must have at most ${most} bytes, but has ${bytes}`, most);
  };
  limit("model", model.length, modelBytes);
  limit("manifest", Buffer.byteLength(manifest), manifestBytes);
  return finish(scope, "model import", { model, manifest });
}

const orNull = (value: number): number | null => (value === 0 ? null : value);

const positive = (scope: Scope, name: string, value: number): number =>
  finite(scope, name, value, Number.MIN_VALUE);

function decodeGroups(scope: Scope, groups: readonly string[]): readonly string[] {
  const { groupsPerSubject, groupLength } = predictionLimits;
  if (groups.length > groupsPerSubject) {
    const must = `must be at most ${groupsPerSubject}, but are ${groups.length}`;
    noteLimit(scope, "groups", must, groupsPerSubject);
    return [];
  }
  return groups.map((name, at) => identifier(scope, `groups[${at}]`, name, groupLength));
}

/** Far more than there may be is not read at all. */
function bounded<W, T>(
  scope: Scope,
  name: string,
  values: readonly W[],
  most: number,
  decode: (scope: Scope, wire: W) => T,
): readonly T[] {
  if (values.length <= most) return list(scope, name, values, decode);
  noteLimit(scope, name, `must be at most ${most}, but are ${values.length}`, most);
  return [];
}

const digestOrNull = (scope: Scope, text: string): string | null =>
  text === "" ? null : digest(scope, text);

function digest(scope: Scope, text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    note(scope, "sha256", "must be 64 hexadecimal digits");
  }
  return text;
}
