/**
 * The master's state: the fold of the journal. Only evolve.ts changes it. Entities carry what their
 * state needs (discriminated unions); indices beside them are derived and never journalled.
 */
import type { CalibrationRecord } from "../../core/calibration.js";
import type { DataFile } from "../../core/data.js";
import type { GroupStatistics } from "../../core/estimate.js";
import type { FinishRange } from "../../core/finish-calibration.js";
import type { JoinRole } from "../../core/identity.js";
import type { AttemptId, Incarnation, JobId, TaskId, WorkerId } from "../../core/ids.js";
import type { JobSpec, TaskEntry, TaskTemplate } from "../../core/job.js";
import type { MemoryStatistics } from "../../core/memory-estimate.js";
import type { ObjectiveParts } from "../../core/objective.js";
import type { RecentEnds } from "../../core/recent-ends.js";
import type { Resources } from "../../core/resources.js";
import type { SecretUse } from "../../core/secrets.js";
import type { Estimate, InitialPlan, JobStateName } from "../../core/views.js";
import type {
  Drain,
  MaintenanceWindow,
  Outcome,
  Quarantine,
  UsageReport,
  WorkerFacts,
} from "../../core/worker.js";
import type { Comparison, SpeedClass, WorkerSpeed } from "../../core/worker-speed.js";
import type { DueTimes } from "./due-times.js";
import type { ClusterSettings, EndState, Fault, Remedy, StopReason } from "./events.js";
import type { StateHash } from "./hash.js";

export type TaskStatus =
  /** Blocked by unsatisfied edges, or held by its scheduled time or another job. */
  | { readonly kind: "pending" }
  | { readonly kind: "ready"; readonly sinceMs: number }
  | { readonly kind: "backoff"; readonly untilMs: number }
  /** Its last attempt is live: launching, running, stopping or unknown. */
  | { readonly kind: "live" }
  | {
      readonly kind: "ended";
      readonly state: EndState;
      readonly atMs: number;
      readonly reason: string;
      readonly message: string;
    };

export type AttemptStatus =
  | { readonly kind: "launching" }
  | { readonly kind: "running"; readonly startedAtMs: number }
  | {
      readonly kind: "stopping";
      readonly startedAtMs: number | null;
      readonly reason: StopReason;
    }
  | {
      readonly kind: "unknown";
      readonly startedAtMs: number | null;
      /** Given up then; null: kept until its worker returns. */
      readonly untilMs: number | null;
      readonly stopReason: StopReason | null;
    }
  | {
      readonly kind: "ended";
      readonly startedAtMs: number | null;
      readonly endedAtMs: number;
      readonly outcome: Outcome;
      readonly usage: UsageReport;
      /** Absent: it left none. */
      readonly outputs?: readonly DataFile[];
      /** Absent: its outcome says it all. */
      readonly fault?: Fault;
    };

/** What its worker has said of pausing an attempt. */
export interface Held {
  /** null: it goes on. */
  readonly sinceMs: number | null;
  /** Over and done with. */
  readonly totalMs: number;
  /** Why the last word could not be done. Absent: it was. */
  readonly problem?: string;
}

export interface Attempt {
  readonly id: AttemptId;
  readonly number: number;
  readonly worker: WorkerId;
  /** Session of the worker's incarnation it was launched on. */
  readonly session: string;
  readonly devices: readonly string[];
  /** Of the task's modes. Absent: it has none. */
  readonly mode?: string;
  /** The values that it is given, by their versions. Absent: none. */
  readonly secrets?: readonly SecretUse[];
  readonly launchedAtMs: number;
  /** Of the events that launched and ended it. Absent: an earlier version did not keep them. */
  readonly launchedSequence?: number;
  endedSequence?: number;
  status: AttemptStatus;
  /** Absent: it was never paused. */
  held?: Held;
}

/** Tasks of a job that start together, keep apart or stay together. */
export interface Bond {
  readonly kind: "gang" | "spread" | "colocate";
  readonly name: string;
  /** Domains of which it speaks; of no meaning for gangs. */
  readonly by: string;
  readonly members: Task[];
}

/** One of the ways to run a task; one that has no modes has one way. */
export interface Way {
  /** Empty: the task has no modes. To be spread into what remembers the mode. */
  readonly named: { readonly mode?: string };
  /** Names it within its job: the template's index, and the mode where it has modes. */
  readonly key: string;
  /** The task as if this were its only way. */
  readonly template: TaskTemplate;
  /** Groups of like runs, from the most to the least specific. */
  readonly groups: readonly string[];
}

