/** One piece of content on its way into a directory: under a name of no meaning until it is whole. */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { BlobFailure, shortHash } from "./blob-failure.js";

export interface Blob {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** `sha256` null: what it is will be known at the end, and `sizeBytes` is the most it may have. */
export interface BlobRequest {
  readonly sha256: string | null;
  readonly sizeBytes: number;
}

export interface BlobWriter {
  write(data: Uint8Array): Promise<void>;
  /** Verifies, makes durable and gives it its name. Throws BlobFailure, with nothing left behind. */
  finish(): Promise<Blob>;
  abort(): Promise<void>;
}

interface WriterParts {
  readonly request: BlobRequest;
  readonly file: FileHandle;
  readonly temporary: string;
  readonly pathOf: (sha256: string) => string;
  readonly mode: number;
  readonly release: () => void;
  readonly added: (blob: Blob) => void;
}

export function blobWriter(parts: WriterParts): BlobWriter {
  const { request, file, temporary } = parts;
  const hash = createHash("sha256");
  const what = request.sha256 === null ? "content" : `content ${shortHash(request.sha256)}`;
  let written = 0;
  let isOpen = true;

  async function close(): Promise<void> {
    if (!isOpen) return;
    isOpen = false;
    parts.release();
    await file.close().catch(() => undefined);
  }

  async function abort(): Promise<void> {
    await close();
    await unlink(temporary).catch(() => undefined);
  }

  async function keep(blob: Blob): Promise<void> {
    await file.sync();
    await close();
    const target = parts.pathOf(blob.sha256);
    const folder = dirname(target);
    await mkdir(folder, { recursive: true, mode: parts.mode });
    const before = (await stat(target).catch(() => null)) !== null;
    await rename(temporary, target);
    await syncDirectory(folder);
    if (!before) parts.added(blob);
  }

  return {
    abort,
    async write(data) {
      written += data.length;
      if (written > request.sizeBytes) {
        throw new BlobFailure("invalid_argument", `${what}: more than ${request.sizeBytes} bytes`);
      }
      hash.update(data);
      for (let from = 0; from < data.length; ) {
        from += (await file.write(data, from, data.length - from)).bytesWritten;
      }
    },
    async finish() {
      try {
        const blob = { sha256: hash.digest("hex"), sizeBytes: written };
        const { sha256, sizeBytes } = request;
        if (sha256 !== null && (sha256 !== blob.sha256 || sizeBytes !== written)) {
          throw new BlobFailure("invalid_argument", `${what}: what came is something else`);
        }
        await keep(blob);
        return blob;
      } catch (error) {
        await abort();
        throw error;
      }
    },
  };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
