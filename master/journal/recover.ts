/**
 * Opens the segments that an earlier life left: checks the headers of all, reads the last one
 * whole, cuts off a torn tail. Damage within sealed segments is found when they are read, which
 * replay always does.
 */
import { join } from "node:path";
import { type Beginning, readBeginning } from "./beginning.js";
import type { FileSystem, JournalFile } from "./file-system.js";
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  formatVersion,
  noLink,
  type SegmentHeader,
  segmentHeaderBytes,
} from "./frame.js";
import { corrupt, JournalError } from "./journal.js";
import {
  type Chain,
  framesOf,
  hasFrame,
  isTorn,
  readableVersions,
  type SegmentDamage,
} from "./scan.js";

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
  /** Hash of the last frame, which the next one is to hold. */
  readonly link: Buffer;
  readonly tornTail: TornTail | null;
}

const namePattern = /^\d{20}\.journal$/;

export const segmentName = (firstSequence: number): string =>
  `${String(firstSequence).padStart(20, "0")}.journal`;

/** Throws a JournalError `corrupt` or `unsupported_version`. */
export async function recover(fileSystem: FileSystem, directory: string): Promise<Recovered> {
  await fileSystem.makeDirectory(directory);
  const beginning = await readBeginning(fileSystem, directory);
  const segments = await listSegments(fileSystem, directory);
  await removeTrimmed(fileSystem, directory, beginning);
  const unborn = await removeUnborn(fileSystem, directory, segments);
  const last = segments.at(-1);
  if (last === undefined) {
    const made = await createSegment(fileSystem, directory, { firstSequence: 1, ...emptiness });
    return { ...begun(made), segments: [made.segment], tail: 0, ...emptiness, tornTail: unborn };
  }
  for (const segment of segments) await checkHeader(fileSystem, segment);
  await checkBeginning(fileSystem, segments, beginning);
  const bytes = await readSegment(fileSystem, last.path, null);
  const header = headerOf(bytes, last);
  const chain = { link: header.link ?? (await linkBefore(fileSystem, segments.slice(0, -1))) };
  const end = endOf(bytes, header, chain);
  if (unborn !== null && end.damage === null) checkJoins(unborn, last.path, end);
  const file = await fileSystem.open(last.path, "update");
  let tornTail = unborn;
  try {
    if (end.damage !== null) {
      // Below a later segment everything had been synced, and nothing can be torn.
      if (unborn !== null || !isTorn(bytes, end.damage.offset, header.version)) {
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
  const { position, tail, epoch, link } = end;
  const found = { segments, file, position, tail, epoch, link, tornTail };
  return header.version === formatVersion ? found : goOn(fileSystem, directory, found);
}

const emptiness = { epoch: 0, link: noLink } as const;

const begun = ({ file }: Made) => ({ file, position: segmentHeaderBytes });

/** A segment of an older format is only read: what is appended goes into one of the present. */
async function goOn(
  fileSystem: FileSystem,
  directory: string,
  found: Recovered,
): Promise<Recovered> {
  const { epoch, link, tail } = found;
  const segments = [...found.segments];
  await found.file.close();
  const last = segments.at(-1);
  if (last !== undefined && last.firstSequence === tail + 1) {
    // It holds nothing, and the next one has its name.
    await fileSystem.remove(last.path);
    await fileSystem.syncDirectory(directory);
    segments.pop();
  }
  const made = await createSegment(fileSystem, directory, {
    firstSequence: tail + 1,
    epoch,
    link,
  });
  return { ...found, ...begun(made), segments: [...segments, made.segment] };
}

/** The hash of the last frame in these segments, all of format 1: the whole of them is read. */
async function linkBefore(fileSystem: FileSystem, segments: readonly Segment[]): Promise<Buffer> {
  const chain: Chain = { link: noLink };
  for (const segment of segments) {
    const bytes = await readSegment(fileSystem, segment.path, null);
    const { damage } = endOf(bytes, headerOf(bytes, segment), chain);
    if (damage !== null) throw corrupt({ file: segment.path, ...damage });
  }
  return chain.link ?? noLink;
}

interface Made {
  readonly segment: Segment;
  readonly file: JournalFile;
}

export async function createSegment(
  fileSystem: FileSystem,
  directory: string,
  {
    firstSequence,
    epoch,
    link,
  }: { readonly firstSequence: number; readonly epoch: number; readonly link: Buffer },
): Promise<Made> {
  const path = join(directory, segmentName(firstSequence));
  const file = await fileSystem.open(path, "create");
  try {
    await file.write([encodeSegmentHeader(firstSequence, epoch, link)], 0);
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
  if (!readableVersions.includes(header.version)) {
    throw new JournalError(
      "unsupported_version",
      `${segment.path} has format ${header.version}; this version of Almanac reads up to ${formatVersion}`,
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

/** In order; throws `corrupt` for a name that no segment has, or if the first is missing. */
export async function listSegments(fileSystem: FileSystem, directory: string): Promise<Segment[]> {
  const { sequence: begins } = await readBeginning(fileSystem, directory);
  const all = await listAll(fileSystem, directory);
  const segments = all.filter(({ firstSequence }) => firstSequence >= begins);
  const first = segments[0];
  const isEmpty = all.length === 0 && begins === 1;
  if (!isEmpty && first?.firstSequence !== begins) {
    throw corrupt({
      file: join(directory, segmentName(begins)),
      offset: 0,
      expected: "the first segment",
      actual:
        first === undefined
          ? "nothing"
          : `nothing; the journal begins with sequence ${first.firstSequence}`,
    });
  }
  return segments;
}

/** Trimmed ones that a crash left behind included. */
async function listAll(fileSystem: FileSystem, directory: string): Promise<Segment[]> {
  const names = (await fileSystem.list(directory)).filter((name) => name.endsWith(".journal"));
  return names.sort().map((name) => {
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
}

/** What a crash left of a trimming. */
async function removeTrimmed(
  fileSystem: FileSystem,
  directory: string,
  { sequence }: Beginning,
): Promise<void> {
  const all = await listAll(fileSystem, directory);
  const trimmed = all.filter(({ firstSequence }) => firstSequence < sequence);
  for (const { path } of trimmed) await fileSystem.remove(path);
  if (trimmed.length > 0) await fileSystem.syncDirectory(directory);
}

/** The first segment must follow what was trimmed. */
async function checkBeginning(
  fileSystem: FileSystem,
  segments: readonly Segment[],
  { sequence, link }: Beginning,
): Promise<void> {
  const [first] = segments;
  if (first === undefined || sequence === 1) return;
  const { link: found } = headerOf(
    await readSegment(fileSystem, first.path, segmentHeaderBytes),
    first,
  );
  if (found?.equals(link) === true) return;
  throw corrupt({
    file: first.path,
    offset: 0,
    expected: "what follows the records that were trimmed",
    actual: "what follows others",
  });
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
  readonly link: Buffer;
  readonly damage: SegmentDamage | null;
}

function endOf(bytes: Buffer, header: SegmentHeader, chain: Chain): End {
  let position = header.end;
  let tail = header.firstSequence - 1;
  let epoch = header.epoch;
  const frames = framesOf(bytes, header, chain);
  for (;;) {
    const next = frames.next();
    const link = chain.link ?? noLink;
    if (next.done === true) return { position, tail, epoch, link, damage: next.value };
    position = next.value.end;
    tail = next.value.firstSequence + next.value.recordCount - 1;
    epoch = next.value.epoch;
  }
}
