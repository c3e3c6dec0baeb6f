/**
 * Journals that earlier versions of Almanac wrote, kept as they were: every later version folds
 * each of them to the same state. `node scripts/write-golden-journal.mjs` writes the one of the
 * present format; the older ones are never written again.
 */
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { formatVersion } from "../journal/frame.js";
import { openSegmentedJournal } from "../journal/segmented-file.js";
import { stateHash } from "../pure/hash.js";
import type { State } from "../pure/state.js";
import { replay } from "./recovery.js";
import { batchesOf, tellStory } from "./testing/story.js";

const goldenRoot = fileURLToPath(new URL("./fixtures/journals/", import.meta.url));
/** Small, so that a golden journal has several segments. */
const segmentBytes = 8 * 1024;

async function writeGolden(): Promise<void> {
  const directory = join(goldenRoot, `v${formatVersion}`);
  await rm(directory, { recursive: true, force: true });
  await rm(`${directory}.txt`, { force: true }); // written anew below
  await mkdir(directory, { recursive: true });
  const journal = await openSegmentedJournal({ directory, segmentBytes });
  for (const batch of batchesOf(tellStory())) {
    await journal.append(1, (batch[0]?.sequence ?? 1) - 1, batch);
  }
  await journal.close();
  await rm(join(directory, "journal.lock"), { force: true });
}

/** What of a state a reviewer can judge, and the hash of all of it. */
function describeState(state: State): string {
  const lines = [`events ${state.seq}`, `state ${stateHash(state.hash)}`];
  for (const job of state.jobs.values()) {
    lines.push(`job ${job.id} ${job.state}`);
    for (const { id, status, attempts } of job.tasks) {
      const what = status.kind === "ended" ? status.state : status.kind;
      lines.push(`task ${id} ${what}, ${attempts.length} attempts`);
    }
  }
  for (const { id, state: contact, live } of state.workers.values()) {
    lines.push(`worker ${id} ${contact}, ${live.size} live`);
  }
  return `${lines.join("\n")}\n`;
}

if (process.env.ALMANAC_WRITE_GOLDEN !== undefined) await writeGolden();
const versions = (await readdir(goldenRoot)).filter((name) => /^v\d+$/.test(name)).sort();

describe("a journal of an earlier version", () => {
  it.each(versions)("%s is read as it was written", async (version) => {
    const directory = await mkdtemp(join(tmpdir(), "almanac-golden-"));
    try {
      await cp(join(goldenRoot, version), directory, { recursive: true });
      const journal = await openSegmentedJournal({ directory, segmentBytes });
      expect(journal.tornTail).toBeNull();
      const state = await replay(journal);
      await journal.close();
      const file = join(goldenRoot, `${version}.txt`);
      await expect(describeState(state)).toMatchFileSnapshot(file);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("has a golden one of the present format", () => {
    expect(versions).toContain(`v${formatVersion}`);
  });
});
