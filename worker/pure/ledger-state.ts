/**
 * The supervisor's durable knowledge as the fold of its records. An attempt is `launched`, then
 * `finished` until a master has acknowledged the report, then `retained` as long as its directory
 * is kept, then a tombstone: a late duplicate of its launch must still not start it.
 */
import { chargedResources } from "../../core/charge.js";
import type { TaskOutput } from "../../core/data.js";
import type { AttemptId } from "../../core/ids.js";
import type { DriverName } from "../../core/job.js";
import type { Resources } from "../../core/resources.js";
import type { AttemptFinished, AttemptStarted, Launch } from "../../core/session.js";
import type { DriverIdentity } from "../driver.js";

export const tombstonesMax = 100_000;
const tombstonesPerRecord = 1_000;

export type LedgerRecord =
  /** A supervisor has begun its life; identities recorded under another boot mean nothing. */
  | { readonly kind: "supervisor"; readonly session: string; readonly boot: string }
  /** The first record of all: whoever goes on with this ledger knows what it knows. */
  | { readonly kind: "ledger"; readonly identity: string }
  | { readonly kind: "epoch"; readonly epoch: number }
  | {
      readonly kind: "launched";
      readonly attempt: AttemptId;
      readonly driver: DriverName;
      /** Absent: written by a release that took nothing up. */
      readonly terms?: LaunchTerms;
    }
  | {
      readonly kind: "identified";
      readonly attempt: AttemptId;
      readonly identity: DriverIdentity;
      readonly boot: string;
    }
  | { readonly kind: "started"; readonly started: AttemptStarted }
  | { readonly kind: "finished"; readonly finished: AttemptFinished }
  | { readonly kind: "forgotten"; readonly attempts: readonly AttemptId[] }
  | { readonly kind: "removed"; readonly attempts: readonly AttemptId[] };

/** What of a launch binds whoever has the attempt. */
export interface LaunchTerms
  extends Pick<Launch, "timeoutMs" | "killGraceMs" | "stopWhenLostAfterMs" | "logBytesMax"> {
  /** What it takes of the worker while it is not being stopped. */
  readonly charged: Resources;
  /** What to take from its working directory; null: no files travel with it. */
  readonly outputs: readonly TaskOutput[] | null;
}

export const termsOf = (launch: Launch): LaunchTerms => ({
  charged: chargedResources(launch),
  outputs: launch.data?.outputs ?? null,
  timeoutMs: launch.timeoutMs,
  killGraceMs: launch.killGraceMs,
  stopWhenLostAfterMs: launch.stopWhenLostAfterMs,
  logBytesMax: launch.logBytesMax,
});

export interface LaunchedEntry {
  readonly driver: DriverName;
  readonly terms: LaunchTerms | null;
  readonly identity: DriverIdentity | null;
  /** The boot of the node under which the identity was recorded. */
  readonly boot: string | null;
  readonly started: AttemptStarted | null;
}

export interface LedgerState {
  /** null: of a release that gave it none, and not opened since. */
  identity: string | null;
  epochSeen: number;
  readonly launched: Map<AttemptId, LaunchedEntry>;
  /** Not acknowledged by any master. */
  readonly finished: Map<AttemptId, AttemptFinished>;
  /** Acknowledged, oldest first. */
  readonly retained: Map<AttemptId, AttemptFinished>;
  /** Oldest first; at most `tombstonesMax`. */
  readonly tombstones: Set<AttemptId>;
}

export const emptyLedgerState = (): LedgerState => ({
  identity: null,
  epochSeen: 0,
  launched: new Map(),
  finished: new Map(),
  retained: new Map(),
  tombstones: new Set(),
});

export function evolveLedger(state: LedgerState, record: LedgerRecord): void {
  switch (record.kind) {
    case "supervisor":
      return;
    case "ledger":
      state.identity = record.identity;
      return;
    case "epoch":
      state.epochSeen = Math.max(state.epochSeen, record.epoch);
      return;
    case "launched": {
      const { attempt, driver, terms = null } = record;
      state.launched.set(attempt, { driver, terms, identity: null, boot: null, started: null });
      return;
    }
    case "identified": {
      const entry = state.launched.get(record.attempt);
      if (entry === undefined) return;
      const { identity, boot } = record;
      state.launched.set(record.attempt, { ...entry, identity, boot });
      return;
    }
    case "started": {
      const entry = state.launched.get(record.started.attempt);
      if (entry === undefined) return;
      state.launched.set(record.started.attempt, { ...entry, started: record.started });
      return;
    }
    case "finished":
      state.launched.delete(record.finished.attempt);
      state.finished.set(record.finished.attempt, record.finished);
      return;
    case "forgotten":
      for (const attempt of record.attempts) {
        const finished = state.finished.get(attempt);
        if (finished === undefined) continue;
        state.finished.delete(attempt);
        state.retained.set(attempt, finished);
      }
      return;
    case "removed":
      for (const attempt of record.attempts) {
        state.retained.delete(attempt);
        state.tombstones.add(attempt);
      }
      dropOldest(state.tombstones);
  }
}

function dropOldest(tombstones: Set<AttemptId>): void {
  for (const attempt of tombstones) {
    if (tombstones.size <= tombstonesMax) return;
    tombstones.delete(attempt);
  }
}

/** The shortest records whose fold is this state: what compaction writes. */
export function* ledgerRecords(state: LedgerState): Generator<LedgerRecord> {
  if (state.identity !== null) yield { kind: "ledger", identity: state.identity };
  yield { kind: "epoch", epoch: state.epochSeen };
  const tombstones = [...state.tombstones];
  for (let from = 0; from < tombstones.length; from += tombstonesPerRecord) {
    yield { kind: "removed", attempts: tombstones.slice(from, from + tombstonesPerRecord) };
  }
  for (const [attempt, finished] of state.retained) {
    yield { kind: "finished", finished };
    yield { kind: "forgotten", attempts: [attempt] };
  }
  for (const finished of state.finished.values()) yield { kind: "finished", finished };
  for (const [attempt, entry] of state.launched) {
    const { driver, terms } = entry;
    yield { kind: "launched", attempt, driver, ...(terms !== null && { terms }) };
    if (entry.identity !== null && entry.boot !== null) {
      yield { kind: "identified", attempt, identity: entry.identity, boot: entry.boot };
    }
    if (entry.started !== null) yield { kind: "started", started: entry.started };
  }
}
