/**
 * The state as texts and back, for snapshots. What follows from the rest (a job's graph, groups,
 * indices by status) is derived again; every order that a decision could see is kept: of maps, of
 * the sets in the index, of a worker's live attempts. The law: a decoded state has the same hash as
 * the one that was encoded, and lives on in the same way.
 */
import {
  calibrationOfPlain,
  type PlainCalibration,
  plainCalibration,
} from "../../core/calibration.js";
import { fromPlain, type PlainStatistics, toPlain } from "../../core/estimate.js";
import type { AttemptId, JobId, TaskId } from "../../core/ids.js";
import { taskOfAttempt } from "../../core/ids.js";
import { memoryOfPlain, type PlainMemory, plainMemory } from "../../core/memory-estimate.js";
import { endsOfPlain, type PlainEnds, plainEnds } from "../../core/recent-ends.js";
import { assert, unreachable } from "../../core/result.js";
import {
  comparisonOf,
  emptySpeed,
  type PlainComparison,
  plainComparison,
} from "../../core/worker-speed.js";
import { type Due, dueTimesOf } from "./due-times.js";
import type { PlainJob } from "./events.js";
import { touchCertificate, touchToken } from "./evolve/access.js";
import { touchPool } from "./evolve/attempts.js";
import { touchCalibration } from "./evolve/calibration.js";
import {
  jobOf,
  taskOf,
  touchJob,
  touchModel,
  touchPlan,
  touchRevised,
  touchSpec,
  touchTask,
  touchWorker,
} from "./evolve/entities.js";
import { keepKey } from "./evolve/history.js";
import { touchSecret } from "./evolve/secrets.js";
import { genesis } from "./genesis.js";
import { expectMissingEnds } from "./overruns.js";
import { jobOfPlain, plainJob } from "./plain-job.js";
import { countIn } from "./speed.js";
import {
  type CertificateRecord,
  type Index,
  type PlanEntry,
  type PlanState,
  type SecretRecord,
  type State,
  secretKey,
  type TokenRecord,
  type WorkerRecord,
} from "./state.js";

/**
 * Raised whenever a text that the code before wrote would be misread. Journals are trimmed below
 * snapshots since version 2, so from then on every version has to be read for ever: whoever raises
 * it teaches `decodeState` the one before, and keeps a snapshot of that as a fixture.
 */
export const stateCodecVersion = 2;

/** Texts of one kind each, so that none grows with the whole state. */
export function* encodeState(state: State): Generator<string> {
  yield text("head", headOf(state));
  for (const job of state.jobs.values()) yield text("job", plainJob(job));
  for (const worker of state.workers.values()) yield text("worker", plainWorker(worker));
  yield text("statistics", toPlain(state.statistics));
  yield text("peaks", plainMemory(state.peaks));
  yield text("recentEnds", plainEnds(state.recentEnds));
  yield text("comparison", plainComparison(state.comparison));
  yield text("calibration", plainCalibration(state.calibration));
  for (const token of state.access.tokens.values()) yield text("token", token);
  for (const certificate of state.access.certificates) yield text("certificate", certificate);
  for (const secret of state.secrets.values()) yield text("secret", secret);
  for (const part of partsOf(state.plan.entries)) yield text("plan", part);
  for (const part of partsOf(state.idempotency)) yield text("keys", part);
  for (const part of partsOf(state.keysKept)) yield text("keysKept", part);
  for (const part of partsOf(state.index.openJobs)) {
    yield text(
      "openJobs",
      Array.from(part, ({ id }) => id),
    );
  }
  for (const name of taskIndices) {
    for (const part of partsOf(state.index[name])) {
      yield text("index", { name, tasks: Array.from(part, ({ id }) => id) });
    }
  }
  for (const part of partsOf(state.index.due.heap)) yield text("due", part);
  yield text("end", state.seq);
}

/** Throws if the texts are not those of `encodeState`, all of them. */
export function decodeState(texts: Iterable<string>): State {
  const state = genesis();
  let ended = false;
  for (const line of texts) {
    assert(!ended, "something stands behind the end of a state");
    const part = JSON.parse(line) as Part;
    decodePart(state, part);
    ended = part[0] === "end";
  }
  assert(ended, "a state without its end");
  return state;
}

/** Of what is written, by kind. */
type Part =
  | ["head", Head]
  | ["job", PlainJob]
  | ["worker", PlainWorker]
  | ["statistics", PlainStatistics]
  | ["peaks", PlainMemory]
  | ["recentEnds", PlainEnds]
  | ["comparison", PlainComparison]
  | ["calibration", PlainCalibration]
  | ["token", TokenRecord]
  | ["certificate", readonly [serial: string, CertificateRecord]]
  | ["secret", SecretRecord]
  | ["plan", readonly (readonly [TaskId, PlanEntry])[]]
  | ["keys", readonly (readonly [string, JobId])[]]
  | ["keysKept", readonly (readonly [string, number])[]]
  | ["openJobs", readonly JobId[]]
  | ["index", { readonly name: TaskIndex; readonly tasks: readonly TaskId[] }]
  | ["due", readonly Due[]]
  | ["end", number];

