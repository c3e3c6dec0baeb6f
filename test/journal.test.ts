/** `almanac journal` beside a running master, and a restart from a snapshot, on real processes. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createClient } from "../cli/client.js";
import { unwrap } from "../cli/failure.js";
import { oneOffJob } from "../spec/one-off.js";
import { distEntry } from "./support/entry.js";
import { startMasterProcess } from "./support/master-process.js";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-journal-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

interface Output {
  readonly code: number;
  readonly out: string;
}

async function almanac(...args: string[]): Promise<Output> {
  const run = promisify(execFile)(process.execPath, [distEntry(), "journal", ...args]);
  return run.then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    ({ code, stdout, stderr }) => ({ code, out: stdout + stderr }),
  );
}

/** In batches: one frame, one sync for each. */
async function submit(address: string, batches: number): Promise<string[]> {
  const client = createClient(address);
  const spec = unwrap(oneOffJob({ argv: ["true"] }, { now: 0 }));
  const jobs: string[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    const one = { spec, idempotencyKey: "", dryRun: false };
    const outcomes = unwrap(await client.submitBatch(Array.from({ length: 20 }, () => one)));
    for (const outcome of outcomes) jobs.push(unwrap(outcome).jobId);
  }
  client.close();
  return jobs;
}

async function expectJobs(address: string, jobs: readonly string[]): Promise<void> {
  const client = createClient(address);
  for (const job of jobs) expect(await client.getSummary(job)).toMatchObject({ ok: true });
  client.close();
}

it("a master killed after a snapshot starts from it, with every job", async () => {
  const dataDirectory = join(directory, "data");
  const args = ["--segment-bytes", "64Ki"];
  const first = await startMasterProcess({ dataDirectory, args });
  const jobs = await submit(first.address, 10);
  const journal = join(dataDirectory, "journal");
  while (!(await readdir(journal)).some((name) => name.endsWith(".snapshot"))) await sleep(50);
  jobs.push(...(await submit(first.address, 1)));
  first.child.kill("SIGKILL");
  await once(first.child, "exit");

  expect(await almanac("verify", dataDirectory)).toMatchObject({
    code: 0,
    out: expect.stringContaining("is good"),
  });
  const second = await startMasterProcess({ dataDirectory, args });
  expect(second.said()).toMatch(/"snapshot":[1-9]\d*.*journal replayed/);
  await expectJobs(second.address, jobs);
  second.child.kill("SIGTERM");
  await once(second.child, "exit");
});

it("a backup taken beside a running master holds what it acknowledged, and can be restored", async () => {
  const dataDirectory = join(directory, "data");
  const backup = join(directory, "backup");
  const restored = join(directory, "restored");
  const master = await startMasterProcess({ dataDirectory, args: ["--segment-bytes", "64Ki"] });
  const jobs = await submit(master.address, 5);
  expect(await almanac("backup", backup, dataDirectory)).toMatchObject({ code: 0 });
  await submit(master.address, 1);
  master.child.kill("SIGKILL");
  await once(master.child, "exit");

  expect(await almanac("restore", backup, restored)).toMatchObject({ code: 0 });
  expect(await almanac("restore", backup, restored)).toMatchObject({
    code: 1,
    out: expect.stringContaining("holds a journal already"),
  });
  const again = await startMasterProcess({ dataDirectory: restored });
  // Workers have seen the epochs of the master that is gone.
  expect(again.said()).toMatch(/"epoch":1\d{6}\b/);
  await expectJobs(again.address, jobs);
  again.child.kill("SIGTERM");
  await once(again.child, "exit");
});

