/**
 * Large files on their way through a real cluster: agents and the master are killed in the middle,
 * and none of them holds more of a file than what is under way.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Client } from "../cli/client.js";
import type { Cluster, Member } from "../cli/dev-cluster.js";
import type { JobView } from "../core/views.js";
import { readOutput, submitWithFiles } from "./support/data.js";
import { jobHasEnded, untilJob } from "./support/jobs.js";
import { startTwoWorkers, type TwoWorkers } from "./support/two-workers.js";

const megabytes = 64;
const mebibyte = 1024 ** 2;

let nodes: TwoWorkers | undefined;
let directory = "";
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  nodes = await startTwoWorkers("transfers");
  ({ directory, cluster, client } = nodes);
});

afterAll(() => nodes?.close());

/** The second task takes in what the first leaves, on the other worker, and says what it got. */
const passing = (): string => `
name: large
tasks:
  make:
    script: head -c ${megabytes}M /dev/urandom > large.bin; sha256sum < large.bin > sum.txt
    outputs: [large.bin, sum.txt]
    constraints: ["almanac.worker = a"]
  take:
    inputs: [{ task: make, output: "*", path: ./ }]
    script: sha256sum < large.bin | cmp - sum.txt
    outputs: [large.bin]
    constraints: ["almanac.worker = b"]
`;

const statesOf = (view: JobView): unknown[] =>
  view.tasks.map(({ state, message, attempts }) => [state, message, attempts.length]);
/** Each at its first attempt: nothing was started twice. */
const wentWell = [
  ["succeeded", "", 1],
  ["succeeded", "", 1],
];

/** Resolves while content is on its way into a store or a cache. */
async function arriving(place: string): Promise<void> {
  const incoming = join(directory, "cluster", place, "incoming");
  const deadline = Date.now() + 30_000;
  while (!existsSync(incoming) || readdirSync(incoming).length === 0) {
    if (Date.now() > deadline) throw new Error(`nothing came to ${incoming}`);
    await sleep(1);
  }
}

async function killed(member: Member | undefined): Promise<void> {
  await member?.kill("SIGKILL");
  await member?.restart();
}

async function verified(id: string): Promise<void> {
  const hash = createHash("sha256");
  await readOutput(client, `${id}/take`, "large.bin", (chunk) => void hash.update(chunk));
  const sums: Uint8Array[] = [];
  await readOutput(client, `${id}/make`, "sum.txt", (chunk) => void sums.push(chunk));
  expect(Buffer.concat(sums).toString()).toBe(`${hash.digest("hex")}  -\n`);
}

describe("a large file", () => {
  it("takes little memory of master and agents", async () => {
    const pids = [cluster.master, ...cluster.workers].map((member) => member.pid());
    const before = pids.map((pid) => peakBytes(pid));
    const { id } = await submitWithFiles(client, directory, passing());
    expect(statesOf(await untilJob(client, id, jobHasEnded))).toEqual(wentWell);
    await verified(id);
    for (const [n, pid] of pids.entries()) {
      expect(peakBytes(pid) - (before[n] ?? 0)).toBeLessThan(megabytes * mebibyte);
    }
  });

  it.each([
    ["the agent that sends it", "master/blobs", () => cluster.workers[0]],
    ["the agent that fetches it", "worker-b/cache", () => cluster.workers[1]],
    ["the master while it comes", "master/blobs", () => cluster.master],
    ["the master while it goes", "worker-b/cache", () => cluster.master],
  ])("arrives whole over kill -9 of %s", async (_whom, place, member) => {
    const { id } = await submitWithFiles(client, directory, passing());
    // What the first task leaves also goes to the cache of its own worker.
    await arriving(place);
    await killed(member());
    const view = await untilJob(client, id, jobHasEnded, 120_000);
    expect(statesOf(view)).toEqual(wentWell);
    await verified(id);
  });
});

/** Resident, at most so far. */
function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
