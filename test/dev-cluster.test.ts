/** A cluster of child processes: what is killed can be started again, and nothing is left behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createClient } from "../cli/client.js";
import { startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import { oneOffJob } from "../spec/one-off.js";

const entry = resolve(import.meta.dirname, "../dist/cli/main.js");
const worker = { name: "one", cpu: "1", memory: "512Mi", speed: 1 };

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "almanac-dev-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Processes that name the folder, or run with it in their environment, as attempts do. */
function processesHere(): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, "utf8");
      return read("cmdline").includes(folder) || read("environ").includes(folder);
    } catch {
      return false;
    }
  });
}

async function untilGone(): Promise<string[]> {
  for (let tries = 0; tries < 200 && processesHere().length > 0; tries += 1) await sleep(50);
  return processesHere();
}

async function runSleep(address: string, seconds: string): Promise<string> {
  const client = createClient(address);
  const spec = unwrap(oneOffJob({ argv: ["sleep", seconds] }, { now: Date.now() }));
  const { jobId } = unwrap(await client.submit({ spec, idempotencyKey: "", dryRun: false }));
  for (;;) {
    const { tasks } = unwrap(await client.get(jobId));
    if (tasks.every(({ state }) => state === "running")) break;
    await sleep(20);
  }
  client.close();
  return jobId;
}

it("stops with running attempts and all, and keeps its logs", async () => {
  const cluster = await startCluster({ entry, dataDirectory: folder, workers: [worker] });
  await runSleep(cluster.address, "300");
  await cluster.stop();
  expect(await untilGone()).toEqual([]);
  expect(readFileSync(cluster.master.logPath, "utf8")).toContain("worker registered");
});

it("has its master killed and started again under the same address, jobs and all", async () => {
  const deaths: string[] = [];
  const onDeath = (child: { readonly name: string }): void => void deaths.push(child.name);
  const cluster = await startCluster({ entry, dataDirectory: folder, workers: [worker], onDeath });
  try {
    const job = await runSleep(cluster.address, "300");
    const before = cluster.master.pid();
    await cluster.master.kill();
    expect(cluster.master.running()).toBe(false);
    await cluster.master.restart();
    expect(cluster.master.address()).toBe(cluster.address);
    expect(cluster.master.pid()).not.toBe(before);
    const client = createClient(cluster.address);
    expect(unwrap(await client.getSummary(job)).state).toBe("running");
    client.close();
    // What we kill ourselves is no news.
    expect(deaths).toEqual([]);
  } finally {
    await cluster.stop();
  }
});

it("loses a worker, supervisor and attempts at once, as when its machine loses power", async () => {
  const cluster = await startCluster({ entry, dataDirectory: folder, workers: [worker] });
  try {
    await runSleep(cluster.address, "301");
    const [one] = cluster.workers;
    await one?.killNode();
    const left = processesHere().map((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8"));
    expect(left.filter((line) => line.includes("worker-one") || line.includes("301"))).toEqual([]);
  } finally {
    await cluster.stop();
  }
});

it("goes down by itself when the process that started it is killed", async () => {
  const args = [entry, "dev", "--listen", "127.0.0.1:0", "--data-directory", folder];
  const dev = spawn(process.execPath, [...args, "--workers", "1"]);
  const [line] = await once(dev.stdout, "data");
  await runSleep(JSON.parse(String(line)).address, "302");
  dev.kill("SIGKILL");
  expect(await untilGone()).toEqual([]);
});

it("does not start at all where one of its processes cannot, and says why", async () => {
  const listen = "127.0.0.1:1";
  await expect(
    startCluster({
      entry,
      dataDirectory: folder,
      workers: [worker],
      masterArgs: ["--segment-bytes", "1"],
      listen,
    }),
  ).rejects.toThrow(/master: did not start.*segmentBytes/s);
  expect(await untilGone()).toEqual([]);
});
