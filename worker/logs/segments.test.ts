import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readLog, resolveOffset } from "./reader.js";
import { createLogWriter } from "./segments.js";

const root = mkdtempSync(join(tmpdir(), "almanac-logs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newDirectory = (): string => mkdtempSync(join(root, "log-"));

async function readFrom(directory: string, from: number, bytesMax: number) {
  const parts: Uint8Array[] = [];
  let dropped = 0;
  let offset = from;
  for (;;) {
    const chunk = await readLog(directory, "stdout", offset, bytesMax);
    if (chunk.data.length === 0) return { text: Buffer.concat(parts).toString(), dropped, offset };
    expect(chunk.offset).toBe(offset + chunk.droppedBytes);
    parts.push(chunk.data);
    dropped += chunk.droppedBytes;
    offset = chunk.offset + chunk.data.length;
  }
}

describe("the log of an attempt", () => {
  test("keeps the newest bytes within its limit; what is read and dropped is what was written", async () => {
    const writes = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 20 });
    const limit = fc.integer({ min: 1_024, max: 8_000 });
    await fc.assert(
      fc.asyncProperty(
        writes,
        limit,
        fc.integer({ min: 1, max: 5_000 }),
        async (sizes, max, step) => {
          const directory = newDirectory();
          const log = createLogWriter(directory, "stdout", max);
          let all = "";
          for (const [index, size] of sizes.entries()) {
            const text = String.fromCharCode(97 + (index % 26)).repeat(size);
            all += text;
            await log.append(Buffer.from(text));
          }
          await log.close();
          const { text, dropped, offset } = await readFrom(directory, 0, step);
          expect(text).toBe(all.slice(dropped));
          expect(offset).toBe(all.length);
          expect(text.length).toBeGreaterThanOrEqual(Math.min(all.length, Math.floor(max / 2)));
          const kept = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
          expect(kept.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(max);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("a negative offset counts from the end", async () => {
    const directory = newDirectory();
    const log = createLogWriter(directory, "stdout", 1_000);
    await log.append(Buffer.from("0123456789"));
    expect(await resolveOffset(directory, "stdout", -4)).toBe(6);
    expect(await resolveOffset(directory, "stdout", -400)).toBe(0);
    await log.close();
  });

  test("a limit of zero keeps nothing and counts everything", async () => {
    const directory = newDirectory();
    const log = createLogWriter(directory, "stdout", 0);
    await log.append(Buffer.from("0123456789"));
    expect([log.totalBytes(), readdirSync(directory)]).toEqual([10, []]);
  });

  test("bytes that cannot be written are counted as dropped, and the rest goes on", async () => {
    const directory = join(newDirectory(), "not-there");
    const log = createLogWriter(directory, "stdout", 1_000);
    await log.append(Buffer.from("0123456789"));
    expect(log.totalBytes()).toBe(10);
  });
});
