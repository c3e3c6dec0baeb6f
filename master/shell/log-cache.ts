/**
 * A bounded copy of log bytes that went through the master: the newest of each stream of each
 * attempt, so that they can be read when their worker is gone. It is a cache: whatever cannot be
 * written or read is as if it had never been kept.
 *
 * Each stream lies in at most two files, named after the offset of their first byte; when the newer
 * is full the older goes, so between half of the limit and the limit is kept.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { appendFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptId } from "../../core/ids.js";
import type { LogStreamName } from "../../core/session.js";

export interface KeptLog {
  /** Of the first byte in the whole output. */
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface LogCache {
  /** Bytes from `offset` on, in any order and perhaps again. Resolves when they were written. */
  add(attempt: AttemptId, stream: LogStreamName, offset: number, data: Uint8Array): Promise<void>;
  /** null: nothing was kept. */
  read(attempt: AttemptId, stream: LogStreamName): Promise<KeptLog | null>;
  /** Resolves when nothing is being written. */
  idle(): Promise<void>;
}

interface Part {
  readonly start: number;
  bytes: number;
}

const streamBytesMax = 256 * 1024;
const partBytesMax = streamBytesMax / 2;

/** `bytesMax` over all streams; what was used least recently goes first. 0: nothing is kept. */
export function openLogCache(directory: string, bytesMax: number): LogCache {
  /** In order of use, oldest first. */
  const kept = bytesMax > 0 ? listKept(directory) : new Map<string, Part[]>();
  let total = 0;
  for (const parts of kept.values()) total += sizeOf(parts);
  let work: Promise<void> = Promise.resolve();

  const pathOf = (key: string, start: number): string =>
    join(directory, `${key}.${String(start).padStart(15, "0")}`);

  async function drop(key: string, part: Part): Promise<void> {
    total -= part.bytes;
    await rm(pathOf(key, part.start), { force: true });
  }

  async function forget(key: string): Promise<void> {
    for (const part of kept.get(key) ?? []) await drop(key, part);
    kept.delete(key);
  }

  /** Marks a stream as used now. */
  function touch(key: string): Part[] {
    const parts = kept.get(key) ?? [];
    kept.delete(key);
    kept.set(key, parts);
    return parts;
  }

  async function makeRoom(): Promise<void> {
    for (const key of kept.keys()) {
      if (total <= bytesMax) return;
      await forget(key);
    }
  }

  async function append(key: string, offset: number, data: Uint8Array): Promise<void> {
    const end = endOf(kept.get(key));
    if (end !== null && offset + data.length <= end) return;
    // A hole cannot be shown: what comes after it is newer, and counts.
    if (end !== null && offset > end) await forget(key);
    const parts = touch(key);
    const fresh = data.subarray(Math.max(0, (endOf(parts) ?? offset) - offset));
    const from = offset + data.length - fresh.length;
    for (let done = 0; done < fresh.length; done += partBytesMax) {
      const piece = fresh.subarray(done, done + partBytesMax);
      let part = parts.at(-1);
      if (part === undefined || part.bytes + piece.length > partBytesMax) {
        part = { start: from + done, bytes: 0 };
        // Of an earlier life of the same stream.
        await rm(pathOf(key, part.start), { force: true });
        parts.push(part);
      }
      await appendFile(pathOf(key, part.start), piece, { mode: 0o600 });
      part.bytes += piece.length;
      total += piece.length;
      const oldest = parts.length > 2 ? parts.shift() : undefined;
      if (oldest !== undefined) await drop(key, oldest);
    }
    await makeRoom();
  }

  async function load(key: string): Promise<KeptLog | null> {
    const parts = touch(key);
    const first = parts[0];
    if (first === undefined) {
      kept.delete(key);
      return null;
    }
    const data = await Promise.all(parts.map(({ start }) => readFile(pathOf(key, start))));
    return { offset: first.start, data: Buffer.concat(data) };
  }

  /** One after another: files and their sizes never disagree. */
  function queue<T>(key: string, run: () => Promise<T>, otherwise: T): Promise<T> {
    const result = work.then(run).catch(async () => {
      await forget(key).catch(() => undefined);
      return otherwise;
    });
    work = result.then(() => undefined);
    return result;
  }

  return {
    add(attempt, stream, offset, data) {
      if (bytesMax === 0 || data.length === 0) return Promise.resolve();
      const key = keyOf(attempt, stream);
      return queue(key, () => append(key, offset, data), undefined);
    },
    read(attempt, stream) {
      if (bytesMax === 0) return Promise.resolve(null);
      const key = keyOf(attempt, stream);
      return queue(key, () => load(key), null);
    },
    idle: () => work,
  };
}

const sizeOf = (parts: readonly Part[]): number => parts.reduce((sum, { bytes }) => sum + bytes, 0);

function endOf(parts: readonly Part[] | undefined): number | null {
  const last = parts?.at(-1);
  return last === undefined ? null : last.start + last.bytes;
}

/** Attempt ids hold `/` and brackets and may be long. */
const keyOf = (attempt: AttemptId, stream: LogStreamName): string =>
  `${createHash("sha256").update(attempt).digest("hex").slice(0, 32)}.${stream}`;

/** What an earlier master has kept, in the order in which it was last written. */
function listKept(directory: string): Map<string, Part[]> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = readdirSync(directory).flatMap((name) => {
    const match = /^([0-9a-f]{32}\.std(?:out|err))\.(\d{15})$/.exec(name);
    if (match === null) return [];
    const { size, mtimeMs } = statSync(join(directory, name));
    return [{ key: match[1] ?? "", start: Number(match[2]), bytes: size, mtimeMs }];
  });
  found.sort((a, b) => a.mtimeMs - b.mtimeMs || a.start - b.start);
  const kept = new Map<string, Part[]>();
  for (const { key, start, bytes } of found) {
    const parts = kept.get(key) ?? [];
    kept.delete(key);
    kept.set(key, [...parts, { start, bytes }]);
  }
  return kept;
}
