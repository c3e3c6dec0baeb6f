/** What operators do to workers, on a real cluster: drains move work, windows stay empty. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { processesOf } from "../cli/cluster/processes.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import { workerId } from "../core/ids.js";
import type { Command, TaskTemplate } from "../core/job.js";
import { job, resources, template } from "../core/testing/jobs.js";
import type { JobView } from "../core/views.js";
import { distEntry } from "./support/entry.js";

let folder = "";
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "almanac-operations-"));
  const shape = { cpu: "1", memory: "512Mi", speed: 1 };
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: folder,
    workers: ["a", "b"].map((name) => ({ name, ...shape })),
    masterArgs: ["--silence-limit-ms", "2500"],
  });
  client = createClient(cluster.address);
});
afterAll(async () => {
  client?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function almanac(...args: readonly string[]) {
  const env = { ...process.env, ALMANAC_CLI_MASTER: cluster.address, NO_COLOR: "1" };
  const child = spawn(process.execPath, [distEntry(), ...args], { env, cwd: folder });
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.resume();
  const code = await new Promise((done) => child.once("close", done));
  return { code, stdout };
}

/** Submits tasks that sleep for so long, and returns the job's id. */
async function submit(seconds: number, count: number, change: Partial<TaskTemplate>) {
  const command: Command = {
    program: { kind: "argv", argv: ["sleep", String(seconds)] },
    env: {},
    workingDirectory: null,
    stdin: null,
    options: null,
  };
  const task = { command, resources: resources(1_000), ...change };
  const spec = job(Array.from({ length: count }, (_, index) => template(`t${index}`, task)));
  return unwrap(await client.submit({ spec, idempotencyKey: "", dryRun: false })).jobId;
}

async function until(id: string, holds: (view: JobView) => boolean): Promise<JobView> {
  for (let tries = 0; tries < 600; tries++) {
    const view = await client.get(id);
    if (view.ok && holds(view.value)) return view.value;
    await sleep(50);
  }
  throw new Error(`job ${id} did not come that far`);
}

const isRunning = ({ tasks }: JobView): boolean => tasks.every(({ state }) => state === "running");
const hasEnded = ({ summary }: JobView): boolean => summary.state !== "running";

describe("a drain", () => {
  it("with a deadline stops what still runs then, and its task runs elsewhere", async () => {
    const estimate = { p50Ms: 4_000, p90Ms: 5_000 };
    const id = await submit(4, 1, { idempotent: true, estimate });
    const before = await until(id, isRunning);
    const on = before.tasks[0]?.attempts[0]?.worker ?? "";
    const args = ["worker", "drain", on, "--deadline", "1s", "--json"];
    const foreseen = JSON.parse((await almanac(...args, "--dry-run")).stdout);
    expect(foreseen.worker.drain).toBeNull();
    expect(foreseen.forecast.attempts).toMatchObject([{ fate: "stopped" }]);
    const drained = await almanac(...args, "--wait");
    expect(drained.code).toBe(0);
    expect(JSON.parse(drained.stdout).worker).toMatchObject({
      attempts: 0,
      drain: { stage: "completed" },
    });
    const { summary, tasks } = await until(id, hasEnded);
    expect(summary.state).toBe("succeeded");
    const [first, second] = tasks[0]?.attempts ?? [];
    expect(first).toMatchObject({ worker: on, outcome: { kind: "drained" } });
    expect(second?.worker).toBe(on === "a" ? "b" : "a");
    expect(second?.worker).toBe(foreseen.forecast.attempts[0].nextWorker);
    expect((await almanac("worker", "undrain", on)).code).toBe(0);
  });

  it("that ends with a stop sends the worker away in order: exit code 0, nothing left", async () => {
    const name = "c";
    const data = join(folder, "worker-c");
    const args = [
      ...[distEntry(), "worker", "--name", name, "--master", cluster.address, "--json"],
      ...["--data-directory", data, "--cpu", "1", "--overcommit", "--keep-attempts"],
    ];
    const env = { ...process.env, ALMANAC_CONFIG: undefined };
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"] });
    const left = new Promise((done) => child.once("exit", (...how) => done(how)));
    await new Promise((ready) => child.stdout.once("data", ready));
    const onC = { label: "almanac.worker", operator: "=" as const, values: [name] };
    const estimate = { p50Ms: 1_000, p90Ms: 1_200 };
    const id = await submit(1, 1, { constraints: [onC], estimate });
    await until(id, isRunning);
    const drained = await almanac("worker", "drain", name, "--deadline", "3s", "--then", "stop");
    expect(drained.code).toBe(0);
    // Its work is done first.
    const { tasks } = await until(id, hasEnded);
    const outcomes = tasks[0]?.attempts.map(({ outcome }) => outcome);
    expect(outcomes).toEqual([{ kind: "exited", exitCode: 0 }]);
    // As systemd's Restart=on-failure reads it: this is not started again.
    expect(await left).toEqual([0, null]);
    expect(processesOf(data)).toEqual([]);
  }, 30_000);

  it("and a cordon are remembered by a master that was killed", async () => {
    const order = {
      worker: workerId("b"),
      deadlineMs: null,
      force: false,
      thenStop: false,
      dryRun: false,
    };
    unwrap(await client.cordon("a"));
    unwrap(await client.drain(order));
    await cluster.master.kill("SIGKILL");
    await cluster.master.restart();
    const closed = async () => {
      const workers = await client.workers();
      if (!workers.ok) return null;
      const both = workers.value.filter(({ facts }) => facts.name !== "c");
      const lines = both.map(({ facts, cordonedAtMs, drain }) =>
        [facts.name, cordonedAtMs !== null, drain?.stage ?? "none"].join(" "),
      );
      return lines.sort();
    };
    await expect.poll(closed, { timeout: 10_000 }).toEqual(["a true none", "b false completed"]);
    unwrap(await client.uncordon("a"));
    unwrap(await client.undrain("b"));
  });
});

