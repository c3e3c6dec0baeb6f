/**
 * The command line's view of a master: core types in and out, every failure an AlmanacError. Calls
 * have deadlines; streams end when their caller stops reading.
 */
import type { Calibration } from "../core/calibration.js";
import type { DayUsage, UsageQuery } from "../core/history.js";
import type { JoinRole } from "../core/identity.js";
import type { TokenView } from "../core/join-token.js";
import type { BroughtModel, ModelEvaluation, ModelList, ModelView } from "../core/prediction.js";
import { ok, type Result } from "../core/result.js";
import type { SecretView } from "../core/secrets.js";
import type {
  ClusterStatus,
  DrainForecast,
  JobSummary,
  JobView,
  PlanView,
  SubmitReceipt,
  WatchEvent,
  WorkerView,
} from "../core/views.js";
import type { BlobStore } from "../data/blob-store.js";
import { remoteStore } from "../data/remote-store.js";
import {
  decodeNewToken,
  decodeTokenViews,
  type NewToken,
  type Revocation,
} from "../proto/codec/access.js";
import { decodeCalibration } from "../proto/codec/calibration.js";
import {
  decodeClusterStatus,
  decodeWorkerView,
  decodeWorkerViews,
} from "../proto/codec/cluster.js";
import { decodeTaskOutputs, type TaskOutputs } from "../proto/codec/data.js";
import { encodePromotion } from "../proto/codec/model.js";
import {
  type DrainOrder,
  decodeDrainForecast,
  encodeDrainOrder,
  encodeMaintenanceOrder,
  type MaintenanceOrder,
} from "../proto/codec/operations.js";
import {
  decodeEvaluation,
  decodeModelAnswer,
  decodeModelList,
  encodeImport,
} from "../proto/codec/prediction.js";
import {
  decodeJobPage,
  decodeLogChunk,
  decodeSubmitOutcomes,
  decodeUsage,
  encodeListQuery,
  encodeLogsQuery,
  encodeSubmission,
  encodeSubmissions,
  encodeUsageQuery,
  type JobPage,
  type ListQuery,
  type LogChunk,
  type LogsQuery,
  type Submission,
  type Verdict,
} from "../proto/codec/requests.js";
import {
  decodeRotation,
  decodeSecretViews,
  encodeSecretOrder,
  type Rotation,
} from "../proto/codec/secrets.js";
import {
  ClusterServiceClient,
  DataServiceClient,
  JobServiceClient,
  ModelServiceClient,
  SecretServiceClient,
} from "../proto/codec/services.js";
import {
  decodeJobSummary,
  decodeJobView,
  decodePlanView,
  decodeSubmitReceipt,
  decodeWatchEvent,
} from "../proto/codec/views.js";
import { channelToMaster, tlsClientOptions } from "../proto/security/channel.js";
import type { Credentials } from "../proto/security/credentials.js";
import {
  type Call,
  caller,
  callerMetadata,
  longDeadlineMs,
  read,
  shortDeadlineMs,
} from "./call.js";

export interface Client {
  readonly address: string;
  submit(submission: Submission): Promise<Result<SubmitReceipt>>;
  /** One answer for each, in order: each is taken or refused by itself. */
  submitBatch(submissions: readonly Submission[]): Promise<Result<readonly SubmitOutcome[]>>;
  get(job: string): Promise<Result<JobView>>;
  /** Without tasks. */
  getSummary(job: string): Promise<Result<JobSummary>>;
  list(query: ListQuery): Promise<Result<JobPage>>;
  usage(query: UsageQuery): Promise<Result<readonly DayUsage[]>>;
  cancel(job: string, task: string, reason: string): Promise<Result<JobSummary>>;
  retry(job: string, task: string): Promise<Result<Retried>>;
  /** `task` empty: the whole job. */
  pause(job: string, task: string): Promise<Result<JobSummary>>;
  resume(job: string, task: string): Promise<Result<JobSummary>>;
  /** Empty task: of a job that has just one. */
  resolve(job: string, task: string, verdict: Verdict): Promise<Result<JobSummary>>;
  /** Empty: of the whole cluster. */
  plan(job: string): Promise<Result<PlanView>>;
  workers(): Promise<Result<readonly WorkerView[]>>;
  cordon(worker: string): Promise<Result<WorkerView>>;
  uncordon(worker: string): Promise<Result<WorkerView>>;
  liftQuarantine(worker: string): Promise<Result<WorkerView>>;
  drain(order: DrainOrder): Promise<Result<Drained>>;
  undrain(worker: string): Promise<Result<WorkerView>>;
  scheduleMaintenance(order: MaintenanceOrder): Promise<Result<WorkerView>>;
  removeMaintenance(worker: string, windowId: string): Promise<Result<WorkerView>>;
  status(): Promise<Result<ClusterStatus>>;
  createToken(role: JoinRole, name: string, ttlMs: number): Promise<Result<NewToken>>;
  tokens(): Promise<Result<readonly TokenView[]>>;
  /** Of a token's id or a name; null: whatever its role. */
  revoke(target: string, role: JoinRole | null): Promise<Result<Revocation>>;
  /** The version that the value has. */
  setSecret(namespace: string, name: string, value: Uint8Array): Promise<Result<number>>;
  /** Empty: of all namespaces. */
  secrets(namespace: string): Promise<Result<readonly SecretView[]>>;
  removeSecret(namespace: string, name: string): Promise<Result<null>>;
  rotateSecretKey(): Promise<Result<Rotation>>;
  models(): Promise<Result<ModelList>>;
  /** Answers when it is done. */
  trainModel(): Promise<Result<ModelView>>;
  evaluateModel(version: string): Promise<Result<ModelEvaluation>>;
  importModel(brought: BroughtModel): Promise<Result<ModelView>>;
  /** What is served from now on; null: statistics alone. */
  promoteModel(version: string | null, pin: boolean): Promise<Result<ModelView | null>>;
  calibration(): Promise<Result<Calibration>>;
  /** Ends after the first failure. */
  watch(job: string, afterSequence: number, signal: AbortSignal): AsyncIterable<Result<WatchEvent>>;
  logs(query: LogsQuery, signal: AbortSignal): AsyncIterable<Result<LogChunk>>;
  /** What a task has left, by its last attempt that succeeded. */
  outputs(task: string): Promise<Result<TaskOutputs>>;
  /** The master's store of inputs and outputs. */
  readonly store: BlobStore;
  close(): void;
}

