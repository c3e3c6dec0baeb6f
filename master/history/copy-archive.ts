/** The archive without its master: read through, copied beside a running one, put in place again. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { ArchiveError, type ArchiveReport } from "./archive.js";
import { inspectSqliteArchive } from "./sqlite-archive.js";
import { openSqlite } from "./sqlite-database.js";
import { tables } from "./sqlite-schema.js";

/** Of the file there; null: there is none. Throws ArchiveError. */
export async function verifyArchive(path: string): Promise<ArchiveReport | null> {
  return existsSync(path) ? inspectSqliteArchive(path) : null;
}

/**
 * A copy as of an event of the journal: of a backup that holds the journal up to there. Durable and
 * read back when it returns; null: there is nothing to copy.
 */
export async function backupArchive(
  from: string,
  to: string,
  tail: number,
): Promise<ArchiveReport | null> {
  if (!existsSync(from)) return null;
  refuseExisting(to);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const source = openSqlite(from, "read");
  try {
    source.run("VACUUM INTO ?", to);
  } finally {
    source.close();
  }
  cutBehind(to, tail);
  await sync(to);
  return inspectSqliteArchive(to);
}

/** Puts a copy where a master looks for its archive. */
export async function restoreArchive(from: string, to: string): Promise<ArchiveReport | null> {
  if (!existsSync(from)) return null;
  refuseExisting(to);
  await inspectSqliteArchive(from);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to);
  await sync(to);
  return inspectSqliteArchive(to);
}

/** Throws before anything is written where a copy is to come. */
export function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new ArchiveError("io_failed", `there is an archive already: ${path}`);
}

/**
 * The archive was copied after the journal, so that it lacks nothing; what it knows from later is of
 * a time that a master which starts from the copy has not come to.
 */
function cutBehind(path: string, tail: number): void {
  const database = openSqlite(path, "plain");
  try {
    database.transaction(() => {
      for (const table of tables) {
        const job = table === "jobs" ? "id" : "job";
        database.run(
          `DELETE FROM ${table} WHERE ${job} IN (SELECT id FROM jobs WHERE sequence > ?)`,
          tail,
        );
      }
      database.run("UPDATE cursor SET sequence = min(sequence, ?)", tail);
    });
  } finally {
    database.close();
  }
}

async function sync(path: string): Promise<void> {
  for (const each of [path, dirname(path), dirname(dirname(path))]) {
    const handle = await open(each, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
