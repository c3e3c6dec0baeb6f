/** Tasks in virtual machines through a real cluster, while what runs them is killed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { processesOf } from "../cli/cluster/processes.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import type { TaskView } from "../core/views.js";
import { parseJob } from "../spec/job.js";
import { readProcess } from "../worker/drivers/process/proc.js";
import { machinesMissing, testImages } from "../worker/testing/guest-images.js";
import { outputText, runWithFiles } from "./support/data.js";
import { distEntry } from "./support/entry.js";

const missing = machinesMissing();

function textOf(pid: number, file: "comm" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // it has just gone
  }
}

const disksOf = (directory: string): string => join(directory, "disks");

const job = (work: string): string => `
name: machine
tasks:
  work:
    kvm: {}
    constraints: ["almanac.kvm in kvm,tcg"]
    script: ${work}
    resources: { cpu: 1, memory: 128Mi }
    retry: { attempts: 3, backoff: 100ms }
`;

describe.skipIf(missing !== null)(`machines${missing === null ? "" : ` (${missing})`}`, () => {
  let directory = "";
  let cluster: Cluster;
  let client: Client;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "almanac-machines-"));
    mkdirSync(disksOf(directory));
    cluster = await startCluster({
      entry: distEntry(),
      dataDirectory: directory,
      planner: null,
      workers: [{ name: "a", cpu: "2", memory: "1Gi", speed: 1 }],
      workerArgs: ["--kvm-images", testImages, "--kvm-disks", disksOf(directory)],
      readyTimeoutMs: 60_000,
    });
    client = createClient(cluster.address);
  }, 90_000);

  afterAll(async () => {
    client?.close();
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function submit(text: string): Promise<() => Promise<TaskView>> {
    const parsed = parseJob(text, { source: "job", now: Date.now(), variables: {} });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
    const { spec } = parsed.value;
    const receipt = await client.submit({ spec, idempotencyKey: "", dryRun: false });
    if (!receipt.ok) throw new Error(receipt.error.message);
    const { jobId } = receipt.value;
    return async () => {
      const view = await client.get(jobId);
      const task = view.ok ? view.value.tasks[0] : undefined;
      if (task === undefined) throw new Error("no such task");
      return task;
    };
  }

  const untilEnded = (task: () => Promise<TaskView>): Promise<void> =>
    expect
      .poll(async () => (await task()).state, { timeout: 120_000, interval: 100 })
      .toBe("succeeded");

  const ofWorker = (): number[] => processesOf(cluster.workers[0]?.dataDirectory ?? "/nonexistent");
  /** Not their wrappers, which have QEMU's name among their arguments. */
  const machines = (): number[] =>
    ofWorker().filter((pid) => textOf(pid, "comm").startsWith("qemu-system"));

  async function oneMachine(): Promise<number> {
    await expect.poll(machines, { timeout: 60_000, interval: 20 }).toHaveLength(1);
    return machines()[0] ?? 0;
  }

  it("a task has the disk that it names, and only to read where the worker allows no more", async () => {
    const path = join(disksOf(directory), "data.raw");
    writeFileSync(path, "from the user\n".padEnd(1024 ** 2, "\0"));
    const disk = "disk: { name: data.raw }";
    const script = "grep -q 'from the user' /dev/disk/by-id/virtio-almanac-disk";
    await untilEnded(await submit(job(script).replace("kvm: {}", `kvm: { ${disk} }`)));
    const writing = disk.replace(" }", ", writable: true }");
    const refused = await submit(job(script).replace("kvm: {}", `kvm: { ${writing} }`));
    await expect
      .poll(async () => (await refused()).attempts[0]?.outcome, { timeout: 60_000, interval: 100 })
      .toMatchObject({ kind: "not_started", message: expect.stringContaining("writableDisks") });
  });

  it("files pass from a process into a machine, and from there to a process", async () => {
    const text = `
name: files
tasks:
  before: { script: "mkdir in; printf 'b\\na\\n' > in/words; chmod +x in/words", outputs: [in/words] }
  inside:
    kvm: {}
    constraints: ["almanac.kvm in kvm,tcg"]
    inputs: [{ task: before, output: in/words }]
    script: "pwd; test -x in/words; mkdir -p out/deep; sort in/words > out/deep/sorted; echo no > other"
    outputs: ["out/"]
    resources: { cpu: 1, memory: 128Mi }
  after: { inputs: [{ task: inside, output: "out/" }], script: "tr a-z A-Z < out/deep/sorted > upper", outputs: [upper] }
`;
    const view = await runWithFiles(client, directory, text, 120_000);
    expect(view.tasks.map(({ state, message }) => ({ state, message }))).toEqual(
      Array.from({ length: 3 }, () => ({ state: "succeeded", message: "" })),
    );
    expect(view.tasks[1]?.attempts[0]?.outputs).toEqual({ files: 1, bytes: 4 });
    expect(await outputText(client, `${view.summary.id}/after`, "upper")).toBe("A\nB\n");
  });

  it("examples/kvm.yaml succeeds", async () => {
    const example = fileURLToPath(new URL("../examples/kvm.yaml", import.meta.url));
    await untilEnded(await submit(readFileSync(example, "utf8")));
  });

  it("a QEMU killed by kill -9 in the middle fails its attempt, and the next one finishes", async () => {
    const task = await submit(job("sleep 4"));
    process.kill(await oneMachine(), "SIGKILL");
    await untilEnded(task);
    const { attempts } = await task();
    expect(attempts.map(({ outcome }) => outcome)).toEqual([
      { kind: "signalled", signal: "SIGKILL" },
      { kind: "exited", exitCode: 0 },
    ]);
  });

  it("an agent killed by kill -9 leaves the machine alone, and another one takes it up", async () => {
    const task = await submit(job("echo here; sleep 4; echo there"));
    const machine = await oneMachine();
    await cluster.workers[0]?.kill("SIGKILL");
    await cluster.workers[0]?.restart();
    expect(machines()).toEqual([machine]);
    await untilEnded(task);
    const { attempts } = await task();
    expect(attempts.map(({ outcome }) => outcome)).toEqual([{ kind: "exited", exitCode: 0 }]);
  });

  it("a supervisor killed by kill -9 leaves no machine, and the task runs again", async () => {
    const task = await submit(job("sleep 4"));
    const machine = await oneMachine();
    const supervisor = ofWorker().find((pid) => textOf(pid, "cmdline").includes("supervisor/main"));
    process.kill(supervisor ?? 0, "SIGKILL");
    await expect.poll(() => readProcess(machine), { timeout: 30_000, interval: 20 }).toBeNull();
    await untilEnded(task);
    const { attempts } = await task();
    expect(attempts[0]?.outcome).toEqual({ kind: "supervisor_lost" });
    expect(attempts.at(-1)?.outcome).toEqual({ kind: "exited", exitCode: 0 });
    expect(machines()).toEqual([]);
  });
});