export type SubmitOutcome = Result<SubmitReceipt>;

export interface Retried {
  readonly job: JobSummary;
  readonly tasks: number;
}

export interface Drained {
  readonly worker: WorkerView;
  /** What was foreseen of it before it began. */
  readonly forecast: DrainForecast;
}

export type { LogChunk };

const channelOptions = {
  ...tlsClientOptions,
  "grpc.max_send_message_length": -1,
  "grpc.max_receive_message_length": -1,
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 10_000,
  // A channel of one's own: a backoff of another client in this process must not hold this one up.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
};

/** `held` null: in plain text, which is for loopback only. */
export function createClient(address: string, held: Credentials | null = null): Client {
  const channel = channelToMaster(address, held);
  const jobs = new JobServiceClient(address, channel, channelOptions);
  const cluster = new ClusterServiceClient(address, channel, channelOptions);
  const data = new DataServiceClient(address, channel, channelOptions);
  const secrets = new SecretServiceClient(address, channel, channelOptions);
  const models = new ModelServiceClient(address, channel, channelOptions);
  const call = caller(address);
  return {
    address,
    ...jobCalls(jobs, call),
    ...clusterCalls(cluster, call),
    ...secretCalls(secrets, call),
    ...modelCalls(models, call),
    watch: (jobId, afterSequence, signal) =>
      read(
        address,
        jobs.watch({ jobId, afterSequence }, callerMetadata()),
        decodeWatchEvent,
        signal,
      ),
    logs: (query, signal) =>
      read(address, jobs.logs(encodeLogsQuery(query), callerMetadata()), decodeLogChunk, signal),
    outputs: (taskId) => call(data.listOutputs.bind(data), { taskId }, decodeTaskOutputs),
    store: remoteStore(data, callerMetadata),
    close() {
      jobs.close();
      cluster.close();
      data.close();
      secrets.close();
      models.close();
    },
  };
}

const jobCalls = (jobs: JobServiceClient, call: Call) =>
  ({
    submitBatch: (submissions) =>
      call(jobs.submitBatch.bind(jobs), encodeSubmissions(submissions), (answer) =>
        ok(decodeSubmitOutcomes(answer)),
      ),
    submit: (submission) =>
      call(jobs.submit.bind(jobs), encodeSubmission(submission), decodeSubmitReceipt),
    get: (jobId) =>
      call(jobs.get.bind(jobs), { jobId, summaryOnly: false }, ({ job }) => decodeJobView(job)),
    getSummary: (jobId) =>
      call(jobs.get.bind(jobs), { jobId, summaryOnly: true }, ({ job }) => {
        const view = decodeJobView(job);
        return view.ok ? ok(view.value.summary) : view;
      }),
    list: (query) => call(jobs.list.bind(jobs), encodeListQuery(query), decodeJobPage),
    usage: (query) => call(jobs.usage.bind(jobs), encodeUsageQuery(query), decodeUsage),
    cancel: (jobId, taskName, reason) =>
      call(jobs.cancel.bind(jobs), { jobId, taskName, reason }, ({ job }) => decodeJobSummary(job)),
    retry: (jobId, taskName) =>
      call(jobs.retry.bind(jobs), { jobId, taskName }, ({ job, tasks }) => {
        const summary = decodeJobSummary(job);
        return summary.ok ? ok({ job: summary.value, tasks }) : summary;
      }),
    pause: (jobId, taskName) =>
      call(jobs.pause.bind(jobs), { jobId, taskName }, ({ job }) => decodeJobSummary(job)),
    resume: (jobId, taskName) =>
      call(jobs.resume.bind(jobs), { jobId, taskName }, ({ job }) => decodeJobSummary(job)),
    resolve: (jobId, taskName, verdict) =>
      call(jobs.resolve.bind(jobs), { jobId, taskName, verdict }, ({ job }) =>
        decodeJobSummary(job),
      ),
    plan: (jobId) => call(jobs.getPlan.bind(jobs), { jobId }, decodePlanView),
  }) satisfies Partial<Client>;

