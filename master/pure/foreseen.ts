/**
 * What the predictor is told (core/prediction.ts): how the tasks of a job look before they run, and
 * how attempts went. One subject for each way of each template, however many tasks share it.
 *
 * Its sequence has room for what one event tells of several ways, and behind that for what is told
 * once more; both follow from the journal alone, so every master numbers alike.
 */
import { outputsInputs } from "../../core/data-flow.js";
import { type JobId, jobId } from "../../core/ids.js";
import {
  type Completion,
  type EstimateSubject,
  type HistoryRecord,
  predictionLimits,
} from "../../core/prediction.js";
import { heldForMs } from "./pausing.js";
import type { Attempt, Job, Task, Way } from "./state.js";
import { fallbackOf, wayNamed } from "./ways.js";

/** Of one event, and once more of what is told again when the journal stands there. */
export const recordsPerEvent = 2 ** 14;

/** The journal up to this event, before what it tells itself. */
export const historySequence = (sequence: number): number => sequence * 2 * recordsPerEvent;

/** All ways of a job; of one with more than an event has room for, the first. */
export function foreseenOf(job: Job, sequence: number): HistoryRecord[] {
  const first = historySequence(sequence);
  return subjectsOf(job).map((subject, at) => ({
    sequence: first + at,
    what: { kind: "foreseen", subject },
  }));
}

export function subjectsOf(job: Job): EstimateSubject[] {
  const inputs = inputsOf(job);
  const subjects: EstimateSubject[] = [];
  for (let index = 0; index < job.ways.length; index++) {
    for (const way of allWays(job, index)) {
      if (subjects.length === recordsPerEvent) return subjects;
      subjects.push(subjectOf(job, way, inputs[index] ?? null));
    }
  }
  return subjects;
}

/** Of this job's way, in the conversation with the predictor. */
export const subjectKey = (job: JobId, wayKey: string): string => `${job}/${wayKey}`;

/** `subjectKey` undone; null: no key of ours. */
export function wayOfSubject(
  key: string,
): { readonly job: JobId; readonly template: number; readonly mode?: string } | null {
  const [, job, index, mode] = /^([^/]+)\/(\d{1,9})(?:\/(.+))?$/.exec(key) ?? [];
  if (job === undefined || index === undefined) return null;
  return { job: jobId(job), template: Number(index), ...(mode !== undefined && { mode }) };
}

function subjectOf(job: Job, { key, groups, template }: Way, inputBytes: number | null) {
  const { options } = template.command;
  return {
    key: subjectKey(job.id, key),
    groups: told(groups),
    resources: template.resources,
    workerSpeed: 1,
    submittedAtMs: Math.round(job.submittedAtMs),
    timeoutMs: template.timeoutMs,
    userEstimateMs: template.estimate?.p50Ms ?? null,
    priority: template.priority,
    inputBytes,
    inputFiles: template.data?.inputs.length ?? 0,
    image: options !== null && "image" in options ? (options.image ?? "") : "",
    principal: job.principal,
  } satisfies EstimateSubject;
}

/** By template: the median of what its tasks are said to read, or else the files that come along. */
function inputsOf({ spec }: Job): readonly (number | null)[] {
  const said = spec.templates.map((): number[] => []);
  for (const { template, inputBytes } of spec.tasks) {
    if (inputBytes !== null) said[template]?.push(inputBytes);
  }
  return spec.templates.map(({ data }, index) => {
    const known = said[index] ?? [];
    if (known.length > 0) return known.sort((a, b) => a - b)[known.length >> 1] ?? null;
    if (data === undefined || outputsInputs(data).length > 0) return null;
    return data.inputs.reduce(
      (sum, one) => sum + (one.kind === "file" ? one.file.sizeBytes : 0),
      0,
    );
  });
}

/**
 * How an attempt went, with the sequence of its end; null: it has not ended, or never began.
 * `sequence` 0: an earlier version did not keep it.
 */
export function runOf(task: Task, attempt: Attempt, workerSpeed: number): HistoryRecord | null {
  const { status, launchedSequence = 0, endedSequence = 0 } = attempt;
  if (status.kind !== "ended" || status.startedAtMs === null) return null;
  const { startedAtMs, endedAtMs, outcome, usage } = status;
  const { key, groups } = wayRun(task, attempt.mode);
  const peakMemoryBytes = Math.round(usage.peakMemoryBytes ?? 0);
  const run: Completion = {
    key: subjectKey(task.job.id, key),
    groups: told(groups),
    durationMs: Math.max(0, Math.round(endedAtMs - startedAtMs - heldForMs(attempt, endedAtMs))),
    workerSpeed,
    succeeded: outcome.kind === "exited" && outcome.exitCode === 0,
    launchedSequence: historySequence(launchedSequence),
    endedAtMs: Math.round(endedAtMs),
    peakMemoryBytes: peakMemoryBytes > 0 ? peakMemoryBytes : null,
  };
  return { sequence: historySequence(endedSequence), what: { kind: "ended", run } };
}

/** Of a job as it is: what was foreseen of it, and all that has ended. */
export function recordsOf(job: Job, speedOf: (attempt: Attempt) => number): HistoryRecord[] {
  const runs = job.tasks.flatMap((task) =>
    task.attempts.flatMap((attempt) => runOf(task, attempt, speedOf(attempt)) ?? []),
  );
  // An earlier version did not keep when it was submitted; what ran tells its groups by itself.
  return job.sequence === 0 ? runs : [...foreseenOf(job, job.sequence), ...runs];
}

/** That in which the attempt ran, though the task may be past it by now. */
function wayRun(task: Task, mode: string | undefined): Way {
  const { job, entry } = task;
  const ways = allWays(job, entry.template);
  return ways.find(({ named }) => named.mode === mode) ?? wayNamed(task, mode);
}

function allWays({ spec, ways }: Job, index: number): readonly Way[] {
  const fallback = fallbackOf(spec, index);
  const own = ways[index] ?? [];
  return fallback === null ? own : [...own, fallback];
}

/** Names may come to more than a group's may have; what they begin with tells them apart. */
function told(groups: readonly string[]): readonly string[] {
  const { groupLength } = predictionLimits;
  if (groups.every(({ length }) => length <= groupLength)) return groups;
  return groups.map((name) => name.slice(0, groupLength));
}
