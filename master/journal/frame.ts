/**
 * Bytes of the journal. A segment is a header and frames; a frame is one batch, so that a batch is
 * there whole or not at all. All numbers are little-endian; checksums are CRC-32 (IEEE 802.3).
 *
 * The header of a frame has a checksum of its own, so that a damaged length cannot swallow the
 * frames behind it, and says up to where its segment was durable when the frame was written. That
 * tells a torn write from damage: whatever is broken below the `durableOffset` of a later intact
 * frame had been synced once.
 */
import { crc32 } from "node:zlib";
import { assert } from "../../core/result.js";
import type { JournalRecord } from "./journal.js";

export const formatVersion = 1;

/** `ALMANACJ`, version u32, flags u32 (0), first sequence u64, epoch u64, CRC of these u32. */
export const segmentHeaderBytes = 36;
const segmentMagic = Buffer.from("ALMANACJ", "latin1");

/**
 * Magic u32, body length u32, first sequence u64, epoch u64, durable offset u32, records u32, CRC
 * of the body u32, CRC of the header before it u32. The body: per record length u32 and UTF-8.
 */
export const frameHeaderBytes = 40;
/** No byte of it occurs in UTF-8, so no payload can pass for a frame. */
const frameMagic = Buffer.from([0xff, 0xf8, 0xfe, 0xf9]);
const durableOffsetAt = 24;
const frameHeaderCrcAt = 36;

export interface SegmentHeader {
  readonly version: number;
  readonly firstSequence: number;
  /** Highest epoch seen when the segment was made. */
  readonly epoch: number;
}

export interface Frame {
  readonly offset: number;
  /** Offset behind the frame. */
  readonly end: number;
  readonly firstSequence: number;
  readonly recordCount: number;
  readonly epoch: number;
  readonly durableOffset: number;
}

/** What stands at a place where something else should. */
export interface Mismatch {
  readonly expected: string;
  readonly actual: string;
}

export type Decoded<T> = ({ readonly ok: true } & T) | ({ readonly ok: false } & Mismatch);

export function encodeSegmentHeader(firstSequence: number, epoch: number): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(header, 0);
  header.writeUInt32LE(formatVersion, 8);
  header.writeUInt32LE(0, 12);
  writeUInt53(header, firstSequence, 16);
  writeUInt53(header, epoch, 24);
  header.writeUInt32LE(crc32(header.subarray(0, 32)), 32);
  return header;
}

export function decodeSegmentHeader(bytes: Buffer): Decoded<{ readonly header: SegmentHeader }> {
  if (bytes.length < segmentHeaderBytes) {
    return mismatch(`a header of ${segmentHeaderBytes} bytes`, `${bytes.length} bytes`);
  }
  if (!bytes.subarray(0, 8).equals(segmentMagic)) {
    return mismatch("magic ALMANACJ", hex(bytes.subarray(0, 8)));
  }
  const stored = bytes.readUInt32LE(32);
  const actual = crc32(bytes.subarray(0, 32));
  if (stored !== actual) return mismatch(`header CRC ${crcText(stored)}`, crcText(actual));
  return {
    ok: true,
    header: {
      version: bytes.readUInt32LE(8),
      firstSequence: readUInt53(bytes, 16),
      epoch: readUInt53(bytes, 24),
    },
  };
}

/** Everything of a frame but its durable offset, which only its writer knows: see `sealFrame`. */
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

export function sealFrame(frame: Buffer, durableOffset: number): void {
  frame.writeUInt32LE(durableOffset, durableOffsetAt);
  frame.writeUInt32LE(crc32(frame.subarray(0, frameHeaderCrcAt)), frameHeaderCrcAt);
}

/** The frame at `offset`, its checksums verified. */
export function decodeFrame(bytes: Buffer, offset: number): Decoded<{ readonly frame: Frame }> {
  const left = bytes.length - offset;
  if (left < frameHeaderBytes) {
    return mismatch(`a frame header of ${frameHeaderBytes} bytes`, `${left} bytes`);
  }
  const header = bytes.subarray(offset, offset + frameHeaderBytes);
  if (!header.subarray(0, 4).equals(frameMagic)) {
    return mismatch(`frame magic ${hex(frameMagic)}`, hex(header.subarray(0, 4)));
  }
  const headerCrc = header.readUInt32LE(frameHeaderCrcAt);
  const headerActual = crc32(header.subarray(0, frameHeaderCrcAt));
  if (headerCrc !== headerActual) {
    return mismatch(`frame header CRC ${crcText(headerCrc)}`, crcText(headerActual));
  }
  const bodyBytes = header.readUInt32LE(4);
  if (left < frameHeaderBytes + bodyBytes) {
    return mismatch(`a frame body of ${bodyBytes} bytes`, `${left - frameHeaderBytes} bytes`);
  }
  const end = offset + frameHeaderBytes + bodyBytes;
  const bodyCrc = header.readUInt32LE(32);
  const bodyActual = crc32(bytes.subarray(offset + frameHeaderBytes, end));
  if (bodyCrc !== bodyActual) return mismatch(`body CRC ${crcText(bodyCrc)}`, crcText(bodyActual));
  return {
    ok: true,
    frame: {
      offset,
      end,
      firstSequence: readUInt53(header, 8),
      recordCount: header.readUInt32LE(28),
      epoch: readUInt53(header, 16),
      durableOffset: header.readUInt32LE(durableOffsetAt),
    },
  };
}

/** The records of a frame that `decodeFrame` verified. */
export function* recordsOf(bytes: Buffer, frame: Frame): Generator<JournalRecord> {
  let position = frame.offset + frameHeaderBytes;
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
const hex = (bytes: Buffer): string => bytes.toString("hex");
const crcText = (value: number): string => value.toString(16).padStart(8, "0");
