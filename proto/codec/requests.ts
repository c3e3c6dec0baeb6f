/**
 * Requests and answers that hold words of the vocabulary beside plain fields: a list of jobs by
 * state, the logs of a task, a batch of submissions.
 */
import type { DayUsage, JobFilter, UsageQuery } from "../../core/history.js";
import type { JobSpec } from "../../core/job.js";
import { type AlmanacError, fail, ok, type Result } from "../../core/result.js";
import type { LogStreamName } from "../../core/session.js";
import type { JobSummary, SubmitReceipt } from "../../core/views.js";
import * as wire from "../gen/almanac/v1/job.js";
import { bufferOf } from "./columns.js";
import { decodeAttemptId } from "./common.js";
import {
  entriesOf,
  enumWord,
  finish,
  identifier,
  identifierLength,
  integer,
  integerOrNull,
  list,
  literal,
  newScope,
  noteLimit,
  type Scope,
  textRecord,
} from "./decoding.js";
import { decodeErrorDetail, encodeErrorDetail } from "./errors.js";
import { decodeJobSpec, encodeJobSpec } from "./job.js";
import { jobStateNumbers } from "./states.js";
import {
  decodeJobStates,
  decodeJobSummary,
  decodeSubmitReceipt,
  encodeJobSummary,
  encodeSubmitReceipt,
} from "./views.js";
import { logStreamNumbers, logStreamWords } from "./worker.js";

export interface Submission {
  readonly spec: JobSpec;
  /** A retry with the same key returns the same job; empty: none. */
  readonly idempotencyKey: string;
  /** Validate and plan, record nothing. */
  readonly dryRun: boolean;
}

export const encodeSubmission = (submission: Submission): wire.SubmitRequest => ({
  spec: encodeJobSpec(submission.spec),
  idempotencyKey: submission.idempotencyKey,
  dryRun: submission.dryRun,
});

export function decodeSubmission(message: wire.SubmitRequest): Result<Submission> {
  const { idempotencyKey, dryRun } = message;
  const scope = newScope();
  if (idempotencyKey !== "") {
    identifier(scope, "idempotencyKey", idempotencyKey, idempotencyKeyLength);
  }
  const key = finish(scope, "submission", idempotencyKey);
  if (!key.ok) return key;
  const spec = decodeJobSpec(message.spec);
  return spec.ok ? ok({ spec: spec.value, idempotencyKey, dryRun }) : spec;
}

export const encodeSubmissions = (submissions: readonly Submission[]): wire.SubmitBatchRequest => ({
  requests: submissions.map(encodeSubmission),
});

export const submissionsPerBatchMax = 10_000;

/** One result per request: each submission of a batch is refused or taken by itself. */
export function decodeSubmissions(
  message: wire.SubmitBatchRequest,
): Result<readonly Result<Submission>[]> {
  const scope = newScope();
  const { length } = message.requests;
  const limit = submissionsPerBatchMax;
  if (length > limit) {
    noteLimit(scope, "requests", `must be at most ${limit}, but are ${length}`, limit);
  }
  const bounded = finish(scope, "batch", message.requests);
  return bounded.ok ? ok(bounded.value.map(decodeSubmission)) : bounded;
}

export const encodeSubmitOutcomes = (
  outcomes: readonly Result<SubmitReceipt>[],
): wire.SubmitBatchResponse => ({
  outcomes: outcomes.map((outcome) => ({
    outcome: outcome.ok
      ? { $case: "accepted", value: encodeSubmitReceipt(outcome.value) }
      : { $case: "refused", value: encodeErrorDetail(outcome.error) },
  })),
});

export const decodeSubmitOutcomes = (
  message: wire.SubmitBatchResponse,
): readonly Result<SubmitReceipt>[] => message.outcomes.map(decodeSubmitOutcome);

