/** A journal that lives as long as its process: for tests, and for whatever needs no truth. */
import {
  admitBatch,
  confirmSame,
  type Journal,
  JournalError,
  type JournalRecord,
} from "./journal.js";

export function createMemoryJournal(): Journal {
  const records: JournalRecord[] = [];
  let epochMax = 0;
  let closed = false;

  async function* read(fromSequence: number, tail: number): AsyncGenerator<JournalRecord> {
    yield* records.slice(Math.max(0, fromSequence - 1), tail);
  }

  const journal: Journal = {
    get tail() {
      return records.length;
    },
    get epoch() {
      return epochMax;
    },
    pending: 0,
    async append(epoch, expectedTail, batch) {
      if (closed) throw new JournalError("closed", "the journal is closed");
      const state = { epoch: epochMax, acceptedTail: records.length };
      const admission = admitBatch(state, epoch, expectedTail, batch);
      if (admission === "compare") return confirmSame(journal, batch);
      if (batch.length === 0) return;
      epochMax = epoch;
      for (const { sequence, payload } of batch) records.push({ sequence, payload });
    },
    read: (fromSequence) => read(fromSequence, records.length),
    async close() {
      closed = true;
    },
  };
  return journal;
}
