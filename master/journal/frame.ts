/**
 * Bytes of the journal. A segment is a header and frames; a frame is one batch, so that a batch is
 * there whole or not at all. All numbers are little-endian; checksums are CRC-32 (IEEE 802.3).
 *
 * Since format 2 frames form a chain: each holds the SHA-256 of the frame before it, and the header
 * of a segment that of the last frame of the segment before. A checksum finds a damaged frame, the
 * chain one that is whole but not the one that was written there.
 *
 * The header of a frame has a checksum of its own, so that a damaged length cannot swallow the
 * frames behind it, and says up to where its segment was durable when the frame was written. That
 * tells a torn write from damage: whatever is broken below the `durableOffset` of a later intact
 * frame had been synced once.
 */
import { createHash, hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { assert } from "../../core/result.js";
import type { JournalRecord } from "./journal.js";

/** Written in this one; read are all from 1 on. */
export const formatVersion = 2;

/** SHA-256. */
export const linkBytes = 32;
/** What the first frame of a journal follows. */
export const noLink = Buffer.alloc(linkBytes);

/**
 * `ALMANACJ`, version u32, flags u32 (0), first sequence u64, epoch u64, since format 2 the link
 * (hash of the last frame before this segment), CRC of these u32.
 */
export const segmentHeaderBytes = 36 + linkBytes;
const segmentHeaderBytesOf = (version: number): number => (version === 1 ? 36 : segmentHeaderBytes);
const segmentMagic = Buffer.from("ALMANACJ", "latin1");

/**
 * Magic u32, body length u32, first sequence u64, epoch u64, durable offset u32, records u32, CRC
 * of the body u32, since format 2 the link (hash of the frame before), CRC of the header before it
 * u32. The body: per record length u32 and UTF-8.
 */
export const frameHeaderBytes = 40 + linkBytes;
const frameHeaderBytesOf = (version: number): number => (version === 1 ? 40 : frameHeaderBytes);
/** No byte of it occurs in UTF-8, so no payload can pass for a frame. */
const frameMagic = Buffer.from([0xff, 0xf8, 0xfe, 0xf9]);
const durableOffsetAt = 24;
const linkAt = 36;

export interface SegmentHeader {
  readonly version: number;
  readonly firstSequence: number;
  /** Highest epoch seen when the segment was made. */
  readonly epoch: number;
  /** Hash of the last frame before this segment; null in format 1. */
  readonly link: Buffer | null;
  /** Where its first frame is. */
  readonly end: number;
}

export interface Frame {
  readonly offset: number;
  readonly bodyOffset: number;
  /** Offset behind the frame. */
  readonly end: number;
  readonly firstSequence: number;
  readonly recordCount: number;
  readonly epoch: number;
  readonly durableOffset: number;
  /** Hash of the frame before; null in format 1. */
  readonly link: Buffer | null;
}

/** What stands at a place where something else should. */
export interface Mismatch {
  readonly expected: string;
  readonly actual: string;
}

export type Decoded<T> = ({ readonly ok: true } & T) | ({ readonly ok: false } & Mismatch);

export function encodeSegmentHeader(firstSequence: number, epoch: number, link: Buffer): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(header, 0);
  header.writeUInt32LE(formatVersion, 8);
  header.writeUInt32LE(0, 12);
  writeUInt53(header, firstSequence, 16);
  writeUInt53(header, epoch, 24);
  link.copy(header, 32);
  const crcAt = segmentHeaderBytes - 4;
  header.writeUInt32LE(crc32(header.subarray(0, crcAt)), crcAt);
  return header;
}

/** Of any format: which one is for the caller to judge, who finds `link` null in format 1. */
export function decodeSegmentHeader(bytes: Buffer): Decoded<{ readonly header: SegmentHeader }> {
  if (bytes.length < 12) return mismatch("a segment header", `${bytes.length} bytes`);
  if (!bytes.subarray(0, 8).equals(segmentMagic)) {
    return mismatch("magic ALMANACJ", hex(bytes.subarray(0, 8)));
  }
  const version = bytes.readUInt32LE(8);
  const end = segmentHeaderBytesOf(version);
  if (bytes.length < end) {
    return mismatch(`a header of ${end} bytes`, `${bytes.length} bytes`);
  }
  const stored = bytes.readUInt32LE(end - 4);
  const actual = crc32(bytes.subarray(0, end - 4));
  if (stored !== actual) return mismatch(`header CRC ${crcText(stored)}`, crcText(actual));
  return {
    ok: true,
    header: {
      version,
      firstSequence: readUInt53(bytes, 16),
      epoch: readUInt53(bytes, 24),
      link: version === 1 ? null : Buffer.from(bytes.subarray(32, 32 + linkBytes)),
      end,
    },
  };
}