export interface Task {
  readonly id: TaskId;
  readonly job: Job;
  /** Index in the job's spec. */
  readonly index: number;
  readonly entry: TaskEntry;
  readonly template: TaskTemplate;
  /** At least one, in the order of its modes; as its remedy has them (ways.ts). */
  ways: readonly Way[];
  /** What it is in with others of its job. */
  readonly bonds: readonly Bond[];
  status: TaskStatus;
  /** Edges into this task that are not yet satisfied. */
  blockers: number;
  /** Its scheduled time, or the jobs it comes after, are still ahead. */
  held: boolean;
  /** The user asked for its end while an attempt was live. */
  cancelRequested: boolean;
  readyAtMs: number | null;
  /** Attempts before it was last retried by hand: policies count from there. */
  attemptsBefore: number;
  /** null: it runs as it was submitted. */
  remedy: Remedy | null;
  /** By itself; its job may be paused as well. */
  paused: boolean;
  readonly attempts: Attempt[];
}

export interface Job {
  readonly id: JobId;
  readonly spec: JobSpec;
  readonly principal: string;
  readonly submittedAtMs: number;
  /** Of the event that submitted it: the order of lists, and of what is meant by a name. */
  sequence: number;
  /** Empty: none was given. */
  idempotencyKey: string;
  /** How jobs that it comes after had ended which were in the archive when it was submitted. */
  afterEnded: Readonly<Record<string, JobStateName>>;
  /** Its timeout counts from here: submission, or the last time it was retried. */
  timeoutFromMs: number;
  readonly revision: number;
  readonly tasks: Task[];
  /** Edges leaving task i: edgesOut[firstOut[i] … firstOut[i + 1]), as indices into spec.edges. */
  readonly firstOut: Uint32Array;
  readonly edgesOut: Uint32Array;
  readonly firstIn: Uint32Array;
  readonly edgesIn: Uint32Array;
  /** Task indices, each after all that it depends on. */
  readonly topological: Uint32Array;
  /** 1 for tasks that run only if something fails: no plan foresees them. */
  readonly conditional: Uint8Array;
  /** The ways to run each template's tasks that have no remedy. */
  readonly ways: readonly (readonly Way[])[];
  /** For each template the first one of its name: they share `maxConcurrent`. */
  readonly groupOfTemplate: Uint32Array;
  /** Live attempts per group of templates. */
  readonly liveInGroup: Uint32Array;
  /** Median of what the user estimates for tasks of this job; null: nothing is estimated. */
  readonly typicalMs: number | null;
  open: number;
  state: JobStateName;
  ending: { readonly state: "cancelled" | "timed_out"; readonly reason: string } | null;
  startedAtMs: number | null;
  finishedAtMs: number | null;
  /** An attempt of it has ended: what is planned from now on is not the initial plan. */
  progressed: boolean;
  initialPlan: InitialPlan | null;
  /** Attempts after failures, since it was submitted or retried; counted where there is a budget. */
  retriesSpent: number;
  /** null: it is not paused. */
  pausedAtMs: number | null;
  /** What the predictor foresees of its ways, by their keys; null: it has said nothing. */
  revised: Record<string, Estimate> | null;
  /** null: none was made, or something that nobody could foresee has made it void. */
  promise: Promised | null;
}

/** When a job was said to be done, before anything of it had ended. */
export interface Promised {
  readonly fromMs: number;
  readonly given: FinishRange;
  readonly rolled: FinishRange;
}

/** A failure that is held against the worker it happened on. */
export interface Blame {
  /** Tasks of one template of like jobs; `crash`: the worker itself. */
  readonly kind: string;
  /** null: whichever of the kind, for nothing of it has ever succeeded. */
  readonly task: TaskId | null;
  readonly atMs: number;
}

export interface WorkerRecord {
  readonly id: WorkerId;
  incarnation: Incarnation;
  facts: WorkerFacts;
  state: "connected" | "silent" | "lost";
  sinceMs: number;
  /** Live attempts charged to it, unknown ones included. */
  readonly live: Map<AttemptId, Task>;
  used: Resources;
  /** What an operator has decided about it; outlives its connection and its incarnation. */
  cordonedAtMs: number | null;
  drain: Drain | null;
  maintenance: readonly MaintenanceWindow[];
  /** Oldest first. */
  blames: readonly Blame[];
  quarantine: Quarantine | null;
  /** null: it was in none. */
  lastQuarantine: { readonly level: number; readonly endedAtMs: number } | null;
  /** Learnt, beside the benchmark in its facts; whoever plans asks `speedOf`. */
  speed: WorkerSpeed;
}

export interface PlanEntry {
  readonly worker: WorkerId;
  /** Of the task's modes. Absent: it has none. */
  readonly mode?: string;
  readonly startAtMs: number;
  readonly endAtMs: number;
}

