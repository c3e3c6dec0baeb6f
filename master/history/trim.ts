/**
 * Lets go of the journal's oldest segments: of what stands in two snapshots, so that one of them
 * may turn out to be damaged, and of no job that the archive has not confirmed.
 */
import type { Logger } from "pino";
import type { SegmentedJournal } from "../journal/segmented-file.js";
import type { Archive } from "./archive.js";

export interface TrimOptions {
  readonly journal: Pick<SegmentedJournal, "tail" | "trim">;
  readonly archive: Archive;
  /** Sequences of snapshots that were read whole, newest first. */
  readonly usable: readonly number[];
  readonly log: Logger;
}

/** The snapshots that must hold what goes. */
const basesMin = 2;

/** Returns how many segments went. Throws what archive and disk throw: then none that counts has. */
export async function trimJournal({ journal, archive, usable, log }: TrimOptions): Promise<number> {
  // Each job was in the archive, synced, before its event was even decided: the archive has
  // all up to what is durable now. A master holds this true from its start on (reconcile.ts).
  await archive.setCursor(journal.tail);
  const base = usable[basesMin - 1];
  if (base === undefined) return 0;
  const below = Math.min(base, await archive.cursor(null));
  const segments = await journal.trim(below);
  if (segments > 0) log.info({ segments, below }, "journal trimmed");
  return segments;
}