function decodeSubmitOutcome({ outcome }: wire.SubmitOutcome): Result<SubmitReceipt> {
  switch (outcome?.$case) {
    case "accepted":
      return decodeSubmitReceipt(outcome.value);
    case "refused": {
      const error: AlmanacError = decodeErrorDetail(outcome.value);
      return { ok: false, error };
    }
    case undefined:
      return fail("internal", "malformed outcome: neither accepted nor refused");
  }
}

export interface ListQuery extends JobFilter {
  readonly limit: number;
  /** Continue after this job id; empty: from the newest. */
  readonly after: string;
}

export const listLimitDefault = 100;
export const listLimitMax = 1_000;
export const idempotencyKeyLength = 256;

/** Entries of metadata that one list may ask for. */
export const metadataAskedMax = 16;

export const encodeListQuery = (query: ListQuery): wire.ListRequest => ({
  namespace: query.namespace,
  states: query.states.map((state) => jobStateNumbers[state]),
  name: query.name,
  principal: query.principal,
  metadata: entriesOf(query.metadata),
  submittedFromMs: query.submittedFromMs ?? undefined,
  submittedBeforeMs: query.submittedBeforeMs ?? undefined,
  limit: query.limit,
  after: query.after,
});

export function decodeListQuery(message: wire.ListRequest): Result<ListQuery> {
  const states = decodeJobStates(message.states);
  if (!states.ok) return states;
  const scope = newScope();
  const asked = integer(scope, "limit", message.limit, 0, listLimitMax);
  if (message.metadata.size > metadataAskedMax) {
    const text = `must have at most ${metadataAskedMax} entries, but has ${message.metadata.size}`;
    noteLimit(scope, "metadata", text, metadataAskedMax);
  }
  return finish(scope, "list request", {
    namespace: bounded(scope, "namespace", message.namespace),
    states: states.value,
    name: bounded(scope, "name", message.name),
    principal: bounded(scope, "principal", message.principal),
    metadata: textRecord(scope, "metadata", message.metadata),
    submittedFromMs: integerOrNull(scope, "submittedFromMs", message.submittedFromMs),
    submittedBeforeMs: integerOrNull(scope, "submittedBeforeMs", message.submittedBeforeMs),
    limit: asked === 0 ? listLimitDefault : asked,
    after: bounded(scope, "after", message.after),
  });
}

/** A text that may be empty, and is no longer than any that it could be equal to. */
function bounded(scope: Scope, name: string, text: string): string {
  if (text.length > identifierLength) {
    const message = `must have at most ${identifierLength} characters, but has ${text.length}`;
    noteLimit(scope, name, message, identifierLength);
  }
  return text;
}

export const encodeUsageQuery = (query: UsageQuery): wire.UsageRequest => ({
  namespace: query.namespace,
  principal: query.principal,
  fromMs: query.fromMs ?? undefined,
  beforeMs: query.beforeMs ?? undefined,
});

export function decodeUsageQuery(message: wire.UsageRequest): Result<UsageQuery> {
  const scope = newScope();
  return finish(scope, "usage request", {
    namespace: bounded(scope, "namespace", message.namespace),
    principal: bounded(scope, "principal", message.principal),
    fromMs: integerOrNull(scope, "fromMs", message.fromMs),
    beforeMs: integerOrNull(scope, "beforeMs", message.beforeMs),
  });
}

export const encodeUsage = (days: readonly DayUsage[]): wire.UsageResponse => ({
  days: days.map((day) => ({ ...day })),
});

export function decodeUsage(message: wire.UsageResponse): Result<readonly DayUsage[]> {
  const scope = newScope();
  const days = list(scope, "days", message.days, (inner, day) => ({
    principal: day.principal,
    day: identifier(inner, "day", day.day, identifierLength),
    attempts: integer(inner, "attempts", day.attempts),
    wallMs: integer(inner, "wallMs", day.wallMs),
    cpuMs: integer(inner, "cpuMs", day.cpuMs),
    unmeasured: integer(inner, "unmeasured", day.unmeasured),
  }));
  return finish(scope, "malformed usage", days, "internal");
}

