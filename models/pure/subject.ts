/** A subject as the master tells it, as the features see it. */
import type { EstimateSubject } from "../../core/prediction.js";
import { historyLevels, type Subject } from "./features.js";

/**
 * `historyLevels` groups, the most specific first: before those that the master names stands the
 * first of them with the size of what it works on, in powers of two.
 */
export function levelsOf(groups: readonly string[], inputBytes: number | null): readonly string[] {
  const first = groups[0] ?? "";
  const last = groups.at(-1) ?? "";
  const size = inputBytes === null ? "unknown" : Math.floor(Math.log2(1 + inputBytes));
  const named = Array.from(
    { length: historyLevels - 1 },
    // Of more than fit the least specific stays; where there are fewer it stands again.
    (_, level) => (level === historyLevels - 2 ? last : (groups[level] ?? last)),
  );
  return [`${first} input ${size}`, ...named];
}

/**
 * At speed 1, for no worker in particular: histories are told so, and so is what models learn from.
 * Attempt and place in an array are those of single tasks, which a subject is not.
 */
export function subjectOf(told: EstimateSubject, groups: readonly string[]): Subject {
  const { resources } = told;
  const unknown = Number.NaN;
  return {
    cpus: resources.cpuMillis / 1_000,
    memoryBytes: resources.memoryBytes,
    gpus: unknown,
    timeoutMs: told.timeoutMs ?? unknown,
    userEstimateMs: told.userEstimateMs ?? unknown,
    priority: told.priority,
    attempt: unknown,
    arrayIndex: unknown,
    inputBytes: told.inputBytes ?? unknown,
    inputFiles: told.inputFiles,
    workerSpeed: unknown,
    workerCpus: unknown,
    workerGpus: unknown,
    image: told.image,
    user: told.principal,
    groups,
  };
}
