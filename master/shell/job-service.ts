/** JobService: from the wire to commands and views, and back. Decides nothing. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../core/clock.js";
import { jobId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { fail, ok, type Result } from "../../core/result.js";
import { validateJob } from "../../core/validate-job.js";
import type { Estimate, JobView, SubmitReceipt } from "../../core/views.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { shortHash } from "../../data/blob-failure.js";
import {
  decodeListQuery,
  decodeSubmission,
  decodeSubmissions,
  decodeUsageQuery,
  decodeVerdict,
  encodeJobPage,
  encodeSubmitOutcomes,
  encodeUsage,
  type Submission,
} from "../../proto/codec/requests.js";
import type {
  CancelRequest,
  CancelResponse,
  GetPlanResponse,
  GetResponse,
  JobServiceServer,
  PauseResponse,
  ResolveRequest,
  ResolveResponse,
  ResumeResponse,
  RetryRequest,
  RetryResponse,
  WaitRequest,
  WaitResponse,
} from "../../proto/codec/services.js";
import {
  encodeJobSummary,
  encodeJobView,
  encodePlanView,
  encodeSubmitReceipt,
} from "../../proto/codec/views.js";
import type { History } from "../history/history.js";
import { jobInputs } from "../pure/data.js";
import { dryRun } from "../pure/dry-run.js";
import { subjectKey, subjectsOf } from "../pure/foreseen.js";
import { buildJob } from "../pure/job-graph.js";
import type { Job } from "../pure/state.js";
import { jobSummary, jobView, planView } from "../pure/views.js";
import type { Engine } from "./engine.js";
import { played } from "./finishes.js";
import type { Forecasts } from "./forecasts.js";
import { streamLogs } from "./job-logs.js";
import { streamWatch } from "./job-watch.js";
import type { LogCache } from "./log-cache.js";
import type { LogRelay } from "./logs.js";
import { findTask } from "./lookup.js";
import type { PlannerClient } from "./planner-client.js";
import { unary } from "./unary.js";
import type { Watches } from "./watches.js";

export interface JobServiceOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly history: History;
  readonly forecasts: Forecasts;
  readonly watches: Watches;
  readonly logs: LogRelay;
  readonly logCache: LogCache;
  readonly blobs: BlobDirectory;
  readonly planner: PlannerClient;
}

export function jobService(options: JobServiceOptions): JobServiceServer {
  const { engine, forecasts, history } = options;
  const view = (job: Job, withTasks: boolean): JobView =>
    jobView(engine.state, job, forecasts.get(), withTasks, forecasts.finishes());
  const summaryOf = (job: Job) =>
    jobSummary(engine.state, job, forecasts.get(), forecasts.finishes());
  const summary = (job: Job) => encodeJobSummary(summaryOf(job));

  return {
    submit: unary(async (request, principal) => {
      const submission = decodeSubmission(request);
      if (!submission.ok) return submission;
      const receipt = await submitOne(options, submission.value, principal);
      return receipt.ok ? ok(encodeSubmitReceipt(receipt.value)) : receipt;
    }),
    submitBatch: unary(async (request, principal) => {
      const submissions = decodeSubmissions(request);
      if (!submissions.ok) return submissions;
      const receipts = submissions.value.map((submission) =>
        submission.ok ? submitOne(options, submission.value, principal) : submission,
      );
      return ok(encodeSubmitOutcomes(await Promise.all(receipts)));
    }),
    get: unary(async ({ jobId: text, summaryOnly }): Promise<Result<GetResponse>> => {
      const found = await history.locate(text);
      if (!found.ok) return found;
      const { job } = found.value;
      if (job.state === "running") await forecasts.rolled(job.id);
      return engine.read(() => ok({ job: encodeJobView(view(job, !summaryOnly)) }));
    }),
    list: unary(async (request) => {
      const query = decodeListQuery(request);
      if (!query.ok) return query;
      await forecasts.rolled(null);
      const page = await history.list(query.value, summaryOf);
      await engine.durable();
      return page.ok ? ok(encodeJobPage(page.value)) : page;
    }),
    usage: unary(async (request) => {
      const query = decodeUsageQuery(request);
      if (!query.ok) return query;
      const days = await history.usage(query.value);
      await engine.durable();
      return days.ok ? ok(encodeUsage(days.value)) : days;
    }),
    watch: (call) => void streamWatch(options, call),
    wait: unary(async (request, _, gone) => wait(options, request, summary, gone)),
    cancel: unary(
      async (request, principal): Promise<Result<CancelResponse>> =>
        cancel(options, request, principal, summary),
    ),
    retry: unary(
      async (request, principal): Promise<Result<RetryResponse>> =>
        retry(options, request, principal, summary),
    ),
    pause: unary(
      async (request, principal): Promise<Result<PauseResponse>> =>
        hold(options, "Pause", request, principal, summary),
    ),
    resume: unary(
      async (request, principal): Promise<Result<ResumeResponse>> =>
        hold(options, "Resume", request, principal, summary),
    ),
    resolve: unary(
      async (request, principal): Promise<Result<ResolveResponse>> =>
        resolve(options, request, principal, summary),
    ),
    amend: unary(async () =>
      fail("failed_precondition", "changing a job while it runs is not possible yet"),
    ),
    logs: (call) => void streamLogs(options, call),
    getPlan: unary(async ({ jobId: text }): Promise<Result<GetPlanResponse>> => {
      const found = text === "" ? null : await history.locate(text);
      if (found !== null && !found.ok) return found;
      const id = found?.value.job.id ?? null;
      return engine.read((state) => ok(encodePlanView(planView(state, forecasts.get(), id))));
    }),
  };
}

async function submitOne(
  { engine, clock, blobs, history, planner }: JobServiceOptions,
  { spec, idempotencyKey, dryRun: only }: Submission,
  principal: string,
): Promise<Result<SubmitReceipt>> {
  const id = newJobId();
  const absent = only ? null : await absentInput(blobs, spec);
  if (absent !== null) return absent;
  const isSound = only && validateJob(spec).length === 0;
  const revised = isSound
    ? await foreseen(planner, buildJob(id, spec, principal, engine.nowMs))
    : {};
  // Last: what it answers holds only until something else has been waited for.
  const ends = await history.endsBefore(spec);
  if (!ends.ok) return ends;
  const archived = ends.value;
  if (only) {
    const trial = dryRun(engine.state, { id, spec, principal, archived, revised }, engine.nowMs);
    if (!trial.ok) return trial;
    await played(trial.value.rolling, clock);
    return ok(trial.value.receipt());
  }
  const reply = await engine.execute(
    { type: "Submit", jobId: id, spec, idempotencyKey, archived },
    principal,
  );
  if (!reply.ok) return reply;
  if (reply.value.kind !== "submit") return fail("internal", "unexpected reply to a submission");
  return ok({ ...reply.value.submit, forecast: null });
}

/** What the predictor says of a job that nobody has submitted; nothing if it does not say it soon. */
async function foreseen(planner: PlannerClient, job: Job): Promise<Record<string, Estimate>> {
  const estimates = await planner.estimates(subjectsOf(job), foreseenWithinMs);
  const prefix = subjectKey(job.id, "").length;
  return Object.fromEntries(
    Array.from(estimates, ([key, estimate]) => [key.slice(prefix), estimate]),
  );
}

