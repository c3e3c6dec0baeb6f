/**
 * Directories of attempts whose reports are acknowledged stay for a while, for their logs. The
 * oldest go first, by number and by size.
 */
import { type Dirent, existsSync, lstatSync, opendirSync } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptId } from "../../core/ids.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import type { Ledger } from "./ledger.js";
import { removedAtOnceMax, removeTrees } from "./remove-tree.js";

export interface RetentionLimits {
  readonly attemptsMax: number;
  readonly bytesMax: number;
}

/** Entries looked at to size one directory; a larger one counts as what was seen. */
const sizedEntriesMax = 10_000;
const smallEntriesMax = 16;

export interface Retention {
  /** Measures the directory of an attempt that has just been forgotten, and makes room. */
  retain(attempts: readonly AttemptId[]): void;
  /** Resolves when nothing is being measured or removed. */
  idle(): Promise<void>;
}

export function createRetention(
  dataDirectory: string,
  ledger: Ledger,
  limits: RetentionLimits,
  log: WorkerLog,
): Retention {
  const sizes = new Map<AttemptId, number>();
  let total = 0;
  let work = Promise.resolve();

  /** The oldest that are too many or too much. */
  function surplus(): AttemptId[] {
    const { retained } = ledger.state;
    const found: AttemptId[] = [];
    let bytes = total;
    for (const attempt of retained.keys()) {
      const left = retained.size - found.length;
      if (left <= limits.attemptsMax && bytes <= limits.bytesMax) break;
      bytes -= sizes.get(attempt) ?? 0;
      found.push(attempt);
    }
    return found;
  }

  async function removeOldest(): Promise<void> {
    const oldest = surplus();
    for (let from = 0; from < oldest.length; from += removedAtOnceMax) {
      await remove(oldest.slice(from, from + removedAtOnceMax));
    }
  }

  async function remove(attempts: readonly AttemptId[]): Promise<void> {
    const pathOf = (attempt: AttemptId): string => attemptDirectory(dataDirectory, attempt);
    try {
      await removeTrees(attempts.map(pathOf));
    } finally {
      // What would not go is tried again with the next that is too many.
      const removed = attempts.filter((attempt) => !existsSync(pathOf(attempt)));
      for (const attempt of removed) {
        total -= sizes.get(attempt) ?? 0;
        sizes.delete(attempt);
      }
      if (removed.length > 0) ledger.append({ kind: "removed", attempts: removed });
    }
  }

  async function measure(attempts: readonly AttemptId[]): Promise<void> {
    for (const attempt of attempts) {
      const directory = attemptDirectory(dataDirectory, attempt);
      const bytes = smallDirectoryBytes(directory) ?? (await directoryBytes(directory));
      total += bytes - (sizes.get(attempt) ?? 0);
      sizes.set(attempt, bytes);
    }
    await removeOldest();
  }

  function retain(attempts: readonly AttemptId[]): void {
    work = work
      .then(() => measure(attempts))
      .catch((error: unknown) =>
        log.warn({ error: messageOf(error) }, "cannot make room for logs"),
      );
  }

  retain([...ledger.state.retained.keys()]);
  return { retain, idle: () => work };
}

/**
 * Without leaving this turn of the event loop, which costs ten times less where there is as little
 * as most attempts leave; null: there is more.
 */
function smallDirectoryBytes(root: string): number | null {
  const waiting = [root];
  let bytes = 0;
  let seen = 0;
  try {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const directory = opendirSync(path);
      try {
        for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
          seen += 1;
          if (seen > smallEntriesMax) return null;
          const entryPath = join(path, entry.name);
          if (entry.isDirectory()) waiting.push(entryPath);
          else if (entry.isFile()) bytes += lstatSync(entryPath).size;
        }
      } finally {
        directory.closeSync();
      }
    }
    return bytes;
  } catch {
    return null;
  }
}

async function directoryBytes(root: string): Promise<number> {
  const waiting = [root];
  let bytes = 0;
  let seen = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const entry of await entriesOf(path)) {
      seen += 1;
      if (seen > sizedEntriesMax) return bytes;
      const entryPath = join(path, entry.name);
      if (entry.isDirectory()) waiting.push(entryPath);
      else if (entry.isFile()) bytes += (await lstat(entryPath).catch(() => null))?.size ?? 0;
    }
  }
  return bytes;
}

async function entriesOf(path: string): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(path)) {
      entries.push(entry);
      if (entries.length >= sizedEntriesMax) break;
    }
  } catch {
    // Gone, or not ours to read: it counts for nothing.
  }
  return entries;
}
