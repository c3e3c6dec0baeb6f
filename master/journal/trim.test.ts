/** What is trimmed stays away, and nothing else goes, whenever the machine dies. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { openSegmentedJournal, type SegmentedJournal } from "./segmented-file.js";
import { collect, records } from "./testing/records.js";
import { createSimulatedDisk, type SimulatedDisk } from "./testing/simulated-disk.js";

const directory = "/journal";

const openOn = (fileSystem: SimulatedDisk): Promise<SegmentedJournal> =>
  openSegmentedJournal({
    directory,
    fileSystem,
    segmentBytes: 700,
    acquireLock: async () => ({ release: async () => {} }),
  });

const tail = 60;

async function filled(): Promise<{ disk: SimulatedDisk; journal: SegmentedJournal }> {
  const disk = createSimulatedDisk();
  const journal = await openOn(disk);
  for (let last = 0; last < tail; last += 2) await journal.append(1, last, records(last + 1, 2));
  return { disk, journal };
}

describe("a journal that is trimmed", () => {
  it("begins with a segment that holds the first record above the bound, and says so", async () => {
    const { disk, journal } = await filled();
    const before = disk.paths().length;
    expect(await journal.trim(1)).toBe(0);
    const removed = await journal.trim(31);
    expect(removed).toBeGreaterThan(1);
    expect(disk.paths().filter((path) => path.endsWith(".journal")).length).toBe(before - removed);
    const { begins } = journal;
    expect(begins).toBeLessThanOrEqual(32);
    expect(await collect(journal, begins)).toEqual(records(begins, tail - begins + 1));
    await expect(collect(journal, begins - 1)).rejects.toMatchObject({ code: "invalid" });
    await journal.append(1, tail, records(tail + 1, 2));
    await journal.close();
    const again = await openOn(disk);
    expect([again.begins, again.tail]).toEqual([begins, tail + 2]);
    expect(await again.trim(tail + 2)).toBeGreaterThan(0);
    expect(await collect(again, again.begins)).toEqual(
      records(again.begins, tail + 3 - again.begins),
    );
  });

  it("misses a segment that was not trimmed, and one that follows others", async () => {
    for (const spoil of [
      (disk: SimulatedDisk, first: string) => disk.remove(first),
      async (disk: SimulatedDisk, first: string) => {
        const bytes = disk.contents(first);
        bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
      },
      async (disk: SimulatedDisk) => {
        const bytes = disk.contents("/journal/journal.begins");
        bytes.writeUInt8(bytes.readUInt8(12) ^ 1, 12);
      },
    ]) {
      const { disk, journal } = await filled();
      await journal.trim(31);
      await journal.close();
      const [first = ""] = disk.paths().filter((path) => path.endsWith(".journal"));
      await spoil(disk, first);
      await expect(openOn(disk)).rejects.toMatchObject({ code: "corrupt" });
    }
  });

  it("is whole after a crash at every boundary, and of a crash in what follows", async () => {
    const { disk, journal } = await filled();
    const wrecks: SimulatedDisk[] = [];
    const chances = [() => 0.999, () => 0, ...[1, 2, 3, 4].map((seed) => seededRandom(seed))];
    disk.onOperation(() => {
      for (const random of chances) wrecks.push(disk.crash(random));
    });
    await journal.trim(31);
    const { begins } = journal;
    expect(wrecks.length).toBeGreaterThan(60);
    const seen = new Set<number>();
    for (const wreck of wrecks) {
      const inRecovery: SimulatedDisk[] = [];
      wreck.onOperation(() => inRecovery.push(wreck.crash(seededRandom(5))));
      const first = await openOn(wreck);
      for (const found of [first, ...(await Promise.all(inRecovery.map(openOn)))]) {
        seen.add(found.begins);
        expect([1, begins]).toContain(found.begins);
        expect(found.tail).toBe(tail);
        expect(await collect(found, begins)).toEqual(records(begins, tail - begins + 1));
        await found.append(2, tail, records(tail + 1, 1));
        await found.trim(31);
        expect(found.begins).toBe(begins);
        await found.close();
      }
    }
    expect([...seen].sort()).toEqual([1, begins].sort());
  });

  it("keeps all of it if the disk fails before anything is removed", async () => {
    for (const operation of ["create", "write", "datasync", "syncDirectory"] as const) {
      const { disk, journal } = await filled();
      disk.failAt(operation, 1, "ENOSPC");
      await expect(journal.trim(31)).rejects.toMatchObject({ code: "ENOSPC" });
      expect(await collect(journal, 1)).toEqual(records(1, tail));
      await journal.append(1, tail, records(tail + 1, 1));
      expect(await journal.trim(31)).toBeGreaterThan(0);
    }
  });
});
