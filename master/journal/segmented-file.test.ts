import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { frameHeaderBytes, segmentHeaderBytes } from "./frame.js";
import { JournalError, type JournalRecord } from "./journal.js";
import { openSegmentedJournal, type SegmentedJournal } from "./segmented-file.js";
import { describeJournal } from "./testing/contract.js";
import { collect, records } from "./testing/records.js";
import { createSimulatedDisk, type SimulatedDisk } from "./testing/simulated-disk.js";

const directory = "/journal";
const noLock = async () => ({ release: async () => {} });

function openOn(fileSystem: SimulatedDisk, segmentBytes = 1_000): Promise<SegmentedJournal> {
  return openSegmentedJournal({ directory, fileSystem, segmentBytes, acquireLock: noLock });
}

const scratch: string[] = [];
afterEach(async () => {
  for (const path of scratch.splice(0)) await rm(path, { recursive: true, force: true });
});

async function scratchDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "almanac-journal-"));
  scratch.push(path);
  return path;
}

describeJournal("the journal in files", async () => {
  const path = await scratchDirectory();
  const journal = await openSegmentedJournal({ directory: path, segmentBytes: 100 });
  return { journal, dispose: () => journal.close() };
});

describeJournal("the journal on the simulated disk", async () => {
  const journal = await openOn(createSimulatedDisk(), 100);
  return { journal, dispose: () => journal.close() };
});

describe("reopening", () => {
  it("gives the same records, tail and epoch, over many segments", async () => {
    const path = await scratchDirectory();
    const first = await openSegmentedJournal({ directory: path, segmentBytes: 500 });
    for (let i = 0; i < 100; i += 1)
      await first.append(i < 50 ? 4 : 7, i * 3, records(i * 3 + 1, 3));
    await first.close();
    const second = await openSegmentedJournal({ directory: path, segmentBytes: 500 });
    expect(second).toMatchObject({ tail: 300, epoch: 7, tornTail: null });
    expect(await collect(second, 1)).toEqual(records(1, 300));
    expect(await collect(second, 151)).toEqual(records(151, 150));
    await expect(second.append(6, 300, records(301, 1))).rejects.toMatchObject({ code: "fenced" });
    await second.append(7, 300, records(301, 1));
    await second.close();
  });

  it("remembers the epoch when the last segment has no frame yet", async () => {
    const disk = createSimulatedDisk();
    const journal = await openOn(disk, 60);
    await journal.append(9, 0, records(1, 1));
    disk.failAt("write", 2, "EIO"); // the header of the next segment is written, its frame is not
    await expect(journal.append(9, 1, records(2, 1))).rejects.toMatchObject({ code: "io_failed" });
    const again = await openOn(
      disk.crash(() => 0.99),
      60,
    );
    expect(again).toMatchObject({ epoch: 9, tail: 1 });
  });
});

describe("group commit", () => {
  it("two callers of one turn share one write and one sync", async () => {
    const disk = createSimulatedDisk();
    const journal = await openOn(disk);
    const before = { ...disk.counts };
    await Promise.all([journal.append(1, 0, records(1, 1)), journal.append(1, 1, records(2, 1))]);
    expect(disk.counts.write - before.write).toBe(1);
    expect(disk.counts.datasync - before.datasync).toBe(1);
  });

  it("callers that come while a sync is under way share the next one", async () => {
    const disk = createSimulatedDisk();
    const journal = await openOn(disk, 1_000_000);
    const before = disk.counts.datasync;
    const first = journal.append(1, 0, records(1, 1));
    while (disk.counts.write < 2) await Promise.resolve();
    const rest = Array.from({ length: 100 }, (_, i) => journal.append(1, i + 1, records(i + 2, 1)));
    await Promise.all([first, ...rest]);
    expect(disk.counts.datasync - before).toBe(2);
  });

  it("refuses what its bounds do not hold, and goes on", async () => {
    const disk = createSimulatedDisk();
    const journal = await openSegmentedJournal({
      directory,
      fileSystem: disk,
      acquireLock: noLock,
      limits: { pendingBatchesMax: 2, batchBytesMax: 1_000 },
    });
    const two = [journal.append(1, 0, records(1, 1)), journal.append(1, 1, records(2, 1))];
    await expect(journal.append(1, 2, records(3, 1))).rejects.toMatchObject({ code: "overloaded" });
    await Promise.all(two);
    await expect(journal.append(1, 2, records(3, 100))).rejects.toMatchObject({ code: "invalid" });
    await journal.append(1, 2, records(3, 1));
    expect(await collect(journal, 1)).toEqual(records(1, 3));
  });
});

