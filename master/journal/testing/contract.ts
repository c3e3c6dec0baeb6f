/** What every journal promises, whatever it is made of. */
import { describe, expect, it } from "vitest";
import type { Journal, JournalRecord } from "../journal.js";
import { collect, records } from "./records.js";

export interface JournalFixture {
  readonly journal: Journal;
  dispose(): Promise<void>;
}

export function describeJournal(name: string, open: () => Promise<JournalFixture>): void {
  const promise = (title: string, body: (journal: Journal) => Promise<void>): void => {
    it(title, async () => {
      const fixture = await open();
      try {
        await body(fixture.journal);
      } finally {
        await fixture.dispose();
      }
    });
  };

  describe(name, () => {
    promise("starts empty", async (journal) => {
      expect(journal.tail).toBe(0);
      expect(journal.epoch).toBe(0);
      expect(await collect(journal, 1)).toEqual([]);
    });

    promise("reads back what was appended, from any sequence", async (journal) => {
      await journal.append(1, 0, records(1, 3));
      await journal.append(1, 3, records(4, 2));
      expect(journal.tail).toBe(5);
      expect(await collect(journal, 1)).toEqual(records(1, 5));
      expect(await collect(journal, 4)).toEqual(records(4, 2));
      expect(await collect(journal, 6)).toEqual([]);
    });

    promise("keeps every character of a payload", async (journal) => {
      const payload = JSON.stringify({ text: 'Zoë\u0000\ud800 "😀"\n', empty: "" });
      await journal.append(1, 0, [{ sequence: 1, payload }]);
      expect(await collect(journal, 1)).toEqual([{ sequence: 1, payload }]);
    });

    promise("keeps call order for callers that do not wait", async (journal) => {
      const appends = Array.from({ length: 50 }, (_, i) => journal.append(1, i, records(i + 1, 1)));
      await Promise.all(appends);
      expect(await collect(journal, 1)).toEqual(records(1, 50));
    });

    promise("a barrier resolves when everything before it is durable", async (journal) => {
      const append = journal.append(1, 0, records(1, 4));
      await journal.append(1, 4, []);
      expect(journal.tail).toBe(4);
      await append;
    });

    promise("accepts the same batch again and records it once", async (journal) => {
      await Promise.all([journal.append(1, 0, records(1, 3)), journal.append(1, 0, records(1, 3))]);
      await journal.append(1, 0, records(1, 3));
      await journal.append(2, 1, records(2, 1));
      expect(await collect(journal, 1)).toEqual(records(1, 3));
    });

    promise("refuses other records where some already stand", async (journal) => {
      await journal.append(1, 0, records(1, 3));
      const other = [{ sequence: 2, payload: '"other"' }];
      await expect(journal.append(1, 1, other)).rejects.toMatchObject({ code: "fenced" });
      await expect(journal.append(1, 2, records(3, 2))).rejects.toMatchObject({ code: "fenced" });
      expect(await collect(journal, 1)).toEqual(records(1, 3));
    });

    promise("refuses a hole", async (journal) => {
      await expect(journal.append(1, 5, records(6, 1))).rejects.toMatchObject({ code: "fenced" });
      const holed = [...records(1, 1), ...records(3, 1)];
      await expect(journal.append(1, 0, holed)).rejects.toMatchObject({ code: "invalid" });
      expect(journal.tail).toBe(0);
    });

    promise("refuses a lower epoch than the highest seen, a barrier included", async (journal) => {
      await journal.append(3, 0, records(1, 1));
      expect(journal.epoch).toBe(3);
      await expect(journal.append(2, 1, records(2, 1))).rejects.toMatchObject({ code: "fenced" });
      await expect(journal.append(2, 1, [])).rejects.toMatchObject({ code: "fenced" });
      await journal.append(3, 1, records(2, 1));
      expect(journal.tail).toBe(2);
    });

    promise("a read sees the journal as it was when it was asked", async (journal) => {
      await journal.append(1, 0, records(1, 2));
      const reading = journal.read(1);
      await journal.append(1, 2, records(3, 2));
      const seen: JournalRecord[] = [];
      for await (const record of reading) seen.push(record);
      expect(seen).toEqual(records(1, 2));
    });

    promise("refuses appends once closed", async (journal) => {
      await journal.close();
      await expect(journal.append(1, 0, records(1, 1))).rejects.toMatchObject({ code: "closed" });
    });
  });
}
