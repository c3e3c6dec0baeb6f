/**
 * Bytes of what a user hands in: a file or standard input, gzip recognised by its first bytes.
 * Sizes are capped before anything is read or unpacked, so neither a large file nor a bomb of
 * zeros takes the memory of the process.
 */
import { open } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { fail, ok, type Result } from "../core/result.js";

export const sourceLimits = {
  /** Of a plain file, and of what a gzip file unpacks to. */
  plainBytes: 512 * 1024 * 1024,
  compressedBytes: 64 * 1024 * 1024,
} as const;

const chunkBytes = 1024 * 1024;

/** `-` reads standard input, which the caller gives as a stream. */
export async function readSource(
  path: string,
  standardInput: AsyncIterable<Uint8Array>,
  plainBytesMax: number = sourceLimits.plainBytes,
): Promise<Result<Uint8Array>> {
  const name = sourceName(path);
  const raw =
    path === "-"
      ? await readStream(standardInput, name, plainBytesMax)
      : await readFile(path, plainBytesMax);
  return raw.ok ? decompress(raw.value, name, plainBytesMax) : raw;
}

export const sourceName = (path: string): string => (path === "-" ? "standard input" : path);

/** Unpacks gzip; other bytes pass as they are. */
export function decompress(
  bytes: Uint8Array,
  name: string,
  plainBytesMax: number = sourceLimits.plainBytes,
): Result<Uint8Array> {
  if (!isGzip(bytes)) {
    return bytes.length > plainBytesMax ? tooLarge(name, "bytes", plainBytesMax) : ok(bytes);
  }
  if (bytes.length > sourceLimits.compressedBytes) {
    return tooLarge(name, "bytes of gzip", sourceLimits.compressedBytes);
  }
  try {
    return ok(gunzipSync(bytes, { maxOutputLength: plainBytesMax }));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") return tooLarge(name, "unpacked bytes", plainBytesMax);
    const message =
      code === "Z_BUF_ERROR"
        ? "the gzip data is truncated; fetch or write the file again"
        : `the gzip data is damaged (${error instanceof Error ? error.message : String(error)})`;
    return fail("invalid_argument", `${name}: ${message}`, [{ field: "", message }]);
  }
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

async function readFile(path: string, plainBytesMax: number): Promise<Result<Uint8Array>> {
  try {
    const file = await open(path, "r");
    try {
      const status = await file.stat();
      if (status.isDirectory()) {
        return fail("invalid_argument", `${path}: is a directory, not a file`);
      }
      if (status.size > plainBytesMax) return tooLarge(path, "bytes", plainBytesMax);
      // Read as a stream all the same: a pipe or a growing file has no size to trust.
      return await readStream(
        file.createReadStream({ highWaterMark: chunkBytes }),
        path,
        plainBytesMax,
      );
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return fail("not_found", `${path}: no such file`);
    if (code === "EACCES") return fail("permission_denied", `${path}: may not be read`);
    return fail(
      "unavailable",
      `${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function readStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  bytesMax: number,
): Promise<Result<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    if (total > bytesMax) return tooLarge(name, "bytes", bytesMax);
    chunks.push(chunk);
  }
  return ok(Buffer.concat(chunks, total));
}

function tooLarge(name: string, what: string, limit: number): Result<never> {
  const message = `${what} past the limit of ${limit}`;
  return fail("limit_exceeded", `${name}: ${message}`, [{ field: "", message, limit }]);
}