describe("a disk that fails", () => {
  it.each([
    ["write", "ENOSPC", "no_space"],
    ["write", "EIO", "io_failed"],
    ["datasync", "EIO", "io_failed"],
    ["datasync", "ENOSPC", "no_space"],
  ] as const)("a failed %s (%s) poisons the journal", async (operation, errno, code) => {
    const disk = createSimulatedDisk();
    const journal = await openOn(disk);
    await journal.append(1, 0, records(1, 2));
    disk.failAt(operation, 1, errno);
    const failing = [journal.append(1, 2, records(3, 1)), journal.append(1, 3, records(4, 1))];
    const outcomes = await Promise.allSettled(failing);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code } });
    }
    await expect(journal.append(1, 2, records(3, 1))).rejects.toMatchObject({ code: "poisoned" });
    await expect(journal.append(1, 4, [])).rejects.toMatchObject({ code: "poisoned" });
    expect(journal).toMatchObject({ tail: 2, pending: 0 });
    expect(await collect(journal, 1)).toEqual(records(1, 2));
    await journal.close();
  });

  it("poisons the journal when the next segment cannot be made", async () => {
    const disk = createSimulatedDisk();
    const journal = await openOn(disk, 60);
    await journal.append(1, 0, records(1, 1));
    disk.failAt("create", 1, "ENOSPC");
    await expect(journal.append(1, 1, records(2, 1))).rejects.toMatchObject({ code: "no_space" });
    await expect(journal.append(1, 1, records(2, 1))).rejects.toMatchObject({ code: "poisoned" });
  });
});

describe("power loss", () => {
  it("keeps every acknowledged batch, each batch whole or not at all", async () => {
    await fc.assert(
      fc.asyncProperty(
        // Batch sizes, and how far the journal gets before the next batch (or the crash) comes.
        fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat({ max: 8 })), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.integer({ min: 200, max: 4_000 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (batches, segmentBytes, chance) => {
          const disk = createSimulatedDisk();
          const journal = await openOn(disk, segmentBytes);
          const boundaries = new Set([0]);
          let last = 0;
          let acknowledged = 0;
          for (const [size, turns] of batches) {
            const tail = last + size;
            void journal.append(1, last, records(last + 1, size)).then(() => {
              acknowledged = tail;
            });
            last = tail;
            boundaries.add(tail);
            for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
          }
          const promised = acknowledged;
          const found = disk.crash(() => chance.next().value as number);
          const after = await openOn(found, segmentBytes);
          expect(after.tail).toBeGreaterThanOrEqual(promised);
          expect(boundaries.has(after.tail)).toBe(true);
          expect(await collect(after, 1)).toEqual(records(1, after.tail));
          await after.append(1, after.tail, records(after.tail + 1, 2));
          expect(await collect(after, 1)).toEqual(records(1, after.tail));
        },
      ),
      { numRuns: 300 },
    );
  });
});

it("a write of which the disk kept the end and lost the beginning is torn, not damage", async () => {
  const disk = createSimulatedDisk();
  const journal = await openOn(disk, 1_000_000);
  await journal.append(1, 0, records(1, 5));
  const durable = disk.contents(disk.paths()[0] as string).length;
  await Promise.all([journal.append(1, 5, records(6, 40)), journal.append(1, 45, records(46, 40))]);
  disk.contents(disk.paths()[0] as string).fill(0, durable, durable + 512);
  const again = await openOn(disk, 1_000_000);
  expect(again.tornTail).toMatchObject({ offset: durable });
  expect(await collect(again, 1)).toEqual(records(1, 5));
});

/** Six batches over two segments, each synced on its own. */
async function smallJournal(): Promise<{ disk: SimulatedDisk; paths: string[]; tail: number }> {
  const disk = createSimulatedDisk();
  const journal = await openOn(disk, 300);
  let tail = 0;
  for (let i = 0; i < 6; i += 1) {
    await journal.append(2, tail, records(tail + 1, 2));
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
    const journal = await openOn(disk, 300);
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
      const journal = await openOn(disk, 300);
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
    bytes.writeUInt32LE(2, 8);
    const { crc32 } = await import("node:zlib");
    bytes.writeUInt32LE(crc32(bytes.subarray(0, segmentHeaderBytes - 4)), segmentHeaderBytes - 4);
    const seen = await readAll(disk);
    expect(seen).toMatchObject({ kind: "error", error: { code: "unsupported_version" } });
  });
});
