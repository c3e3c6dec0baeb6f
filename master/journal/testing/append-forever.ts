/** Run as a process of its own: appends batches for ever and prints each tail that was acknowledged. */
import { writeSync } from "node:fs";
import { openSegmentedJournal } from "../segmented-file.js";
import { records } from "./records.js";

const directory = process.argv[2];
if (directory === undefined) throw new Error("a directory is needed");
const journal = await openSegmentedJournal({ directory, segmentBytes: 64 * 1024 });

async function appendForever(): Promise<void> {
  let next = journal.tail + 1;
  for (;;) {
    const appends: Promise<void>[] = [];
    for (let caller = 0; caller < 8; caller += 1) {
      const size = 1 + (next % 5);
      const acknowledged = next + size - 1;
      // Synchronous, so that what is printed was acknowledged and nothing acknowledged is lost here.
      appends.push(
        journal
          .append(journal.epoch, next - 1, records(next, size))
          .then(() => void writeSync(1, `${acknowledged}\n`)),
      );
      next += size;
    }
    await Promise.race(appends);
    if (journal.pending > 64) await Promise.all(appends);
  }
}

await appendForever();
