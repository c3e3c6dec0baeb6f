/** What may be asked of the master. Time enters as a Tick; the planner's answer as AdoptPlan. */

import type { RolledFinish } from "../../core/finish-calibration.js";
import type { JoinRole } from "../../core/identity.js";
import type { Incarnation, JobId, TaskId, WorkerId } from "../../core/ids.js";
import type { JobSpec } from "../../core/job.js";
import type { Plan } from "../../core/plan.js";
import type { Problem } from "../../core/problem.js";
import type { Result, Violation } from "../../core/result.js";
import type {
  AttemptFinished,
  AttemptHeld,
  AttemptStarted,
  Hello,
  LaunchRefused,
} from "../../core/session.js";
import type { JobStateName } from "../../core/views.js";
import type { MaintenanceWindow } from "../../core/worker.js";
import type { ClusterSettings, Event, PlainJob, Revision } from "./events.js";
import type { OptionModes } from "./problem-options.js";

export type Command =
  | { readonly type: "BeginEpoch"; readonly epoch: number; readonly settings: ClusterSettings }
  | {
      readonly type: "Submit";
      /** Drawn by the shell; used only if the submission is new. */
      readonly jobId: JobId;
      readonly spec: JobSpec;
      readonly idempotencyKey: string;
      /** Of jobs that it comes after. Absent: none of them is in the archive alone. */
      readonly archived?: ArchivedEnds;
    }
  /** The archive has these as they are now, synced. */
  | {
      readonly type: "Archive";
      readonly jobs: readonly JobId[];
      /** For how long from now on their idempotency keys are remembered. */
      readonly keysForMs: number;
    }
  | {
      readonly type: "Cancel";
      readonly job: JobId;
      /** null: the whole job. */
      readonly task: TaskId | null;
      readonly reason: string;
    }
  | {
      readonly type: "Retry";
      readonly job: JobId;
      readonly task: TaskId | null;
      /** The job as the archive has it. Absent: memory has it. */
      readonly archived?: PlainJob;
    }
  /** An operator vouches that the task's unknown attempt has stopped, and says what then. */
  | { readonly type: "Resolve"; readonly task: TaskId; readonly as: "failed" | "retry" }
  /** `task` null: the whole job. */
  | { readonly type: "Pause"; readonly job: JobId; readonly task: TaskId | null }
  | { readonly type: "Resume"; readonly job: JobId; readonly task: TaskId | null }
  | { readonly type: "LiftQuarantine"; readonly worker: WorkerId }
  | { readonly type: "Cordon"; readonly worker: WorkerId }
  | { readonly type: "Uncordon"; readonly worker: WorkerId }
  | {
      readonly type: "Drain";
      readonly worker: WorkerId;
      /** From now on; null: everything may run to its end. */
      readonly deadlineMs: number | null;
      readonly force: boolean;
      readonly thenStop: boolean;
    }
  | { readonly type: "Undrain"; readonly worker: WorkerId }
  | {
      readonly type: "ScheduleMaintenance";
      readonly worker: WorkerId;
      readonly window: Omit<MaintenanceWindow, "id">;
    }
  | { readonly type: "RemoveMaintenance"; readonly worker: WorkerId; readonly window: string }
  | { readonly type: "WorkerHello"; readonly hello: Hello }
  | { readonly type: "WorkerDisconnected"; readonly incarnation: Incarnation }
  | {
      readonly type: "WorkerReport";
      readonly incarnation: Incarnation;
      readonly started: readonly AttemptStarted[];
      readonly finished: readonly AttemptFinished[];
      readonly refused: readonly LaunchRefused[];
      /** Absent: none. */
      readonly held?: readonly AttemptHeld[];
    }
  /** When each connected worker was last heard of; the shell's knowledge, not the journal's. */
  | { readonly type: "Tick"; readonly lastHeard: ReadonlyMap<WorkerId, number> }
  /** Give every runnable task without a reservation one, at once and without a solver. */
  | { readonly type: "Place" }
  /** Start what may start now. */
  | { readonly type: "Dispatch" }
  | {
      readonly type: "AdoptPlan";
      readonly solver: string;
      readonly problem: Problem;
      /** Of the problem's options, as it was built. */
      readonly modes: OptionModes;
      readonly plan: Plan;
      readonly value: number;
      readonly bound: number;
      /** `state.facts` and the plan's version when the problem was built. */
      readonly facts: number;
      readonly planVersion: number;
    }
  /** What the predictor says, which may be wrong: what makes no sense or comes too late is left out. */
  | { readonly type: "ReviseEstimates"; readonly entries: readonly Revision[] }
  | { readonly type: "WithdrawEstimates" }
  | {
      readonly type: "ChooseModel";
      /** null: none. */
      readonly sha256: string | null;
      readonly version: string;
      readonly pinned: boolean;
      readonly reason: string;
      /** A person, or `planner`, whose proposals give way to what a person has pinned. */
      readonly by: string;
    }
  /** Id, secret and serials are drawn by the shell. */
  | {
      readonly type: "IssueToken";
      readonly token: string;
      readonly secretHash: string;
      readonly role: JoinRole;
      readonly name: string;
      readonly ttlMs: number;
    }
  | {
      readonly type: "RedeemToken";
      readonly token: string;
      readonly secretHash: string;
      readonly serial: string;
      readonly lifeMs: number;
    }
  | {
      readonly type: "RenewCertificate";
      readonly previous: string;
      readonly serial: string;
      readonly lifeMs: number;
    }
  /** For who may read the master's data directory: it replaces the one before. */
  | {
      readonly type: "IssueLocalCertificate";
      readonly serial: string;
      readonly lifeMs: number;
    }
  | {
      readonly type: "RevokeAccess";
      /** A token's id, or a name. */
      readonly target: string;
      /** null: whatever the role. */
      readonly role: JoinRole | null;
    }
  /** The value is durable already, under a version that the shell has drawn: the highest yet. */
  | {
      readonly type: "SetSecret";
      readonly namespace: string;
      readonly name: string;
      readonly version: number;
    }
  | { readonly type: "RemoveSecret"; readonly namespace: string; readonly name: string }
  /** Every value has been sealed with this key. */
  | { readonly type: "RotateSecretKey"; readonly keyId: string }
  /** What roll-outs of the plan say of jobs that nothing was promised for yet. */
  | { readonly type: "ForeseeFinishes"; readonly finishes: ReadonlyMap<JobId, RolledFinish> };

