/** Reads the log of an attempt while the supervisor writes it. */
import { open, stat } from "node:fs/promises";
import type { LogStreamName } from "../../core/session.js";
import { type LogSegment, listSegments } from "./segments.js";

export interface LogChunk {
  /** Of the first byte of `data`; behind the offset asked for if bytes were dropped. */
  readonly offset: number;
  readonly data: Uint8Array;
  /** Bytes between the offset asked for and `offset` that are no longer kept. */
  readonly droppedBytes: number;
}

const noBytes = new Uint8Array(0);

/**
 * At most `bytesMax` bytes from `offset` on; empty data means that there is nothing more yet. A
 * chunk ends where its segment ends, so a reader asks until it gets nothing.
 */
export async function readLog(
  directory: string,
  stream: LogStreamName,
  offset: number,
  bytesMax: number,
): Promise<LogChunk> {
  const segments = await listSegments(directory, stream);
  for (const segment of segments) {
    const from = Math.max(offset, segment.start);
    const data = await readSegment(segment, from, bytesMax);
    if (data.length > 0) return { offset: from, data, droppedBytes: from - offset };
  }
  return { offset, data: noBytes, droppedBytes: 0 };
}

/** A negative offset counts from the end; the result is never negative. */
export async function resolveOffset(
  directory: string,
  stream: LogStreamName,
  offset: number,
): Promise<number> {
  if (offset >= 0) return offset;
  const segments = await listSegments(directory, stream);
  const last = segments.at(-1);
  if (last === undefined) return 0;
  const end = last.start + (await sizeOf(last.path));
  return Math.max(segments[0]?.start ?? 0, end + offset);
}

async function readSegment(
  segment: LogSegment,
  from: number,
  bytesMax: number,
): Promise<Uint8Array> {
  const file = await open(segment.path, "r").catch(() => null);
  // Removed between listing and opening: the next segment has what is still kept.
  if (file === null) return noBytes;
  try {
    const buffer = new Uint8Array(bytesMax);
    const { bytesRead } = await file.read(buffer, 0, bytesMax, from - segment.start);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  const info = await stat(path).catch(() => null);
  return info?.size ?? 0;
}
