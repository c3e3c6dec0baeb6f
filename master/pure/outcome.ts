/** What follows when an attempt has ended: success, another attempt now or later, or the end. */
import type { DataFile } from "../../core/data.js";
import type { AttemptId } from "../../core/ids.js";
import { taskOfAttempt } from "../../core/ids.js";
import { crashesDefault } from "../../core/job.js";
import { unreachable } from "../../core/result.js";
import type { Outcome } from "../../core/worker.js";
import { endTask } from "./endings.js";
import type { Event, Fault, StopReason } from "./events.js";
import { digest } from "./hash.js";
import { quarantineIfDue } from "./quarantine.js";
import { nextTry } from "./remedies.js";
import type { Attempt, State, Task } from "./state.js";

/** An attempt that was lost through no fault of its task is replaced at most this often. */
export const replacementsMax = 100;
/** So many of them at once; whatever goes on for longer waits longer and longer. */
export const replacementsAtOnce = 3;
const replacementBackoff = { backoffMs: 1_000, backoffMaxMs: 60_000 };

export interface AttemptEnd {
  readonly outcome: Outcome;
  readonly usage: { readonly peakMemoryBytes: number | null; readonly cpuMs: number | null };
  readonly startedAtMs: number | null;
  readonly endedAtMs: number;
  /** Absent: it left none. */
  readonly outputs?: readonly DataFile[];
  readonly fault?: Fault;
}

/** Records the end of a live attempt and decides what becomes of its task. */
export function* endAttempt(
  state: State,
  id: AttemptId,
  end: AttemptEnd,
  nowMs: number,
): Generator<Event, void, void> {
  const task = state.tasks.get(taskOfAttempt(id));
  if (task === undefined) return;
  const asked = stopReasonOf(task.attempts.at(-1));
  const outcome = outcomeAsked(end.outcome, asked);
  const worker = task.attempts.at(-1)?.worker;
  yield { type: "AttemptEnded", attempt: id, ...end, outcome };
  if (worker !== undefined) yield* quarantineIfDue(state, worker, nowMs);

  if (outcome.kind === "exited" && outcome.exitCode === 0) {
    yield* endTask(state, task, { state: "succeeded", reason: "", message: "" });
    return;
  }
  // A drain, or a gang that is released, stops an attempt and leaves its task alone; a user who
  // cancels means the task.
  const stopReason = asked === "drained" || asked === "released" ? null : asked;
  if (task.job.ending !== null || task.cancelRequested || stopReason !== null) {
    const { state: endState, reason } = task.job.ending ?? {
      state: stopReason ?? ("cancelled" as const),
      reason: "cancelled by request",
    };
    yield* endTask(state, task, { state: endState, reason: endState, message: reason });
  } else if (outcome.kind === "drained") {
    yield { type: "TaskRequeued", task: task.id, reason: outcome.kind };
  } else if (crashes(task) >= (task.template.retry.crashesMax ?? crashesDefault)) {
    const message = `took down its worker or supervisor ${crashes(task)} times, or stood beside what did`;
    yield* endTask(state, task, { state: "failed", reason: "poison", message });
  } else if (isBlameless(outcome, task) && replacements(task) <= replacementsMax) {
    yield* replaceAttempt(task, outcome, nowMs);
  } else {
    yield* failAttempt(state, task, outcome, nowMs);
  }
}

/** What is lost again and again meets something that does not pass at once. */
function* replaceAttempt(
  task: Task,
  outcome: Outcome,
  nowMs: number,
): Generator<Event, void, void> {
  const waits = replacements(task) - replacementsAtOnce;
  if (waits <= 0) {
    yield { type: "TaskRequeued", task: task.id, reason: outcome.kind };
    return;
  }
  const untilMs = nowMs + jittered(task, replacementBackoff, waits);
  yield { type: "TaskBackedOff", task: task.id, untilMs, because: "lost" };
}

