/**
 * Directories of attempts whose reports are acknowledged stay for a while, for their logs. The
 * oldest go first, by number and by size.
 */
import type { Dirent } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptId } from "../../core/ids.js";
import { attemptDirectory } from "../ipc/paths.js";
import { messageOf, type WorkerLog } from "../log.js";
import type { Ledger } from "./ledger.js";
import { removeTree } from "./remove-tree.js";

export interface RetentionLimits {
  readonly attemptsMax: number;
  readonly bytesMax: number;
}

/** Entries looked at to size one directory; a larger one counts as what was seen. */
const sizedEntriesMax = 10_000;

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

  async function removeOldest(): Promise<void> {
    const { retained } = ledger.state;
    const removed: AttemptId[] = [];
    for (const attempt of retained.keys()) {
      const over = retained.size - removed.length > limits.attemptsMax || total > limits.bytesMax;
      if (!over) break;
      await removeTree(attemptDirectory(dataDirectory, attempt));
      total -= sizes.get(attempt) ?? 0;
      sizes.delete(attempt);
      removed.push(attempt);
    }
    if (removed.length > 0) ledger.append({ kind: "removed", attempts: removed });
  }

  async function measure(attempts: readonly AttemptId[]): Promise<void> {
    for (const attempt of attempts) {
      const bytes = await directoryBytes(attemptDirectory(dataDirectory, attempt));
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
