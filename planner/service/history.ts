/**
 * What the planner has learned of durations: the fold of completed runs. It lives in memory; after
 * a restart the master tells the history again, and a record told twice is taken once.
 */
import { emptyStatistics, estimate, type GroupStatistics, observe } from "../../core/estimate.js";
import type { EstimateSubject, HistoryRecord } from "../../core/prediction.js";
import type { Estimate } from "../../core/views.js";

export interface History {
  readonly statistics: GroupStatistics;
  /** Highest sequence taken in; records come in order of their sequence. */
  sequence: number;
}

export function createHistory(): History {
  return { statistics: emptyStatistics(), sequence: 0 };
}

/** Takes in what is new; returns the highest sequence known. */
export function takeRecords(history: History, records: readonly HistoryRecord[]): number {
  const ascending = [...records].sort((a, b) => a.sequence - b.sequence);
  for (const { sequence, what } of ascending) {
    if (sequence <= history.sequence) continue;
    history.sequence = sequence;
    if (what.kind !== "ended" || !what.run.succeeded) continue;
    observe(history.statistics, what.run.groups, what.run.durationMs * what.run.workerSpeed);
  }
  return history.sequence;
}

/** On the subject's worker; source `unknown` where no group of it has been seen. */
export function estimateOf(history: History, subject: EstimateSubject): Estimate {
  const found = estimate(history.statistics, subject.groups);
  if (found === null) return { p50Ms: 0, p90Ms: 0, source: "unknown", confidence: 0 };
  return {
    ...found,
    p50Ms: Math.ceil(found.p50Ms / subject.workerSpeed),
    p90Ms: Math.ceil(found.p90Ms / subject.workerSpeed),
  };
}
