/**
 * A master whose journal can no longer be written ends, and says why: what it has not made durable
 * it has told nobody. `ulimit -f` stands for the full disk, so that nothing has to be mounted.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { unwrap } from "../cli/failure.js";
import {
  type FileSystem,
  type JournalFile,
  nodeFileSystem,
} from "../master/journal/file-system.js";
import { defaultSettings } from "../master/pure/genesis.js";
import { startMaster } from "../master/shell/master.js";
import { oneOffJob } from "../spec/one-off.js";
import { startMasterProcess } from "./support/master-process.js";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-full-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Submits until the master is gone; the keys and jobs of what it acknowledged. */
async function submitUntilGone(client: Client): Promise<Map<string, string>> {
  const acknowledged = new Map<string, string>();
  const spec = oneOffJob({ argv: ["true", "x".repeat(4_000)] }, { now: 0 });
  if (!spec.ok) throw new Error(spec.error.message);
  for (let round = 0; round < 1_000; round += 1) {
    const keys = [0, 1, 2, 3].map((caller) => `${round}/${caller}`);
    const answers = await Promise.all(
      keys.map((idempotencyKey) =>
        client.submit({ spec: spec.value, idempotencyKey, dryRun: false }),
      ),
    );
    answers.forEach((answer, index) => {
      if (answer.ok) acknowledged.set(keys[index] as string, answer.value.jobId);
    });
    if (answers.some((answer) => !answer.ok)) return acknowledged;
  }
  throw new Error("the disk never filled");
}

it("a full disk ends the master, and every job it acknowledged is there afterwards", async () => {
  const { child, address, said } = await startMasterProcess({
    dataDirectory: directory,
    fileKiBMax: 256,
  });
  const exited = once(child, "exit");
  const client = createClient(address);
  const acknowledged = await submitUntilGone(client);
  client.close();
  expect(await exited).toEqual([1, null]);
  expect(said()).toContain("the journal cannot be written");
  expect(said()).toContain("the journal's disk is full");
  expect(acknowledged.size).toBeGreaterThan(10);

  const again = await startMasterProcess({ dataDirectory: directory });
  const second = createClient(again.address);
  for (const jobId of acknowledged.values()) {
    expect(await second.getSummary(jobId)).toMatchObject({ ok: true });
  }
  second.close();
  again.child.kill("SIGTERM");
  expect(await once(again.child, "exit")).toEqual([0, null]);
});

/** The real disk, until a sync fails and the kernel has forgotten what it could not write. */
function failingDisk(): { readonly disk: FileSystem; fail(): void } {
  let fails = false;
  const failing = (file: JournalFile): JournalFile => ({
    ...file,
    async datasync() {
      if (fails) throw Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
      await file.datasync();
    },
  });
  const open: FileSystem["open"] = async (path, mode) =>
    failing(await nodeFileSystem.open(path, mode));
  return {
    disk: { ...nodeFileSystem, open },
    fail() {
      fails = true;
    },
  };
}

it("a failed sync ends the master, and the submission behind it is not acknowledged", async () => {
  const { disk, fail } = failingDisk();
  const fatal: Error[] = [];
  const options = {
    listen: "127.0.0.1:0",
    dataDirectory: directory,
    settings: defaultSettings,
    heartbeatIntervalMs: 1_000,
    plannerAddress: null,
    planBudgetMs: 1_000,
    segmentBytes: 1 << 20,
    version: "test",
    log: pino({ level: "silent" }),
    onFatal: (error: Error) => void fatal.push(error),
  };
  const master = await startMaster({ ...options, fileSystem: disk });
  const client = createClient(master.address);
  const spec = unwrap(oneOffJob({ argv: ["true"] }, { now: 0 }));
  const { jobId } = unwrap(await client.submit({ spec, idempotencyKey: "a", dryRun: false }));
  fail();
  expect(await client.submit({ spec, idempotencyKey: "b", dryRun: false })).toMatchObject({
    ok: false,
  });
  expect(fatal.map(({ message }) => message)).toEqual([
    "the journal could not be written: EIO: i/o error, fdatasync",
  ]);
  expect(await client.getSummary(jobId)).toMatchObject({ ok: false });
  client.close();
  await master.stop().catch(() => undefined);
});
