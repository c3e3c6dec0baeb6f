/**
 * Content in a directory, each under its SHA-256: a master's store, a worker's cache, and a shared
 * mount all look like this. What stands under a name was written whole, verified and synced before
 * it got there; and since disks rot and people edit, it is verified again whenever it is read.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isHash } from "../core/data.js";
import { BlobFailure, shortHash } from "./blob-failure.js";
import { type Blob, type BlobRequest, type BlobWriter, blobWriter } from "./blob-writer.js";

export type { Blob, BlobRequest } from "./blob-writer.js";

export interface BlobDirectory {
  readonly root: string;
  pathOf(sha256: string): string;
  has(sha256: string): Promise<boolean>;
  /** null: it is not there. */
  sizeOf(sha256: string): Promise<number | null>;
  /** Counts it as used now. */
  touch(sha256: string): Promise<void>;
  /** Throws BlobFailure if it would not fit. */
  begin(request: BlobRequest): Promise<BlobWriter>;
  /** Throws BlobFailure where it is not there or, at the end, was not what its name says. */
  read(sha256: string): AsyncGenerator<Buffer, void, undefined>;
  remove(sha256: string): Promise<void>;
  list(): Promise<readonly StoredBlob[]>;
  /**
   * Removes what was not used since, but for what of it is to be kept; and what writers that died
   * have left.
   */
  sweep(
    keep: (sha256: readonly string[]) => Promise<ReadonlySet<string>>,
    usedBeforeMs: number,
  ): Promise<number>;
  totalBytes(): number;
}

interface StoredBlob extends Blob {
  readonly usedAtMs: number;
}

export interface BlobDirectoryOptions {
  /** null: no limit is kept here. */
  readonly bytesMax: number | null;
  /** Others of its group may read and write: for a directory that several users share. */
  readonly shared?: boolean;
}

/** Of one message on the wire, and of one read from the disk. */
const chunkBytes = 64 * 1024;

/** Asked about together. */
const sweptAtOnce = 500;

export async function openBlobDirectory(
  root: string,
  { bytesMax, shared = false }: BlobDirectoryOptions,
): Promise<BlobDirectory> {
  const incoming = join(root, "incoming");
  const damaged = join(root, "damaged");
  const mode = shared ? 0o775 : 0o700;
  for (const path of [root, join(root, "sha256"), incoming, damaged]) {
    await mkdir(path, { recursive: true, mode });
  }
  let total = 0;
  let reserved = 0;
  const pathOf = (sha256: string): string => join(root, "sha256", sha256.slice(0, 2), sha256);

  async function begin(request: BlobRequest): Promise<BlobWriter> {
    const { sizeBytes } = request;
    if (bytesMax !== null && total + reserved + sizeBytes > bytesMax) {
      throw new BlobFailure(
        "limit_exceeded",
        `${sizeBytes} bytes more would take the store past its limit of ${bytesMax} bytes (data.storeBytes)`,
      );
    }
    reserved += sizeBytes;
    const temporary = join(incoming, randomUUID());
    const release = (): void => {
      reserved -= sizeBytes;
    };
    const added = (blob: Blob): void => {
      total += blob.sizeBytes;
    };
    try {
      const file = await open(temporary, "wx", shared ? 0o664 : 0o600);
      return blobWriter({ request, file, temporary, pathOf, mode, release, added });
    } catch (error) {
      release();
      throw error;
    }
  }

  async function list(): Promise<readonly StoredBlob[]> {
    const found = await storedIn(join(root, "sha256"));
    total = found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return found;
  }

  async function remove(sha256: string): Promise<void> {
    const info = await stat(pathOf(sha256)).catch(() => null);
    if (info === null) return;
    await rm(pathOf(sha256), { force: true });
    total = Math.max(0, total - info.size);
  }

  const sweep: BlobDirectory["sweep"] = async (keep, usedBeforeMs) => {
    let removed = 0;
    const unused = (await list()).filter(({ usedAtMs }) => usedAtMs < usedBeforeMs);
    for (let at = 0; at < unused.length; at += sweptAtOnce) {
      const part = unused.slice(at, at + sweptAtOnce).map(({ sha256 }) => sha256);
      const kept = await keep(part);
      for (const sha256 of part) {
        if (kept.has(sha256)) continue;
        await remove(sha256);
        removed += 1;
      }
    }
    for (const folder of [incoming, damaged]) await removeOld(folder, usedBeforeMs);
    return removed;
  };

  async function* read(sha256: string): AsyncGenerator<Buffer, void, undefined> {
    const file = await openRegular(pathOf(sha256));
    if (file === null) {
      throw new BlobFailure("not_found", `content ${shortHash(sha256)} is not in ${root}`);
    }
    try {
      const hash = createHash("sha256");
      for await (const chunk of chunksOf(file)) {
        hash.update(chunk);
        yield chunk;
      }
      if (hash.digest("hex") === sha256) return;
    } finally {
      await file.close();
    }
    // Out of the way, so that it can be put again.
    await rename(pathOf(sha256), join(damaged, sha256)).catch(() => undefined);
    throw new BlobFailure(
      "internal",
      `content ${shortHash(sha256)} in ${root} was changed or damaged: it is not what its name says`,
    );
  }

  const sizeOf = (sha256: string): Promise<number | null> => plainSize(pathOf(sha256));

  await list();
  return {
    root,
    pathOf,
    has: async (sha256) => (await sizeOf(sha256)) !== null,
    sizeOf,
    async touch(sha256) {
      const now = new Date();
      await utimes(pathOf(sha256), now, now).catch(() => undefined);
    },
    begin,
    read,
    remove,
    list,
    sweep,
    totalBytes: () => total,
  };
}

async function plainSize(path: string): Promise<number | null> {
  const info = await stat(path).catch(() => null);
  return info?.isFile() === true ? info.size : null;
}

/** In folders of the first two digits. */
async function storedIn(root: string): Promise<readonly StoredBlob[]> {
  const found: StoredBlob[] = [];
  for (const folder of await readdir(root)) {
    for (const sha256 of await readdir(join(root, folder)).catch(() => [])) {
      const path = join(root, folder, sha256);
      const info = isHash(sha256) ? await stat(path).catch(() => null) : null;
      if (info === null) continue;
      found.push({ sha256, sizeBytes: info.size, usedAtMs: info.mtimeMs });
    }
  }
  return found;
}

async function removeOld(folder: string, usedBeforeMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const info = await stat(join(folder, name)).catch(() => null);
    if (info !== null && info.mtimeMs < usedBeforeMs) await rm(join(folder, name));
  }
}

/** null: it is not there, or is no plain file. */
async function openRegular(path: string): Promise<FileHandle | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => null);
  if (file === null) return null;
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

/** Each chunk is a buffer of its own: whoever gets it may keep it. */
export async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
