/** What may be read beside a running master, and what a copy promises. */
import { describe, expect, it } from "vitest";
import { copyJournal, inspectJournal, restoreJournal } from "./inspect.js";
import { openSegmentedJournal, type SegmentedJournal } from "./segmented-file.js";
import { collect, records } from "./testing/records.js";
import { createSimulatedDisk, type SimulatedDisk } from "./testing/simulated-disk.js";

const openOn = (fileSystem: SimulatedDisk, directory: string): Promise<SegmentedJournal> =>
  openSegmentedJournal({
    directory,
    fileSystem,
    segmentBytes: 400,
    acquireLock: async () => ({ release: async () => {} }),
  });

async function runningJournal(disk: SimulatedDisk): Promise<SegmentedJournal> {
  const journal = await openOn(disk, "/journal");
  for (let i = 0; i < 10; i += 1) await journal.append(3, i * 2, records(i * 2 + 1, 2));
  return journal;
}

describe("a journal that is in use", () => {
  it("is read up to its last whole frame; what is just being written is left out", async () => {
    const disk = createSimulatedDisk();
    const journal = await runningJournal(disk);
    const whole = await inspectJournal(disk, "/journal");
    expect(whole.tail).toBe(20);
    expect(whole.segments.map(({ records: count }) => count)).toEqual([6, 6, 6, 2]);
    const last = whole.segments.at(-1);
    const file = await disk.open(last?.file ?? "", "update");
    await file.write([Buffer.from([0xff, 0xf8, 0xfe])], last?.bytes ?? 0);
    const during = await inspectJournal(disk, "/journal");
    expect(during).toMatchObject({ tail: 20, link: whole.link });
    expect(during.segments.at(-1)?.tornBytes).toBe(3);
    await journal.close();
  });

  it("can be copied, and the copy survives power loss at once", async () => {
    const disk = createSimulatedDisk();
    const journal = await runningJournal(disk);
    const { link } = await copyJournal(disk, "/journal", "/backup");
    await journal.close();
    const after = disk.crash(() => 0.999);
    expect(await inspectJournal(after, "/backup")).toMatchObject({ tail: 20, link });
    expect(await collect(await openOn(after, "/backup"), 1)).toEqual(records(1, 20));
  });

  it("is restored behind every epoch that its master can have begun since", async () => {
    const disk = createSimulatedDisk();
    await (await runningJournal(disk)).close();
    await copyJournal(disk, "/journal", "/backup");
    await restoreJournal(disk, "/backup", "/restored");
    const journal = await openOn(disk, "/restored");
    expect(journal).toMatchObject({ tail: 20, epoch: 1_000_003 });
    await journal.append(1_000_004, 20, records(21, 1));
    expect(await collect(journal, 1)).toEqual(records(1, 21));
    await expect(restoreJournal(disk, "/backup", "/restored")).rejects.toMatchObject({
      code: "invalid",
    });
  });

  it("is not copied if anything in it is damaged", async () => {
    const disk = createSimulatedDisk();
    await (await runningJournal(disk)).close();
    const [first = ""] = disk.paths();
    const bytes = disk.contents(first);
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
    await expect(copyJournal(disk, "/journal", "/backup")).rejects.toMatchObject({
      code: "corrupt",
      damage: { file: first },
    });
  });
});
