/** Whatever is done to the files of a journal is found when they are read, and never skipped. */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { formatVersion, frameHeaderBytes, segmentHeaderBytes } from "./frame.js";
import { JournalError, type JournalRecord } from "./journal.js";
import { openSegmentedJournal, type SegmentedJournal } from "./segmented-file.js";
import { collect, records } from "./testing/records.js";
import { createSimulatedDisk, type SimulatedDisk } from "./testing/simulated-disk.js";

const directory = "/journal";
const segmentBytes = 500;
const noLock = async () => ({ release: async () => {} });

function openOn(fileSystem: SimulatedDisk, bytes: number): Promise<SegmentedJournal> {
  return openSegmentedJournal({ directory, fileSystem, segmentBytes: bytes, acquireLock: noLock });
}

/** Six batches over two segments, each synced on its own. */
async function smallJournal(
  recordsOf: typeof records = records,
): Promise<{ disk: SimulatedDisk; paths: string[]; tail: number }> {
  const disk = createSimulatedDisk();
  const journal = await openOn(disk, segmentBytes);
  let tail = 0;
  for (let i = 0; i < 6; i += 1) {
    await journal.append(2, tail, recordsOf(tail + 1, 2));
    tail += 2;
  }
  await journal.close();
  const paths = disk.paths();
  expect(paths.length).toBe(2);
  return { disk, paths, tail };
}

type Seen =
  | { readonly kind: "records"; readonly records: JournalRecord[]; readonly torn: boolean }
  | { readonly kind: "error"; readonly error: JournalError };

async function readAll(disk: SimulatedDisk): Promise<Seen> {
  try {
    const journal = await openOn(disk, segmentBytes);
    const seen = await collect(journal, 1);
    await journal.close();
    return { kind: "records", records: seen, torn: journal.tornTail !== null };
  } catch (error) {
    if (error instanceof JournalError) return { kind: "error", error };
    throw error;
  }
}

/** What a reader sees with one byte damaged; the disk is whole again afterwards. */
async function readFlipped(
  disk: SimulatedDisk,
  path: string,
  offset: number,
  mask: number,
): Promise<Seen> {
  const intact = Buffer.from(disk.contents(path));
  disk.contents(path).writeUInt8(intact.readUInt8(offset) ^ mask, offset);
  const seen = await readAll(disk);
  const file = await disk.open(path, "update");
  await file.write([intact], 0);
  return seen;
}

function expectCorrupt(seen: Seen, path: string, offset: number): void {
  const error = seen.kind === "error" ? seen.error : null;
  expect(error?.code, `${path} at ${offset}`).toBe("corrupt");
  expect(error?.damage?.file).toBe(path);
  expect(error?.damage?.offset).toBeLessThanOrEqual(offset);
}

const lastFrameBytes =
  frameHeaderBytes + records(11, 2).reduce((n, r) => n + 4 + r.payload.length, 0);

describe("damage", () => {
  it("a tail torn at any byte of the last frame is cut off and reported", async () => {
    const { disk, paths } = await smallJournal();
    const path = paths[1] as string;
    const whole = Buffer.from(disk.contents(path));
    for (let size = whole.length - lastFrameBytes; size < whole.length; size += 1) {
      const file = await disk.open(path, "update");
      await file.write([whole], 0);
      await file.truncate(size);
      const journal = await openOn(disk, segmentBytes);
      const dropped = size - (whole.length - lastFrameBytes);
      expect(await collect(journal, 1)).toEqual(records(1, 10));
      if (dropped === 0) expect(journal.tornTail).toBeNull();
      else expect(journal.tornTail).toMatchObject({ file: path, bytesDropped: dropped });
      await journal.append(2, 10, records(11, 2));
      expect(await collect(journal, 1)).toEqual(records(1, 12));
    }
  });

  it("a flipped byte is never silently wrong: fatal, or in the last frame reported as torn", async () => {
    const { disk, paths, tail } = await smallJournal();
    for (const path of paths) {
      const size = disk.contents(path).length;
      const lastFrameAt = path === paths.at(-1) ? size - lastFrameBytes : size;
      for (let offset = 0; offset < size; offset += 1) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const seen = await readFlipped(disk, path, offset, mask);
          if (offset < lastFrameAt) expectCorrupt(seen, path, offset);
          else expect(seen).toEqual({ kind: "records", records: records(1, tail - 2), torn: true });
        }
      }
    }
  }, 30_000);

  it("a missing or foreign segment is fatal", async () => {
    const { disk, paths } = await smallJournal();
    await disk.remove(paths[0] as string);
    expect(await readAll(disk)).toMatchObject({ kind: "error", error: { code: "corrupt" } });

    const other = await smallJournal();
    await other.disk.open(join(directory, "12.journal"), "create");
    expect(await readAll(other.disk)).toMatchObject({ kind: "error", error: { code: "corrupt" } });
  });

  it("a sealed segment that lost its end is fatal", async () => {
    const { disk, paths } = await smallJournal();
    const file = await disk.open(paths[0] as string, "update");
    const size = await file.size();
    await file.truncate(size - lastFrameBytes);
    const seen = await readAll(disk);
    expect(seen).toMatchObject({ kind: "error", error: { code: "corrupt" } });
    expect(seen.kind === "error" && seen.error.message).toMatch(/expected records up to sequence/);
  });

  it("a segment whose making was interrupted is removed and reported", async () => {
    const { disk, paths, tail } = await smallJournal();
    const name = `${String(tail + 1).padStart(20, "0")}.journal`;
    const file = await disk.open(join(directory, name), "create");
    await file.write([Buffer.from("ALMA")], 0);
    const seen = await readAll(disk);
    expect(seen).toEqual({ kind: "records", records: records(1, tail), torn: true });
    expect(disk.paths()).toEqual(paths);
  });

  it("a format of the future is refused by name", async () => {
    const { disk, paths } = await smallJournal();
    const bytes = disk.contents(paths[1] as string);
    bytes.writeUInt32LE(formatVersion + 1, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, segmentHeaderBytes - 4)), segmentHeaderBytes - 4);
    const seen = await readAll(disk);
    expect(seen).toMatchObject({ kind: "error", error: { code: "unsupported_version" } });
  });
});

