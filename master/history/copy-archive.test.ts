/** A backup of the archive is what was there as of the journal's backup, and can be put in place. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { archivePath } from "./archive-path.js";
import { backupArchive, restoreArchive, verifyArchive } from "./copy-archive.js";
import { openSqliteArchive } from "./sqlite-archive.js";
import { openSqlite } from "./sqlite-database.js";
import { anArchivedJob } from "./testing/jobs.js";

let root: string;
const at = (name: string): string => archivePath(join(root, name));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "almanac-copy-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("a copy of the archive", () => {
  it("is taken while it is in use, cut at the journal's end, and restored", async () => {
    const archive = openSqliteArchive(at("live"));
    await archive.put([anArchivedJob("a", 5), anArchivedJob("late", 21)]);
    await archive.setCursor(30);
    expect(await backupArchive(at("live"), at("backup"), 20)).toMatchObject({
      jobs: 1,
      attempts: 1,
      cursor: 20,
    });
    expect(await verifyArchive(at("live"))).toMatchObject({ jobs: 2, cursor: 30 });
    await archive.close(null);
    await restoreArchive(at("backup"), at("restored"));
    const restored = openSqliteArchive(at("restored"));
    expect(await restored.get("a")).toMatchObject({ text: anArchivedJob("a", 5).text });
    expect(await restored.get("late")).toBeNull();
    await restored.close(null);
    await expect(restoreArchive(at("backup"), at("restored"))).rejects.toThrow(/already/);
  });

  it("is not made of a damaged one, and there is none of nothing", async () => {
    expect(await verifyArchive(at("nowhere"))).toBeNull();
    expect(await backupArchive(at("nowhere"), at("backup"), 1)).toBeNull();
    const archive = openSqliteArchive(at("live"));
    await archive.put([anArchivedJob("a", 5)]);
    await archive.close(null);
    const database = openSqlite(at("live"));
    database.script("UPDATE jobs SET document = x'00'");
    database.close();
    for (const attempt of [
      () => verifyArchive(at("live")),
      () => backupArchive(at("live"), at("backup"), 9),
      () => restoreArchive(at("live"), at("restored")),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: "damaged" });
    }
  });
});
