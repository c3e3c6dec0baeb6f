/** The archive in its thread, as a master has it: the same promises, over messages. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { Archive } from "../master/history/archive.js";
import { archiveContract } from "../master/history/testing/contract.js";
import { anArchivedJob } from "../master/history/testing/jobs.js";
import { openThreadedArchive } from "../master/history/threaded-archive.js";

const entry = fileURLToPath(new URL("../dist/master/history/archive-thread.js", import.meta.url));

async function temporary() {
  const directory = await mkdtemp(join(tmpdir(), "almanac-thread-"));
  const opened: Archive[] = [];
  const path = join(directory, "archive.db");
  return {
    path,
    open: async (): Promise<Archive> => {
      const archive = await openThreadedArchive(entry, path);
      opened.push(archive);
      return archive;
    },
    [Symbol.asyncDispose]: async () => {
      for (const archive of opened) await archive.close(null);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

archiveContract(async () => {
  const { open, [Symbol.asyncDispose]: dispose } = await temporary();
  const archive = await open();
  return {
    archive,
    reopen: async () => {
      await archive.close(null);
      return open();
    },
    [Symbol.asyncDispose]: dispose,
  };
});

it("says why it cannot be opened, and refuses what comes after its end", async () => {
  await using place = await temporary();
  await writeFile(place.path, "no archive".repeat(1_000));
  await expect(place.open()).rejects.toMatchObject({ code: "damaged" });
  await rm(place.path);
  const archive = await place.open();
  const last = archive.put([anArchivedJob("a", 1)]);
  await archive.close(null);
  await last;
  await expect(archive.get("a")).rejects.toMatchObject({ code: "closed" });
  await archive.close(null);
});
