/**
 * Watches that outlive the master: when a stream breaks, a new one resumes from the last sequence
 * that was seen, with a growing pause between tries. Given up when nobody answers for long.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AlmanacError } from "../core/result.js";
import type { JobSummary, WatchEvent } from "../core/views.js";
import type { Client } from "./client.js";
import { CommandFailure } from "./failure.js";

export interface WatchOptions {
  readonly client: Client;
  /** Empty: all jobs. */
  readonly job: string;
  readonly signal: AbortSignal;
  /** Told when contact is lost, and once more (null) when it is back. */
  readonly onContact?: (lost: AlmanacError | null) => void;
  readonly giveUpAfterMs?: number;
}

const firstPauseMs = 200;
const longestPauseMs = 2_000;
const giveUpAfterDefaultMs = 5 * 60_000;

/** Throws where the master refuses, or has not answered for too long. */
export async function* watchEvents(options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { client, job, signal, onContact } = options;
  const giveUpAfterMs = options.giveUpAfterMs ?? giveUpAfterDefaultMs;
  let sequence = 0;
  let lostSinceMs: number | null = null;
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    let error: AlmanacError | null = null;
    for await (const result of client.watch(job, sequence, signal)) {
      if (!result.ok) {
        error = result.error;
        break;
      }
      if (lostSinceMs !== null) onContact?.(null);
      lostSinceMs = null;
      pauseMs = firstPauseMs;
      // 0 within a burst: only with its last message has everything up to there been told.
      if (result.value.sequence > 0) sequence = result.value.sequence;
      yield result.value;
    }
    if (signal.aborted) return;
    const lost = error ?? closed;
    if (lost.code !== "unavailable") throw new CommandFailure(lost);
    if (lostSinceMs === null) {
      lostSinceMs = Date.now();
      onContact?.(lost);
    }
    if (Date.now() - lostSinceMs > giveUpAfterMs) throw new CommandFailure(lost);
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  }
}

const closed: AlmanacError = {
  code: "unavailable",
  message: "the master has closed the watch",
  violations: [],
};

export interface FollowOptions extends WatchOptions {
  readonly onEvent?: (event: WatchEvent) => void;
}

/** Follows a job to its end; null if the signal came first. */
export async function untilEnded(options: FollowOptions): Promise<JobSummary | null> {
  let ended: JobSummary | null = null;
  for await (const event of watchEvents(options)) {
    options.onEvent?.(event);
    const { change } = event;
    if (change.kind !== "snapshot" && change.kind !== "job") continue;
    if (change.job.state === "running") continue;
    ended = change.job;
    // Of a job that ended before, the snapshot comes first and its tasks are of no more use.
    break;
  }
  return ended;
}
