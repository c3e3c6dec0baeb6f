/**
 * Reads a whole journal without owning it: to verify it, to count what is in it, to copy it. May
 * run beside a master: what that one is just writing looks like a torn tail, and is left out.
 */
import { basename, join } from "node:path";
import { readBeginning, writeBeginning } from "./beginning.js";
import type { FileSystem, JournalFile } from "./file-system.js";
import { decodeSegmentHeader, type Frame, hex, noLink } from "./frame.js";
import { corrupt, JournalError } from "./journal.js";
import { linkBefore } from "./reader.js";
import {
  createSegment,
  headerOf,
  listSegments,
  readSegment,
  type Segment,
  segmentName,
} from "./recover.js";
import { type Chain, framesOf, hasFrame, isTorn } from "./scan.js";
import { listSnapshots, readSnapshot } from "./snapshot-file.js";

export interface SegmentReport {
  readonly file: string;
  readonly version: number;
  readonly firstSequence: number;
  readonly records: number;
  readonly frames: number;
  /** Writes that were synced together. */
  readonly groups: number;
  /** Up to the end of the last whole frame. */
  readonly bytes: number;
  /** Behind it, of a write that nobody has been told was durable. */
  readonly tornBytes: number;
  readonly epoch: number;
}

export interface JournalReport {
  readonly segments: readonly SegmentReport[];
  /** Sequence of the first record; those before it have been trimmed. */
  readonly begins: number;
  /** Sequence of the last record. */
  readonly tail: number;
  /** Hash of the last frame: two journals with the same are the same. */
  readonly link: string;
  readonly snapshots: readonly SnapshotReport[];
}

export interface SnapshotReport {
  readonly file: string;
  readonly sequence: number;
  /** null: it can be used. */
  readonly trouble: string | null;
}

/** What is told of each segment, its bytes cut behind the last whole frame. */
export interface Visitor {
  readonly frame?: (bytes: Buffer, frame: Frame) => void;
  readonly segment?: (segment: Segment, bytes: Buffer) => Promise<void>;
}

/** Throws a JournalError `corrupt` that names file and byte, or `unsupported_version`. */
export async function inspectJournal(
  fileSystem: FileSystem,
  directory: string,
  visitor: Visitor = {},
): Promise<JournalReport> {
  const beginning = await readBeginning(fileSystem, directory);
  const segments = await listSegments(fileSystem, directory);
  const chain: Chain = { link: beginning.link };
  const reports: SegmentReport[] = [];
  let tail = beginning.sequence - 1;
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const bytes = await readSegment(fileSystem, segment.path, null);
    if (isLast && !decodeSegmentHeader(bytes).ok && !hasFrame(bytes)) break; // just being made
    const report = inspectSegment(segment, bytes, { isLast, tail, chain }, visitor);
    tail += report.records;
    reports.push(report);
    await visitor.segment?.(segment, bytes.subarray(0, report.bytes));
  }
  const snapshots = await inspectSnapshots(fileSystem, directory, segments);
  const { sequence: begins } = beginning;
  checkBase(directory, begins, snapshots);
  return { segments: reports, begins, tail, link: hex(chain.link ?? noLink), snapshots };
}

/** What was trimmed must be in a snapshot that can be used. */
function checkBase(directory: string, begins: number, snapshots: readonly SnapshotReport[]): void {
  if (begins === 1 || snapshots.some(({ trouble }) => trouble === null)) return;
  throw corrupt({
    file: directory,
    offset: 0,
    expected: `a snapshot of the ${begins - 1} records that were trimmed`,
    actual: snapshots.length === 0 ? "no snapshot" : "none that can be used",
  });
}

interface Place {
  readonly isLast: boolean;
  /** Of the segments before. */
  readonly tail: number;
  readonly chain: Chain;
}

