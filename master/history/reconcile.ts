/**
 * Holds the archive against the journal when a master starts: every job that the journal says was
 * archived must be there. What is missing (the file is gone, damaged or an older copy) is made
 * anew by folding the journal, as far back as that goes.
 */
import type { FileSystem } from "../journal/file-system.js";
import { type ArchivedJob, archivedJob } from "../pure/archived-job.js";
import type { Recorded } from "../pure/events.js";
import { evolve } from "../pure/evolve.js";
import { lift } from "../pure/upcast.js";
import { oldestBase, type Source } from "../shell/recovery.js";
import type { Archive } from "./archive.js";

export interface ReconcileOptions {
  readonly archive: Archive;
  readonly fileSystem: FileSystem;
  /** Of the journal. */
  readonly directory: string;
  readonly source: Source;
  /** Sequence of the journal's last record. */
  readonly tail: number;
}

export interface Reconciled {
  /** Jobs that were put into the archive anew. */
  readonly rebuilt: number;
  /** What may be lost, in words; null: nothing is. */
  readonly lost: string | null;
}

/** Nothing of a loss is recorded here: whoever accepts it sets the cursor. Throws `corrupt`. */
export async function reconcile(options: ReconcileOptions): Promise<Reconciled> {
  const { archive, source, tail } = options;
  const cursor = await archive.cursor(null);
  if (cursor >= tail) {
    // It may be of a journal that was put back to an earlier time.
    if (cursor > tail) await archive.setCursor(tail);
    return { rebuilt: 0, lost: null };
  }
  const missing = await missingJobs(archive, source, Math.max(cursor + 1, source.begins));
  const rebuilt = missing.size === 0 ? 0 : await rebuild(options, missing);
  const lost = lossOf(cursor, source.begins, missing);
  if (lost === null) await archive.setCursor(tail);
  return { rebuilt, lost };
}

function lossOf(cursor: number, begins: number, missing: ReadonlySet<string>): string | null {
  if (begins > cursor + 1) {
    return `it knows jobs up to event ${cursor}, and the journal begins with ${begins}: jobs that were archived in between may be missing`;
  }
  const [first] = missing;
  return first === undefined
    ? null
    : `it lacks ${missing.size} jobs that the journal no longer holds whole, like ${first}`;
}

/** Asked for at once. */
const askedMax = 1_000;

/** Jobs archived from this event on that are not in the archive, or only as they were before. */
async function missingJobs(archive: Archive, source: Source, from: number): Promise<Set<string>> {
  const missing = new Set<string>();
  const reloaded = new Set<string>();
  let ids: string[] = [];
  const ask = async (): Promise<void> => {
    const there = await archive.ends(ids);
    for (const id of ids) if (there[id] === undefined || reloaded.has(id)) missing.add(id);
    ids = [];
  };
  for await (const { payload } of source.read(from)) {
    // Most events are of other types: only a few are parsed.
    if (!payload.includes('"JobArchived"') && !payload.includes('"JobReloaded"')) continue;
    const { event } = lift(JSON.parse(payload) as Recorded);
    if (event.type === "JobReloaded") reloaded.add(event.job);
    if (event.type === "JobArchived") ids.push(event.job);
    if (ids.length === askedMax) await ask();
  }
  await ask();
  return missing;
}

/** Written at once. */
const rowsMax = 500;

/** Puts into the archive what is missing, and takes out of `missing` what was found. */
async function rebuild(
  { archive, fileSystem, directory, source }: ReconcileOptions,
  missing: Set<string>,
): Promise<number> {
  const state = await oldestBase(fileSystem, directory, source);
  const found = new Set<string>();
  // By id: the last time that a job was archived counts.
  let rows = new Map<string, ArchivedJob>();
  for await (const { payload } of source.read(state.seq + 1)) {
    const recorded = lift(JSON.parse(payload) as Recorded);
    const { event } = recorded;
    const job = event.type === "JobArchived" ? state.jobs.get(event.job) : undefined;
    if (job !== undefined && missing.has(job.id)) {
      rows.set(job.id, archivedJob(state, job));
      found.add(job.id);
    }
    evolve(state, recorded);
    if (rows.size < rowsMax) continue;
    await archive.put([...rows.values()]);
    rows = new Map();
  }
  await archive.put([...rows.values()]);
  for (const id of found) missing.delete(id);
  return found.size;
}