describe("a maintenance window", () => {
  it("has nothing started into it, and the worker works again after it", async () => {
    const args = ["worker", "maintenance", "a", "--json"];
    const set = await almanac(...args, "--from", "6s", "--for", "3s");
    expect(set.code).toBe(0);
    const [window] = JSON.parse(set.stdout).maintenance;
    // As long as it really takes, so that what is learned from the first says the same.
    const estimate = { p50Ms: 800, p90Ms: 900 };
    const onA = { label: "almanac.worker", operator: "=" as const, values: ["a"] };
    const id = await submit(0.8, 10, { estimate, constraints: [onA] });
    const { tasks } = await until(id, hasEnded);
    const launches = tasks.map(({ attempts }) => attempts[0]?.launchedAtMs ?? 0);
    const [fromMs, toMs] = [Date.parse(window.from), Date.parse(window.to)];
    const safe = launches.filter((atMs) => atMs + estimate.p50Ms <= fromMs || atMs >= toMs);
    expect(safe).toEqual(launches);
    expect(Math.min(...launches)).toBeLessThan(fromMs);
    expect(Math.max(...launches)).toBeGreaterThanOrEqual(toMs);
    // It is over, and has gone by itself.
    expect(JSON.parse((await almanac(...args)).stdout).maintenance).toEqual([]);
  });
});

describe("a task that is unknown", () => {
  it("shows how it is resolved, and runs elsewhere once an operator has done so", async () => {
    const id = await submit(3, 1, { onLost: { kind: "keep" } });
    const { tasks } = await until(id, isRunning);
    const on = tasks[0]?.attempts[0]?.worker ?? "";
    await cluster.workers.find(({ name }) => name.endsWith(on))?.killNode();
    await until(id, (view) => view.tasks[0]?.state === "unknown");
    const { stdout } = await almanac("status", id);
    expect(stdout).toContain(`almanac task resolve '${id}/t0' --as retry`);
    expect((await almanac("task", "resolve", `${id}/t0`)).code).toBe(2);
    expect((await almanac("task", "resolve", `${id}/t0`, "--as", "retry")).code).toBe(0);
    const end = await until(id, hasEnded);
    expect(end.summary.state).toBe("succeeded");
    expect(end.tasks[0]?.attempts[1]?.worker).not.toBe(on);
    expect((await almanac("task", "resolve", `${id}/t0`, "--as", "retry")).code).toBe(1);
  });
});
