/**
 * Peaks of memory, predicted at submission and learnt as runs end: how much more than was needed
 * would have been set aside, and how many runs would have kept within it.
 */
import {
  emptyMemoryStatistics,
  estimateMemory,
  observeMemory,
} from "../../core/memory-estimate.js";
import { quantile } from "../report.js";
import { groupNames, kindLevel, type Trace } from "./trace.js";

export interface MemoryScore {
  readonly method: string;
  /** Runs of which the method had something to say. */
  readonly runs: number;
  /** Of those: took at most what was predicted. */
  readonly within: number;
  /** All that was predicted over all that was used. */
  readonly overAll: number;
  /** Median of predicted over used. */
  readonly overMedian: number;
}

/** Empty where the trace has no peaks. */
export function replayMemory(trace: Trace): MemoryScore[] {
  const statistics = emptyMemoryStatistics();
  const byEnd = Int32Array.from({ length: trace.rows }, (_, row) => row).sort(
    (a, b) => (trace.endAtMs[a] ?? 0) - (trace.endAtMs[b] ?? 0) || a - b,
  );
  const isTold = (row: number): boolean =>
    trace.succeeded[row] === 1 && (trace.peakBytes[row] ?? Number.NaN) > 0;
  const said = { asked: createScore(), learnt: createScore(), both: createScore() };
  let ended = 0;
  for (let row = 0; row < trace.rows; row++) {
    for (; ended < byEnd.length; ended++) {
      const end = byEnd[ended] ?? 0;
      if ((trace.endAtMs[end] ?? 0) > (trace.submitAtMs[row] ?? 0)) break;
      if (isTold(end)) observeMemory(statistics, groupNames(trace, end), trace.peakBytes[end] ?? 0);
    }
    if (!isTold(row)) continue;
    const peakBytes = trace.peakBytes[row] ?? 0;
    const askedBytes = trace.memoryBytes[row] ?? Number.NaN;
    const found = estimateMemory(statistics, groupNames(trace, row));
    const learnt = found?.p95Bytes ?? Number.NaN;
    said.asked.add(askedBytes, peakBytes);
    said.learnt.add(learnt, peakBytes);
    // Never more than was asked for, and of a kind never seen all that was.
    const isKnown = found !== null && found.depth <= kindLevel;
    const less = Math.min(learnt || askedBytes, askedBytes || learnt);
    said.both.add(isKnown || !(askedBytes > 0) ? less : askedBytes, peakBytes);
  }
  return [
    said.asked.score("asked by the user"),
    said.learnt.score("statistics p95"),
    said.both.score("the less of both, as asked where the kind is new"),
  ].filter(({ runs }) => runs > 0);
}

function createScore() {
  const over: number[] = [];
  let within = 0;
  let predicted = 0;
  let used = 0;
  return {
    add(predictedBytes: number, peakBytes: number): void {
      if (!(predictedBytes > 0)) return;
      over.push(predictedBytes / peakBytes);
      predicted += predictedBytes;
      used += peakBytes;
      if (peakBytes <= predictedBytes) within++;
    },
    score: (method: string): MemoryScore => ({
      method,
      runs: over.length,
      within: within / over.length,
      overAll: predicted / used,
      overMedian: quantile(over, 0.5),
    }),
  };
}
