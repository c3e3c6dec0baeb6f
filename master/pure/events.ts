/**
 * Everything that can happen, in the past tense. The journal is a sequence of these and state is
 * their fold (evolve.ts). docs/architecture.md has the state tables: every transition there names
 * its event here.
 */

import type { DataFile } from "../../core/data.js";
import type { FinishRange } from "../../core/finish-calibration.js";
import type { JoinRole } from "../../core/identity.js";
import type { AttemptId, Incarnation, JobId, TaskId, WorkerId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import type { ClusterLinks } from "../../core/links.js";
import type { ObjectiveParts, ObjectiveWeights } from "../../core/objective.js";
import type { Pool } from "../../core/resources.js";
import type { SecretUse } from "../../core/secrets.js";
import type { Estimate, JobStateName } from "../../core/views.js";
import type { MaintenanceWindow, Outcome, UsageReport, WorkerFacts } from "../../core/worker.js";

/** What the master was started with; an event, so that replay decides on the same grounds. */
export interface ClusterSettings {
  readonly name: string;
  readonly pools: readonly Pool[];
  /** No worker will join beyond those present and expected: refuse what none of them can run. */
  readonly complete: boolean;
  /** Shapes of workers that are configured to join. */
  readonly expectedWorkers: readonly WorkerFacts[];
  /** A worker silent for this long is lost. */
  readonly silenceLimitMs: number;
  /** Added to a stopped attempt's deadline before its task is given to another worker. */
  readonly clockMarginMs: number;
  /** Tasks in one Problem at most. */
  readonly planningWindow: number;
  /** By which plans are compared. Absent: the default one. */
  readonly objective?: ObjectiveWeights;
  /** What data pays between workers. Absent: the default one. */
  readonly links?: ClusterLinks;
}

export type EndState = "succeeded" | "failed" | "timed_out" | "cancelled" | "skipped";

/**
 * Why an attempt is stopped. One that is stopped by a drain, or released because another of its
 * gang was refused, does not end its task.
 */
export type StopReason = "cancelled" | "timed_out" | "drained" | "released";

export interface PlannedEntry {
  readonly task: TaskId;
  readonly worker: WorkerId;
  /** Of the task's modes. Absent: it has none. */
  readonly mode?: string;
  readonly startAtMs: number;
  readonly endAtMs: number;
}

/** What has become of a task's ways: more memory after it ran out of it, or its fallback. */
export interface Remedy {
  /** Asked for at least; null: what the ways say. */
  readonly memoryBytes: number | null;
  /** Its own ways are over. */
  readonly fallback: boolean;
}

/** Why an attempt that did not fail by itself has ended, where that says something of its worker. */
export type Fault =
  /** Its worker or supervisor went down while it ran. */
  "worker_down" | "refused";

export interface Launching {
  readonly attempt: AttemptId;
  readonly worker: WorkerId;
  /** Ids of the devices it holds. */
  readonly devices: readonly string[];
  /** Of the task's modes. Absent: it has none. */
  readonly mode?: string;
  /** The values that it is given, by their versions. Absent: none. */
  readonly secrets?: readonly SecretUse[];
}

/** A job as plain data (plain-job.ts): in snapshots and the archive, and when it comes back. */
export interface PlainJob {
  readonly id: JobId;
  readonly spec: JobSpec;
  readonly principal: string;
  readonly submittedAtMs: number;
  readonly liveInGroup: readonly number[];
  readonly own: Readonly<Record<string, unknown>>;
  readonly tasks: readonly Readonly<Record<string, unknown>>[];
}

/** What the predictor foresees now of one way of one template of a job, on a worker of speed 1. */
export interface Revision extends Estimate {
  readonly job: JobId;
  /** Index in the job's spec. */
  readonly template: number;
  /** Of the task's modes. Absent: it has none. */
  readonly mode?: string;
}

export type Event =
  | { readonly type: "EpochBegan"; readonly epoch: number; readonly settings: ClusterSettings }
  | {
      readonly type: "JobSubmitted";
      readonly job: JobId;
      readonly spec: JobSpec;
      /** Empty: none was given. */
      readonly idempotencyKey: string;
      /** How jobs in the archive ended that it comes after. Absent: it comes after none of those. */
      readonly afterEnded?: Readonly<Record<string, JobStateName>>;
    }
  | {
      readonly type: "JobCancelRequested";
      readonly job: JobId;
      readonly state: "cancelled" | "timed_out";
      readonly reason: string;
    }
  | { readonly type: "JobEnded"; readonly job: JobId; readonly state: JobStateName }
  | { readonly type: "JobReopened"; readonly job: JobId; readonly tasks: readonly TaskId[] }
  /** The archive has it, synced: it leaves memory. */
  | {
      readonly type: "JobArchived";
      readonly job: JobId;
      /** Its idempotency key is remembered until then. Absent: it has none of its own. */
      readonly keyUntilMs?: number;
    }
  /** It comes back from the archive as it was, because it is to run again. */
  | { readonly type: "JobReloaded"; readonly job: JobId; readonly plain: PlainJob }
  /** Of archived jobs, as `jobKey` makes them: what they stand for may be submitted anew. */
  | { readonly type: "KeysForgotten"; readonly keys: readonly string[] }
  /** Its scheduled time, its backoff or the job it comes after is over. */
  | { readonly type: "TaskReleased"; readonly task: TaskId }
  | { readonly type: "TaskCancelRequested"; readonly task: TaskId; readonly reason: string }
  | {
      readonly type: "TaskEnded";
      readonly task: TaskId;
      readonly state: EndState;
      readonly reason: string;
      readonly message: string;
    }
  | {
      readonly type: "TaskBackedOff";
      readonly task: TaskId;
      readonly untilMs: number;
      /** Absent: it has failed, and that spends its job's budget of retries. */
      readonly because?: "lost";
    }
  /** Further attempts run otherwise than those before. */
  | { readonly type: "TaskRemedied"; readonly task: TaskId; readonly remedy: Remedy }
  /** Nothing of it is started, and what runs is held, until it is resumed. */
  | { readonly type: "JobPaused"; readonly job: JobId }
  | { readonly type: "JobResumed"; readonly job: JobId }
  | { readonly type: "TaskPaused"; readonly task: TaskId }
  | { readonly type: "TaskResumed"; readonly task: TaskId }
  /** Ready again at once: the attempt ended through no fault of the task. */
  | { readonly type: "TaskRequeued"; readonly task: TaskId; readonly reason: string }
  | ({ readonly type: "AttemptLaunched" } & Launching)
  /** Of all that a gang still has to start, in one: none of it can be without the others. */
  | { readonly type: "GangLaunched"; readonly attempts: readonly Launching[] }
  | {
      readonly type: "AttemptStarted";
      readonly attempt: AttemptId;
      readonly startedAtMs: number;
    }
  | {
      readonly type: "AttemptStopRequested";
      readonly attempt: AttemptId;
      readonly reason: StopReason;
    }
  | {
      readonly type: "AttemptEnded";
      readonly attempt: AttemptId;
      readonly outcome: Outcome;
      readonly usage: UsageReport;
      readonly startedAtMs: number | null;
      readonly endedAtMs: number;
      /** Absent: it left none. */
      readonly outputs?: readonly DataFile[];
      /** Absent: its outcome says it all. */
      readonly fault?: Fault;
    }
  /** It has run past its p90; later, for twice as long as when that was last said. */
  | { readonly type: "AttemptOverran"; readonly attempt: AttemptId }
  /** Its worker holds it, or no longer does; with a problem, that is why it could not be done. */
  | {
      readonly type: "AttemptHeld";
      readonly attempt: AttemptId;
      readonly held: boolean;
      readonly problem?: string;
    }
  /** Contact with its worker is lost; given up at `untilMs`, or never where that is null. */
  | {
      readonly type: "AttemptBecameUnknown";
      readonly attempt: AttemptId;
      readonly untilMs: number | null;
    }
  /** An operator vouches that an unknown attempt has stopped. */
  | {
      readonly type: "AttemptResolved";
      readonly attempt: AttemptId;
      readonly as: "failed" | "retry";
    }
  | { readonly type: "AttemptRecovered"; readonly attempt: AttemptId; readonly startedAtMs: number }
  | {
      readonly type: "WorkerRegistered";
      readonly incarnation: Incarnation;
      readonly facts: WorkerFacts;
    }
  | { readonly type: "WorkerDisconnected"; readonly worker: WorkerId }
  | { readonly type: "WorkerLost"; readonly worker: WorkerId; readonly lastHeardAtMs: number }
  /** Too many different tasks have failed on it: it gets nothing new for a while. */
  | {
      readonly type: "WorkerQuarantined";
      readonly worker: WorkerId;
      readonly untilMs: number;
      /** How many times in a row, this one included. */
      readonly level: number;
      readonly message: string;
    }
  | { readonly type: "QuarantineLifted"; readonly worker: WorkerId }
  | { readonly type: "WorkerCordoned"; readonly worker: WorkerId }
  | { readonly type: "WorkerUncordoned"; readonly worker: WorkerId }
  | {
      readonly type: "DrainBegan";
      readonly worker: WorkerId;
      readonly deadlineAtMs: number | null;
      readonly force: boolean;
      /** Absent, as in older journals: it stays. */
      readonly thenStop?: boolean;
    }
  | { readonly type: "DrainDeadlinePassed"; readonly worker: WorkerId }
  /** Nothing is left on the worker; it stays closed. */
  | { readonly type: "DrainCompleted"; readonly worker: WorkerId }
  /** It takes work again. */
  | { readonly type: "DrainEnded"; readonly worker: WorkerId }
  | {
      readonly type: "MaintenanceScheduled";
      readonly worker: WorkerId;
      readonly window: MaintenanceWindow;
    }
  /** By an operator, or because its only occurrence is over. */
  | { readonly type: "MaintenanceRemoved"; readonly worker: WorkerId; readonly window: string }
  | {
      readonly type: "PlanAdopted";
      readonly version: number;
      readonly solver: string;
      readonly value: number;
      /** Proven lower bound of `value`, against estimated durations. */
      readonly bound: number;
      readonly parts: ObjectiveParts;
      readonly makespanMs: number;
      readonly makespanBoundMs: number;
      /** Entries that differ from the plan before. */
      readonly entries: readonly PlannedEntry[];
      readonly removed: readonly TaskId[];
    }
  /** The predictor has heard more: the estimates of what waits are these from now on. */
  | { readonly type: "EstimatesRevised"; readonly entries: readonly Revision[] }
  /** The predictor has been gone for long: the master's own statistics hold again. */
  | { readonly type: "EstimatesWithdrawn" }
  /** Every predictor of the cluster serves this model from here on; null: none. */
  | {
      readonly type: "ModelChosen";
      readonly sha256: string | null;
      /** Empty where none is served. */
      readonly version: string;
      readonly pinned: boolean;
      readonly reason: string;
      /** A person, or `planner` for what it has proposed itself. */
      readonly by: string;
    }
  /** Good for one certificate, until `ttlMs` after this. The secret is its maker's alone. */
  | {
      readonly type: "TokenIssued";
      readonly token: string;
      readonly secretHash: string;
      readonly role: JoinRole;
      readonly name: string;
      readonly ttlMs: number;
    }
  /** Recorded before the certificate of this serial is signed. */
  | {
      readonly type: "TokenUsed";
      readonly token: string;
      readonly serial: string;
      readonly expiresAtMs: number;
    }
  | { readonly type: "TokenRevoked"; readonly token: string }
  /** Without a token: for who may read the master's own data directory. */
  | {
      readonly type: "CertificateIssued";
      readonly serial: string;
      readonly role: JoinRole;
      readonly name: string;
      readonly expiresAtMs: number;
    }
  | {
      readonly type: "CertificateRenewed";
      readonly previous: string;
      readonly serial: string;
      readonly expiresAtMs: number;
    }
  | { readonly type: "CertificateBarred"; readonly serial: string }
  /** Its value was durable before, under this version, which no other value has ever had. */
  | {
      readonly type: "SecretSet";
      readonly namespace: string;
      readonly name: string;
      readonly version: number;
    }
  | { readonly type: "SecretRemoved"; readonly namespace: string; readonly name: string }
  /** Every value is sealed with this key. */
  | { readonly type: "SecretKeyRotated"; readonly keyId: string }
  /** When a job will be done, as its user is told of it at the start. */
  | {
      readonly type: "FinishForeseen";
      readonly job: JobId;
      /** The instant from which it is foreseen. */
      readonly fromMs: number;
      readonly given: FinishRange;
      /** What roll-outs said, before what came of earlier ones corrected it. */
      readonly rolled: FinishRange;
    };

/** An event as it stands in the journal. */
export interface Recorded {
  readonly seq: number;
  readonly atMs: number;
  readonly epoch: number;
  readonly namespace: string;
  /** Who asked for it; `master` for what time or workers brought about. */
  readonly principal: string;
  /** Sequence of the first event of the command that caused this one. */
  readonly causationId: number;
  /** Version of the event's shape; upcasters lift older ones. */
  readonly version: number;
  readonly event: Event;
}

export const eventVersion = 1;
