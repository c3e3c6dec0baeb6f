/** A node as its owner shares it: its policy, its offer, its load, and what is left when it dies. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import { parseJob } from "../spec/job.js";
import { distEntry } from "./support/entry.js";

const directory = mkdtempSync(join(tmpdir(), "almanac-node-"));
/** Skipped, visibly, where root does not run the tests or util-linux is missing. */
const changesUsers =
  process.getuid?.() === 0 && existsSync("/usr/bin/setpriv") && existsSync("/usr/bin/prlimit");
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  // Who runs as another user must be able to pass through to what is theirs.
  for (const path of [directory, join(directory, "cluster")]) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o711);
  }
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: join(directory, "cluster"),
    planner: null,
    workers: [{ name: "shared", speed: 1 }],
    workerArgs: [
      ...["--offer", "cpu=1.5,memory=512M,disk=1G,fpga=2"],
      ...["--process-users", "[nobody]"],
    ],
  });
  client = createClient(cluster.address);
});
afterAll(async () => {
  client?.close();
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function run(yaml: string): Promise<string> {
  const { spec } = unwrap(parseJob(yaml, { source: "node", now: Date.now() }));
  const { jobId } = unwrap(await client.submit({ spec, idempotencyKey: "", dryRun: false }));
  const state = async () => unwrap(await client.getSummary(jobId)).state;
  await expect.poll(state, { timeout: 30_000, interval: 50 }).not.toBe("running");
  return jobId;
}

async function logs(task: string, tailBytes: number | null = null) {
  const said = { stdout: "", stderr: "", note: "", error: "" };
  const query = { task, attemptNumber: null, stream: null, follow: false, tailBytes };
  for await (const chunk of client.logs(query, new AbortController().signal)) {
    if (!chunk.ok) return { ...said, error: chunk.error.message };
    said[chunk.value.stream] += Buffer.from(chunk.value.data).toString();
    said.note ||= chunk.value.note;
  }
  return said;
}

describe("a node that is shared", () => {
  it("offers what it is told to, and says how it fares", async () => {
    const view = async () => unwrap(await client.workers())[0];
    expect((await view())?.facts.capacity).toMatchObject({
      cpuMillis: 1_500,
      memoryBytes: 512e6,
      diskBytes: 1e9,
      custom: { fpga: 2 },
    });
    await expect
      .poll(async () => (await view())?.heartbeat, { timeout: 10_000 })
      .toMatchObject({
        freeMemoryBytes: expect.any(Number),
        loadAverage: expect.any(Number),
      });
  });

  it("does not start what its policy forbids, and names the setting", async () => {
    const job = await run(
      "name: forbidden\ntasks:\n  t: { command: ['true'], process: { user: daemon } }\n",
    );
    const [task] = unwrap(await client.get(job)).tasks;
    expect(task?.state).toBe("failed");
    expect(task?.message).toContain(
      "process.user: the worker's worker.process.users does not allow",
    );
  });

  it.runIf(changesUsers)(
    "runs a task as a user that it allows, within the task's limits",
    async () => {
      const job = await run(`name: allowed
tasks:
  t:
    script: id -un; ulimit -n; grep NoNewPrivs /proc/self/status; touch mine
    process: { user: nobody, openFiles: 128, processes: 20 }
`);
      expect((await logs(job)).stdout).toBe("nobody\n128\nNoNewPrivs:\t1\n");
    },
  );

  it("leaves its logs with the master: what was read, and the end of what failed", async () => {
    const job = await run(`name: words
tasks:
  read: { script: "echo one; echo two; echo oh >&2", estimate: 100ms }
  unread: { script: "echo never asked for", estimate: 100ms }
  failed: { script: "seq 1 100000; echo last words >&2; exit 3", estimate: 100ms }
`);
    expect(await logs(`${job}/read`)).toMatchObject({ stdout: "one\ntwo\n", note: "", error: "" });
    const [worker] = cluster.workers;
    await worker?.killNode();
    const gone = async () => (await logs(`${job}/unread`)).error;
    await expect.poll(gone, { timeout: 10_000 }).toMatch(/not connected/);
    expect(await logs(`${job}/read`)).toMatchObject({
      stdout: "one\ntwo\n",
      stderr: "oh\n",
      note: expect.stringMatching(/shared is not connected.*the master has kept/),
    });
    const failed = await logs(`${job}/failed`);
    expect(failed.stderr).toBe("last words\n");
    expect(failed.stdout.endsWith("99999\n100000\n")).toBe(true);
    expect(failed.stdout.length).toBe(64 * 1024);

    await cluster.master.kill();
    await cluster.master.restart();
    expect((await logs(`${job}/failed`, 7)).stdout).toBe("100000\n");
  });
});
