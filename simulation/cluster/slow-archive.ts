/** The archive as a process has it: writing takes time, and a process that dies may or may not have. */
import type { Clock } from "../../core/clock.js";
import type { Archive } from "../../master/history/archive.js";
import { type ArchiveStore, openMemoryArchive } from "../../master/history/memory-archive.js";
import { sleepOn } from "../../worker/clock.js";

/** What was put is synced; only whether anybody was told can be lost. */
export function slowArchive(store: ArchiveStore, clock: Clock, syncMs: () => number): Archive {
  const archive = openMemoryArchive(store);
  const slowly = async (write: () => Promise<void>): Promise<void> => {
    await sleepOn(clock, syncMs());
    await write();
    await sleepOn(clock, syncMs());
  };
  return {
    ...archive,
    put: (jobs) => slowly(() => archive.put(jobs)),
    setCursor: (sequence) => slowly(() => archive.setCursor(sequence)),
  };
}
