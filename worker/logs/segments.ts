/**
 * The log of one stream of one attempt: at most two segment files, each named after the logical
 * offset of its first byte (`stdout.000000000000000`). When the newer one is full, a further one is
 * begun and the oldest removed, so between half of the limit and the limit is kept, always the
 * newest. Nothing is ever renamed, so a reader needs no lock.
 */
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { LogStreamName } from "../../core/session.js";

const segmentBytesMin = 512;

export interface LogWriter {
  /** Resolves when the bytes are written. A full disk loses bytes; it never fails the attempt. */
  append(chunk: Uint8Array): Promise<void>;
  /** Bytes that the program has written, kept or not. */
  totalBytes(): number;
  close(): Promise<void>;
}

export function createLogWriter(
  directory: string,
  stream: LogStreamName,
  bytesMax: number,
): LogWriter {
  const nothing = { total: 0, segmentStart: 0, file: null, kept: [] };
  return writerFrom(directory, stream, bytesMax, nothing);
}

/**
 * Goes on where an earlier writer was killed. `totalMin`: bytes that it is known to have had; where
 * the files hold fewer, because the disk was full, those show as dropped.
 */
export async function resumeLogWriter(
  directory: string,
  stream: LogStreamName,
  bytesMax: number,
  totalMin: number,
): Promise<LogWriter> {
  const segments = await listSegments(directory, stream);
  const kept = segments.map(({ start }) => start);
  const last = segments.at(-1);
  const end = last === undefined ? 0 : last.start + (await stat(last.path)).size;
  const total = Math.max(end, totalMin);
  const file = last !== undefined && end === total ? await open(last.path, "a", 0o600) : null;
  const segmentStart = last?.start ?? 0;
  return writerFrom(directory, stream, bytesMax, { total, segmentStart, file, kept });
}

interface WriterState {
  readonly total: number;
  readonly segmentStart: number;
  readonly file: FileHandle | null;
  readonly kept: readonly number[];
}

function writerFrom(
  directory: string,
  stream: LogStreamName,
  bytesMax: number,
  state: WriterState,
): LogWriter {
  const segmentBytes = Math.max(segmentBytesMin, Math.floor(bytesMax / 2));
  let { total, segmentStart, file } = state;
  const kept = [...state.kept];

  async function beginSegment(): Promise<FileHandle> {
    await file?.close();
    segmentStart = total;
    file = await open(segmentPath(directory, stream, total), "a", 0o600);
    kept.push(total);
    while (kept.length > 2) {
      const oldest = kept.shift();
      if (oldest !== undefined) await rm(segmentPath(directory, stream, oldest));
    }
    return file;
  }

  async function writePart(part: Uint8Array): Promise<void> {
    try {
      const target = file ?? (await beginSegment());
      await target.appendFile(part);
    } catch {
      // What could not be kept shows to readers as dropped: the next segment starts behind it.
      await file?.close().catch(() => undefined);
      file = null;
    }
    total += part.length;
  }

  return {
    async append(chunk) {
      if (bytesMax === 0) {
        total += chunk.length;
        return;
      }
      let rest = chunk;
      while (rest.length > 0) {
        if (file !== null && total - segmentStart >= segmentBytes) {
          await file.close().catch(() => undefined);
          file = null;
        }
        const room = file === null ? segmentBytes : segmentBytes - (total - segmentStart);
        await writePart(rest.subarray(0, room));
        rest = rest.subarray(room);
      }
    },
    totalBytes: () => total,
    async close() {
      await file?.close().catch(() => undefined);
      file = null;
    },
  };
}

export interface LogSegment {
  readonly start: number;
  readonly path: string;
}

/** In order of their offsets; none if the directory is gone. */
export async function listSegments(
  directory: string,
  stream: LogStreamName,
): Promise<LogSegment[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const segments: LogSegment[] = [];
  for (const name of names) {
    const match = /^(stdout|stderr)\.(\d{15})$/.exec(name);
    if (match === null || match[1] !== stream) continue;
    segments.push({ start: Number(match[2]), path: join(directory, name) });
  }
  return segments.sort((a, b) => a.start - b.start);
}

const segmentName = (stream: LogStreamName, start: number): string =>
  `${stream}.${String(start).padStart(15, "0")}`;

export const segmentPath = (directory: string, stream: LogStreamName, start: number): string =>
  join(directory, segmentName(stream, start));
