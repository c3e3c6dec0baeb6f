/**
 * The port to where content is kept, with two adapters: a directory that is at hand, and a master
 * that keeps one, over the wire (remote-store.ts).
 */
import { open } from "node:fs/promises";
import { ok, type Result } from "../core/result.js";
import { type Blob, type BlobDirectory, type BlobRequest, chunksOf } from "./blob-directory.js";
import { BlobFailure, blobError } from "./blob-failure.js";

export interface PutOptions {
  readonly signal: AbortSignal;
  /** Of a worker: whose output it is. Empty: nobody's. */
  readonly attempt: string;
}

export interface BlobStore {
  missing(hashes: readonly string[]): Promise<Result<readonly string[]>>;
  /** Throws BlobFailure. Verified by whoever takes it: what came last may be an error. */
  read(sha256: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  put(blob: Blob, content: AsyncIterable<Uint8Array>, options: PutOptions): Promise<Result<null>>;
  close(): void;
}

export function directoryStore(directory: BlobDirectory): BlobStore {
  return {
    async missing(hashes) {
      const absent: string[] = [];
      for (const sha256 of hashes) {
        if (await directory.has(sha256)) await directory.touch(sha256);
        else absent.push(sha256);
      }
      return ok(absent);
    },
    read: (sha256) => directory.read(sha256),
    put: async (blob, content) => {
      try {
        await take(directory, blob, content);
        return ok(null);
      } catch (error) {
        return { ok: false, error: blobError(error) };
      }
    },
    close: () => undefined,
  };
}

/** Writes content into a directory; throws BlobFailure, with nothing left behind. */
export async function take(
  directory: BlobDirectory,
  request: BlobRequest,
  content: AsyncIterable<Uint8Array>,
): Promise<Blob> {
  const writer = await directory.begin(request);
  try {
    for await (const chunk of content) await writer.write(chunk);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.finish();
}

/** The bytes of a file on this machine. */
export async function* fileContent(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw new BlobFailure("not_found", error instanceof Error ? error.message : String(error));
  });
  try {
    yield* chunksOf(file);
  } finally {
    await file.close();
  }
}
