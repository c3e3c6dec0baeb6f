/** Every file in examples/ does what it says, on a real cluster. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient } from "../cli/client.js";
import { type Cluster, startCluster } from "../cli/dev-cluster.js";
import type { JobView, TaskStateName } from "../core/views.js";
import { parseJob } from "../spec/job.js";
import { outputText } from "./support/data.js";
import { distEntry } from "./support/entry.js";
import { stubNvidiaSmi } from "./support/stub-nvidia-smi.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const examples = join(root, "examples");

const gpus = ["GPU-aaaa, NVIDIA L4, 23034", "GPU-bbbb, NVIDIA L4, 23034"];

let directory = "";
let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "almanac-examples-"));
  cluster = await startCluster({
    entry: distEntry(),
    dataDirectory: join(directory, "cluster"),
    workers: [
      { name: "a", cpu: "1", speed: 1 },
      { name: "b", cpu: "1", speed: 1 },
    ],
    // As on nodes with GPUs: the examples only look at what they were given.
    workerArgs: ["--gpu-nvidia-smi", stubNvidiaSmi(directory, gpus).path],
  });
  client = createClient(cluster.address);
  for (const name of ["example-token", "example-key"]) {
    await client.setSecret("default", name, Buffer.from("of no worth"));
  }
});

afterAll(async () => {
  client?.close();
  await cluster?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Variables that keep an example's files in the test's directory and its work small. */
const variables: Readonly<Record<string, () => Record<string, string>>> = {
  "array.yaml": () => ({ directory: join(directory, "array") }),
  "workflow.yaml": () => ({ directory: join(directory, "workflow") }),
  "concordance.yaml": () => ({
    workspace: join(directory, "concordance"),
    corpus: join(root, "node_modules/typescript/lib"),
    megabytes: "4",
    rare: "20",
  }),
};

async function runExample(file: string): Promise<JobView> {
  const parsed = parseJob(readFileSync(join(examples, file), "utf8"), {
    source: file,
    now: Date.now(),
    variables: variables[file]?.() ?? {},
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const { spec } = parsed.value;
  const receipt = await client.submit({ spec, idempotencyKey: "", dryRun: false });
  if (!receipt.ok) throw new Error(JSON.stringify(receipt.error));
  const { jobId } = receipt.value;
  const state = async () => {
    const summary = await client.getSummary(jobId);
    return summary.ok ? summary.value.state : summary.error.message;
  };
  await expect.poll(state, { timeout: 120_000, interval: 200 }).not.toBe("running");
  const view = await client.get(jobId);
  if (!view.ok) throw new Error(view.error.message);
  return view.value;
}

const states = (view: JobView): Set<TaskStateName> => new Set(view.tasks.map((task) => task.state));

describe("examples/", () => {
  // These need a daemon and machines: docker.test.ts and machines.test.ts; the last one is below.
  const others = ["docker.yaml", "kvm.yaml", "failures.yaml"];
  const files = readdirSync(examples).filter(
    (file) => /\.(ya?ml|json)$/.test(file) && !others.includes(file),
  );

  it.each(files)("%s succeeds", async (file) => {
    const view = await runExample(file);
    const bad = view.tasks.filter(({ state }) => state !== "succeeded" && state !== "skipped");
    expect(bad.map(({ name, state, message }) => [name, state, message])).toEqual([]);
    expect(view.summary.state).toBe("succeeded");
  });

  it("data.yaml leaves its sum behind, as its first lines say", async () => {
    const { summary } = await runExample("data.yaml");
    expect(await outputText(client, `${summary.id}/sum`, "total.txt")).toBe("10000\n");
  });

  it("failures.yaml fails as often as it says, and succeeds all the same", async () => {
    const view = await runExample("failures.yaml");
    const told = view.tasks.map(({ name, state, attempts }) => [
      name,
      state,
      ...attempts.map(({ mode = "" }) => mode),
    ]);
    expect(told).toEqual([
      ["flaky", "succeeded", "", "", ""],
      ["hopeless", "failed", ""],
      ["either", "succeeded", "", "fallback"],
      ["growing", "succeeded", ""],
      ["notify", "failed", ""],
    ]);
    expect(view.summary).toMatchObject({ state: "succeeded", retries: { spent: 3, budget: 10 } });
  });

  it("concordance.yaml retries what fails at first, and checks its own result", async () => {
    await rm(join(directory, "concordance"), { recursive: true, force: true });
    const view = await runExample("concordance.yaml");
    expect(states(view)).toEqual(new Set(["succeeded"]));
    const retried = view.tasks.filter((task) => task.attempts.length > 1);
    expect(retried.map((task) => task.name)).toEqual(["dictionary"]);
    expect(existsSync(join(directory, "concordance"))).toBe(true);
  });
});
