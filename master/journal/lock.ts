/**
 * One process at a time in a directory. The lock is the kernel's and dies with its holder, however
 * that dies, so nothing stale can be left behind and no pid has to be guessed at:
 *
 * - an abstract Unix socket named after the directory's device and inode, and
 * - flock(2) on a file in the directory, taken through util-linux' `flock` on an inherited
 *   descriptor (the lock belongs to the open file, so it stays with us when `flock` ends). It also
 *   excludes holders in other network namespaces (containers that share a volume), whose abstract
 *   sockets we do not see. Where the tool is missing the socket alone must do.
 *
 * Rejected: O_EXCL files with pid and start time (a pid of another container means nothing here).
 */
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { JournalError } from "./journal.js";

export interface DirectoryLock {
  release(): Promise<void>;
}

const lockFileName = "journal.lock";
/** Exit status asked of `flock` when another holds the lock, unlike any of its failures. */
const heldStatus = 75;

/** Throws a JournalError `locked` that names the holder. */
export async function acquireDirectoryLock(directory: string): Promise<DirectoryLock> {
  const handle = await open(
    join(directory, lockFileName),
    constants.O_RDWR | constants.O_CREAT,
    0o600,
  );
  try {
    const server = await bindSocket(await socketName(directory));
    if (server === null) throw await lockedError(directory, handle);
    try {
      if (!(await flock(handle.fd))) throw await lockedError(directory, handle);
      await nameHolder(handle);
    } catch (error) {
      await closeServer(server);
      throw error;
    }
    return {
      async release() {
        await handle.truncate(0);
        await handle.close();
        await closeServer(server);
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function socketName(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true });
  return `\0almanac-journal-${dev}-${ino}`;
}

/** null: another process holds the name. */
function bindSocket(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** false: another process holds it. A missing tool counts as locked: the socket is ours. */
function flock(descriptor: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn("flock", ["-x", "-n", "-E", String(heldStatus), "3"], {
      stdio: ["ignore", "ignore", "ignore", descriptor],
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "EACCES") resolve(true);
      else reject(error);
    });
    child.once("exit", (status) => resolve(status !== heldStatus));
  });
}

/** A courtesy to the next one; a full disk must not keep us from recovering. */
async function nameHolder(handle: FileHandle): Promise<void> {
  try {
    await handle.truncate(0);
    await handle.write(`process ${process.pid} on ${hostname()}\n`, 0);
  } catch {
    // The next one will read "another process".
  }
}

async function lockedError(directory: string, handle: FileHandle): Promise<JournalError> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
  const holder = buffer.toString("utf8", 0, bytesRead).trim() || "another process";
  return new JournalError("locked", `the journal in ${directory} is in use by ${holder}`);
}
