/** What a job or the cluster may ask of plans, each through a real cluster with a planner. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, type ClusterOptions, startCluster } from "../cli/dev-cluster.js";
import type { JobView } from "../core/views.js";
import { distEntry } from "./support/entry.js";
import { jobHasEnded, submitText, untilJob } from "./support/jobs.js";

let directory = "";
let cluster: Cluster;
let client: Client;

function inCluster(options: Pick<ClusterOptions, "workers" | "masterArgs">): void {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "almanac-planned-"));
    cluster = await startCluster({ entry: distEntry(), dataDirectory: directory, ...options });
    client = createClient(cluster.address);
  });
  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });
}

async function run(tasks: string): Promise<JobView> {
  const id = await submitText(client, `name: planned\ntasks:\n${tasks}`);
  return untilJob(client, id, jobHasEnded);
}

/** Worker of the first attempt of each task, by the task's name. */
const placesOf = (view: JobView): Record<string, string | undefined> =>
  Object.fromEntries(view.tasks.map(({ name, attempts }) => [name, attempts[0]?.worker]));

const on = (worker: string): string => `constraints: ["almanac.worker = ${worker}"]`;

describe("data on its way", () => {
  inCluster({
    workers: [
      { name: "slow", cpu: "2", speed: 1, link: "cellar" },
      { name: "fast", cpu: "2", speed: 4, link: "attic" },
    ],
    masterArgs: ["--links", "[{ between: [cellar, attic], bandwidth: 1M, latency: 20ms }]"],
  });

  const pair = (size: string): string => `
  make: { script: "sleep 0.5; echo > out", outputs: [{ path: out, size: ${size} }], estimate: 500ms, ${on("slow")} }
  use: { script: "true", inputs: [{ task: make, output: out }], estimate: 2s }
`;

  it("keeps a task beside what it takes in, on the slower worker, where that is heavy", async () => {
    expect(placesOf(await run(pair("100Mi")))).toEqual({ make: "slow", use: "slow" });
  });

  it("lets it go to the faster worker where that is light", async () => {
    expect(placesOf(await run(pair("1Ki")))).toEqual({ make: "slow", use: "fast" });
  });
});

describe("a price of workers", () => {
  inCluster({
    workers: [
      { name: "cheap", cpu: "2", speed: 1, costPerHour: 1 },
      { name: "dear", cpu: "2", speed: 2, costPerHour: 10 },
    ],
    masterArgs: ["--objective-cost", "1000"],
  });

  it("sends work to the cheap worker although it is slower, and the plan says what it costs", async () => {
    const job = `name: costs\ntasks:\n  t: { command: [sleep, "1"], array: 0-1, estimate: 4s }\n`;
    const id = await submitText(client, job);
    await untilJob(client, id, ({ tasks }) => tasks.every(({ attempts }) => attempts.length > 0));
    const plan = await client.plan(id);
    if (!plan.ok) throw new Error(plan.error.message);
    expect(plan.value.weights.cost).toBe(1_000);
    expect(plan.value.parts.cost).toBeCloseTo((2 * 4) / 3_600, 3);
    const view = await untilJob(client, id, jobHasEnded);
    expect(placesOf(view)).toEqual({ "t[0]": "cheap", "t[1]": "cheap" });
  });
});
