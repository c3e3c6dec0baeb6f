/**
 * Containers through a whole cluster, with a Docker daemon of the test's own that is killed in the
 * middle. Skipped where there is none: apt-get install docker.io iptables busybox-static, as root.
 */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { processesOf } from "../cli/cluster/processes.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import type { JobView } from "../core/views.js";
import { parseJob } from "../spec/job.js";
import { attemptDirectory } from "../worker/ipc/paths.js";
import { readLog } from "../worker/logs/reader.js";
import { startDockerDaemon } from "../worker/testing/docker-daemon.js";
import { outputText, runWithFiles, submitWithFiles } from "./support/data.js";
import { distEntry } from "./support/entry.js";

const { daemon, reason } = await startDockerDaemon();
afterAll(() => daemon?.close());

describe.skipIf(daemon === null)(
  `containers in a cluster${reason === null ? "" : `: ${reason}`}`,
  () => {
    let directory = "";
    let cluster: Cluster;
    let client: Client;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "almanac-docker-"));
      cluster = await startCluster({
        entry: distEntry(),
        dataDirectory: directory,
        workers: [
          { name: "a", cpu: "4", memory: "2Gi" },
          { name: "b", cpu: "4", memory: "2Gi" },
        ],
        workerArgs: ["--docker-socket", join(directory, "docker.sock")],
      });
      client = createClient(cluster.address);
    });

    afterAll(async () => {
      client?.close();
      await cluster?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    async function submit(text: string): Promise<string> {
      const parsed = parseJob(text, { source: "job.yaml", now: Date.now() });
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
      const { spec } = parsed.value;
      const receipt = await client.submit({ spec, idempotencyKey: "", dryRun: false });
      if (!receipt.ok) throw new Error(JSON.stringify(receipt.error));
      return receipt.value.jobId;
    }

    async function view(id: string): Promise<JobView> {
      const found = await client.get(id);
      if (!found.ok) throw new Error(found.error.message);
      return found.value;
    }

    async function ended(id: string): Promise<JobView> {
      const state = async () => (await view(id)).summary.state;
      await expect.poll(state, { timeout: 60_000, interval: 100 }).not.toBe("running");
      return view(id);
    }

    const containers = async (): Promise<number> => ((await daemon?.containers()) ?? []).length;

    const jobOf = (seconds: number, retry: string): string => `
name: counting
defaults: { resources: { cpu: 500m, memory: 32Mi }, docker: { image: "almanac-test:1" }, ${retry} }
tasks:
  first:
    array: 1-6
    script: for i in $(seq ${seconds * 10}); do echo $i; sleep 0.1; done
  second:
    array: 1-6
    after: ["first[*]"]
    script: echo done
`;

    const standings = async (): Promise<string[]> => {
      const workers = await client.workers();
      if (!workers.ok) return [workers.error.message];
      return workers.value.flatMap(({ facts }) => [
        ...facts.drivers.map(({ name }) => name),
        ...facts.unavailableDrivers.map(({ reason }) => reason),
      ]);
    };

    it("workers offer Docker as soon as its daemon is there, and a task waits for that", async () => {
      const socket = join(directory, "docker.sock");
      const none = `no Docker daemon at ${socket}`;
      expect(await standings()).toEqual(["process", none, "process", none]);
      const id = await submit(jobOf(0, "retry: { attempts: 1 }"));
      await sleep(500);
      const waiting = await view(id);
      expect(waiting.tasks.map(({ state }) => state)).not.toContain("succeeded");
      expect(JSON.stringify(waiting.tasks)).toContain(none);
      symlinkSync(daemon?.socket ?? "", socket);
      expect((await ended(id)).summary.state).toBe("succeeded");
      expect(await standings()).toEqual(["process", "docker", "process", "docker"]);
    });

    it("examples/docker.yaml succeeds", async () => {
      const path = fileURLToPath(new URL("../examples/docker.yaml", import.meta.url));
      const { summary, tasks } = await ended(await submit(readFileSync(path, "utf8")));
      expect(tasks.map(({ name, state, message }) => [name, state, message])).toEqual(
        tasks.map(({ name }) => [name, "succeeded", ""]),
      );
      expect(summary.state).toBe("succeeded");
    });

    it("files come to a container that is nobody's, and what it leaves goes on to another", async () => {
      writeFileSync(join(directory, "words.txt"), "pear\napple\n", { mode: 0o600 });
      const container = 'docker: { image: "almanac-test:1" }, resources: { cpu: 1, memory: 32Mi }';
      const { tasks } = await runWithFiles(
        client,
        directory,
        `
name: files
tasks:
  sort:
    inputs: [words.txt]
    script: sort words.txt > sorted.txt; echo more >> words.txt; mkdir out; id -u > out/who.txt
    outputs: [sorted.txt, out/]
    constraints: ["almanac.worker = a"]
    ${container.replace(", ", "\n    ")}
  count:
    inputs: [{ task: sort, output: "**", path: from/ }]
    script: cat from/sorted.txt from/out/who.txt > all.txt
    outputs: [all.txt]
    constraints: ["almanac.worker = b"]
    ${container.replace(", ", "\n    ")}
  stray:
    script: ln -s /etc/passwd out.txt
    outputs: [out.txt]
    ${container.replace(", ", "\n    ")}
`,
      );
      expect(tasks.map(({ state, message }) => [state, message])).toEqual([
        ["succeeded", ""],
        ["succeeded", ""],
        ["failed", expect.stringContaining("is a symbolic link")],
      ]);
      expect(await outputText(client, String(tasks[1]?.id), "all.txt")).toBe(
        "apple\npear\n65534\n",
      );
      await expect.poll(containers).toBe(0);
    });

    it("what a container leaves is taken though its supervisor was killed meanwhile", async () => {
      const { id } = await submitWithFiles(
        client,
        directory,
        `
name: outliving
tasks:
  slow:
    inputs: [words.txt]
    script: sleep 4; sort words.txt > sorted.txt
    outputs: [sorted.txt]
    constraints: ["almanac.worker = a"]
    docker: { image: "almanac-test:1" }
    resources: { cpu: 1, memory: 32Mi }
`,
      );
      await expect.poll(containers, { timeout: 20_000 }).toBe(1);
      const running = async () => (await view(id)).tasks[0]?.state;
      await expect.poll(running, { timeout: 20_000 }).toBe("running");
      const [supervisor = 0] = processesOf(cluster.workers[0]?.dataDirectory ?? "");
      process.kill(supervisor, "SIGKILL");
      const { tasks } = await ended(id);
      expect(tasks.map((task) => [task.state, task.message, task.attempts.length])).toEqual([
        ["succeeded", "", 1],
      ]);
      expect(processesOf(cluster.workers[0]?.dataDirectory ?? "")).not.toContain(supervisor);
      expect(await outputText(client, `${id}/slow`, "sorted.txt")).toBe("apple\npear\n");
    });

    it("a job goes on over kill -9 of the daemon: nothing lost, nothing twice", async () => {
      const id = await submit(jobOf(7, "retry: { attempts: 1 }"));
      const running = async () =>
        (await view(id)).tasks.filter(({ state }) => state === "running").length;
      await expect.poll(running, { timeout: 20_000, interval: 50 }).toBe(6);
      // Where an image or a container takes long, a task counts as running a little before it does.
      const begun = async () =>
        ((await daemon?.containers()) ?? []).filter(({ State }) => State === "running").length;
      await expect.poll(begun, { timeout: 20_000, interval: 50 }).toBe(6);
      await sleep(500);
      await daemon?.kill();
      await sleep(1_000);
      await daemon?.start();
      const { summary, tasks } = await ended(id);
      expect(tasks.filter(({ state }) => state !== "succeeded")).toEqual([]);
      expect(summary.state).toBe("succeeded");
      const lines = Array.from({ length: 70 }, (_, index) => `${index + 1}\n`).join("");
      for (const { name, attempts } of tasks) {
        expect([name, attempts.length]).toEqual([name, 1]);
        if (name.startsWith("second")) continue;
        const [attempt] = attempts;
        expect(await written(attempt?.worker ?? "", attempt?.id ?? "")).toBe(lines);
      }
      await expect.poll(containers).toBe(0);
    });

    it("a node that dies leaves no container, and what it ran runs again", async () => {
      const id = await submit(jobOf(4, "retry: { attempts: 3, backoff: 100ms }"));
      await expect.poll(containers, { timeout: 20_000, interval: 50 }).toBe(6);
      const [worker] = cluster.workers;
      await worker?.killNode();
      await worker?.restart();
      expect((await ended(id)).summary.state).toBe("succeeded");
      await expect.poll(containers, { timeout: 10_000 }).toBe(0);
    });

    async function written(worker: string, attempt: string): Promise<string> {
      const data = join(directory, `worker-${worker}`);
      const chunk = await readLog(attemptDirectory(data, attempt), "stdout", 0, 1 << 20);
      return Buffer.from(chunk.data).toString();
    }
  },
);
