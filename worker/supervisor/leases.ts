/**
 * Leases: an attempt with `stopWhenLostAfterMs` may run until that long after the newest sign of life
 * that a master has acknowledged was sent. Counted on the monotonic clock from the sending, not from
 * the acknowledgement: the master counts from the receipt, which is later, so it never takes an
 * attempt for stopped that still runs.
 */
import type { AttemptId } from "../../core/ids.js";
import { monotonicMs } from "../ipc/messages.js";
import { type LongTimer, setLongTimeout } from "./timer.js";

export interface Leases {
  /** null: the attempt outlives all silence. */
  add(attempt: AttemptId, stopWhenLostAfterMs: number | null): void;
  remove(attempt: AttemptId): void;
  renew(sentAtMonotonicMs: number): void;
}

export function createLeases(onExpired: (attempt: AttemptId) => void): Leases {
  const durations = new Map<AttemptId, number>();
  let renewedAtMs = monotonicMs();
  let timer: LongTimer | null = null;

  function expire(): void {
    const now = monotonicMs();
    for (const [attempt, durationMs] of [...durations]) {
      if (renewedAtMs + durationMs > now) continue;
      durations.delete(attempt);
      onExpired(attempt);
    }
    arm();
  }

  /** A renewal only moves deadlines back, so an armed timer may fire early but never late. */
  function arm(): void {
    timer?.clear();
    timer = null;
    if (durations.size === 0) return;
    const shortestMs = [...durations.values()].reduce((a, b) => Math.min(a, b));
    timer = setLongTimeout(expire, Math.max(1, renewedAtMs + shortestMs - monotonicMs()));
  }

  return {
    add(attempt, stopWhenLostAfterMs) {
      if (stopWhenLostAfterMs === null) return;
      durations.set(attempt, stopWhenLostAfterMs);
      arm();
    },
    remove(attempt) {
      durations.delete(attempt);
    },
    renew(sentAtMonotonicMs) {
      renewedAtMs = Math.max(renewedAtMs, sentAtMonotonicMs);
    },
  };
}
