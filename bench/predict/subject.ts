/** A row of a trace as the subject of a prediction. */
import type { Subject } from "../../models/pure/features.js";
import type { Trace } from "./trace.js";

export function subjectOf(
  trace: Trace,
  row: number,
  groups: readonly string[],
  workerSpeed: number,
): Subject {
  const number = (column: Float64Array): number => column[row] ?? Number.NaN;
  const isPlaced = (trace.worker[row] ?? -1) >= 0;
  return {
    cpus: number(trace.cpus),
    memoryBytes: number(trace.memoryBytes),
    gpus: Number.NaN,
    timeoutMs: number(trace.timeoutMs),
    userEstimateMs: number(trace.userMs),
    priority: Number.NaN,
    attempt: number(trace.attempt),
    arrayIndex: Number.NaN,
    inputBytes: number(trace.inputBytes),
    inputFiles: Number.NaN,
    workerSpeed: isPlaced ? workerSpeed : Number.NaN,
    workerCpus: Number.NaN,
    workerGpus: Number.NaN,
    image: trace.names[trace.image[row] ?? -1] ?? "",
    user: trace.names[trace.user[row] ?? -1] ?? "",
    groups,
  };
}