export interface PlanState {
  version: number;
  solver: string;
  adoptedAtMs: number;
  value: number;
  bound: number;
  parts: ObjectiveParts;
  makespanMs: number;
  makespanBoundMs: number;
  readonly entries: Map<TaskId, PlanEntry>;
}

export interface TokenRecord {
  readonly id: string;
  readonly role: JoinRole;
  readonly name: string;
  readonly secretHash: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  status: { readonly kind: "open" } | { readonly kind: "used" | "revoked"; readonly atMs: number };
}

export interface CertificateRecord {
  readonly role: JoinRole;
  readonly name: string;
  readonly expiresAtMs: number;
}

/** Who may speak to the master. */
export interface Access {
  readonly tokens: Map<string, TokenRecord>;
  /** By serial: every certificate that is good. One that does not stand here is refused. */
  readonly certificates: Map<string, CertificateRecord>;
}

/** A secret without its value. */
export interface SecretRecord {
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
  readonly setAtMs: number;
  readonly setBy: string;
}

/** Which model the cluster's predictors serve. */
export interface ModelInUse {
  /** null: none. */
  readonly sha256: string | null;
  readonly version: string;
  readonly pinned: boolean;
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
  /** Of the event that chose it; 0: nobody has chosen yet. */
  readonly sequence: number;
}

export interface State {
  /** Sequence of the last event folded in. */
  seq: number;
  atMs: number;
  epoch: number;
  settings: ClusterSettings;
  readonly jobs: Map<JobId, Job>;
  readonly tasks: Map<TaskId, Task>;
  readonly workers: Map<WorkerId, WorkerRecord>;
  readonly idempotency: Map<string, JobId>;
  /** Those of archived jobs, and until when they are remembered at least; the first to go first. */
  readonly keysKept: Map<string, number>;
  /** Amounts of the cluster's pools held by live attempts. */
  readonly poolUse: Map<string, number>;
  /** Of consumable pools, taken by attempts that have ended. */
  readonly poolConsumed: Map<string, number>;
  readonly plan: PlanState;
  readonly access: Access;
  /** By namespace and name. */
  readonly secrets: Map<string, SecretRecord>;
  /** The highest version that a value of any secret has had. */
  secretVersion: number;
  readonly statistics: GroupStatistics;
  /** Peaks of memory of what succeeded, for readers and warnings: nothing is decided by them. */
  readonly peaks: MemoryStatistics;
  /** As `peaks`, of what succeeded and of what failed by itself. */
  readonly recentEnds: RecentEnds;
  /** What the speeds of workers are learnt by. */
  readonly comparison: Comparison;
  model: ModelInUse;
  /** What has come of estimates and promises. */
  readonly calibration: CalibrationRecord;
  /** Running mean of the time from launch to report that an attempt did not spend running. */
  overheadMs: number;
  /** Counts changes to facts that a plan's bound rests on; a bound proven before one is stale. */
  facts: number;
  readonly index: Index;
  readonly hash: StateHash;
}

/** Derived from the entities by evolve, so that no decision scans them all. */
export interface Index {
  readonly openJobs: Set<Job>;
  readonly ready: Set<Task>;
  /** Pending, but held back by time or by another job. */
  readonly held: Set<Task>;
  readonly backoff: Set<Task>;
  readonly unknown: Set<Task>;
  readonly live: Set<Task>;
  /** Of hard deadlines, and neither live nor ended. */
  readonly hard: Set<Task>;
  /** Planned tasks of each worker in plan order; null: to be rebuilt (dispatch.ts). */
  queues: Map<WorkerId, Task[]> | null;
  /** When live attempts will have run past their p90 (overruns.ts). */
  due: DueTimes;
  /** What workers of one hardware say of its speed (speed.ts). */
  readonly speedClasses: Map<string, SpeedClass>;
}

export function liveAttempt(task: Task): Attempt | null {
  const last = task.attempts.at(-1);
  return last !== undefined && last.status.kind !== "ended" ? last : null;
}

/** It has been started since it was submitted or retried: what it waited for has come true. */
export const hasBegun = (task: Task): boolean => task.attempts.length > task.attemptsBefore;

/** Nothing of it is started, and what runs is to be held. */
export const isPaused = ({ paused, job }: Task): boolean => paused || job.pausedAtMs !== null;

export const isEnded = (task: Task): boolean => task.status.kind === "ended";

export const secretKey = (namespace: string, name: string): string => `${namespace}\u0000${name}`;

export const jobKey = (namespace: string, key: string): string => `${namespace}\u0000${key}`;
