/**
 * Opens the archive beside a journal and makes it whole: a file that is no archive any more is put
 * aside, and what is missing comes from the journal. What that no longer holds is a loss, and a
 * master does not start with one unless it was told to.
 */
import { rename } from "node:fs/promises";
import type { Logger } from "pino";
import { type Archive, ArchiveError } from "./archive.js";
import { archivePath } from "./archive-path.js";
import { type ReconcileOptions, reconcile } from "./reconcile.js";
import { openSqliteArchive } from "./sqlite-archive.js";
import { openThreadedArchive } from "./threaded-archive.js";

export interface OpenArchiveOptions extends Omit<ReconcileOptions, "archive"> {
  readonly dataDirectory: string;
  /** The bundled archive-thread.ts. Absent: the file is used in this thread. */
  readonly threadEntry?: string;
  /** Start although jobs are lost for good. */
  readonly acceptLoss: boolean;
  readonly log: Logger;
}

/** Throws ArchiveError, with nothing left open. */
export async function openArchive(options: OpenArchiveOptions): Promise<Archive> {
  const { dataDirectory, acceptLoss, log } = options;
  const path = archivePath(dataDirectory);
  const archive = await openOrReplace(path, options);
  try {
    const { rebuilt, lost } = await reconcile({ ...options, archive });
    if (rebuilt > 0) log.warn({ jobs: rebuilt }, "the archive was made whole from the journal");
    if (lost === null) return archive;
    if (!acceptLoss) throw new ArchiveError("incomplete", refusal(path, lost));
    log.error({ lost }, "the archive is not whole, and this was accepted");
    await archive.setCursor(options.tail);
    return archive;
  } catch (error) {
    await archive.close(null);
    throw error;
  }
}

const refusal = (path: string, lost: string): string =>
  `the archive ${path} is not whole: ${lost}; put a backup of it there, or start once with master.acceptLostHistory`;

async function openOrReplace(path: string, options: OpenArchiveOptions): Promise<Archive> {
  const { threadEntry, log } = options;
  const open = async (): Promise<Archive> =>
    threadEntry === undefined ? openSqliteArchive(path) : openThreadedArchive(threadEntry, path);
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== "damaged") throw error;
    const aside = `${path}.damaged-${options.tail}`;
    for (const end of ["", "-wal", "-shm"]) {
      await rename(path + end, aside + end).catch((missing: NodeJS.ErrnoException) => {
        if (missing.code !== "ENOENT") throw missing;
      });
    }
    log.error({ err: error, aside }, "the archive is damaged; it was put aside");
    return open();
  }
}
