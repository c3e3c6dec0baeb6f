/**
 * Leases: an attempt with `stopWhenLostAfterMs` may run until that long after the newest sign of life
 * that a master has acknowledged was sent. Counted on the monotonic clock from the sending, not from
 * the acknowledgement: the master counts from the receipt, which is later, so it never takes an
 * attempt for stopped that still runs.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Clock, Timer } from "../../core/clock.js";
import type { AttemptId } from "../../core/ids.js";

export interface Leases {
  /** A lease of this length would be over already: no master has been heard of for longer. */
  isOver(stopWhenLostAfterMs: number | null): boolean;
  /** Resolves when it is not, or when the signal says that it no longer matters. */
  renewed(stopWhenLostAfterMs: number | null, signal: AbortSignal): Promise<void>;
  /** null: the attempt outlives all silence. */
  add(attempt: AttemptId, stopWhenLostAfterMs: number | null): void;
  /** One of an earlier supervisor's, under the last renewal that it kept; before any `add`. */
  takeUp(attempt: AttemptId, stopWhenLostAfterMs: number | null): void;
  remove(attempt: AttemptId): void;
  renew(sentAtMonotonicMs: number): void;
}

/** Outlives the supervisor, so that what it leaves behind has no longer leases than before. */
export interface RenewalMemory {
  /** null: nothing was kept in this boot of the node. */
  read(): number | null;
  keep(renewedAtMs: number): void;
}

/** A lease may seem this much older to a next supervisor than it is; never younger. */
const keepEveryMs = 1_000;

export function createRenewalMemory(path: string, boot: string): RenewalMemory {
  let keptAtMs = Number.NEGATIVE_INFINITY;
  return {
    read() {
      try {
        const [keptBoot, renewedAtMs] = readFileSync(path, "utf8").trim().split(" ");
        return keptBoot === boot ? Number(renewedAtMs) : null;
      } catch {
        return null;
      }
    },
    keep(renewedAtMs) {
      if (renewedAtMs - keptAtMs < keepEveryMs) return;
      keptAtMs = renewedAtMs;
      try {
        writeFileSync(`${path}.new`, `${boot} ${renewedAtMs}\n`, { mode: 0o600 });
        renameSync(`${path}.new`, path);
      } catch {
        // On a full disk the older one holds: leases end sooner.
      }
    },
  };
}

interface Lease {
  readonly durationMs: number;
  /** Of whichever supervisor the attempt began under. */
  readonly sinceMs: number;
}

export function createLeases(
  clock: Clock,
  memory: RenewalMemory,
  onExpired: (attempt: AttemptId) => void,
): Leases {
  const leases = new Map<AttemptId, Lease>();
  const createdAtMs = clock.monotonicMs();
  let renewedAtMs = Number.NEGATIVE_INFINITY;
  let timer: Timer | null = null;
  const waiting: (() => void)[] = [];

  const endOf = ({ durationMs, sinceMs }: Lease): number =>
    Math.max(renewedAtMs, sinceMs) + durationMs;

  function add(attempt: AttemptId, durationMs: number | null, sinceMs: number): void {
    if (durationMs === null) return;
    leases.set(attempt, { durationMs, sinceMs });
    arm();
  }

  function expire(): void {
    const now = clock.monotonicMs();
    for (const [attempt, lease] of [...leases]) {
      if (endOf(lease) > now) continue;
      leases.delete(attempt);
      onExpired(attempt);
    }
    arm();
  }

  /** A renewal only moves ends back, so an armed timer may fire early but never late. */
  function arm(): void {
    timer?.clear();
    timer = null;
    if (leases.size === 0) return;
    const firstMs = [...leases.values()].map(endOf).reduce((a, b) => Math.min(a, b));
    timer = clock.after(Math.max(1, firstMs - clock.monotonicMs()), expire);
  }

  const isOver = (durationMs: number | null): boolean =>
    durationMs !== null && endOf({ durationMs, sinceMs: createdAtMs }) <= clock.monotonicMs();

  function renewed(durationMs: number | null, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (isOver(durationMs) && !signal.aborted) waiting.push(look);
        else resolve();
      };
      signal.addEventListener("abort", () => resolve(), { once: true });
      look();
    });
  }

  return {
    isOver,
    renewed,
    add(attempt, stopWhenLostAfterMs) {
      add(attempt, stopWhenLostAfterMs, createdAtMs);
      if (stopWhenLostAfterMs !== null) memory.keep(Math.max(renewedAtMs, createdAtMs));
    },
    takeUp: (attempt, stopWhenLostAfterMs) => add(attempt, stopWhenLostAfterMs, memory.read() ?? 0),
    remove(attempt) {
      leases.delete(attempt);
    },
    renew(sentAtMonotonicMs) {
      renewedAtMs = Math.max(renewedAtMs, sentAtMonotonicMs);
      if (leases.size > 0) memory.keep(renewedAtMs);
      for (const look of waiting.splice(0)) look();
    },
  };
}
