/**
 * Folds one event into the state, in place. It never decides and never fails: an event that does
 * not fit the state is a bug in decide or a damaged journal, and crashes.
 */
import { assert, unreachable } from "../../core/result.js";
import type { Event, Recorded } from "./events.js";
import {
  certificateBarred,
  certificateIssued,
  certificateRenewed,
  tokenIssued,
  tokenRevoked,
  tokenUsed,
} from "./evolve/access.js";
import {
  attemptBecameUnknown,
  attemptEnded,
  attemptHeld,
  attemptLaunched,
  attemptResolved,
  attemptStarted,
  attemptStopRequested,
  gangLaunched,
} from "./evolve/attempts.js";
import { finishForeseen, withdrawPromise } from "./evolve/calibration.js";
import {
  drainBegan,
  drainEnded,
  drainStage,
  maintenanceRemoved,
  maintenanceScheduled,
  quarantineLifted,
  workerCordoned,
  workerQuarantined,
  workerUncordoned,
} from "./evolve/closing.js";
import { becomeReady, jobOf, taskOf, touchJob, touchTask } from "./evolve/entities.js";
import { jobArchived, jobReloaded, keysForgotten } from "./evolve/history.js";
import {
  jobEnded,
  jobPaused,
  jobReopened,
  jobResumed,
  jobSubmitted,
  taskBackedOff,
  taskEnded,
  taskPaused,
  taskReleased,
  taskRemedied,
} from "./evolve/jobs.js";
import { planAdopted } from "./evolve/plan.js";
import { estimatesRevised, estimatesWithdrawn, modelChosen } from "./evolve/prediction.js";
import { secretRemoved, secretSet } from "./evolve/secrets.js";
import { workerLost, workerRegistered, workerState } from "./evolve/workers.js";
import { attemptOverran } from "./overruns.js";
import type { State } from "./state.js";

export function evolve(state: State, recorded: Recorded): void {
  assert(recorded.seq === state.seq + 1, `event ${recorded.seq} after ${state.seq}`);
  state.seq = recorded.seq;
  state.atMs = recorded.atMs;
  apply(state, recorded.event, recorded.atMs, recorded.principal);
}

type OfWorkers = Extract<
  Event,
  { type: `Worker${string}` | `Quarantine${string}` | `Drain${string}` | `Maintenance${string}` }
>;

type Access = Extract<
  Event,
  { type: `Token${string}` | `Certificate${string}` | `Secret${string}` }
>;

function apply(state: State, event: Event, atMs: number, principal: string): void {
  switch (event.type) {
    case "EpochBegan":
      state.epoch = event.epoch;
      state.settings = event.settings;
      state.facts++;
      return;
    case "JobSubmitted":
      return jobSubmitted(state, event, atMs, principal);
    case "JobCancelRequested": {
      const job = jobOf(state, event.job);
      job.ending = { state: event.state, reason: event.reason };
      return touchJob(state, job);
    }
    case "JobEnded":
      return jobEnded(state, event, atMs);
    case "JobReopened":
      return jobReopened(state, event, atMs);
    case "JobArchived":
      return jobArchived(state, event);
    case "JobReloaded":
      return jobReloaded(state, event);
    case "KeysForgotten":
      return keysForgotten(state, event.keys);
    case "TaskReleased":
      return taskReleased(state, taskOf(state, event.task), atMs);
    case "TaskCancelRequested": {
      const task = taskOf(state, event.task);
      task.cancelRequested = true;
      withdrawPromise(state, task.job);
      return touchTask(state, task);
    }
    case "TaskEnded":
      return taskEnded(state, event, atMs);
    case "TaskBackedOff":
      return taskBackedOff(state, event);
    case "TaskRemedied":
      return taskRemedied(state, event);
    case "JobPaused":
      return jobPaused(state, event.job, atMs);
    case "JobResumed":
      return jobResumed(state, event.job, atMs);
    case "TaskPaused":
      return taskPaused(state, event.task, true);
    case "TaskResumed":
      return taskPaused(state, event.task, false);
    case "TaskRequeued":
      return becomeReady(state, taskOf(state, event.task), atMs);
    case "AttemptLaunched":
      return attemptLaunched(state, event, atMs);
    case "GangLaunched":
      return gangLaunched(state, event, atMs);
    case "AttemptStarted":
      return attemptStarted(state, event, atMs);
    case "AttemptStopRequested":
      return attemptStopRequested(state, event);
    case "AttemptEnded":
      return attemptEnded(state, event, atMs);
    case "AttemptHeld":
      return attemptHeld(state, event, atMs);
    case "AttemptOverran":
      return attemptOverran(state, event.attempt, atMs);
    case "AttemptBecameUnknown":
      return attemptBecameUnknown(state, event);
    case "AttemptResolved":
      return attemptResolved(state, event.attempt, atMs);
    case "AttemptRecovered":
      return attemptStarted(state, event, atMs);
    case "PlanAdopted":
      return planAdopted(state, event, atMs);
    case "EstimatesRevised":
      return estimatesRevised(state, event);
    case "EstimatesWithdrawn":
      return estimatesWithdrawn(state);
    case "ModelChosen":
      return modelChosen(state, event, atMs);
    case "FinishForeseen":
      return finishForeseen(state, event);
    default:
      return applyOfWorkers(state, event, atMs, principal);
  }
}

function applyOfWorkers(
  state: State,
  event: OfWorkers | Access,
  atMs: number,
  principal: string,
): void {
  switch (event.type) {
    case "WorkerRegistered":
      return workerRegistered(state, event, atMs);
    case "WorkerDisconnected":
      return workerState(state, event.worker, "silent", atMs);
    case "WorkerLost":
      return workerLost(state, event, atMs);
    case "WorkerQuarantined":
      return workerQuarantined(state, event, atMs);
    case "QuarantineLifted":
      return quarantineLifted(state, event.worker, atMs);
    case "WorkerCordoned":
      return workerCordoned(state, event.worker, atMs);
    case "WorkerUncordoned":
      return workerUncordoned(state, event.worker);
    case "DrainBegan":
      return drainBegan(state, event, atMs);
    case "DrainDeadlinePassed":
      return drainStage(state, event.worker, "closed");
    case "DrainCompleted":
      return drainStage(state, event.worker, "completed");
    case "DrainEnded":
      return drainEnded(state, event.worker);
    case "MaintenanceScheduled":
      return maintenanceScheduled(state, event);
    case "MaintenanceRemoved":
      return maintenanceRemoved(state, event);
    default:
      return applyAccess(state, event, atMs, principal);
  }
}

/** Of tokens, certificates and secrets. */
function applyAccess(state: State, event: Access, atMs: number, principal: string): void {
  switch (event.type) {
    case "TokenIssued":
      return tokenIssued(state, event, atMs);
    case "TokenUsed":
      return tokenUsed(state, event, atMs);
    case "TokenRevoked":
      return tokenRevoked(state, event, atMs);
    case "CertificateIssued":
      return certificateIssued(state, event, atMs);
    case "CertificateRenewed":
      return certificateRenewed(state, event, atMs);
    case "CertificateBarred":
      return certificateBarred(state, event);
    case "SecretSet":
      return secretSet(state, event, atMs, principal);
    case "SecretRemoved":
      return secretRemoved(state, event);
    case "SecretKeyRotated":
      return;
    default:
      return unreachable(event);
  }
}
