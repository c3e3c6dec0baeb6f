/** GPUs on a real cluster: who gets which, seen by the programs themselves. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import type { JobView } from "../core/views.js";
import { parseJob } from "../spec/job.js";
import { distEntry } from "./support/entry.js";
import { type StubNvidiaSmi, stubNvidiaSmi } from "./support/stub-nvidia-smi.js";

const directory = mkdtempSync(join(tmpdir(), "almanac-gpu-"));
const two = ["GPU-aaaa, NVIDIA L4, 23034", "GPU-bbbb, NVIDIA L4, 23034"];
let stub: StubNvidiaSmi;
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  stub = stubNvidiaSmi(directory, two);
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: join(directory, "cluster"),
    workers: [{ name: "one", cpu: "8", speed: 1 }],
    workerArgs: ["--gpu-nvidia-smi", stub.path, "--gpu-probe-interval-ms", "200"],
  });
  client = createClient(cluster.address);
});
afterAll(async () => {
  client?.close();
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function submit(yaml: string): Promise<string> {
  const parsed = unwrap(parseJob(yaml, { source: "gpu", now: Date.now() }));
  const submission = { spec: parsed.spec, idempotencyKey: "", dryRun: false };
  return unwrap(await client.submit(submission)).jobId;
}

async function ended(job: string): Promise<JobView> {
  const state = async () => unwrap(await client.getSummary(job)).state;
  await expect.poll(state, { timeout: 60_000, interval: 50 }).not.toBe("running");
  return unwrap(await client.get(job));
}

async function output(task: string): Promise<string> {
  let text = "";
  const query = { task, attemptNumber: null, stream: null, follow: false, tailBytes: null };
  for await (const chunk of client.logs(query, new AbortController().signal)) {
    text += Buffer.from(unwrap(chunk).data).toString();
  }
  return text.trim();
}

interface Run {
  readonly device: string;
  readonly from: number;
  readonly to: number;
}

/** What each task saw, and when it had it. */
async function runsOf(job: string): Promise<Run[]> {
  const view = await ended(job);
  expect(view.summary.state).toBe("succeeded");
  return Promise.all(
    view.tasks.map(async ({ name, attempts }) => ({
      device: await output(`${job}/${name}`),
      from: attempts[0]?.startedAtMs ?? 0,
      to: attempts[0]?.endedAtMs ?? 0,
    })),
  );
}

const overlap = (a: Run, b: Run): boolean => a.from < b.to && b.from < a.to;
const tasks = (gpu: string, seconds = "0.5"): string =>
  `    gpu: ${gpu}\n    estimate: 1s\n    script: echo "$CUDA_VISIBLE_DEVICES"; sleep ${seconds}\n`;

