/**
 * Journals that earlier versions of Almanac wrote, kept as they were: every later version folds
 * each of them to the same state. `trimmed` ones have lost their beginning to snapshots beside them.
 * `node scripts/write-golden-journal.mjs` writes those of the present format that are missing.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../core/random.js";
import { nodeFileSystem } from "../journal/file-system.js";
import { formatVersion } from "../journal/frame.js";
import { inspectJournal } from "../journal/inspect.js";
import { openSegmentedJournal } from "../journal/segmented-file.js";
import { createSimulatedDisk, type SimulatedDisk } from "../journal/testing/simulated-disk.js";
import { stateHash } from "../pure/hash.js";
import type { State } from "../pure/state.js";
import { replay, restore } from "./recovery.js";
import { takeSnapshot } from "./take-snapshot.js";
import { tellForeseenStory } from "./testing/foreseen-story.js";
import { tellLaterStory } from "./testing/later-story.js";
import { tellOverrunStory } from "./testing/overrun-story.js";
import { tellPredictedStory } from "./testing/predicted-story.js";
import { batchesOf, tellStory } from "./testing/story.js";

const goldenRoot = fileURLToPath(new URL("./fixtures/journals/", import.meta.url));
/** Small, so that a golden journal has several segments. */
const segmentBytes = 8 * 1024;

const stories = {
  "": tellStory,
  "-later": tellLaterStory,
  "-later-trimmed": tellLaterStory,
  "-overrun": tellOverrunStory,
  "-foreseen": tellForeseenStory,
  "-predicted": tellPredictedStory,
};

async function writeGolden(): Promise<void> {
  for (const [name, tell] of Object.entries(stories)) {
    const directory = join(goldenRoot, `v${formatVersion}${name}`);
    if (versions.includes(basename(directory))) continue;
    await mkdir(directory, { recursive: true });
    const journal = await openSegmentedJournal({ directory, segmentBytes });
    const batches = batchesOf(tell());
    for (const [index, batch] of batches.entries()) {
      await journal.append(1, (batch[0]?.sequence ?? 1) - 1, batch);
      const isHalf = index === Math.floor(batches.length / 2);
      if (!name.endsWith("-trimmed") || !isHalf) continue;
      const taken = await takeSnapshot(nodeFileSystem, directory);
      await journal.trim(taken?.sequence ?? 0);
    }
    await journal.close();
    await rm(join(directory, "journal.lock"), { force: true });
    versions.push(basename(directory));
  }
}

/** What of a state a reviewer can judge, and the hash of all of it. */
function describeState(state: State): string {
  const lines = [`events ${state.seq}`, `state ${stateHash(state.hash)}`];
  for (const job of state.jobs.values()) {
    lines.push(`job ${job.id} ${job.state}`);
    for (const [way, { p50Ms, source }] of Object.entries(job.revised ?? {})) {
      lines.push(`revised ${way} ${p50Ms} ms by ${source}`);
    }
    for (const { id, status, attempts } of job.tasks) {
      const what = status.kind === "ended" ? status.state : status.kind;
      lines.push(`task ${id} ${what}, ${attempts.length} attempts`);
    }
  }
  if (state.model.sequence > 0) lines.push(`model ${state.model.version} by ${state.model.by}`);
  for (const { id, state: contact, live } of state.workers.values()) {
    lines.push(`worker ${id} ${contact}, ${live.size} live`);
  }
  return `${lines.join("\n")}\n`;
}

/** Raises the epoch of a frame of format 1, with checksums that are right. */
function sealV1(bytes: Buffer, offset: number): void {
  bytes.writeUInt32LE(bytes.readUInt32LE(offset + 16) + 1, offset + 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(offset, offset + 36)), offset + 36);
}

const versions = (await readdir(goldenRoot)).filter((name) => /^v\d+[a-z-]*$/.test(name)).sort();
if (process.env.ALMANAC_WRITE_GOLDEN !== undefined) await writeGolden();

describe("a journal of an earlier version", () => {
  it.each(versions)("%s is read as it was written", async (version) => {
    const directory = await mkdtemp(join(tmpdir(), "almanac-golden-"));
    try {
      await cp(join(goldenRoot, version), directory, { recursive: true });
      const journal = await openSegmentedJournal({ directory, segmentBytes });
      expect(journal.tornTail).toBeNull();
      const { state, rejected } = await restore(nodeFileSystem, directory, journal);
      expect(rejected).toEqual([]);
      await journal.close();
      const file = join(goldenRoot, `${version}.txt`);
      await expect(describeState(state)).toMatchFileSnapshot(file);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("is taken over whole, whenever the machine dies while the first new segment is made", async () => {
    const directory = join(goldenRoot, "v1");
    const disk = createSimulatedDisk();
    for (const name of await readdir(directory)) {
      const file = await disk.open(join("/journal", name), "create");
      await file.write([await readFile(join(directory, name))], 0);
      await file.datasync();
    }
    await disk.syncDirectory("/journal");
    const wrecks: SimulatedDisk[] = [];
    disk.onOperation(() => {
      for (const random of [() => 0.999, () => 0, seededRandom(1), seededRandom(2)]) {
        wrecks.push(disk.crash(random));
      }
    });
    const open = (fileSystem: SimulatedDisk) =>
      openSegmentedJournal({
        directory: "/journal",
        fileSystem,
        segmentBytes,
        acquireLock: async () => ({ release: async () => {} }),
      });
    const upgraded = describeState(await replay(await open(disk)));
    expect(wrecks.length).toBeGreaterThan(20);
    for (const wreck of wrecks) {
      const journal = await open(wreck);
      expect(describeState(await replay(journal))).toBe(upgraded);
      const sequence = journal.tail + 1;
      await journal.append(journal.epoch, journal.tail, [{ sequence, payload: "{}" }]);
      // The new segment vouches for the old ones: none of their frames can be exchanged any more.
      const [first = ""] = wreck.paths();
      expect(await inspectJournal(wreck, "/journal")).toMatchObject({ tail: sequence });
      sealV1(wreck.contents(first), 36);
      await expect(inspectJournal(wreck, "/journal")).rejects.toMatchObject({ code: "corrupt" });
    }
  });

  it("has golden ones of the present format", () => {
    for (const name of Object.keys(stories)) expect(versions).toContain(`v${formatVersion}${name}`);
  });

  it("holds every kind of event between them", async () => {
    const source = await readFile(new URL("../pure/evolve.ts", import.meta.url), "utf8");
    const kinds = [...source.matchAll(/case "(\w+)":/g)].map(([, kind]) => kind);
    const events = Object.values(stories).flatMap((tell) => tell());
    const told = new Set(events.map(({ event }) => event.type));
    expect(kinds.length).toBeGreaterThan(40);
    expect(kinds.filter((kind) => !told.has(kind as never))).toEqual([]);
  });
});