const text = (...part: Part): string => JSON.stringify(part);

const taskIndices = ["ready", "held", "backoff", "unknown", "live", "hard"] as const;
type TaskIndex = (typeof taskIndices)[number] & keyof Index;

const partMax = 1_000;

function* partsOf<T>(all: Iterable<T>): Generator<readonly T[]> {
  let part: T[] = [];
  for (const each of all) {
    part.push(each);
    if (part.length === partMax) {
      yield part;
      part = [];
    }
  }
  if (part.length > 0) yield part;
}

function decodePart(state: State, [kind, value]: Part): void {
  switch (kind) {
    case "head":
      return restoreHead(state, value);
    case "job":
      return restoreJob(state, value);
    case "worker":
      return restoreWorker(state, value);
    case "statistics":
      return void Object.assign(state.statistics, fromPlain(value));
    case "peaks":
      return void Object.assign(state.peaks, memoryOfPlain(value));
    case "recentEnds":
      return void Object.assign(state.recentEnds, endsOfPlain(value));
    case "comparison":
      return void Object.assign(state.comparison, comparisonOf(value));
    case "calibration":
      Object.assign(state.calibration, calibrationOfPlain(value));
      return touchCalibration(state);
    case "token":
      state.access.tokens.set(value.id, value);
      return touchToken(state, value.id);
    case "certificate":
      state.access.certificates.set(...value);
      return touchCertificate(state, value[0]);
    case "secret":
      state.secrets.set(secretKey(value.namespace, value.name), value);
      return touchSecret(state, value.namespace, value.name);
    case "plan":
      for (const [task, entry] of value) state.plan.entries.set(task, entry);
      return;
    case "keys":
      for (const [key, job] of value) state.idempotency.set(key, job);
      return;
    case "keysKept":
      for (const [key, untilMs] of value) keepKey(state, key, untilMs);
      return;
    case "openJobs":
      for (const job of value) state.index.openJobs.add(jobOf(state, job));
      return;
    case "index":
      for (const task of value.tasks) state.index[value.name].add(taskOf(state, task));
      return;
    case "due":
      state.index.due = dueTimesOf([...state.index.due.heap, ...value]);
      return;
    case "end":
      assert(value === state.seq, `a state of event ${state.seq} ends with ${value}`);
      expectMissingEnds(state);
      return;
    default:
      return unreachable(kind);
  }
}

/**
 * Fields are left out by name and not chosen by name: one that is added later goes along, as long
 * as JSON can hold it.
 */
function headOf(state: State) {
  const {
    jobs: _jobs,
    tasks: _tasks,
    workers: _workers,
    idempotency: _idempotency,
    keysKept: _keysKept,
    access: _access,
    secrets: _secrets,
    statistics: _statistics,
    peaks: _peaks,
    recentEnds: _recentEnds,
    comparison: _comparison,
    calibration: _calibration,
    index: _index,
    hash: _hash,
    poolUse,
    poolConsumed,
    plan,
    ...own
  } = state;
  const { entries: _entries, ...planned } = plan;
  return { own, planned, poolUse: [...poolUse], poolConsumed: [...poolConsumed] };
}
type Head = ReturnType<typeof headOf>;

function restoreHead(state: State, { own, planned, poolUse, poolConsumed }: Head): void {
  Object.assign(state, own);
  Object.assign(state.plan, planned satisfies Omit<PlanState, "entries">);
  for (const [name, amount] of poolUse) state.poolUse.set(name, amount);
  for (const [name, amount] of poolConsumed) {
    state.poolConsumed.set(name, amount);
    touchPool(state, name);
  }
  touchPlan(state);
  touchModel(state);
}

function restoreJob(state: State, plain: PlainJob): void {
  const job = jobOfPlain(plain);
  state.jobs.set(job.id, job);
  touchSpec(state, job);
  touchJob(state, job);
  if (job.revised !== null) touchRevised(state, job);
  for (const task of job.tasks) {
    state.tasks.set(task.id, task);
    touchTask(state, task);
  }
}

/** `speed` is not there in what was written before it was learnt. */
type PlainWorker = Omit<WorkerRecord, "live" | "speed"> &
  Partial<Pick<WorkerRecord, "speed">> & { readonly live: readonly AttemptId[] };

const plainWorker = (worker: WorkerRecord): PlainWorker => ({
  ...worker,
  live: [...worker.live.keys()],
});

function restoreWorker(state: State, { live, speed = emptySpeed(), ...own }: PlainWorker): void {
  const tasks = live.map((id) => [id, taskOf(state, taskOfAttempt(id))] as const);
  const worker: WorkerRecord = { ...own, speed, live: new Map(tasks) };
  state.workers.set(worker.id, worker);
  countIn(state, worker, 1);
  touchWorker(state, worker);
}