function* failAttempt(
  state: State,
  task: Task,
  outcome: Outcome,
  nowMs: number,
): Generator<Event, void, void> {
  const failed = ofThisRound(task).filter((attempt) => isFailure(attempt, task));
  const next = nextTry(task, outcome, failed);
  const { retryBudget } = task.job.spec;
  const spent = retryBudget !== undefined && task.job.retriesSpent >= retryBudget;
  if (next.again && !spent) {
    if (next.remedy !== null) {
      yield { type: "TaskRemedied", task: task.id, remedy: next.remedy };
    }
    const waitMs = next.failures === 0 ? 0 : backoffMs(task, next.failures);
    yield { type: "TaskBackedOff", task: task.id, untilMs: nowMs + waitMs };
    return;
  }
  const why = next.again
    ? `; its job's ${retryBudget} attempts after failures are spent`
    : next.why;
  const reason = outcome.kind === "exited" ? "exit_code" : outcome.kind;
  yield* endTask(state, task, {
    state: outcome.kind === "timed_out" ? "timed_out" : "failed",
    reason: next.again ? "retry_budget_spent" : reason,
    message: `${describeOutcome(outcome)}${why}`,
  });
}

/**
 * Exponential backoff with jitter: between half and all of backoff × 2^(failures - 1). The jitter
 * is a hash of task and attempt, so that a replay and another master draw the same one.
 */
export const backoffMs = (task: Task, failures: number): number =>
  jittered(task, task.template.retry, failures);

function jittered(
  task: Task,
  { backoffMs: base, backoffMaxMs }: { readonly backoffMs: number; readonly backoffMaxMs: number },
  failures: number,
): number {
  const ceiling = Math.min(backoffMaxMs, base * 2 ** Math.min(30, failures - 1));
  const [hash] = digest(`${task.id}#${task.attempts.length}`);
  return Math.round(ceiling * (0.5 + hash / 2 ** 33));
}

/**
 * The attempt was cut off rather than failing by itself. A supervisor that died may have let the
 * program run for a while, so only an idempotent task is repeated for that without being asked.
 */
function isBlameless(outcome: Outcome, task: Task): boolean {
  const { kind } = outcome;
  if (kind === "lost" || kind === "lease_expired" || kind === "drained") return true;
  return kind === "supervisor_lost" && task.template.idempotent;
}

/** However a program answers to being stopped, it did not fail; one that was done is done. */
function outcomeAsked(outcome: Outcome, asked: StopReason | null): Outcome {
  const done = outcome.kind === "exited" && outcome.exitCode === 0;
  if (done || outcome.kind === "lost") return outcome;
  if (asked === "released") return { kind: "lost", message: "released: its gang was refused" };
  return asked === "drained" ? { kind: "drained" } : outcome;
}

function isFailure({ status }: Attempt, task: Task): boolean {
  return status.kind === "ended" && !isBlameless(status.outcome, task);
}

const ofThisRound = (task: Task): Attempt[] => task.attempts.slice(task.attemptsBefore);

/**
 * Attempts with which their supervisor or worker went down, whether that counts as a failure or not.
 * One that had run well for long was hit by something else: a reboot, say.
 */
const crashes = (task: Task): number =>
  ofThisRound(task).filter(
    ({ status, launchedAtMs }) =>
      status.kind === "ended" &&
      status.endedAtMs - launchedAtMs < crashWithinMs &&
      (status.outcome.kind === "supervisor_lost" || status.fault === "worker_down"),
  ).length;

const crashWithinMs = 60 * 60_000;

const replacements = (task: Task): number =>
  ofThisRound(task).filter(
    ({ status }) => status.kind === "ended" && isBlameless(status.outcome, task),
  ).length;

function stopReasonOf(attempt: Attempt | undefined): StopReason | null {
  if (attempt?.status.kind === "stopping") return attempt.status.reason;
  return attempt?.status.kind === "unknown" ? attempt.status.stopReason : null;
}

export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case "exited":
      return `exited with code ${outcome.exitCode}`;
    case "signalled":
      return `ended by signal ${outcome.signal}`;
    case "timed_out":
      return "ran past its timeout";
    case "cancelled":
      return "was cancelled";
    case "out_of_memory":
      return "ran out of the memory it asked for";
    case "not_started":
      return `could not be started: ${outcome.message}`;
    case "input_unavailable":
      return `its inputs could not be had: ${outcome.message}`;
    case "output_failed":
      return `its outputs could not be taken: ${outcome.message}`;
    case "lease_expired":
      return "was stopped because contact with its worker was lost";
    case "supervisor_lost":
      return "its supervisor died";
    case "drained":
      return "was stopped because its worker is being drained";
    case "lost":
      return `was lost: ${outcome.message}`;
    default:
      return unreachable(outcome);
  }
}
