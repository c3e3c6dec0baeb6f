/** Planner slow, hung or dead: dispatch goes on, health says so, and it is used again when back. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { job, resources, template } from "../core/testing/jobs.js";
import { distEntry } from "./support/entry.js";

let directory = "";
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-test-"));
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: directory,
    workers: [{ name: "a", cpu: "2", speed: 1 }],
  });
  client = createClient(cluster.address);
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function health(): Promise<string> {
  const status = await client.status();
  return status.ok ? `${status.value.health} ${status.value.planner.state}` : status.error.message;
}

async function untilHealth(expected: string): Promise<void> {
  await expect.poll(health, { timeout: 15_000, interval: 100 }).toBe(expected);
}

/** Submits a small job and waits for its end; how long the first task took to be started. */
async function runJob(): Promise<number> {
  const quick = { resources: resources(1_000), estimate: { p50Ms: 50, p90Ms: 80 } };
  const spec = job([template("one", quick), template("two", quick)], ["one -> two"]);
  const receipt = await client.submit({ spec, idempotencyKey: "", dryRun: false });
  if (!receipt.ok) throw new Error(receipt.error.message);
  const id = receipt.value.jobId;
  const state = async () => {
    const summary = await client.getSummary(id);
    return summary.ok ? summary.value.state : summary.error.message;
  };
  await expect.poll(state, { timeout: 10_000, interval: 50 }).toBe("succeeded");
  const view = await client.get(id);
  if (!view.ok) throw new Error(view.error.message);
  const [first] = view.value.tasks;
  return (first?.attempts[0]?.launchedAtMs ?? 0) - view.value.summary.submittedAtMs;
}

describe("with the planner", () => {
  it("there, the cluster serves", async () => {
    await untilHealth("serving connected");
    await runJob();
  });

  it("hung (SIGSTOP), health is degraded and work goes on within two seconds", async () => {
    const pid = cluster.planner?.pid() ?? 0;
    process.kill(pid, "SIGSTOP");
    try {
      expect(await runJob()).toBeLessThan(2_000);
      await untilHealth("degraded hung");
      expect(await runJob()).toBeLessThan(2_000);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await untilHealth("serving connected");
  });

  it("killed, health is degraded, work goes on, and it is used again when it is back", async () => {
    await cluster.planner?.kill("SIGKILL");
    await untilHealth("degraded unreachable");
    expect(await runJob()).toBeLessThan(2_000);
    await cluster.planner?.restart();
    await untilHealth("serving connected");
    await runJob();
  });
});
