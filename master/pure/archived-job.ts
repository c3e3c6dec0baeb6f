/** A finished job as the archive keeps it: the whole of it, and what it is looked for by. */
import type { UsedAttempt } from "../../core/history.js";
import type { HistoryRecord } from "../../core/prediction.js";
import type { JobSummary } from "../../core/views.js";
import { jobContent } from "./data.js";
import type { PlainJob } from "./events.js";
import { recordsOf } from "./foreseen.js";
import { jobOfPlain, plainJob } from "./plain-job.js";
import { speedOf } from "./speed.js";
import type { Job, State } from "./state.js";
import { stateCodecVersion } from "./state-codec.js";
import { jobSummary } from "./views.js";
import { wayNamed } from "./ways.js";

export interface ArchivedAttempt extends UsedAttempt {
  /** Groups of like runs that it belongs to. */
  readonly groups: readonly string[];
  readonly workerSpeed: number;
  readonly succeeded: boolean;
  /** Whether it ever ran: others teach nothing about durations. */
  readonly ran: boolean;
}

export interface ArchivedJob {
  readonly summary: JobSummary;
  /** Of the event that submitted it. */
  readonly sequence: number;
  /** The PlainJob, as JSON. */
  readonly text: string;
  readonly textVersion: number;
  readonly attempts: readonly ArchivedAttempt[];
  /** SHA-256 of all content that it was submitted with, or has left. */
  readonly content: readonly string[];
}

export function archivedJob(state: State, job: Job): ArchivedJob {
  return {
    summary: jobSummary(state, job, new Map()),
    sequence: job.sequence,
    text: JSON.stringify(plainJob(job)),
    textVersion: stateCodecVersion,
    attempts: [...endedAttempts(state, job)],
    content: [...new Set(jobContent(job))],
  };
}

/** Every attempt of the job that has ended, also while others go on. */
export function* endedAttempts(state: State, job: Job): Generator<ArchivedAttempt> {
  for (const task of job.tasks) {
    for (const { status, worker, mode } of task.attempts) {
      if (status.kind !== "ended") continue;
      const { startedAtMs, endedAtMs, outcome, usage } = status;
      const ranOn = state.workers.get(worker);
      yield {
        endedAtMs,
        wallMs: startedAtMs === null ? 0 : Math.max(0, Math.round(endedAtMs - startedAtMs)),
        cpuMs: usage.cpuMs === null ? null : Math.round(usage.cpuMs),
        groups: wayNamed(task, mode).groups,
        workerSpeed: ranOn === undefined ? 1 : speedOf(ranOn),
        succeeded: outcome.kind === "exited" && outcome.exitCode === 0,
        ran: startedAtMs !== null,
      };
    }
  }
}

/**
 * What a job in the archive teaches the predictor, with the speeds of the workers that its attempts
 * ended on, in their order; nothing where its text says nothing to this version.
 */
export function recordsOfText(
  { text, textVersion }: Pick<ArchivedJob, "text" | "textVersion">,
  speeds: readonly number[],
): HistoryRecord[] {
  let job: Job;
  try {
    job = jobOfPlain(plainOfText(text, textVersion));
  } catch {
    return [];
  }
  const ended = job.tasks.flatMap(({ attempts }) =>
    attempts.filter(({ status }) => status.kind === "ended"),
  );
  const speedOf = new Map(ended.map((attempt, at) => [attempt, speeds[at] ?? 1]));
  return recordsOf(job, (attempt) => speedOf.get(attempt) ?? 1);
}

/** Throws if it was written by a later version of Almanac, whose meaning nobody here knows. */
export function plainOfText(text: string, textVersion: number): PlainJob {
  if (textVersion > stateCodecVersion) {
    throw new Error(
      `a job of version ${textVersion}; this master knows up to ${stateCodecVersion}`,
    );
  }
  return JSON.parse(text) as PlainJob;
}
