import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
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
