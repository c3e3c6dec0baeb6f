/**
 * The supervisor's ledger on a simulated disk: lines survive a killed supervisor, and only those
 * that were synced survive the power.
 */
import type { Clock } from "../../core/clock.js";
import { sleepOn } from "../../worker/clock.js";
import {
  emptyLedgerState,
  evolveLedger,
  type LedgerRecord,
} from "../../worker/pure/ledger-state.js";
import type { Ledger } from "../../worker/supervisor/ledger.js";

export interface LedgerFile {
  records: string[];
  /** The first so many are on the disk. */
  durable: number;
}

export const emptyLedgerFile = (): LedgerFile => ({ records: [], durable: 0 });

/** What the power leaves: all that was synced, and by chance more, in order. */
export function loseUnsynced(file: LedgerFile, random: () => number): void {
  const kept = file.durable + Math.floor(random() * (file.records.length - file.durable + 1));
  file.records = file.records.slice(0, kept);
  file.durable = kept;
}

export interface LedgerHost {
  readonly clock: Clock;
  readonly syncMs: () => number;
  /** A master is said to have these reports for good. */
  readonly onForgotten: (attempts: readonly string[]) => void;
}

export function openSimulatedLedger(file: LedgerFile, host: LedgerHost): Ledger {
  const { clock, syncMs, onForgotten } = host;
  const state = emptyLedgerState();
  for (const line of file.records) evolveLedger(state, JSON.parse(line) as LedgerRecord);
  return {
    state,
    append(record) {
      file.records.push(JSON.stringify(record));
      evolveLedger(state, record);
      if (record.kind === "forgotten") onForgotten(record.attempts);
    },
    async commit() {
      const upTo = file.records.length;
      await sleepOn(clock, syncMs());
      file.durable = Math.max(file.durable, upTo);
    },
    close: async () => undefined,
  };
}
