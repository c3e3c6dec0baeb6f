/**
 * Reads a segment that lies in memory: frame by frame, and at the end the verdict on what is
 * behind the last intact one. Knows no files.
 */
import {
  decodeFrame,
  type Frame,
  findFrameMagic,
  formatVersion,
  hex,
  linkBehind,
  type Mismatch,
  type SegmentHeader,
} from "./frame.js";

export interface SegmentDamage extends Mismatch {
  readonly offset: number;
}

/** Where a reader stands in the chain of frames, over all segments that it reads. */
export interface Chain {
  /** Hash of the last frame read; null: unknown, and the next frame is taken at its word. */
  link: Buffer | null;
}

/**
 * Decodes the frames of a segment until the end or the first that is not as it should be, and
 * carries the chain on. A frame's own hash is verified by the one after it.
 */
export function* framesOf(
  bytes: Buffer,
  header: SegmentHeader,
  chain: Chain,
): Generator<Frame, SegmentDamage | null> {
  let expectedSequence = header.firstSequence;
  let position = header.end;
  let epoch = header.epoch;
  const broken = brokenLink(header.link, chain.link);
  if (broken !== null) return { offset: 0, ...broken };
  chain.link = header.link ?? chain.link;
  while (position < bytes.length) {
    const decoded = decodeFrame(bytes, position, header.version);
    if (!decoded.ok) {
      return { offset: position, expected: decoded.expected, actual: decoded.actual };
    }
    const { frame } = decoded;
    const wrong =
      misplaced(frame, position, expectedSequence, epoch) ?? brokenLink(frame.link, chain.link);
    if (wrong !== null) return { offset: position, ...wrong };
    chain.link = frame.link ?? chain.link;
    if (chain.link !== null) chain.link = linkBehind(bytes, frame, chain.link);
    yield frame;
    epoch = frame.epoch;
    expectedSequence += frame.recordCount;
    position = frame.end;
  }
  return null;
}

function brokenLink(link: Buffer | null, expected: Buffer | null): Mismatch | null {
  if (link === null || expected === null || link.equals(expected)) return null;
  const short = (hash: Buffer): string => hex(hash.subarray(0, 8));
  return {
    expected: `what follows the frame of hash ${short(expected)}…`,
    actual: `what follows ${short(link)}…`,
  };
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
export function isTorn(bytes: Buffer, offset: number, version: number): boolean {
  if (decodeFrame(bytes, offset, version).ok) return false; // intact but misplaced: nobody wrote it so
  let candidate = findFrameMagic(bytes, offset + 1);
  while (candidate !== -1) {
    const decoded = decodeFrame(bytes, candidate, version);
    if (decoded.ok && decoded.frame.durableOffset > offset) return false;
    candidate = findFrameMagic(bytes, decoded.ok ? decoded.frame.end : candidate + 1);
  }
  return true;
}

/** Formats of segments that this version of Almanac reads. */
export const readableVersions: readonly number[] = Array.from(
  { length: formatVersion },
  (_, index) => index + 1,
);

/** True if an intact frame stands anywhere in the bytes. */
export function hasFrame(bytes: Buffer): boolean {
  let candidate = findFrameMagic(bytes, 0);
  while (candidate !== -1) {
    const at = candidate;
    if (readableVersions.some((version) => decodeFrame(bytes, at, version).ok)) return true;
    candidate = findFrameMagic(bytes, candidate + 1);
  }
  return false;
}
