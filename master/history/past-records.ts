/** What jobs that are no longer in memory teach the predictor. */
import type { HistoryRecord } from "../../core/prediction.js";
import { runsRemembered } from "../shell/planner-history.js";
import type { Archive, ArchivedRecords, ListPlace } from "./archive.js";

/** Jobs asked for at once: others wait for the archive meanwhile. */
const jobsAtOnce = 50;

/** What jobs in the archive teach the predictor: of so many runs as it remembers, the newest. */
export async function pastRecords(archive: Archive): Promise<readonly HistoryRecord[]> {
  const all: HistoryRecord[] = [];
  let runs = 0;
  let before: ListPlace | null = null;
  do {
    const { records, next }: ArchivedRecords = await archive.records({ before, jobs: jobsAtOnce });
    for (const record of records) {
      all.push(record);
      if (record.what.kind === "ended") runs++;
    }
    before = next;
  } while (before !== null && runs < runsRemembered);
  return all;
}
