/**
 * Reads records from segments, the chain from each to the next included. Needs no lock: what is
 * sealed does not change, and of the last segment only what is asked for is read.
 */
import type { FileSystem } from "./file-system.js";
import { noLink, recordsOf, segmentHeaderBytes } from "./frame.js";
import { corrupt, JournalError, type JournalRecord } from "./journal.js";
import { headerOf, readSegment, type Segment } from "./recover.js";
import { type Chain, framesOf } from "./scan.js";

export interface Range {
  readonly fromSequence: number;
  /** Of the last segment; null: all of it. */
  readonly lastBytes: number | null;
  /** The last record of the last segment. */
  readonly tail: number;
}

/** Throws a JournalError `corrupt` where anything is not as it was written. */
export async function* readRecords(
  fileSystem: FileSystem,
  segments: readonly Segment[],
  { fromSequence, lastBytes, tail }: Range,
): AsyncGenerator<JournalRecord> {
  const begins = segments[0]?.firstSequence ?? 1;
  if (fromSequence < begins && begins > 1) {
    const message = `record ${fromSequence} has been trimmed: the journal begins with ${begins}`;
    throw new JournalError("invalid", message);
  }
  const chain: Chain = { link: fromSequence <= 1 ? noLink : null };
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next !== undefined && next.firstSequence <= fromSequence) continue;
    const length = next === undefined ? lastBytes : null;
    const bytes = await readSegment(fileSystem, segment.path, length);
    const last = next === undefined ? tail : next.firstSequence - 1;
    for (const record of recordsOfSegment(bytes, segment, last, chain)) {
      if (record.sequence >= fromSequence) yield record;
    }
  }
}

/** Hash of the frame before the segment that begins with this sequence; null: none does. */
export async function linkBefore(
  fileSystem: FileSystem,
  segments: readonly Segment[],
  sequence: number,
): Promise<Buffer | null> {
  const segment = segments.find(({ firstSequence }) => firstSequence === sequence);
  if (segment === undefined) return null;
  const bytes = await readSegment(fileSystem, segment.path, segmentHeaderBytes);
  return headerOf(bytes, segment).link;
}

/** Every record of the segment, or a JournalError `corrupt` if they do not end with `last`. */
function* recordsOfSegment(
  bytes: Buffer,
  segment: Segment,
  last: number,
  chain: Chain,
): Generator<JournalRecord> {
  const header = headerOf(bytes, segment);
  const frames = framesOf(bytes, header, chain);
  let tail = segment.firstSequence - 1;
  let { end } = header;
  for (let next = frames.next(); ; next = frames.next()) {
    if (next.done === true) {
      if (next.value !== null) throw corrupt({ file: segment.path, ...next.value });
      break;
    }
    yield* recordsOf(bytes, next.value);
    tail += next.value.recordCount;
    end = next.value.end;
  }
  if (tail === last) return;
  throw corrupt({
    file: segment.path,
    offset: end,
    expected: `records up to sequence ${last}`,
    actual: `the last record has sequence ${tail}`,
  });
}