function inspectSegment(
  segment: Segment,
  bytes: Buffer,
  { isLast, tail, chain }: Place,
  visitor: Visitor,
): SegmentReport {
  const header = headerOf(bytes, segment);
  const file = segment.path;
  if (segment.firstSequence !== tail + 1) {
    const actual = `sequence ${segment.firstSequence}`;
    throw corrupt({ file, offset: 0, expected: `sequence ${tail + 1}`, actual });
  }
  let [end, records, frames, epoch] = [header.end, 0, 0, header.epoch];
  const groups = new Set<number>();
  const reading = framesOf(bytes, header, chain);
  for (;;) {
    const next = reading.next();
    if (next.done === true) {
      const damage = next.value;
      const mayBeTorn = isLast && damage !== null && isTorn(bytes, damage.offset, header.version);
      if (damage !== null && !mayBeTorn) throw corrupt({ file, ...damage });
      break;
    }
    const frame = next.value;
    visitor.frame?.(bytes, frame);
    groups.add(frame.durableOffset);
    records += frame.recordCount;
    frames += 1;
    ({ end, epoch } = frame);
  }
  return {
    file,
    version: header.version,
    firstSequence: segment.firstSequence,
    records,
    frames,
    groups: groups.size,
    bytes: end,
    tornBytes: bytes.length - end,
    epoch,
  };
}

async function inspectSnapshots(
  fileSystem: FileSystem,
  directory: string,
  segments: readonly Segment[],
): Promise<SnapshotReport[]> {
  const reports: SnapshotReport[] = [];
  for (const file of await listSnapshots(fileSystem, directory)) {
    const { path, sequence } = file;
    let trouble: string | null = null;
    try {
      const { link } = await readSnapshot(fileSystem, file);
      const expected = await linkBefore(fileSystem, segments, sequence + 1);
      if (expected === null) trouble = "no segment of the journal begins behind it";
      else if (!expected.equals(link)) trouble = "it belongs to another journal";
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      trouble = error.message;
    }
    reports.push({ file: path, sequence, trouble });
  }
  return reports;
}

/**
 * Copies a journal, verified on the way, into a directory without one; durable when it returns.
 * Snapshots come along if the journal begins with them; else they can be made anew, and the master
 * that starts from the copy does.
 */
export async function copyJournal(
  fileSystem: FileSystem,
  from: string,
  to: string,
): Promise<JournalReport> {
  await fileSystem.makeDirectory(to);
  await refuseJournal(fileSystem, to);
  const beginning = await readBeginning(fileSystem, from);
  const report = await inspectJournal(fileSystem, from, {
    async segment({ firstSequence }, bytes) {
      const file = await fileSystem.open(join(to, segmentName(firstSequence)), "create");
      await writeDurably(file, bytes);
    },
  });
  if (beginning.sequence > 1) {
    for (const { file, trouble } of report.snapshots) {
      if (trouble === null) await copyFile(fileSystem, file, join(to, basename(file)));
    }
    await writeBeginning(fileSystem, to, beginning);
  }
  await fileSystem.syncDirectory(to);
  const copied = await inspectJournal(fileSystem, to);
  if (copied.link !== report.link || copied.tail !== report.tail) {
    throw new JournalError("io_failed", `${to} does not read back as it was written`);
  }
  return copied;
}

/** Throws `invalid` where there is one: a copy never goes over it. */
export async function refuseJournal(fileSystem: FileSystem, directory: string): Promise<void> {
  const taken = /\.(journal|snapshot|begins)$/;
  const there = (await fileSystem.list(directory)).filter((name) => taken.test(name));
  if (there.length === 0) return;
  throw new JournalError("invalid", `${directory} holds a journal already (${there[0]})`);
}

async function copyFile(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  const source = await fileSystem.open(from, "read");
  try {
    const bytes = await source.read(0, await source.size());
    await writeDurably(await fileSystem.open(to, "create"), bytes);
  } finally {
    await source.close();
  }
}

/** Further than any master can have come since the backup. */
const epochLeap = 1_000_000;

/**
 * A copy for a master to start from. Workers have seen the epochs of the master that is gone and
 * obey no older one, so the copy goes on behind all that it can have begun.
 */
export async function restoreJournal(
  fileSystem: FileSystem,
  backup: string,
  to: string,
): Promise<JournalReport> {
  const { segments, tail, link } = await copyJournal(fileSystem, backup, to);
  const last = segments.at(-1);
  if (last !== undefined) {
    if (last.records === 0) await fileSystem.remove(last.file);
    const firstSequence = tail + 1;
    const begins = { firstSequence, epoch: last.epoch + epochLeap, link: Buffer.from(link, "hex") };
    await (await createSegment(fileSystem, to, begins)).file.close();
  }
  return inspectJournal(fileSystem, to);
}

async function writeDurably(file: JournalFile, bytes: Buffer): Promise<void> {
  try {
    await file.write([bytes], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
}
