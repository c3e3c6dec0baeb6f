/** Snapshots save time and never decide what the state is: the journal does. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { openSegmentedJournal, type SegmentedJournal } from "../journal/segmented-file.js";
import { listSnapshots } from "../journal/snapshot-file.js";
import { createSimulatedDisk, type SimulatedDisk } from "../journal/testing/simulated-disk.js";
import { stateHash } from "../pure/hash.js";
import { replay, restore } from "./recovery.js";
import { takeSnapshot } from "./take-snapshot.js";
import { batchesOf, tellStory } from "./testing/story.js";

const directory = "/journal";
const batches = batchesOf(tellStory());

const openOn = (fileSystem: SimulatedDisk): Promise<SegmentedJournal> =>
  openSegmentedJournal({
    directory,
    fileSystem,
    segmentBytes: 6_000,
    acquireLock: async () => ({ release: async () => {} }),
  });

async function append(journal: SegmentedJournal, from: number, to: number): Promise<void> {
  for (const batch of batches.slice(from, to)) {
    await journal.append(1, (batch[0]?.sequence ?? 1) - 1, batch);
  }
}

/** Two snapshots, and records behind the second. */
async function journalWithSnapshots(): Promise<{ disk: SimulatedDisk; hash: string }> {
  const disk = createSimulatedDisk();
  const journal = await openOn(disk);
  const half = Math.floor(batches.length / 2);
  await append(journal, 0, half);
  expect(await takeSnapshot(disk, directory)).not.toBeNull();
  await append(journal, half, batches.length);
  expect(await takeSnapshot(disk, directory)).not.toBeNull();
  expect(await takeSnapshot(disk, directory)).toBeNull();
  const hash = stateHash((await replay(journal)).hash);
  await journal.close();
  return { disk, hash };
}

async function recover(disk: SimulatedDisk) {
  const journal = await openOn(disk);
  const { state, snapshot, rejected } = await restore(disk, directory, journal);
  const { tail } = journal;
  await journal.close();
  expect(state.seq).toBe(tail);
  return { hash: stateHash(state.hash), from: snapshot?.sequence ?? 0, rejected };
}

describe("recovery", () => {
  it("from the newest snapshot and the rest gives what the whole journal gives", async () => {
    const { disk, hash } = await journalWithSnapshots();
    const [newest] = await listSnapshots(disk, directory);
    expect(await recover(disk)).toEqual({ hash, from: newest?.sequence, rejected: [] });
  });

  it("falls back to the older one, then to the whole journal, and says so", async () => {
    const { disk, hash } = await journalWithSnapshots();
    const [newest, older] = await listSnapshots(disk, directory);
    if (newest === undefined || older === undefined) throw new Error("two snapshots are kept");
    damage(disk, newest.path, 500);
    const once = await recover(disk);
    expect(once).toMatchObject({ hash, from: older.sequence, rejected: [{ path: newest.path }] });
    damage(disk, older.path, 500);
    const twice = await recover(disk);
    expect(twice).toMatchObject({ hash, from: 0 });
    expect(twice.rejected.map(({ why }) => why)).toEqual([
      expect.stringContaining("is damaged at byte"),
      expect.stringContaining("is damaged at byte"),
    ]);
  });

  it("believes no snapshot of which any byte was changed", async () => {
    const { disk } = await journalWithSnapshots();
    const [newest] = await listSnapshots(disk, directory);
    const path = newest?.path ?? "";
    const size = disk.contents(path).length;
    for (let offset = 0; offset < size; offset += offset < 80 ? 1 : 997) {
      damage(disk, path, offset);
      expect((await recover(disk)).rejected, `byte ${offset}`).toMatchObject([{ path }]);
      damage(disk, path, offset);
    }
  });

  it("believes no snapshot of another journal", async () => {
    const { disk, hash } = await journalWithSnapshots();
    const other = createSimulatedDisk();
    const journal = await openOn(other);
    for (const batch of batches) {
      const later = batch.map(({ sequence, payload }) => ({
        sequence,
        payload: payload.replace('"principal":"tester"', '"principal":"foobar"'),
      }));
      await journal.append(1, (batch[0]?.sequence ?? 1) - 1, later);
    }
    await takeSnapshot(other, directory);
    const [foreign] = await listSnapshots(other, directory);
    const path = foreign?.path ?? "";
    const file = await disk.open(path, "update");
    await file.truncate(0);
    await file.write([other.contents(path)], 0);
    const recovered = await recover(disk);
    expect(recovered.hash).toBe(hash);
    expect(recovered.rejected).toEqual([{ path, why: "it belongs to another journal" }]);
  });

  it("gives the same after a crash at every boundary of the taking", async () => {
    const { disk, hash } = await journalWithSnapshots();
    const [newest] = await listSnapshots(disk, directory);
    await disk.remove(newest?.path ?? "");
    await disk.syncDirectory(directory);
    const wrecks: SimulatedDisk[] = [];
    disk.onOperation(() => {
      for (const random of [() => 0.999, () => 0, seededRandom(1), seededRandom(2)]) {
        wrecks.push(disk.crash(random));
      }
    });
    await takeSnapshot(disk, directory);
    expect(wrecks.length).toBeGreaterThan(30);
    for (const wreck of wrecks) expect((await recover(wreck)).hash).toBe(hash);
    // Whatever an interrupted one has left does not keep the next from being taken.
    const [first] = wrecks;
    if (first !== undefined) expect(await takeSnapshot(first, directory)).not.toBeNull();
  });
});

function damage(disk: SimulatedDisk, path: string, offset: number): void {
  const bytes = disk.contents(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x10, offset);
}
