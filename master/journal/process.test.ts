/** Promises about real processes on a real disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openSegmentedJournal } from "./segmented-file.js";
import { collect, records } from "./testing/records.js";

let scratch = "";
let program = "";

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "almanac-journal-"));
  program = join(scratch, "append-forever.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("./testing/append-forever.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Starts an appender; its output grows until it is killed. */
function startAppender(directory: string): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [program, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  return { child, output: () => output };
}

async function killAfter(child: ChildProcess, delayMs: number): Promise<void> {
  if (child.stdout !== null) await once(child.stdout, "data");
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  child.kill("SIGKILL");
  await once(child, "close");
}

it("every acknowledged record survives kill -9, again and again", async () => {
  const directory = join(scratch, "killed");
  for (const delayMs of [0, 7, 23, 61, 120]) {
    const { child, output } = startAppender(directory);
    await killAfter(child, delayMs);
    const acknowledged = Math.max(...output().trim().split("\n").map(Number));
    const journal = await openSegmentedJournal({ directory });
    expect(acknowledged).toBeGreaterThan(0);
    expect(journal.tail).toBeGreaterThanOrEqual(acknowledged);
    expect(await collect(journal, 1)).toEqual(records(1, journal.tail));
    await journal.close();
  }
}, 30_000);

it("the directory belongs to one process, and is free as soon as that one is killed", async () => {
  const directory = join(scratch, "locked");
  const { child } = startAppender(directory);
  if (child.stdout !== null) await once(child.stdout, "data");
  await expect(openSegmentedJournal({ directory })).rejects.toMatchObject({
    code: "locked",
    message: expect.stringContaining(`process ${child.pid} `),
  });
  child.kill("SIGKILL");
  await once(child, "close");
  const journal = await openSegmentedJournal({ directory });
  await journal.close();
}, 30_000);

it("a second journal in the same process is refused too, until the first is closed", async () => {
  const directory = join(scratch, "twice");
  const first = await openSegmentedJournal({ directory });
  await expect(openSegmentedJournal({ directory })).rejects.toMatchObject({ code: "locked" });
  await first.close();
  const second = await openSegmentedJournal({ directory });
  await second.close();
});
