/** JobService: from the wire to commands and views, and back. Decides nothing. */
import { randomBytes } from "node:crypto";
import { jobId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { JobView, SubmitReceipt } from "../../core/views.js";
import type { BlobDirectory } from "../../data/blob-directory.js";
import { shortHash } from "../../data/blob-failure.js";
import {
  decodeListQuery,
  decodeSubmission,
  decodeSubmissions,
  decodeVerdict,
  encodeJobPage,
  encodeSubmitOutcomes,
  type JobPage,
  type ListQuery,
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
import { jobInputs } from "../pure/data.js";
import { dryRun } from "../pure/dry-run.js";
import type { Job } from "../pure/state.js";
import { jobSummary, jobView, planView } from "../pure/views.js";
import type { Engine } from "./engine.js";
import type { Forecasts } from "./forecasts.js";
import { streamLogs } from "./job-logs.js";
import { streamWatch } from "./job-watch.js";
import type { LogCache } from "./log-cache.js";
import type { LogRelay } from "./logs.js";
import { findJob, findTask, findTaskByPath } from "./lookup.js";
import { unary } from "./unary.js";
import type { Watches } from "./watches.js";

export interface JobServiceOptions {
  readonly engine: Engine;
  readonly forecasts: Forecasts;
  readonly watches: Watches;
  readonly logs: LogRelay;
  readonly logCache: LogCache;
  readonly blobs: BlobDirectory;
}

export function jobService(options: JobServiceOptions): JobServiceServer {
  const { engine, forecasts } = options;
  const view = (job: Job, withTasks: boolean): JobView =>
    jobView(engine.state, job, forecasts.get(), withTasks);
  const summary = (job: Job) => encodeJobSummary(jobSummary(engine.state, job, forecasts.get()));

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
    get: unary(
      async ({ jobId: text, summaryOnly }): Promise<Result<GetResponse>> =>
        engine.read((state) => {
          const job = findJob(state, text);
          return job.ok ? ok({ job: encodeJobView(view(job.value, !summaryOnly)) }) : job;
        }),
    ),
    list: unary(async (request) => {
      const query = decodeListQuery(request);
      if (!query.ok) return query;
      return ok(encodeJobPage(await engine.read(() => list(options, query.value))));
    }),
    watch: (call) => streamWatch(options, call),
    wait: unary(async (request, _, gone) => wait(options, request, summary, gone)),
    cancel: unary(
      async (request, principal): Promise<Result<CancelResponse>> =>
        cancel(engine, request, principal, summary),
    ),
    retry: unary(async ({ jobId: text, taskName }, principal): Promise<Result<RetryResponse>> => {
      const job = findJob(engine.state, text);
      if (!job.ok) return job;
      const task = taskName === "" ? null : findTask(job.value, taskName);
      if (task !== null && !task.ok) return task;
      const target = { job: job.value.id, task: task?.value.id ?? null };
      const reply = await engine.execute({ type: "Retry", ...target }, principal);
      if (!reply.ok) return reply;
      const tasks = reply.value.kind === "retry" ? reply.value.tasks : 0;
      return ok({ job: summary(job.value), tasks });
    }),
    pause: unary(
      async (request, principal): Promise<Result<PauseResponse>> =>
        hold(engine, "Pause", request, principal, summary),
    ),
    resume: unary(
      async (request, principal): Promise<Result<ResumeResponse>> =>
        hold(engine, "Resume", request, principal, summary),
    ),
    resolve: unary(
      async (request, principal): Promise<Result<ResolveResponse>> =>
        resolve(engine, request, principal, summary),
    ),
    amend: unary(async () =>
      fail("failed_precondition", "changing a job while it runs is not possible yet"),
    ),
    logs: (call) => streamLogs(options, call),
    getPlan: unary(
      async ({ jobId: text }): Promise<Result<GetPlanResponse>> =>
        engine.read((state) => {
          const job = text === "" ? null : findJob(state, text);
          if (job !== null && !job.ok) return job;
          return ok(encodePlanView(planView(state, forecasts.get(), job?.value.id ?? null)));
        }),
    ),
  };
}

async function submitOne(
  { engine, blobs }: JobServiceOptions,
  { spec, idempotencyKey, dryRun: only }: Submission,
  principal: string,
): Promise<Result<SubmitReceipt>> {
  const id = newJobId();
  if (only) return dryRun(engine.state, id, spec, principal, engine.nowMs);
  const absent = await absentInput(blobs, spec);
  if (absent !== null) return absent;
  const reply = await engine.execute(
    { type: "Submit", jobId: id, spec, idempotencyKey },
    principal,
  );
  if (!reply.ok) return reply;
  if (reply.value.kind !== "submit") return fail("internal", "unexpected reply to a submission");
  return ok({ ...reply.value.submit, forecast: null });
}

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

/** Newest first; `next` is where to go on, empty at the end. */
function list({ engine, forecasts }: JobServiceOptions, query: ListQuery): JobPage {
  const { namespace, states, limit, after } = query;
  const all = [...engine.state.jobs.values()].reverse();
  const from = after === "" ? 0 : all.findIndex((job) => job.id === after) + 1;
  const chosen = all
    .slice(from)
    .filter((job) => namespace === "" || job.spec.namespace === namespace)
    .filter((job) => states.length === 0 || states.includes(job.state));
  const page = chosen.slice(0, limit);
  return {
    jobs: page.map((job) => jobSummary(engine.state, job, forecasts.get())),
    next: chosen.length > limit ? (page.at(-1)?.id ?? "") : "",
  };
}

async function wait(
  { engine, watches }: JobServiceOptions,
  { jobId: text, timeoutMs }: WaitRequest,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
  gone: AbortSignal,
): Promise<Result<WaitResponse>> {
  const found = findJob(engine.state, text);
  if (!found.ok) return found;
  const job = found.value;
  if (job.state === "running") await watches.untilEnded(job.id, timeoutMs, gone);
  await engine.durable();
  return ok({ job: summary(job), finished: job.state !== "running" });
}

async function cancel(
  engine: Engine,
  { jobId: text, taskName, reason }: CancelRequest,
  principal: string,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<CancelResponse>> {
  const job = findJob(engine.state, text);
  if (!job.ok) return job;
  const task = taskName === "" ? null : findTask(job.value, taskName);
  if (task !== null && !task.ok) return task;
  const why = reason === "" ? `cancelled by ${principal}` : reason;
  const target = { job: job.value.id, task: task?.value.id ?? null };
  const reply = await engine.execute({ type: "Cancel", ...target, reason: why }, principal);
  return reply.ok ? ok({ job: summary(job.value) }) : reply;
}

async function hold(
  engine: Engine,
  type: "Pause" | "Resume",
  { jobId: text, taskName }: { readonly jobId: string; readonly taskName: string },
  principal: string,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<PauseResponse>> {
  const job = findJob(engine.state, text);
  if (!job.ok) return job;
  const task = taskName === "" ? null : findTask(job.value, taskName);
  if (task !== null && !task.ok) return task;
  const target = { job: job.value.id, task: task?.value.id ?? null };
  const reply = await engine.execute({ type, ...target }, principal);
  return reply.ok ? ok({ job: summary(job.value) }) : reply;
}

async function resolve(
  engine: Engine,
  request: ResolveRequest,
  principal: string,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<ResolveResponse>> {
  const verdict = decodeVerdict(request);
  if (!verdict.ok) return verdict;
  const { jobId: text, taskName } = request;
  const task = findTaskByPath(engine.state, taskName === "" ? text : `${text}/${taskName}`);
  if (!task.ok) return task;
  const command = { type: "Resolve", task: task.value.id, as: verdict.value } as const;
  const reply = await engine.execute(command, principal);
  return reply.ok ? ok({ job: summary(task.value.job) }) : reply;
}
