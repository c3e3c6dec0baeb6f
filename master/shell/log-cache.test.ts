import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { attemptId, jobId, taskId } from "../../core/ids.js";
import { openLogCache } from "./log-cache.js";

const root = mkdtempSync(join(tmpdir(), "almanac-log-cache-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newDirectory = (): string => mkdtempSync(join(root, "cache-"));
const attemptOf = (number: number) => attemptId(taskId(jobId("j1"), "one"), number);
const first = attemptOf(1);
const text = (data: Uint8Array | undefined): string => Buffer.from(data ?? []).toString();
const bytesIn = (directory: string): number =>
  readdirSync(directory)
    .map((name) => statSync(join(directory, name)).size)
    .reduce((a, b) => a + b, 0);

describe("the master's copy of logs", () => {
  test("what it was given can be read again, by a later master too", async () => {
    const directory = newDirectory();
    const cache = openLogCache(directory, 1_000_000);
    await cache.add(first, "stdout", 0, Buffer.from("hello "));
    await cache.add(first, "stdout", 6, Buffer.from("world"));
    await cache.add(first, "stderr", 0, Buffer.from("oh"));
    const later = openLogCache(directory, 1_000_000);
    expect(text((await later.read(first, "stdout"))?.data)).toBe("hello world");
    expect(text((await later.read(first, "stderr"))?.data)).toBe("oh");
    expect(await later.read(attemptOf(2), "stdout")).toBeNull();
  });

  test("pieces that overlap, come again or leave a hole are joined as far as they can be", async () => {
    const cache = openLogCache(newDirectory(), 1_000_000);
    await cache.add(first, "stdout", 3, Buffer.from("3456"));
    await cache.add(first, "stdout", 0, Buffer.from("0123"));
    await cache.add(first, "stdout", 5, Buffer.from("56789"));
    expect(await cache.read(first, "stdout")).toEqual({
      offset: 3,
      data: Buffer.from("3456789"),
    });
    await cache.add(first, "stdout", 20, Buffer.from("later"));
    expect(await cache.read(first, "stdout")).toEqual({ offset: 20, data: Buffer.from("later") });
  });

  test("of one stream it keeps the newest bytes, at most 256 KiB", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, async (lengths) => {
        const directory = newDirectory();
        const cache = openLogCache(directory, 10_000_000);
        let all = "";
        for (const [index, length] of lengths.entries()) {
          const piece = String.fromCharCode(97 + index).repeat(length);
          await cache.add(first, "stdout", all.length, Buffer.from(piece));
          all += piece;
        }
        const kept = await cache.read(first, "stdout");
        expect(text(kept?.data)).toBe(all.slice(kept?.offset));
        expect(kept?.data.length).toBeGreaterThanOrEqual(Math.min(all.length, 128 * 1024));
        expect(bytesIn(directory)).toBeLessThanOrEqual(256 * 1024);
        rmSync(directory, { recursive: true });
      }),
      { numRuns: 20 },
    );
  });

  test("of all streams together no more than its limit; what was not used goes first", async () => {
    const directory = newDirectory();
    const cache = openLogCache(directory, 1_000);
    for (let n = 1; n <= 3; n += 1) {
      await cache.add(attemptOf(n), "stdout", 0, Buffer.alloc(300, `${n}`));
    }
    await cache.read(attemptOf(1), "stdout");
    await cache.add(attemptOf(4), "stdout", 0, Buffer.alloc(300, "4"));
    expect(await cache.read(attemptOf(2), "stdout")).toBeNull();
    expect(text((await cache.read(attemptOf(1), "stdout"))?.data)).toBe("1".repeat(300));
    expect(bytesIn(directory)).toBe(900);
  });

  test("a limit of 0 keeps nothing; a directory that has gone fails nobody", async () => {
    const none = openLogCache(join(root, "never-made"), 0);
    await none.add(first, "stdout", 0, Buffer.from("x"));
    expect(await none.read(first, "stdout")).toBeNull();
    const directory = newDirectory();
    const cache = openLogCache(directory, 1_000);
    rmSync(directory, { recursive: true });
    await cache.add(first, "stdout", 0, Buffer.from("x"));
    expect(await cache.read(first, "stdout")).toBeNull();
  });
});
