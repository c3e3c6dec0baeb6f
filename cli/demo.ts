/**
 * The demonstration: cluster up, workflow in, progress, chart, and everything down again. Whatever
 * happens, nothing that it started is left running.
 */
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import type { JobSpec } from "../core/job.js";
import { parseJob } from "../spec/job.js";
import { measureSpeed } from "../worker/speed.js";
import { aborted } from "./aborted.js";
import { type Client, createClient } from "./client.js";
import { freeAddress } from "./cluster/ports.js";
import { reportDeath } from "./cluster/report-death.js";
import {
  type Cluster,
  clusterDirectoryName,
  startCluster,
  type WorkerShape,
} from "./dev-cluster.js";
import { unwrap } from "./failure.js";
import { followJob, foreseen } from "./follow.js";
import { interruptible } from "./interrupt.js";
import { note, printJson, printLines, screenOf } from "./output.js";
import { renderGantt } from "./render/gantt.js";
import { ganttOfJob } from "./render/gantt-views.js";
import { renderTasks } from "./render/job.js";
import { jobJson } from "./render/json.js";
import type { Installation } from "./root.js";
import { masterFlag } from "./session.js";

export interface DemoOptions {
  readonly installation: Installation;
  readonly once: boolean;
  readonly planner: boolean;
  readonly json: boolean;
}

/** `stopped`: by the user, after the workflow. */
export type DemoEnd = "succeeded" | "failed" | "broken" | "interrupted" | "stopped";

const usualMaster = "127.0.0.1:7070";
const usualPlanner = "127.0.0.1:7071";
const speedMeasurementMs = 400;

export function runDemo(options: DemoOptions): Promise<DemoEnd> {
  return interruptible(async (signal) => {
    const dataDirectory = freshDirectory(options.installation.root);
    let masterDied: () => void = () => undefined;
    const masterDeath = new Promise<"broken">((resolve) => {
      masterDied = () => resolve("broken");
    });
    let cluster: Cluster | null = null;
    const say = options.json ? () => undefined : note;
    try {
      say("starting a cluster on this machine …");
      cluster = await startCluster({
        entry: options.installation.entry,
        dataDirectory,
        listen: await freeAddress(usualMaster),
        planner: options.planner ? { listen: await freeAddress(usualPlanner) } : null,
        workers: workerShapes(),
        onDeath: (child, exit) => {
          reportDeath(child, exit);
          if (child.name === "master") masterDied();
        },
      });
      const client = createClient(cluster.address);
      try {
        const work = runWorkflow(options, cluster, client, signal);
        const end = await Promise.race([work, masterDeath]);
        if (options.once || end === "broken" || end === "interrupted") return end;
        say(howToGoOn(cluster));
        await Promise.race([aborted(signal), masterDeath]);
        return "stopped";
      } finally {
        client.close();
      }
    } finally {
      if (cluster !== null) {
        say("stopping the cluster …");
        await cluster.stop();
      }
    }
  });
}

async function runWorkflow(
  { installation, json }: DemoOptions,
  cluster: Cluster,
  client: Client,
  signal: AbortSignal,
): Promise<DemoEnd> {
  if (signal.aborted) return "interrupted";
  if (!json) note(describeCluster(cluster));
  const spec = workflow(installation, join(cluster.dataDirectory, "workspace"));
  const submission = { spec, idempotencyKey: cluster.dataDirectory, dryRun: false };
  const { jobId } = unwrap(await client.submit(submission));
  if (!json) note(`job ${jobId} (${spec.name}): ${foreseen(unwrap(await client.get(jobId)))}`);
  const end = await followJob(client, jobId, {
    progress: json ? "none" : "lines",
    timeoutMs: null,
  });
  if (end.kind !== "ended") return "interrupted";
  const view = unwrap(await client.get(jobId));
  if (json) printJson(jobJson(view));
  else {
    const screen = screenOf();
    const bad = view.tasks.filter(({ state }) => state === "failed" || state === "timed_out");
    if (bad.length > 0) printLines(["", ...renderTasks(bad, screen, { tasksMax: 10 })]);
    printLines(["", ...renderGantt(ganttOfJob(view, screen.nowMs), screen), ""]);
  }
  return end.job.state === "succeeded" ? "succeeded" : "failed";
}

/** The corpus is text that every checkout has, for it is a dependency. */
function workflow({ root }: Installation, workspace: string): JobSpec {
  const path = join(root, "examples/concordance.yaml");
  const corpus = join(root, "node_modules/typescript/lib");
  const variables = { corpus, workspace };
  return unwrap(parseJob(readFileSync(path, "utf8"), { source: path, now: Date.now(), variables }))
    .spec;
}

/**
 * Three workers of different size and speed. Slower ones are made so by a smaller share of a core
 * (where control groups can enforce it), and all together must not promise more than there is: the
 * plan would count on cores that others use.
 */
export function workerShapes(
  cores: number = availableParallelism(),
  memoryBytes: number = totalmem(),
  speed: number = measureSpeed(speedMeasurementMs),
): WorkerShape[] {
  const memoryMiB = Math.min(1024, Math.floor((memoryBytes * 0.6) / 4 / 1024 ** 2));
  const share = Math.min(1, cores / 2);
  const round = (value: number): number => Math.round(value * 100) / 100;
  const big =
    cores >= 4
      ? { name: "big", cpu: "2", memory: `${2 * memoryMiB}Mi`, speed }
      : { name: "big", cpu: "1", memory: `${2 * memoryMiB}Mi`, speed, throttle: round(share) };
  const [mid, small] = cores >= 4 ? [0.7, 0.5] : [0.6 * share, 0.35 * share];
  return [
    big,
    { name: "mid", cpu: "1", memory: `${memoryMiB}Mi`, speed, throttle: round(mid ?? 1) },
    { name: "small", cpu: "1", memory: `${memoryMiB}Mi`, speed, throttle: round(small ?? 1) },
  ];
}

const runsKept = 5;

/** Below the checkout where that is writable, so that what happened can be looked at. */
function freshDirectory(root: string): string {
  const base = join(isWritable(root) ? join(root, ".almanac") : tmpdir(), "demo");
  mkdirSync(base, { recursive: true });
  const older = readdirSync(base)
    .sort()
    .slice(0, -runsKept + 1);
  for (const name of older) rmSync(join(base, name), { recursive: true, force: true });
  const fresh = join(base, clusterDirectoryName());
  mkdirSync(fresh, { mode: 0o700 });
  return fresh;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function describeCluster({ address, planner, workers, dataDirectory }: Cluster): string[] {
  return [
    `  master at ${address}${planner === null ? "" : `, planner at ${planner.address()}`}`,
    `  workers ${workers.map(({ name }) => name.replace(/^worker-/, "")).join(", ")}`,
    `  data and logs in ${dataDirectory}`,
  ];
}

function howToGoOn({ address }: Cluster): string[] {
  const master = masterFlag(address);
  const almanac = "node bin/almanac";
  return [
    "The cluster stays up. In another terminal:",
    `  submit   ${almanac} submit examples/workflow.yaml --wait${master}`,
    `  run      ${almanac} run --wait${master} -- uname -sr`,
    `  watch    ${almanac} watch${master}`,
    `  look     ${almanac} status${master};  ${almanac} gantt latest${master};  ${almanac} workers${master}`,
    "Ctrl-C stops it.",
  ];
}
