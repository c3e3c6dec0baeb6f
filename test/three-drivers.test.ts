/**
 * Processes, containers and machines of one workflow on one cluster, while what runs them is killed.
 * Skipped where there is no Docker or no machine: see worker/testing/docker-daemon.ts and
 * worker/testing/guest-images.ts for what they need.
 */

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { processesOf } from "../cli/cluster/processes.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import { unwrap } from "../cli/failure.js";
import { everyJob } from "../core/history.js";
import { processesWithEnvironment } from "../worker/drivers/process/proc.js";
import { attemptDirectory } from "../worker/ipc/paths.js";
import { startDockerDaemon } from "../worker/testing/docker-daemon.js";
import { machinesMissing, testImages } from "../worker/testing/guest-images.js";
import { distEntry } from "./support/entry.js";
import {
  countedLines,
  countingScript,
  jobHasEnded,
  outcomesOf,
  submitText,
  untilJob,
  writtenBy,
} from "./support/jobs.js";

const noMachines = machinesMissing();
const { daemon, reason: noDocker } =
  noMachines === null ? await startDockerDaemon() : { daemon: null, reason: null };
afterAll(() => daemon?.close());
const missing = noMachines ?? noDocker;

describe.skipIf(daemon === null)(`three drivers${missing === null ? "" : ` (${missing})`}`, () => {
  let directory = "";
  let cluster: Cluster;
  let client: Client;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "almanac-three-"));
    cluster = await startCluster({
      entry: distEntry(),
      dataDirectory: directory,
      workers: [{ name: "a", cpu: "32", memory: "8Gi", speed: 1 }],
      workerArgs: ["--kvm-images", testImages, "--docker-socket", daemon?.socket ?? ""],
      readyTimeoutMs: 60_000,
    });
    client = createClient(cluster.address);
  }, 90_000);

  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const workerData = (): string => cluster.workers[0]?.dataDirectory ?? "/nonexistent";

  function machines(): number[] {
    return processesOf(workerData()).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("qemu-system");
      } catch {
        return false; // it has just gone
      }
    });
  }

  const containers = async (state?: string): Promise<string[]> =>
    ((await daemon?.containers()) ?? [])
      .filter(({ State }) => state === undefined || State === state)
      .map(({ Id }) => Id)
      .sort();

  async function untilThere(containersMin: number, machinesMin: number): Promise<void> {
    const there = async () => [(await containers("running")).length, machines().length];
    const limits = { timeout: 40_000, interval: 50 };
    await expect.poll(there, limits).toEqual([containersMin, machinesMin]);
  }

  it("one workflow finishes although the Docker daemon and a QEMU are killed in the middle", async () => {
    const file = join(directory, "mixed.yaml");
    const text = `name: mixed
defaults: { resources: { cpu: 500m, memory: 32Mi }, retry: { attempts: 3, backoff: 100ms } }
tasks:
  prepare: { script: echo prepared }
  beside: { after: [prepare], script: '${countingScript(60, 0)}' }
  contained:
    array: 1-3
    after: [prepare]
    docker: { image: "almanac-test:1" }
    script: '${countingScript(60, 0)}'
  machine:
    after: [prepare]
    kvm: {}
    constraints: ["almanac.kvm in kvm,tcg"]
    resources: { cpu: 1, memory: 128Mi }
    script: '${countingScript(20, 0)}'
  gather: { after: [beside, contained, machine], script: echo all of it }
`;
    writeFileSync(file, text);
    const env = { ...process.env, ALMANAC_CLI_MASTER: cluster.address, NO_COLOR: "1" };
    const args = [distEntry(), "submit", file, "--wait"];
    const user = spawn(process.execPath, args, { env, cwd: directory, stdio: "ignore" });
    const exitCode = new Promise((done) => user.once("close", done));
    await untilThere(3, 1);
    process.kill(machines()[0] ?? 0, "SIGKILL");
    await daemon?.kill();
    await sleep(500);
    await daemon?.start();
    expect(await exitCode).toBe(0);
    const { jobs } = unwrap(await client.list({ ...everyJob, limit: 1, after: "" }));
    const { tasks } = unwrap(await client.get(jobs[0]?.id ?? ""));
    expect(tasks.map((task) => [task.name, outcomesOf(task)])).toEqual(
      tasks.map(({ name }) => [name, name === "machine" ? ["SIGKILL", "exited 0"] : ["exited 0"]]),
    );
    for (const { name, attempts } of tasks.filter((task) => /contained|beside/.test(task.name))) {
      const written = await writtenBy(workerData(), attempts[0]?.id ?? "");
      expect([name, written]).toEqual([name, countedLines(60)]);
    }
  }, 120_000);

  it("an agent killed by kill -9 over ten containers, ten processes and two machines takes all up again", async () => {
    const witness = join(directory, "starts");
    const lines = 70;
    const count = (base: number): string =>
      countingScript(lines, `$((${base} + ALMANAC_ARRAY_INDEX))`);
    const id = await submitText(
      client,
      `name: survivors
defaults: { resources: { cpu: 500m, memory: 32Mi }, retry: { attempts: 1 } }
tasks:
  process: { array: 0-9, script: 'echo "$ALMANAC_TASK_NAME" >>${witness}; ${count(10)}' }
  container: { array: 0-9, docker: { image: "almanac-test:1" }, script: '${count(20)}' }
  machine:
    array: 0-1
    kvm: {}
    constraints: ["almanac.kvm in kvm,tcg"]
    resources: { cpu: 1, memory: 128Mi }
    script: '${count(30)}'
`,
    );
    await untilJob(client, id, ({ tasks }) => tasks.every(({ state }) => state === "running"));
    await untilThere(10, 2);
    const before = { containers: await containers(), machines: machines() };
    const [worker] = cluster.workers;
    await worker?.kill("SIGKILL");
    await sleep(1_000);
    await worker?.restart();
    expect({ containers: await containers(), machines: machines() }).toEqual(before);
    const { tasks } = await untilJob(client, id, jobHasEnded, 90_000);
    expect(tasks).toHaveLength(22);
    const first: Readonly<Record<string, number>> = { process: 10, container: 20, machine: 30 };
    const codeOf = (name: string): number => {
      const [, kind = "", index] = /^(\w+)\[(\d+)\]$/.exec(name) ?? [];
      return (first[kind] ?? Number.NaN) + Number(index);
    };
    expect(tasks.map((task) => [task.name, outcomesOf(task)])).toEqual(
      tasks.map(({ name }) => [name, [`exited ${codeOf(name)}`]]),
    );
    for (const { name, attempts } of tasks) {
      const written = await writtenBy(workerData(), attempts[0]?.id ?? "");
      expect([name, written]).toEqual([name, countedLines(lines)]);
    }
    const started = readFileSync(witness, "utf8").trim().split("\n").sort();
    expect(started).toEqual(Array.from({ length: 10 }, (_, index) => `process[${index}]`));
    // Nothing of it is left: the supervisor alone.
    await expect.poll(() => containers(), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => processesOf(workerData()), { timeout: 10_000 }).toHaveLength(1);
    const left = tasks.flatMap(({ attempts }) => {
      const path = attemptDirectory(workerData(), attempts[0]?.id ?? "");
      return processesWithEnvironment(`ALMANAC_ATTEMPT_DIRECTORY=${path}`);
    });
    expect(left).toEqual([]);
  }, 150_000);
});
