/**
 * Opens the segments that an earlier life left: checks the headers of all, reads the last one
 * whole, cuts off a torn tail. Damage within sealed segments is found when they are read, which
 * replay always does.
 */
import { join } from "node:path";
import type { FileSystem, JournalFile } from "./file-system.js";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  formatVersion,
  type SegmentHeader,
  segmentHeaderBytes,
} from "./frame.js";
import { corrupt, JournalError } from "./journal.js";
import { framesOf, hasFrame, isTorn, type SegmentDamage } from "./scan.js";

export interface Segment {
  readonly path: string;
  readonly firstSequence: number;
}

/** What was cut off: the end of a write that no caller had been told was durable. */
export interface TornTail extends SegmentDamage {
  readonly file: string;
  readonly bytesDropped: number;
}

export interface Recovered {
  readonly segments: readonly Segment[];
  /** The last segment, open for writing. */
  readonly file: JournalFile;
  /** Where the next frame goes. */
  readonly position: number;
  readonly tail: number;
  readonly epoch: number;
  readonly tornTail: TornTail | null;
}

const namePattern = /^\d{20}\.journal$/;

export const segmentName = (firstSequence: number): string =>
  `${String(firstSequence).padStart(20, "0")}.journal`;

/** Throws a JournalError `corrupt` or `unsupported_version`. */
export async function recover(fileSystem: FileSystem, directory: string): Promise<Recovered> {
  await fileSystem.makeDirectory(directory);
  const segments = await listSegments(fileSystem, directory);
  const unborn = await removeUnborn(fileSystem, directory, segments);
  let tornTail = unborn;
  const last = segments.at(-1);
  if (last === undefined) {
    const { segment, file } = await createSegment(fileSystem, directory, 1, 0);
    return { segments: [segment], file, position: segmentHeaderBytes, tail: 0, epoch: 0, tornTail };
  }
  for (const segment of segments) await checkHeader(fileSystem, segment);
  const bytes = await readSegment(fileSystem, last.path, null);
  const header = headerOf(bytes, last);
  const end = endOf(bytes, header);
  if (unborn !== null && end.damage === null) checkJoins(unborn, last.path, end);
  const file = await fileSystem.open(last.path, "update");
  try {
    if (end.damage !== null) {
      // Below a later segment everything had been synced, and nothing can be torn.
      if (unborn !== null || !isTorn(bytes, end.damage.offset)) {
        throw corrupt({ file: last.path, ...end.damage });
      }
      await file.truncate(end.position);
      tornTail = {
        file: last.path,
        bytesDropped: bytes.length - end.position,
        ...end.damage,
      };
    }
    // What a killed process wrote may still be in memory only; from here on it counts as durable.
    await file.datasync();
    await fileSystem.syncDirectory(directory);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { segments, file, position: end.position, tail: end.tail, epoch: end.epoch, tornTail };
}

export async function createSegment(
  fileSystem: FileSystem,
  directory: string,
  firstSequence: number,
  epoch: number,
): Promise<{ readonly segment: Segment; readonly file: JournalFile }> {
  const path = join(directory, segmentName(firstSequence));
  const file = await fileSystem.open(path, "create");
  try {
    await file.write([encodeSegmentHeader(firstSequence, epoch)], 0);
    await file.datasync();
    await fileSystem.syncDirectory(directory);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { segment: { path, firstSequence }, file };
}

/** `length` null: the whole file. */
export async function readSegment(
  fileSystem: FileSystem,
  path: string,
  length: number | null,
): Promise<Buffer> {
  const file = await fileSystem.open(path, "read");
  try {
    return await file.read(0, length ?? (await file.size()));
  } finally {
    await file.close();
  }
}

/** Throws unless the bytes begin with the header that the segment's name promises. */
export function headerOf(bytes: Buffer, segment: Segment): SegmentHeader {
  const decoded = decodeSegmentHeader(bytes);
  if (!decoded.ok) {
    const { expected, actual } = decoded;
    throw corrupt({ file: segment.path, offset: 0, expected, actual });
  }
  const { header } = decoded;
  if (header.version !== formatVersion) {
    throw new JournalError(
      "unsupported_version",
      `${segment.path} has format ${header.version}; this version of Almanac reads ${formatVersion}`,
    );
  }
  if (header.firstSequence !== segment.firstSequence) {
    throw corrupt({
      file: segment.path,
      offset: 0,
      expected: `first sequence ${segment.firstSequence}, as its name says`,
      actual: `first sequence ${header.firstSequence}`,
    });
  }
  return header;
}

async function listSegments(fileSystem: FileSystem, directory: string): Promise<Segment[]> {
  const names = (await fileSystem.list(directory)).filter((name) => name.endsWith(".journal"));
  const segments = names.sort().map((name) => {
    const path = join(directory, name);
    if (!namePattern.test(name)) {
      throw corrupt({
        file: path,
        offset: 0,
        expected: "a name of 20 digits and .journal",
        actual: name,
      });
    }
    return { path, firstSequence: Number(name.slice(0, 20)) };
  });
  const first = segments[0];
  if (first !== undefined && first.firstSequence !== 1) {
    throw corrupt({
      file: join(directory, segmentName(1)),
      offset: 0,
      expected: "the first segment",
      actual: `nothing; the journal begins with sequence ${first.firstSequence}`,
    });
  }
  return segments;
}

/**
 * A last segment without a whole header and without any frame is one whose making a crash
 * interrupted: nothing was ever appended to it. It is removed, also from `segments`.
 */
async function removeUnborn(
  fileSystem: FileSystem,
  directory: string,
  segments: Segment[],
): Promise<TornTail | null> {
  const last = segments.at(-1);
  if (last === undefined) return null;
  const bytes = await readSegment(fileSystem, last.path, null);
  const decoded = decodeSegmentHeader(bytes);
  if (decoded.ok || hasFrame(bytes)) return null;
  await fileSystem.remove(last.path);
  await fileSystem.syncDirectory(directory);
  segments.pop();
  const { expected, actual } = decoded;
  return { file: last.path, offset: 0, bytesDropped: bytes.length, expected, actual };
}

async function checkHeader(fileSystem: FileSystem, segment: Segment): Promise<void> {
  headerOf(await readSegment(fileSystem, segment.path, segmentHeaderBytes), segment);
}

/** A segment is made only when the one before it is full and durable. */
function checkJoins(unborn: TornTail, file: string, end: End): void {
  if (unborn.file.endsWith(segmentName(end.tail + 1))) return;
  throw corrupt({
    file,
    offset: end.position,
    expected: `records up to the segment ${unborn.file}`,
    actual: `the last record has sequence ${end.tail}`,
  });
}

interface End {
  readonly position: number;
  readonly tail: number;
  readonly epoch: number;
  readonly damage: SegmentDamage | null;
}

function endOf(bytes: Buffer, header: SegmentHeader): End {
  let position = segmentHeaderBytes;
  let tail = header.firstSequence - 1;
  let epoch = header.epoch;
  const frames = framesOf(bytes, header);
  for (;;) {
    const next = frames.next();
    if (next.done === true) return { position, tail, epoch, damage: next.value };
    position = next.value.end;
    tail = next.value.firstSequence + next.value.recordCount - 1;
    epoch = next.value.epoch;
  }
}
