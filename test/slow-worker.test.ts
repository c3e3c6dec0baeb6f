/**
 * A worker of a running cluster on which everything begins to take twice as long: it is noticed
 * within 20 runs, and planned for.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import { distEntry } from "./support/entry.js";
import { jobHasEnded, submitText, untilJob } from "./support/jobs.js";

let directory = "";
let cluster: Cluster;
let client: Client;
const names = ["a", "b", "c"];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-slow-"));
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: join(directory, "cluster"),
    workers: names.map((name) => ({ name, cpu: "1", speed: 1 })),
  });
  client = createClient(cluster.address);
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** So many tasks that sleep, and twice as long where a file says that their worker is slow. */
const work = (name: string, tasks: number, seconds: number): string => `name: ${name}
tasks:
  t:
    array: 1-${tasks}
    command: [sh, -c, 'sleep ${seconds}; [ ! -e ${directory}/slow-$ALMANAC_WORKER ] || sleep ${seconds}']
`;

async function runAll(name: string, tasks: number, seconds: number) {
  const id = await submitText(client, work(name, tasks, seconds));
  const job = await untilJob(client, id, jobHasEnded, 120_000);
  expect(job.tasks.map(({ state, message }) => `${state} ${message}`)).toEqual(
    job.tasks.map(() => "succeeded "),
  );
  return job;
}

describe("a worker that has become half as fast", () => {
  it("is known for it after 20 runs, and gets what it is good for", async () => {
    const connected = async () => {
      const workers = await client.workers();
      return workers.ok ? workers.value.filter(({ state }) => state === "connected").length : 0;
    };
    await expect.poll(connected, { timeout: 30_000, interval: 100 }).toBe(3);
    await runAll("short", 36, 0.3);
    await runAll("long", 9, 1.5);
    await writeFile(join(directory, "slow-a"), "");
    const { tasks } = await runAll("short", 80, 0.3);
    const runs = tasks.filter(({ attempts }) => attempts.at(-1)?.worker === "a").length;
    expect(runs).toBeLessThanOrEqual(20);
    const workers = new Map(unwrap(await client.workers()).map((one) => [one.facts.name, one]));
    const factorOf = (name: string): number => workers.get(name)?.learntSpeed?.factor ?? 1;
    expect(factorOf("a")).toBeGreaterThan(0.5 * 0.85);
    expect(factorOf("a")).toBeLessThan(0.5 * 1.15);
    for (const other of ["b", "c"]) expect(Math.abs(factorOf(other) - 1)).toBeLessThan(0.2);
    // Two at once: both go where they end first.
    const job = await runAll("long", 2, 1.5);
    expect(job.tasks.map(({ attempts }) => attempts[0]?.worker).sort()).toEqual(["b", "c"]);
  }, 180_000);
});
