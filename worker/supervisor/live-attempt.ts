/** One attempt that is alive on this worker: what is known of it, and what may be said of it. */
import type { Timer } from "../../core/clock.js";
import type { DataFile } from "../../core/data.js";
import type { AttemptId } from "../../core/ids.js";
import type { AttemptStarted } from "../../core/session.js";
import type { Outcome } from "../../core/worker.js";
import type { DriverEnd, RunningAttempt } from "../driver.js";
import type { LaunchTerms } from "../pure/ledger-state.js";
import type { Mask } from "./attempt-secrets.js";

/** Why the supervisor itself ends an attempt. */
export type StopOutcome = Extract<
  Outcome,
  { kind: "cancelled" | "timed_out" | "lease_expired" | "supervisor_lost" }
>;

/** How the program ended, and what became of the files that it left. */
export interface AttemptEnd extends Omit<DriverEnd, "outcome"> {
  readonly outcome: Outcome;
  readonly outputs?: readonly DataFile[];
}

export interface LiveAttempt {
  readonly attempt: AttemptId;
  readonly terms: LaunchTerms;
  running: RunningAttempt | null;
  stop: { readonly outcome: StopOutcome; readonly atMs: number; graceMs: number } | null;
  timeout: Timer | null;
  /** When the timeout strikes, on the wall clock; while it is paused: how much of it is left. */
  timeoutAtMs: number | null;
  timeoutLeftMs: number | null;
  /** Since when it waits for its inputs, or for a master to be heard of; null: for neither. */
  waitingSinceMs: number | null;
  /** How long that took. */
  stagingMs: number | null;
  /** Ends transfers of its files when it is told to stop. */
  readonly abort: AbortController;
  /** It was given secrets, or may have been by an earlier supervisor. */
  hasSecrets: boolean;
  /** Takes their values out of words; null: it has none that are known here. */
  mask: Mask | null;
  /** Resolves when it has started, waits to, or has finished without either: it can be told of. */
  readonly settled: Promise<void>;
  readonly settle: () => void;
  /** Resolves when its end is durable. */
  finished: Promise<void>;
}

export function createLiveAttempt(attempt: AttemptId, terms: LaunchTerms): LiveAttempt {
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return {
    attempt,
    terms,
    running: null,
    stop: null,
    timeout: null,
    timeoutAtMs: null,
    timeoutLeftMs: null,
    waitingSinceMs: null,
    stagingMs: null,
    abort: new AbortController(),
    hasSecrets: false,
    mask: null,
    settled,
    settle,
    finished: Promise.resolve(),
  };
}

/** A state is not held up by it, and names it: who says that it has been given up knows of it. */
export function beginWaiting(one: LiveAttempt, sinceMs: number): void {
  one.waitingSinceMs = sinceMs;
  one.settle();
}

export function startedOf({ attempt, running }: LiveAttempt): AttemptStarted | null {
  if (running === null) return null;
  const { startedAtMs, pid } = running;
  return { attempt, startedAtMs, pid };
}

/** Also what waits to begin: the master is not to think it lost. */
export function livingOf(one: LiveAttempt): AttemptStarted | null {
  const { waitingSinceMs, attempt } = one;
  if (one.running !== null || waitingSinceMs === null) return startedOf(one);
  return { attempt, startedAtMs: waitingSinceMs, pid: 0 };
}

/** A program that had ended before it was told to stop ended by itself. */
export const outcomeOf = ({ stop }: LiveAttempt, end: AttemptEnd): Outcome =>
  stop !== null && stop.atMs <= end.endedAtMs ? stop.outcome : end.outcome;

export const notStarted = (message: string, endedAtMs: number): AttemptEnd => ({
  outcome: { kind: "not_started", message },
  usage: { peakMemoryBytes: null, cpuMs: null },
  endedAtMs,
  stdoutBytes: 0,
  stderrBytes: 0,
});