/** Offsets at which the frames of a segment begin, and its end. */
function framesIn(bytes: Buffer): number[] {
  const offsets = [segmentHeaderBytes];
  for (let at = segmentHeaderBytes; at < bytes.length; ) {
    at += frameHeaderBytes + bytes.readUInt32LE(at + 4);
    offsets.push(at);
  }
  return offsets;
}

async function expectFound(disk: SimulatedDisk, what: string): Promise<void> {
  const seen = await readAll(disk);
  expect(seen.kind === "error" ? seen.error.code : seen, what).toBe("corrupt");
}

async function replaceWith(disk: SimulatedDisk, path: string, bytes: Buffer): Promise<void> {
  const file = await disk.open(path, "update");
  await file.truncate(0);
  await file.write([bytes], 0);
}

/** The same sequences and lengths, other words: every checksum of it is right. */
const otherRecords: typeof records = (first, count) =>
  records(first, count).map(({ sequence, payload }) => ({
    sequence,
    payload: payload.replace("Tick", "Tock"),
  }));

describe("frames that are whole, but not those that were written", () => {
  it("one in the place of another is found by the chain", async () => {
    const { disk, paths } = await smallJournal();
    const other = (await smallJournal(otherRecords)).disk;
    for (const path of paths) {
      const intact = Buffer.from(disk.contents(path));
      const offsets = framesIn(intact);
      const replaceable = path === paths.at(-1) ? offsets.length - 2 : offsets.length - 1;
      for (let frame = 0; frame < replaceable; frame += 1) {
        const [from = 0, to = 0] = offsets.slice(frame, frame + 2);
        const forged = Buffer.from(intact);
        other.contents(path).copy(forged, from, from, to);
        await replaceWith(disk, path, forged);
        await expectFound(disk, `frame ${frame} of ${path} replaced`);
      }
      await replaceWith(disk, path, intact);
    }
  });

  it("a whole segment of another journal is found by the chain", async () => {
    const { disk, paths } = await smallJournal();
    const other = (await smallJournal(otherRecords)).disk;
    for (const path of paths) {
      const intact = Buffer.from(disk.contents(path));
      await replaceWith(disk, path, other.contents(path));
      await expectFound(disk, `${path} replaced`);
      await replaceWith(disk, path, intact);
    }
  });

  it("removed, doubled or swapped ones are found", async () => {
    const { disk, paths } = await smallJournal();
    for (const path of paths) {
      const intact = Buffer.from(disk.contents(path));
      const offsets = framesIn(intact);
      const part = (frame: number): Buffer => intact.subarray(offsets[frame], offsets[frame + 1]);
      const header = intact.subarray(0, segmentHeaderBytes);
      const all = offsets.slice(0, -1).map((_, frame) => part(frame));
      const last = path === paths.at(-1);
      for (let frame = 0; frame < all.length; frame += 1) {
        const doubled = all.toSpliced(frame, 0, part(frame));
        await replaceWith(disk, path, Buffer.concat([header, ...doubled]));
        await expectFound(disk, `frame ${frame} of ${path} doubled`);
        if (last && frame === all.length - 1) continue; // as if never written
        await replaceWith(disk, path, Buffer.concat([header, ...all.toSpliced(frame, 1)]));
        await expectFound(disk, `frame ${frame} of ${path} removed`);
        if (frame === all.length - 1) continue;
        const swapped = all.toSpliced(frame, 2, part(frame + 1), part(frame));
        await replaceWith(disk, path, Buffer.concat([header, ...swapped]));
        await expectFound(disk, `frames ${frame} and ${frame + 1} of ${path} swapped`);
      }
      await replaceWith(disk, path, intact);
    }
  });

  it("a run of bytes cut out or zeroed is found, wherever it is", async () => {
    const { disk, paths } = await smallJournal();
    const path = paths[0] as string;
    const intact = Buffer.from(disk.contents(path));
    for (let from = 0; from < intact.length; from += 3) {
      for (const length of [1, 7, 72, 132, 264]) {
        const to = Math.min(intact.length, from + length);
        const cut = Buffer.concat([intact.subarray(0, from), intact.subarray(to)]);
        await replaceWith(disk, path, cut);
        await expectFound(disk, `${path} without ${from} to ${to}`);
        const zeroed = Buffer.from(intact).fill(0, from, to);
        if (zeroed.equals(intact)) continue;
        await replaceWith(disk, path, zeroed);
        await expectFound(disk, `${path} with ${from} to ${to} zeroed`);
      }
    }
  });
});