export const verdicts = ["failed", "retry"] as const;
/** What becomes of a task whose unknown attempt has stopped. */
export type Verdict = (typeof verdicts)[number];

export function decodeVerdict(message: wire.ResolveRequest): Result<Verdict> {
  const scope = newScope();
  return finish(scope, "request", literal(scope, "verdict", message.verdict, verdicts));
}

export interface JobPage {
  readonly jobs: readonly JobSummary[];
  /** Give it as `after` for the next page; empty: there is none. */
  readonly next: string;
}

export const encodeJobPage = ({ jobs, next }: JobPage): wire.ListResponse => ({
  jobs: jobs.map(encodeJobSummary),
  next,
});

export function decodeJobPage(message: wire.ListResponse): Result<JobPage> {
  const jobs: JobSummary[] = [];
  for (const job of message.jobs) {
    const summary = decodeJobSummary(job);
    if (!summary.ok) return summary;
    jobs.push(summary.value);
  }
  return ok({ jobs, next: message.next });
}

export interface LogsQuery {
  /** `<job>/<task>`; the job may be a prefix or `latest`. */
  readonly task: string;
  /** null: the last one. */
  readonly attemptNumber: number | null;
  /** null: both. */
  readonly stream: LogStreamName | null;
  readonly follow: boolean;
  /** From this many bytes before the end; null: from the first byte kept. */
  readonly tailBytes: number | null;
}

export const encodeLogsQuery = (query: LogsQuery): wire.LogsRequest => ({
  taskId: query.task,
  attempt: query.attemptNumber ?? 0,
  stream:
    query.stream === null ? wire.LogStream.LOG_STREAM_UNSPECIFIED : logStreamNumbers[query.stream],
  follow: query.follow,
  tailBytes: query.tailBytes ?? undefined,
});

export function decodeLogsQuery(message: wire.LogsRequest): Result<LogsQuery> {
  const scope = newScope();
  const both = message.stream === wire.LogStream.LOG_STREAM_UNSPECIFIED;
  const attempt = integer(scope, "attempt", message.attempt);
  return finish(scope, "logs request", {
    task: identifier(scope, "taskId", message.taskId, identifierLength),
    attemptNumber: attempt === 0 ? null : attempt,
    stream: both ? null : enumWord(scope, "stream", message.stream, logStreamWords, "stdout"),
    follow: message.follow,
    tailBytes: integerOrNull(scope, "tailBytes", message.tailBytes),
  });
}

export interface LogChunk {
  readonly attempt: string;
  readonly stream: LogStreamName;
  /** Of the first byte of data in the whole output. */
  readonly offset: number;
  readonly data: Uint8Array;
  /** Bytes that were dropped before this offset because the log was full. */
  readonly droppedBytes: number;
  /** Where these bytes come from, if not from the worker itself; empty: from there. */
  readonly note: string;
}

export const encodeLogChunk = (chunk: LogChunk): wire.LogsResponse => ({
  attemptId: chunk.attempt,
  stream: logStreamNumbers[chunk.stream],
  offset: chunk.offset,
  data: bufferOf(chunk.data),
  droppedBytes: chunk.droppedBytes,
  note: chunk.note,
});

export function decodeLogChunk(message: wire.LogsResponse): Result<LogChunk> {
  const scope = newScope();
  const chunk: LogChunk = {
    attempt: decodeAttemptId(scope, "attemptId", message.attemptId),
    stream: enumWord(scope, "stream", message.stream, logStreamWords, "stdout"),
    offset: integer(scope, "offset", message.offset),
    data: message.data,
    droppedBytes: integer(scope, "droppedBytes", message.droppedBytes),
    note: message.note,
  };
  return finish(scope, "malformed log chunk", chunk, "internal");
}
