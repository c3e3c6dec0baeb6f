/** A history as a master tells it: each run is foreseen, launched and ended before the next. */
import type { Completion, EstimateSubject, HistoryRecord } from "../../core/prediction.js";
import { seededRandom } from "../../core/random.js";
import { noResources } from "../../core/resources.js";

export const subjectNamed = (
  key: string,
  change: Partial<EstimateSubject> = {},
): EstimateSubject => ({
  key,
  groups: ["program a/job/step x", "task a/job/step", "template a/step", "namespace a"],
  resources: { ...noResources, cpuMillis: 1_000, memoryBytes: 2 ** 30 },
  workerSpeed: 1,
  submittedAtMs: 0,
  timeoutMs: null,
  userEstimateMs: null,
  priority: 0,
  inputBytes: null,
  inputFiles: 0,
  image: "",
  principal: "ann",
  ...change,
});

export const runOf = (
  subject: EstimateSubject,
  durationMs: number,
  change: Partial<Completion> = {},
): Completion => ({
  key: subject.key,
  groups: subject.groups,
  durationMs,
  workerSpeed: 1,
  succeeded: true,
  launchedSequence: 0,
  endedAtMs: 0,
  peakMemoryBytes: null,
  ...change,
});

/**
 * Two records a run, from sequence `from` on. What a run takes follows from its time limit, which
 * groups know nothing of: a model can learn it, and statistics cannot.
 */
export function toldHistory(runs: number, seed: number, from = 1): HistoryRecord[] {
  const random = seededRandom(seed);
  return Array.from({ length: runs }, (_, run): HistoryRecord[] => {
    const sequence = from + 2 * run;
    const submittedAtMs = 1_000_000 + 60_000 * sequence;
    const timeoutMs = Math.round(10_000 * 100 ** random());
    const subject = subjectNamed(`job-${sequence}`, { submittedAtMs, timeoutMs });
    const durationMs = Math.round((timeoutMs / 5) * (0.9 + 0.2 * random()));
    const endedAtMs = submittedAtMs + 30_000;
    const run_ = runOf(subject, durationMs, { launchedSequence: sequence, endedAtMs });
    return [
      { sequence, what: { kind: "foreseen", subject } },
      { sequence: sequence + 1, what: { kind: "ended", run: run_ } },
    ];
  }).flat();
}