/** Nobody waits for longer than this to learn what statistics would say as well. */
const foreseenWithinMs = 150;

/** A job whose inputs are not there would only fail later. */
async function absentInput(blobs: BlobDirectory, spec: JobSpec): Promise<Result<never> | null> {
  for (const { path, sha256 } of jobInputs(spec)) {
    if (!(await blobs.has(sha256))) {
      const message = `the content of input ${path} (${shortHash(sha256)}) has not been uploaded`;
      return fail("failed_precondition", message);
    }
    await blobs.touch(sha256);
  }
  return null;
}

const idAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** Ten characters of an alphabet without look-alikes: 50 bits. */
const newJobId = () =>
  jobId(Array.from(randomBytes(10), (byte) => idAlphabet[byte % idAlphabet.length]).join(""));

async function wait(
  { engine, watches, history }: JobServiceOptions,
  { jobId: text, timeoutMs }: WaitRequest,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
  gone: AbortSignal,
): Promise<Result<WaitResponse>> {
  const found = await history.locate(text);
  if (!found.ok) return found;
  const { job } = found.value;
  if (job.state === "running") await watches.untilEnded(job.id, timeoutMs, gone);
  await engine.durable();
  return ok({ job: summary(job), finished: job.state !== "running" });
}

interface Named {
  readonly jobId: string;
  /** Empty: the whole job. */
  readonly taskName: string;
}

/** What a request names, wherever it is. */
async function find(history: History, { jobId: text, taskName }: Named) {
  const found = await history.locate(text);
  if (!found.ok) return found;
  const { job, archived } = found.value;
  const task = taskName === "" ? null : findTask(job, taskName);
  if (task !== null && !task.ok) return task;
  return ok({ job, archived, target: { job: job.id, task: task?.value.id ?? null } });
}

async function cancel(
  { engine, history }: JobServiceOptions,
  request: CancelRequest,
  principal: string,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<CancelResponse>> {
  const found = await find(history, request);
  if (!found.ok) return found;
  const { job, target, archived } = found.value;
  if (archived !== null) return over(job);
  const { reason } = request;
  const why = reason === "" ? `cancelled by ${principal}` : reason;
  const reply = await engine.execute({ type: "Cancel", ...target, reason: why }, principal);
  return reply.ok ? ok({ job: summary(job) }) : reply;
}

/** A job that has left memory comes back to it, if it can be retried. */
async function retry(
  { engine, history }: JobServiceOptions,
  request: RetryRequest,
  principal: string,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<RetryResponse>> {
  const found = await find(history, request);
  if (!found.ok) return found;
  const { job, target, archived } = found.value;
  const back = archived === null ? {} : { archived };
  const reply = await engine.execute({ type: "Retry", ...target, ...back }, principal);
  if (!reply.ok) return reply;
  const tasks = reply.value.kind === "retry" ? reply.value.tasks : 0;
  return ok({ job: summary(engine.state.jobs.get(job.id) ?? job), tasks });
}

async function hold(
  { engine, history }: JobServiceOptions,
  type: "Pause" | "Resume",
  request: Named,
  principal: string,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<PauseResponse>> {
  const found = await find(history, request);
  if (!found.ok) return found;
  const { job, target, archived } = found.value;
  if (archived !== null) return over(job);
  const reply = await engine.execute({ type, ...target }, principal);
  return reply.ok ? ok({ job: summary(job) }) : reply;
}

async function resolve(
  { engine, history }: JobServiceOptions,
  request: ResolveRequest,
  principal: string,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<ResolveResponse>> {
  const verdict = decodeVerdict(request);
  if (!verdict.ok) return verdict;
  const { jobId: text, taskName } = request;
  const found = await history.locateTask(taskName === "" ? text : `${text}/${taskName}`);
  if (!found.ok) return found;
  const { task, job, archived } = found.value;
  if (archived !== null) return over(job);
  const command = { type: "Resolve", task: task.id, as: verdict.value } as const;
  const reply = await engine.execute(command, principal);
  return reply.ok ? ok({ job: summary(job) }) : reply;
}

const over = (job: Job) =>
  fail("failed_precondition", `job ${job.id} has already ${job.state.replace("_", " ")}`);
