/**
 * The machine dies at every boundary: before and after each write, sync, name made or removed, and
 * each acknowledgement. Whatever the disk had not synced is kept or lost sector by sector.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { openSegmentedJournal, type SegmentedJournal } from "./segmented-file.js";
import { collect, records } from "./testing/records.js";
import { createSimulatedDisk, type SimulatedDisk } from "./testing/simulated-disk.js";

const directory = "/journal";
const noLock = async () => ({ release: async () => {} });

function openOn(fileSystem: SimulatedDisk, segmentBytes: number): Promise<SegmentedJournal> {
  return openSegmentedJournal({ directory, fileSystem, segmentBytes, acquireLock: noLock });
}

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

/** A disk at the moment of a crash, and what had been promised by then. */
interface Wreck {
  readonly where: string;
  readonly disk: SimulatedDisk;
  readonly promised: number;
}

const segmentBytes = 700;
/** Long and short ones; some callers come while others wait. */
const batches = [1, 3, 1, 40, 2, 2, 7, 1, 1, 12, 5, 1];

/** The length kept and its sectors lost, the length lost, and three mixtures. */
const chances = [() => 0.999, () => 0, ...[1, 2, 3].map((seed) => seededRandom(seed))];

/** Lives through all batches and leaves a wreck at every boundary. */
async function liveAndCrash(): Promise<{ wrecks: Wreck[]; boundaries: Set<number> }> {
  const wrecks: Wreck[] = [];
  const boundaries = new Set([0]);
  let promised = 0;
  const disk = createSimulatedDisk();
  const wreck = (where: string): void => {
    for (const random of chances) wrecks.push({ where, disk: disk.crash(random), promised });
  };
  disk.onOperation((operation, moment) => wreck(`${moment} ${operation}`));
  const journal = await openOn(disk, segmentBytes);
  let last = 0;
  let pending: Promise<void>[] = [];
  for (const [index, size] of batches.entries()) {
    const tail = last + size;
    boundaries.add(tail);
    const append = journal.append(1, last, records(last + 1, size));
    pending.push(
      append.then(() => {
        promised = tail;
        wreck(`after the acknowledgement of ${tail}`);
      }),
    );
    last = tail;
    if (index % 3 === 1) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
  await journal.close();
  return { wrecks, boundaries };
}

async function expectPromisesKept(
  { where, disk, promised }: Wreck,
  boundaries: ReadonlySet<number>,
): Promise<void> {
  const journal = await openOn(disk, segmentBytes);
  const { tail } = journal;
  expect(tail, `records after a crash ${where}`).toBeGreaterThanOrEqual(promised);
  expect(boundaries.has(tail), `a batch in part after a crash ${where}`).toBe(true);
  expect(await collect(journal, 1), `a crash ${where}`).toEqual(records(1, tail));
  await journal.append(2, tail, records(tail + 1, 2));
  await journal.close();
  const again = await openOn(disk, segmentBytes);
  expect(await collect(again, 1)).toEqual(records(1, tail + 2));
}

describe("a crash at every boundary", () => {
  it("loses no acknowledged record and invents none", async () => {
    const { wrecks, boundaries } = await liveAndCrash();
    expect(wrecks.length).toBeGreaterThan(300);
    for (const wreck of wrecks) await expectPromisesKept(wreck, boundaries);
  });

  it("nor does a second crash, at every boundary of the recovery from the first", async () => {
    const { wrecks, boundaries } = await liveAndCrash();
    let second = 0;
    for (const { where, disk, promised } of wrecks.filter((_, index) => index % 5 === 3)) {
      const inRecovery: Wreck[] = [];
      disk.onOperation((operation, moment) => {
        const at = `${where}, then ${moment} ${operation} in recovery`;
        const [lost, kept, mixed] = chances;
        for (const random of [lost, kept, mixed]) {
          if (random === undefined) continue;
          inRecovery.push({ where: at, disk: disk.crash(random), promised });
        }
      });
      await (await openOn(disk, segmentBytes)).close();
      second += inRecovery.length;
      for (const wreck of inRecovery) await expectPromisesKept(wreck, boundaries);
    }
    expect(second).toBeGreaterThan(300);
  });
});
