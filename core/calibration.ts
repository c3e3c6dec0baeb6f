/**
 * How far predictions can be trusted: what has come of estimates, by who gave them, and of finish
 * times of jobs. A fold of what ended; plain numbers, the same on every machine.
 */
import { type FinishOutcomes, noOutcomes, widthOf } from "./finish-calibration.js";
import { quantileOf, type Ring, remember, ringOf } from "./ring.js";
import { type Estimate, type EstimateSource, estimateSources } from "./views.js";

/** What a reader is told; shares are from 0 to 1, and null where nothing has ended yet. */
export interface Calibration {
  /** Of each source that has given an estimate. */
  readonly tasks: readonly TaskCalibration[];
  readonly jobs: JobCalibration;
}

/** Of the last runs that succeeded, under an estimate of this source when they were launched. */
export interface TaskCalibration {
  readonly source: EstimateSource;
  readonly runs: number;
  /** Mean of |ln(actual / p50)|. */
  readonly meanLogError: number;
  readonly withinP50: number;
  readonly withinP90: number;
}

/** Of the last jobs that succeeded, against what was foreseen of them at the start. */
export interface JobCalibration {
  readonly jobs: number;
  readonly withinP50: number;
  readonly withinP90: number;
  /** Median of |ln(actual / p50)|, of times from when it was foreseen. */
  readonly medianLogError: number;
  /** How many times as far from the median as roll-outs say the p90 of a job is put. */
  readonly width: number;
}

export interface CalibrationRecord {
  /** What held for each live attempt when it was launched; at speed 1. */
  readonly held: Map<string, Claim>;
  readonly tasks: Readonly<Record<EstimateSource, EstimateOutcomes>>;
  readonly jobs: FinishOutcomes;
}

export type Claim = Pick<Estimate, "source" | "p50Ms" | "p90Ms">;

/** ln(actual / estimated), in 1024ths. */
export interface EstimateOutcomes {
  readonly overP50: Ring;
  readonly overP90: Ring;
}

const runsMax = 500;

export const emptyCalibration = (): CalibrationRecord => ({
  held: new Map(),
  tasks: {
    user: noEstimateOutcomes(),
    statistics: noEstimateOutcomes(),
    model: noEstimateOutcomes(),
    unknown: noEstimateOutcomes(),
  },
  jobs: noOutcomes(),
});

/** An attempt begins, and so much was claimed for it. */
export function holdClaim(
  record: CalibrationRecord,
  attempt: string,
  { source, p50Ms, p90Ms }: Claim,
): void {
  record.held.set(attempt, { source, p50Ms, p90Ms });
}

/** It has ended; its duration at speed 1 if that tells something, null where it did not succeed. */
export function settleClaim(
  record: CalibrationRecord,
  attempt: string,
  durationMs: number | null,
): void {
  const claim = record.held.get(attempt);
  record.held.delete(attempt);
  if (claim === undefined || durationMs === null) return;
  const { overP50, overP90 } = record.tasks[claim.source];
  remember(overP50, logOver(durationMs, claim.p50Ms), runsMax);
  remember(overP90, logOver(durationMs, claim.p90Ms), runsMax);
}

export function calibrationOf({ tasks, jobs }: CalibrationRecord): Calibration {
  const errors = ringOf(jobs.overP50.recent.map(Math.abs));
  return {
    tasks: estimateSources.flatMap((source) => {
      const { overP50, overP90 } = tasks[source];
      const runs = overP50.recent.length;
      if (runs === 0) return [];
      const meanLogError = overP50.recent.reduce((sum, log) => sum + Math.abs(log), 0) / runs;
      const within = { withinP50: shareWithin(overP50), withinP90: shareWithin(overP90) };
      return [{ source, runs, meanLogError, ...within }];
    }),
    jobs: {
      jobs: errors.recent.length,
      withinP50: shareWithin(jobs.overP50),
      withinP90: shareWithin(jobs.overP90),
      medianLogError: errors.recent.length === 0 ? 0 : quantileOf(errors, 0.5),
      width: widthOf(jobs),
    },
  };
}

/** For snapshots. */
export interface PlainCalibration {
  readonly held: readonly (readonly [attempt: string, Claim])[];
  readonly tasks: readonly (readonly [
    EstimateSource,
    overP50: readonly number[],
    overP90: readonly number[],
  ])[];
  readonly jobs: {
    readonly scores: readonly number[];
    readonly overP50: readonly number[];
    readonly overP90: readonly number[];
    readonly level: number;
  };
}

export function plainCalibration({ held, tasks, jobs }: CalibrationRecord): PlainCalibration {
  return {
    held: [...held],
    tasks: estimateSources.map((source) => [
      source,
      [...tasks[source].overP50.recent],
      [...tasks[source].overP90.recent],
    ]),
    jobs: {
      scores: [...jobs.scores.recent],
      overP50: [...jobs.overP50.recent],
      overP90: [...jobs.overP90.recent],
      level: jobs.level,
    },
  };
}

/** `plainCalibration` undone. */
export function calibrationOfPlain({ held, tasks, jobs }: PlainCalibration): CalibrationRecord {
  const record = emptyCalibration();
  const known = Object.fromEntries(
    tasks.map(([source, overP50, overP90]) => [
      source,
      { overP50: ringOf(overP50), overP90: ringOf(overP90) },
    ]),
  );
  return {
    held: new Map(held),
    tasks: { ...record.tasks, ...known },
    jobs: {
      scores: ringOf(jobs.scores),
      overP50: ringOf(jobs.overP50),
      overP90: ringOf(jobs.overP90),
      level: jobs.level,
    },
  };
}

const noEstimateOutcomes = (): EstimateOutcomes => ({ overP50: ringOf([]), overP90: ringOf([]) });

const logOver = (actualMs: number, claimedMs: number): number =>
  Math.round(Math.log(Math.max(1, actualMs) / Math.max(1, claimedMs)) * 1024) / 1024;

const shareWithin = ({ recent }: Ring): number =>
  recent.length === 0 ? 0 : recent.filter((log) => log <= 0).length / recent.length;
