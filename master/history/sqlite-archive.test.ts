/** The archive as a file: what every archive promises, and that damage is found. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Archive } from "./archive.js";
import { openSqliteArchive } from "./sqlite-archive.js";
import { openSqlite } from "./sqlite-database.js";
import { archiveContract } from "./testing/contract.js";
import { anArchivedJob } from "./testing/jobs.js";

async function temporary() {
  const directory = await mkdtemp(join(tmpdir(), "almanac-archive-"));
  const path = join(directory, "history", "archive.db");
  const opened: Archive[] = [];
  const open = (): Archive => {
    const archive = openSqliteArchive(path);
    opened.push(archive);
    return archive;
  };
  return {
    path,
    open,
    [Symbol.asyncDispose]: async () => {
      for (const archive of opened) await archive.close(null).catch(() => {});
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const remove = async (path: string): Promise<void> => {
  for (const end of ["", "-wal", "-shm"]) await rm(path + end, { force: true });
};

archiveContract(async () => {
  const { open, [Symbol.asyncDispose]: dispose } = await temporary();
  const archive = open();
  return {
    archive,
    reopen: async () => {
      await archive.close(null);
      return open();
    },
    [Symbol.asyncDispose]: dispose,
  };
});

describe("an archive on disk", () => {
  it("refuses a file that is none, of another program, or of a later version", async () => {
    await using place = await temporary();
    const { path, open } = place;
    await open().close(null);
    await writeFile(path, "neither archive nor database, but long enough to be read".repeat(100));
    expect(open).toThrow(expect.objectContaining({ code: "damaged" }));
    await remove(path);
    const other = openSqlite(path);
    other.script("CREATE TABLE something (a)");
    other.close();
    expect(open).toThrow(expect.objectContaining({ code: "damaged" }));
    await remove(path);
    await open().close(null);
    const later = openSqlite(path);
    later.script("PRAGMA user_version = 99");
    later.close();
    expect(open).toThrow(expect.objectContaining({ code: "unsupported_version" }));
  });

  it("finds whatever was changed in it behind its back", async () => {
    await using place = await temporary();
    const { path, open } = place;
    const changes = [
      "UPDATE jobs SET summary = replace(summary, 'ada', 'eve')",
      "UPDATE jobs SET document = x'00'",
      "UPDATE attempts SET cpu_ms = 1 WHERE position = 0",
      "DELETE FROM attempts",
      "UPDATE metadata SET value = 'y'",
      "INSERT INTO content VALUES ('c', 'nobody')",
    ];
    for (const change of changes) {
      await remove(path);
      const archive = open();
      await archive.put([anArchivedJob("a", 1, { metadata: { team: "x" } })]);
      await archive.verify(null);
      await archive.close(null);
      const database = openSqlite(path);
      database.script(change);
      database.close();
      const again = open();
      await expect(again.verify(null), change).rejects.toMatchObject({ code: "damaged" });
      await again.close(null);
    }
  });

  it("does not hand out a job of which a byte was flipped in the file", async () => {
    await using place = await temporary();
    const { path, open } = place;
    const archive = open();
    await archive.put([anArchivedJob("a", 1, { name: "needle-in-the-summary" })]);
    await archive.close(null);
    const bytes = await readFile(path);
    const at = bytes.lastIndexOf("needle-in-the-summary");
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x01, at);
    await writeFile(path, bytes);
    await expect(open().verify(null)).rejects.toMatchObject({ code: "damaged" });
  });

  it("puts all of a batch or nothing", async () => {
    await using place = await temporary();
    const archive = place.open();
    const broken = { ...anArchivedJob("b", 2), sequence: Number.NaN };
    await expect(archive.put([anArchivedJob("a", 1), broken])).rejects.toMatchObject({
      code: "io_failed",
    });
    expect(await archive.get("a")).toBeNull();
    await archive.put([anArchivedJob("a", 1)]);
    expect(await archive.get("a")).not.toBeNull();
  });
});
