/**
 * What the journal asks of a disk. A port of its own, so that tests can fail any call and a
 * simulated disk can drop what was not synced.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";

export interface JournalFile {
  /** Writes all of the buffers, one behind the other. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Reads `length` bytes, or up to the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /** fdatasync: contents and size are durable when it returns. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface FileSystem {
  makeDirectory(path: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  /** `create` fails if the file exists, `update` if it does not. */
  open(path: string, mode: "create" | "update" | "read"): Promise<JournalFile>;
  remove(path: string): Promise<void>;
  /** In one step; a file that has the new name is replaced. Durable after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>;
  /** Makes created, renamed and removed names of the directory durable. */
  syncDirectory(path: string): Promise<void>;
}

const flags = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  update: constants.O_RDWR,
  read: constants.O_RDONLY,
} as const;

export const nodeFileSystem: FileSystem = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  list: (directory) => readdir(directory),
  async open(path, mode) {
    return nodeFile(await open(path, flags[mode], 0o600));
  },
  remove: (path) => rm(path),
  rename: (from, to) => rename(from, to),
  async syncDirectory(path) {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

function nodeFile(handle: FileHandle): JournalFile {
  return {
    write: (buffers, position) => writeAll(handle, buffers, position),
    read: (position, length) => readAll(handle, position, length),
    async size() {
      return (await handle.stat()).size;
    },
    truncate: (size) => handle.truncate(size),
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

async function writeAll(
  handle: FileHandle,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  let { bytesWritten: written } = await handle.writev([...buffers], position);
  if (written === total) return;
  // A short write is rare (a full disk, a signal): then copying costs nothing that matters.
  const all = Buffer.concat(buffers);
  while (written < total) {
    const result = await handle.write(all, written, total - written, position + written);
    written += result.bytesWritten;
  }
}

async function readAll(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