/** Everything of a frame but what only its writer knows: see `sealFrame`. */
export function encodeFrame(epoch: number, batch: readonly JournalRecord[]): Buffer {
  const first = batch[0];
  assert(first !== undefined, "a frame has at least one record");
  const lengths = batch.map((record) => Buffer.byteLength(record.payload));
  const bodyBytes = lengths.reduce((sum, length) => sum + 4 + length, 0);
  const frame = Buffer.allocUnsafe(frameHeaderBytes + bodyBytes);
  let position = frameHeaderBytes;
  batch.forEach((record, index) => {
    const length = lengths[index] as number;
    frame.writeUInt32LE(length, position);
    frame.write(record.payload, position + 4);
    position += 4 + length;
  });
  frameMagic.copy(frame, 0);
  frame.writeUInt32LE(bodyBytes, 4);
  writeUInt53(frame, first.sequence, 8);
  writeUInt53(frame, epoch, 16);
  frame.writeUInt32LE(batch.length, 28);
  frame.writeUInt32LE(crc32(frame.subarray(frameHeaderBytes)), 32);
  return frame;
}

/** Completes a frame that follows the one whose hash is `link`; returns its own hash. */
export function sealFrame(frame: Buffer, durableOffset: number, link: Buffer): Buffer {
  frame.writeUInt32LE(durableOffset, durableOffsetAt);
  link.copy(frame, linkAt);
  const crcAt = frameHeaderBytes - 4;
  frame.writeUInt32LE(crc32(frame.subarray(0, crcAt)), crcAt);
  return hash("sha256", frame, "buffer");
}

/**
 * Hash of a frame that `decodeFrame` verified. One of format 1 does not hold its predecessor's, so
 * that goes in before it: the first segment of format 2 then vouches for all before it.
 */
export function linkBehind(bytes: Buffer, frame: Frame, before: Buffer): Buffer {
  const whole = bytes.subarray(frame.offset, frame.end);
  if (frame.link !== null) return hash("sha256", whole, "buffer");
  return createHash("sha256").update(before).update(whole).digest();
}

/** The frame at `offset` of a segment of this format, its checksums verified. */
export function decodeFrame(
  bytes: Buffer,
  offset: number,
  version: number,
): Decoded<{ readonly frame: Frame }> {
  const headerBytes = frameHeaderBytesOf(version);
  const left = bytes.length - offset;
  if (left < headerBytes) {
    return mismatch(`a frame header of ${headerBytes} bytes`, `${left} bytes`);
  }
  const header = bytes.subarray(offset, offset + headerBytes);
  if (!header.subarray(0, 4).equals(frameMagic)) {
    return mismatch(`frame magic ${hex(frameMagic)}`, hex(header.subarray(0, 4)));
  }
  const headerCrc = header.readUInt32LE(headerBytes - 4);
  const headerActual = crc32(header.subarray(0, headerBytes - 4));
  if (headerCrc !== headerActual) {
    return mismatch(`frame header CRC ${crcText(headerCrc)}`, crcText(headerActual));
  }
  const bodyBytes = header.readUInt32LE(4);
  if (left < headerBytes + bodyBytes) {
    return mismatch(`a frame body of ${bodyBytes} bytes`, `${left - headerBytes} bytes`);
  }
  const bodyOffset = offset + headerBytes;
  const end = bodyOffset + bodyBytes;
  const bodyCrc = header.readUInt32LE(32);
  const bodyActual = crc32(bytes.subarray(bodyOffset, end));
  if (bodyCrc !== bodyActual) return mismatch(`body CRC ${crcText(bodyCrc)}`, crcText(bodyActual));
  return {
    ok: true,
    frame: {
      offset,
      bodyOffset,
      end,
      firstSequence: readUInt53(header, 8),
      recordCount: header.readUInt32LE(28),
      epoch: readUInt53(header, 16),
      durableOffset: header.readUInt32LE(durableOffsetAt),
      link: version === 1 ? null : header.subarray(linkAt, linkAt + linkBytes),
    },
  };
}

/** The records of a frame that `decodeFrame` verified. */
export function* recordsOf(bytes: Buffer, frame: Frame): Generator<JournalRecord> {
  let position = frame.bodyOffset;
  for (let index = 0; index < frame.recordCount; index += 1) {
    const start = position + 4;
    position = start + bytes.readUInt32LE(position);
    assert(position <= frame.end, "records lie within their frame");
    yield {
      sequence: frame.firstSequence + index,
      payload: bytes.toString("utf8", start, position),
    };
  }
  assert(position === frame.end, "records fill their frame");
}

/** Offset of the next place at or behind `from` that begins like a frame; -1: none. */
export function findFrameMagic(bytes: Buffer, from: number): number {
  return bytes.indexOf(frameMagic, from);
}

function writeUInt53(buffer: Buffer, value: number, offset: number): void {
  buffer.writeUInt32LE(value % 2 ** 32, offset);
  buffer.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

function readUInt53(buffer: Buffer, offset: number): number {
  return buffer.readUInt32LE(offset) + buffer.readUInt32LE(offset + 4) * 2 ** 32;
}

const mismatch = (expected: string, actual: string) => ({ ok: false, expected, actual }) as const;
export const hex = (bytes: Buffer): string => bytes.toString("hex");
const crcText = (value: number): string => value.toString(16).padStart(8, "0");
