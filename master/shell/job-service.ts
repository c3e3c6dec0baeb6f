/** JobService: from the wire to commands and views, and back. Decides nothing. */
import { randomBytes } from "node:crypto";
import { jobId } from "../../core/ids.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { JobView, SubmitReceipt } from "../../core/views.js";
import { encodeErrorDetail } from "../../proto/codec/errors.js";
import { decodeJobSpec } from "../../proto/codec/job.js";
import type {
  CancelRequest,
  CancelResponse,
  GetPlanResponse,
  GetResponse,
  JobServiceServer,
  ListRequest,
  ListResponse,
  RetryResponse,
  SubmitOutcome,
  SubmitRequest,
  WaitRequest,
  WaitResponse,
} from "../../proto/codec/services.js";
import {
  decodeJobStates,
  encodeJobSummary,
  encodeJobView,
  encodePlanView,
  encodeSubmitReceipt,
} from "../../proto/codec/views.js";
import { dryRun } from "../pure/dry-run.js";
import type { Job } from "../pure/state.js";
import { jobSummary, jobView, planView } from "../pure/views.js";
import type { Engine } from "./engine.js";
import type { Forecasts } from "./forecasts.js";
import { streamLogs } from "./job-logs.js";
import { streamWatch } from "./job-watch.js";
import type { LogRelay } from "./logs.js";
import { findJob, findTask } from "./lookup.js";
import { unary } from "./unary.js";
import type { Watches } from "./watches.js";

export interface JobServiceOptions {
  readonly engine: Engine;
  readonly forecasts: Forecasts;
  readonly watches: Watches;
  readonly logs: LogRelay;
}

const batchMax = 10_000;
const listDefault = 100;
const listMax = 1_000;

export function jobService(options: JobServiceOptions): JobServiceServer {
  const { engine, forecasts } = options;
  const view = (job: Job, withTasks: boolean): JobView =>
    jobView(engine.state, job, forecasts.get(), withTasks);
  const summary = (job: Job) => encodeJobSummary(jobSummary(engine.state, job, forecasts.get()));

  return {
    submit: unary(async (request, principal) => {
      const receipt = await submitOne(engine, request, principal);
      return receipt.ok ? ok(encodeSubmitReceipt(receipt.value)) : receipt;
    }),
    submitBatch: unary(async ({ requests }, principal) => {
      if (requests.length > batchMax) return fail("limit_exceeded", tooMany);
      const receipts = await Promise.all(
        requests.map((request) => submitOne(engine, request, principal)),
      );
      return ok({ outcomes: receipts.map(encodeOutcome) });
    }),
    get: unary(
      async ({ jobId: text, summaryOnly }): Promise<Result<GetResponse>> =>
        engine.read((state) => {
          const job = findJob(state, text);
          return job.ok ? ok({ job: encodeJobView(view(job.value, !summaryOnly)) }) : job;
        }),
    ),
    list: unary(async (request) => engine.read(() => list(options, request))),
    watch: (call) => streamWatch(options, call),
    wait: unary(async (request) => wait(options, request, summary)),
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

const tooMany = `a batch holds at most ${batchMax} jobs`;

async function submitOne(
  engine: Engine,
  { spec: wire, idempotencyKey, dryRun: only }: SubmitRequest,
  principal: string,
): Promise<Result<SubmitReceipt>> {
  const spec = decodeJobSpec(wire);
  if (!spec.ok) return spec;
  if (idempotencyKey.length > 256) {
    const field = "idempotency_key";
    return fail("limit_exceeded", "the idempotency key is too long", [
      { field, message: "characters", limit: 256 },
    ]);
  }
  const id = newJobId();
  if (only) return dryRun(engine.state, id, spec.value, principal, engine.nowMs);
  const reply = await engine.execute(
    { type: "Submit", jobId: id, spec: spec.value, idempotencyKey },
    principal,
  );
  if (!reply.ok) return reply;
  if (reply.value.kind !== "submit") return fail("internal", "unexpected reply to a submission");
  return ok({ ...reply.value.submit, forecast: null });
}

const idAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";

/** Ten characters of an alphabet without look-alikes: 50 bits. */
const newJobId = () =>
  jobId(Array.from(randomBytes(10), (byte) => idAlphabet[byte % idAlphabet.length]).join(""));

const encodeOutcome = (receipt: Result<SubmitReceipt>): SubmitOutcome => ({
  outcome: receipt.ok
    ? { $case: "accepted", value: encodeSubmitReceipt(receipt.value) }
    : { $case: "refused", value: encodeErrorDetail(receipt.error) },
});

/** Newest first; `next` is where to go on, empty at the end. */
function list(
  { engine, forecasts }: JobServiceOptions,
  request: ListRequest,
): Result<ListResponse> {
  const states = decodeJobStates(request.states);
  if (!states.ok) return states;
  const limit = Math.min(listMax, request.limit > 0 ? request.limit : listDefault);
  const all = [...engine.state.jobs.values()].reverse();
  const from = request.after === "" ? 0 : all.findIndex((job) => job.id === request.after) + 1;
  const chosen = all
    .slice(from)
    .filter((job) => request.namespace === "" || job.spec.namespace === request.namespace)
    .filter((job) => states.value.length === 0 || states.value.includes(job.state));
  const page = chosen.slice(0, limit);
  return ok({
    jobs: page.map((job) => encodeJobSummary(jobSummary(engine.state, job, forecasts.get()))),
    next: chosen.length > limit ? (page.at(-1)?.id ?? "") : "",
  });
}

async function wait(
  { engine, watches }: JobServiceOptions,
  { jobId: text, timeoutMs }: WaitRequest,
  summary: (job: Job) => ReturnType<typeof encodeJobSummary>,
): Promise<Result<WaitResponse>> {
  const found = findJob(engine.state, text);
  if (!found.ok) return found;
  const job = found.value;
  if (job.state === "running") await watches.untilEnded(job.id, timeoutMs);
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