const clusterCalls = (cluster: ClusterServiceClient, call: Call) =>
  ({
    workers: () => call(cluster.listWorkers.bind(cluster), {}, decodeWorkerViews, shortDeadlineMs),
    cordon: (worker) =>
      call(cluster.cordon.bind(cluster), { worker }, ({ worker: view }) => decodeWorkerView(view)),
    uncordon: (worker) =>
      call(cluster.uncordon.bind(cluster), { worker }, ({ worker: view }) =>
        decodeWorkerView(view),
      ),
    liftQuarantine: (worker) =>
      call(cluster.liftQuarantine.bind(cluster), { worker }, ({ worker: view }) =>
        decodeWorkerView(view),
      ),
    drain: (order) =>
      call(cluster.drain.bind(cluster), encodeDrainOrder(order), (response) => {
        const worker = decodeWorkerView(response.worker);
        if (!worker.ok) return worker;
        const forecast = decodeDrainForecast(response.forecast);
        return forecast.ok ? ok({ worker: worker.value, forecast: forecast.value }) : forecast;
      }),
    undrain: (worker) =>
      call(cluster.undrain.bind(cluster), { worker }, ({ worker: view }) => decodeWorkerView(view)),
    scheduleMaintenance: (order) =>
      call(
        cluster.scheduleMaintenance.bind(cluster),
        encodeMaintenanceOrder(order),
        ({ worker: view }) => decodeWorkerView(view),
      ),
    removeMaintenance: (worker, windowId) =>
      call(cluster.removeMaintenance.bind(cluster), { worker, windowId }, ({ worker: view }) =>
        decodeWorkerView(view),
      ),
    status: () => call(cluster.getStatus.bind(cluster), {}, decodeClusterStatus, shortDeadlineMs),
    createToken: (role, name, ttlMs) =>
      call(cluster.createToken.bind(cluster), { role, name, ttlMs }, decodeNewToken),
    tokens: () => call(cluster.listTokens.bind(cluster), {}, decodeTokenViews, shortDeadlineMs),
    revoke: (target, role) =>
      call(cluster.revokeAccess.bind(cluster), { target, role: role ?? "" }, ok),
  }) satisfies Partial<Client>;

const secretCalls = (secrets: SecretServiceClient, call: Call) =>
  ({
    setSecret: (namespace, name, value) =>
      call(
        secrets.setSecret.bind(secrets),
        encodeSecretOrder({ namespace, name, value }),
        ({ version }) => ok(version),
      ),
    secrets: (namespace) =>
      call(secrets.listSecrets.bind(secrets), { namespace }, decodeSecretViews),
    removeSecret: (namespace, name) =>
      call(secrets.removeSecret.bind(secrets), { namespace, name }, () => ok(null)),
    rotateSecretKey: () => call(secrets.rotateSecretKey.bind(secrets), {}, decodeRotation),
  }) satisfies Partial<Client>;

const modelCalls = (models: ModelServiceClient, call: Call) =>
  ({
    calibration: () => call(models.getCalibration.bind(models), {}, decodeCalibration),
    models: () => call(models.listModels.bind(models), {}, decodeModelList),
    trainModel: () => call(models.trainModel.bind(models), {}, decodeModelAnswer, longDeadlineMs),
    evaluateModel: (version) =>
      call(models.evaluateModel.bind(models), { version }, decodeEvaluation, longDeadlineMs),
    importModel: (brought) =>
      call(
        models.importModel.bind(models),
        encodeImport(brought),
        decodeModelAnswer,
        longDeadlineMs,
      ),
    promoteModel: (version, pin) =>
      call(
        models.promoteModel.bind(models),
        encodePromotion({ version, pin }),
        (answer): Result<ModelView | null> =>
          answer.model === undefined ? ok(null) : decodeModelAnswer(answer),
      ),
  }) satisfies Partial<Client>;
