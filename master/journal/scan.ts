/**
 * Reads a segment that lies in memory: frame by frame, and at the end the verdict on what is
 * behind the last intact one. Knows no files.
 */
import {
  decodeFrame,
  type Frame,
  findFrameMagic,
  type Mismatch,
  type SegmentHeader,
  segmentHeaderBytes,
} from "./frame.js";

export interface SegmentDamage extends Mismatch {
  readonly offset: number;
}

/** Decodes the frames of a segment until the end or the first that is not as it should be. */
export function* framesOf(
  bytes: Buffer,
  header: SegmentHeader,
): Generator<Frame, SegmentDamage | null> {
  let expectedSequence = header.firstSequence;
  let position = segmentHeaderBytes;
  let epoch = header.epoch;
  while (position < bytes.length) {
    const decoded = decodeFrame(bytes, position);
    if (!decoded.ok) {
      return { offset: position, expected: decoded.expected, actual: decoded.actual };
    }
    const { frame } = decoded;
    const wrong = misplaced(frame, position, expectedSequence, epoch);
    if (wrong !== null) return { offset: position, ...wrong };
    yield frame;
    epoch = frame.epoch;
    expectedSequence += frame.recordCount;
    position = frame.end;
  }
  return null;
}

/** An intact frame in the wrong place. */
function misplaced(
  frame: Frame,
  position: number,
  expectedSequence: number,
  epoch: number,
): Mismatch | null {
  if (frame.firstSequence !== expectedSequence) {
    return { expected: `sequence ${expectedSequence}`, actual: `sequence ${frame.firstSequence}` };
  }
  if (frame.epoch < epoch) {
    return { expected: `an epoch of at least ${epoch}`, actual: `epoch ${frame.epoch}` };
  }
  if (frame.durableOffset > position) {
    return {
      expected: `a durable offset of at most ${position}`,
      actual: `${frame.durableOffset}`,
    };
  }
  return null;
}

/**
 * Whether damage at `offset` can be the remains of a write that was never synced, and so never
 * acknowledged: everything intact behind it must belong to that same write. A disk may keep the
 * later blocks of an unsynced write and lose earlier ones. The last group of a journal is the one
 * thing that cannot be told apart: damage done to it after its sync looks the same.
 */
export function isTorn(bytes: Buffer, offset: number): boolean {
  if (decodeFrame(bytes, offset).ok) return false; // intact but misplaced: nobody wrote it so
  let candidate = findFrameMagic(bytes, offset + 1);
  while (candidate !== -1) {
    const decoded = decodeFrame(bytes, candidate);
    if (decoded.ok && decoded.frame.durableOffset > offset) return false;
    candidate = findFrameMagic(bytes, decoded.ok ? decoded.frame.end : candidate + 1);
  }
  return true;
}

/** True if an intact frame stands anywhere in the bytes. */
export function hasFrame(bytes: Buffer): boolean {
  let candidate = findFrameMagic(bytes, 0);
  while (candidate !== -1) {
    if (decodeFrame(bytes, candidate).ok) return true;
    candidate = findFrameMagic(bytes, candidate + 1);
  }
  return false;
}