it("a damaged journal is named by file and byte, and no master starts from it", async () => {
  const dataDirectory = join(directory, "data");
  const master = await startMasterProcess({ dataDirectory });
  await submit(master.address, 3);
  master.child.kill("SIGKILL");
  await once(master.child, "exit");
  const path = join(dataDirectory, "journal", "00000000000000000001.journal");
  const file = await open(path, "r+");
  await file.write("#", 400);
  await file.close();

  const { code, out } = await almanac("verify", dataDirectory, "--json");
  expect(code).toBe(1);
  const [violation] = JSON.parse(out).error.violations;
  expect(violation).toMatchObject({ field: path, message: expect.stringMatching(/^byte \d+: /) });
  const start = [distEntry(), "master", "--listen", "127.0.0.1:0"];
  const failing = promisify(execFile)(process.execPath, [
    ...start,
    "--data-directory",
    dataDirectory,
  ]);
  await expect(failing).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is\s+damaged\s+at\s+byte/),
  });
});

const movingOn = ["--segment-bytes", "32Ki", "--keep-finished", "0s"];

/** Jobs that finish without a worker, until the journal has been trimmed. */
async function finishUntilTrimmed(address: string, dataDirectory: string): Promise<string[]> {
  const client = createClient(address);
  const jobs: string[] = [];
  const deadline = Date.now() + 120_000;
  while (!(await readdir(join(dataDirectory, "journal"))).includes("journal.begins")) {
    if (Date.now() > deadline) throw new Error("the journal is not trimmed");
    const ids = await submit(address, 1);
    for (const id of ids) unwrap(await client.cancel(id, "", "enough"));
    jobs.push(...ids);
    await sleep(300);
  }
  client.close();
  return jobs;
}

it("a journal is trimmed once snapshots and archive have it all, and nothing is lost by it", async () => {
  const dataDirectory = join(directory, "data");
  const backup = join(directory, "backup");
  const restored = join(directory, "restored");
  const first = await startMasterProcess({ dataDirectory, args: movingOn });
  const jobs = await finishUntilTrimmed(first.address, dataDirectory);
  await expectJobs(first.address, jobs);
  expect(await almanac("verify", dataDirectory)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/begins with record \d+.*every archived job/s),
  });
  expect(await almanac("backup", backup, dataDirectory)).toMatchObject({ code: 0 });
  first.child.kill("SIGKILL");
  await once(first.child, "exit");

  const second = await startMasterProcess({ dataDirectory, args: movingOn });
  await expectJobs(second.address, jobs);
  second.child.kill("SIGTERM");
  await once(second.child, "exit");

  expect(await almanac("restore", backup, restored)).toMatchObject({ code: 0 });
  const third = await startMasterProcess({ dataDirectory: restored, args: movingOn });
  await expectJobs(third.address, jobs);
  third.child.kill("SIGTERM");
  await once(third.child, "exit");

  // What only the archive had is lost with it: no master starts as if nothing had happened.
  await rm(join(restored, "history"), { recursive: true });
  const start = [distEntry(), "master", "--listen", "127.0.0.1:0", "--data-directory", restored];
  await expect(promisify(execFile)(process.execPath, start)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is\s+not\s+whole/),
  });
  const accepting = ["--planner", "off", "--accept-lost-history", "true"];
  const last = await startMasterProcess({ dataDirectory: restored, args: accepting });
  last.child.kill("SIGTERM");
  await once(last.child, "exit");
});

it("a journal is not trimmed where the setting says so", async () => {
  const dataDirectory = join(directory, "data");
  const args = [...movingOn, "--trim-journal", "false"];
  const master = await startMasterProcess({ dataDirectory, args });
  const client = createClient(master.address);
  const snapshots = async () =>
    (await readdir(join(dataDirectory, "journal"))).filter((name) => name.endsWith(".snapshot"));
  while ((await snapshots()).length < 2) {
    for (const id of await submit(master.address, 1)) unwrap(await client.cancel(id, "", "enough"));
    await sleep(300);
  }
  client.close();
  await sleep(500);
  const there = await readdir(join(dataDirectory, "journal"));
  expect(there).toContain("00000000000000000001.journal");
  expect(there).not.toContain("journal.begins");
  master.child.kill("SIGTERM");
  await once(master.child, "exit");
});