describe("GPUs of a worker", () => {
  it("are found, with type and memory, and said in labels", async () => {
    const [worker] = unwrap(await client.workers());
    expect(worker?.facts.devices).toEqual([
      { id: "GPU-aaaa", type: "l4", memoryBytes: 23034 * 2 ** 20 },
      { id: "GPU-bbbb", type: "l4", memoryBytes: 23034 * 2 ** 20 },
    ]);
    const { labels } = worker?.facts ?? { labels: {} };
    expect(labels).toMatchObject({ "almanac.gpu.type": "l4", "almanac.gpu.count": "2" });
    expect(labels).toMatchObject({ "almanac.os": "linux", "almanac.arch": process.arch });
  });

  it("taken whole are never shared, and each attempt sees only its own", async () => {
    const job = await submit(`name: whole\ntasks:\n  t:\n    array: 1-4\n${tasks("{ count: 1 }")}`);
    const runs = await runsOf(job);
    expect(new Set(runs.map(({ device }) => device))).toEqual(new Set(["GPU-aaaa", "GPU-bbbb"]));
    const both = runs.flatMap((a, i) => runs.slice(i + 1).map((b) => [a, b] as const));
    expect(both.filter(([a, b]) => overlap(a, b)).length).toBeGreaterThan(0);
    expect(both.filter(([a, b]) => overlap(a, b) && a.device === b.device)).toEqual([]);
  });

  it("of which several are asked for are given together", async () => {
    const [run] = await runsOf(await submit(`name: both\ntasks:\n  t:\n${tasks("{ count: 2 }")}`));
    expect(run?.device.split(",").sort()).toEqual(["GPU-aaaa", "GPU-bbbb"]);
  });

  it("0.6 and 0.4 of one share it, so the other stays whole", async () => {
    const yaml = `name: shares\ntasks:\n  a:\n${tasks("{ share: 0.6 }", "1")}  b:\n${tasks("{ share: 0.4 }", "1")}  c:\n${tasks("{ count: 1 }", "1")}`;
    const [a, b, c] = await runsOf(await submit(yaml));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three tasks");
    expect([overlap(a, b), a.device === b.device]).toEqual([true, true]);
    expect([overlap(a, c), a.device === c.device]).toEqual([true, false]);
  });

  it("0.6 and 0.6 never share one", async () => {
    const yaml = `name: halves\ntasks:\n  t:\n    array: 1-3\n${tasks("{ share: 0.6 }")}`;
    const runs = await runsOf(await submit(yaml));
    const both = runs.flatMap((a, i) => runs.slice(i + 1).map((b) => [a, b] as const));
    expect(both.filter(([a, b]) => overlap(a, b) && a.device === b.device)).toEqual([]);
  });

  it("that nobody has are explained", async () => {
    const job = await submit(`name: three\ntasks:\n  t:\n${tasks("{ count: 3 }")}`);
    const task = async () => unwrap(await client.get(job)).tasks[0];
    await expect.poll(task).toMatchObject({
      reason: "no_worker_fits",
      message: "not the gpus asked for (1 of 1 workers)",
    });
    unwrap(await client.cancel(job, "", ""));
  });

  it("that vanish while they are in use trouble nobody else", async () => {
    const devices = async () => unwrap(await client.workers())[0]?.facts.devices.length;
    const holder = await submit(`name: holder\ntasks:\n  t:\n${tasks("{ count: 2 }", "3")}`);
    const running = async () => unwrap(await client.get(holder)).tasks[0]?.state;
    await expect.poll(running, { interval: 20 }).toBe("running");
    stub.list(["GPU-bbbb, NVIDIA L4, 23034"]);
    await expect.poll(devices, { timeout: 2_000, interval: 20 }).toBe(1);
    const next = await submit(`name: next\ntasks:\n  t:\n${tasks("{ count: 1 }", "0")}`);
    const beside = await ended(
      await submit("name: beside\ntasks:\n  t: { script: 'true', estimate: 100ms }\n"),
    );
    expect([beside.summary.state, await running()]).toEqual(["succeeded", "running"]);
    const [held] = await runsOf(holder);
    const [after] = await runsOf(next);
    expect(after?.device).toBe("GPU-bbbb");
    expect(after?.from).toBeGreaterThanOrEqual(held?.to ?? 0);
    const { planner } = unwrap(await client.status());
    expect(planner.state).toBe("connected");
  });

  it("that vanish are noticed, and those that come back", async () => {
    const devices = async () =>
      unwrap(await client.workers())[0]?.facts.devices.map(({ id }) => id);
    stub.list(["GPU-bbbb, NVIDIA L4, 23034"]);
    await expect.poll(devices, { timeout: 10_000 }).toEqual(["GPU-bbbb"]);
    const [run] = await runsOf(await submit(`name: left\ntasks:\n  t:\n${tasks("{ count: 1 }")}`));
    expect(run?.device).toBe("GPU-bbbb");
    stub.list(null);
    await expect.poll(devices, { timeout: 10_000 }).toEqual([]);
    stub.list(two);
    await expect.poll(devices, { timeout: 10_000 }).toEqual(["GPU-aaaa", "GPU-bbbb"]);
  });
});

function realGpus(): number {
  try {
    return execFileSync("nvidia-smi", ["-L"]).toString().split("\n").filter(Boolean).length;
  } catch {
    return 0;
  }
}

/** Skipped, visibly, where nvidia-smi(1) finds no GPU. */
describe.runIf(realGpus() > 0)("GPUs of this machine", () => {
  it("are offered, and a task sees the one that it was given", async () => {
    const real = await startCluster({
      entry: distEntry(),
      dataDirectory: join(directory, "real"),
      workers: [{ name: "real", cpu: "1", speed: 1 }],
      workerArgs: ["--offer", "gpus=1"],
    });
    const own = createClient(real.address);
    try {
      const [worker] = unwrap(await own.workers());
      expect(worker?.facts.devices).toHaveLength(1);
      const id = worker?.facts.devices[0]?.id ?? "";
      const yaml = `name: real\ntasks:\n  t:\n    gpu: { count: 1 }\n    script: nvidia-smi --query-gpu=uuid --format=csv,noheader --id="$CUDA_VISIBLE_DEVICES" | grep -x ${id}\n`;
      const { spec } = unwrap(parseJob(yaml, { source: "gpu", now: Date.now() }));
      const { jobId } = unwrap(await own.submit({ spec, idempotencyKey: "", dryRun: false }));
      const state = async () => unwrap(await own.getSummary(jobId)).state;
      await expect.poll(state, { timeout: 30_000 }).toBe("succeeded");
    } finally {
      own.close();
      await real.stop();
    }
  });
});
