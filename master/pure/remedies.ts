/**
 * Whether a task that has failed is tried again, and how: as before, with more memory, or with its
 * fallback.
 */
import { type ExitCodes, fallbackMode } from "../../core/job.js";
import type { Outcome } from "../../core/worker.js";
import type { Remedy } from "./events.js";
import type { Attempt, Task } from "./state.js";
import { wayNamed } from "./ways.js";

export type NextTry =
  | {
      readonly again: true;
      /** null: as the one before. */
      readonly remedy: Remedy | null;
      /** Of what is tried next; 0: it is something new, and need not wait. */
      readonly failures: number;
    }
  /** `why`: to be added to how the last attempt ended. */
  | { readonly again: false; readonly why: string };

/** `failed`: the attempts that count, since the task was submitted or retried by hand. */
export function nextTry(task: Task, outcome: Outcome, failed: readonly Attempt[]): NextTry {
  const { retry } = task.template;
  const { fallback } = retry;
  const inFallback = task.remedy?.fallback === true;
  const isOver = neverAgain(outcome, retry.never ?? []);
  const own = failed.filter(({ mode }) => (mode === fallbackMode) === inFallback).length;
  const allowed = inFallback && fallback !== undefined ? fallback.attemptsMax : retry.attemptsMax;
  if (!isOver && own < allowed) {
    return { again: true, remedy: moreMemory(task, outcome), failures: own };
  }
  if (!inFallback && fallback !== undefined) {
    // Its size is its own: what the others lacked says nothing of it.
    return { again: true, remedy: { memoryBytes: null, fallback: true }, failures: 0 };
  }
  return { again: false, why: isOver && own < allowed ? ", which is never retried" : "" };
}

const neverAgain = (outcome: Outcome, never: readonly ExitCodes[]): boolean =>
  outcome.kind === "exited" &&
  never.some(({ from, to }) => from <= outcome.exitCode && outcome.exitCode <= to);

/** Counted from what the attempt had, which an earlier remedy may have raised already. */
function moreMemory(task: Task, outcome: Outcome): Remedy | null {
  const more = task.template.retry.moreMemory;
  if (outcome.kind !== "out_of_memory" || more === undefined) return null;
  const { resources } = wayNamed(task, task.attempts.at(-1)?.mode).template;
  const memoryBytes = Math.min(more.maxBytes, Math.ceil(resources.memoryBytes * more.factor));
  if (memoryBytes <= resources.memoryBytes) return null;
  return { memoryBytes, fallback: task.remedy?.fallback === true };
}
