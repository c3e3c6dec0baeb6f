/** What has come of predictions: promises made to jobs, and how they and estimates turned out. */
import { holdClaim, plainCalibration, settleClaim } from "../../../core/calibration.js";
import { takeOutcome } from "../../../core/finish-calibration.js";
import type { AttemptId } from "../../../core/ids.js";
import { estimateOf } from "../estimates.js";
import { touch } from "../hash.js";
import type { Job, State, Task, Way } from "../state.js";
import { jobOf, type Of, touchJob } from "./entities.js";

export function finishForeseen(state: State, event: Of<"FinishForeseen">): void {
  const { fromMs, given, rolled } = event;
  const job = jobOf(state, event.job);
  job.promise = { fromMs, given, rolled };
  touchJob(state, job);
}

/** Somebody has decided otherwise: what comes of it now says nothing of how well it was foreseen. */
export function withdrawPromise(state: State, job: Job): void {
  if (job.promise === null) return;
  job.promise = null;
  touchJob(state, job);
}

/** Only success counts: what failed ended for reasons of its own, and mostly early. */
export function learnFinish(state: State, { state: end, promise }: Job, atMs: number): void {
  if (end !== "succeeded" || promise === null) return;
  takeOutcome(state.calibration.jobs, promise, atMs - promise.fromMs);
  touchCalibration(state);
}

/** What is claimed for an attempt that is launched in this way. */
export function claimFor(state: State, attempt: AttemptId, task: Task, way: Way): void {
  holdClaim(state.calibration, attempt, estimateOf(state, task, way));
}

/** How long a run took that succeeded, at speed 1; null: one that did not. */
export function learnRun(state: State, attempt: AttemptId, durationMs: number | null): void {
  settleClaim(state.calibration, attempt, durationMs);
}

/**
 * Of jobs, for what users are told next follows from it; and from the first promise on that came to
 * its end, so that journals of before there were any keep their hashes. What is known of tasks
 * decides nothing.
 */
export function touchCalibration(state: State): void {
  if (state.calibration.jobs.scores.recent.length === 0) return;
  touch(state.hash, "calibration", () => JSON.stringify(plainCalibration(state.calibration).jobs));
}