/** How jobs ended that only the archive knows, by id. */
export type ArchivedEnds = Readonly<Record<string, JobStateName>>;

export interface SubmitReply {
  readonly jobId: JobId;
  readonly duplicate: boolean;
  readonly warnings: readonly Violation[];
}

export type AdoptReply =
  | { readonly adopted: true; readonly version: number }
  | { readonly adopted: false; readonly reason: string; readonly version: number };

/** Replies by command; the others have nothing to say. */
export type Reply =
  | { readonly kind: "none" }
  | { readonly kind: "submit"; readonly submit: SubmitReply }
  | { readonly kind: "retry"; readonly tasks: number }
  | { readonly kind: "adopt"; readonly adopt: AdoptReply }
  /** Whose certificate may now be signed. */
  | { readonly kind: "certify"; readonly role: JoinRole; readonly name: string }
  | {
      readonly kind: "revoke";
      readonly tokensRevoked: number;
      readonly certificatesBarred: number;
    };

export const noReply: Result<Reply> = { ok: true, value: { kind: "none" } };

/**
 * A decision in progress. Each event it yields is folded into the state before the next is asked
 * for, so a decision with many consequences reads the state as it has become and needs no copy.
 * It refuses only before its first event: a refusal changes nothing.
 */
export type Decision = Generator<Event, Result<Reply>, void>;
