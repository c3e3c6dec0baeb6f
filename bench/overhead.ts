/**
 * What a worker adds to a task's own time, for each driver, through a real cluster: from the
 * master's launch to the program's first word, and from its last word to the end on the master's
 * record. Then tasks at once, and how many short processes a worker gets through in a second.
 */
import { Command, Option } from "@commander-js/extra-typings";
import { type DriverName, driverNames } from "../core/drivers.js";
import type { Edge } from "../core/job.js";
import type { AttemptView, JobView } from "../core/views.js";
import { type DockerDaemon, startDockerDaemon } from "../worker/testing/docker-daemon.js";
import { machinesMissing, testImages } from "../worker/testing/guest-images.js";
import { type Bench, withCluster } from "./cluster.js";
import { benchJob, submitJob, untilEnded } from "./jobs.js";
import { shortTask, speakingTask, wordsOf } from "./overhead-tasks.js";
import { printTable, quantile, round, writeJson } from "./report.js";

const countHelp = "tasks one after another: processes; of containers a fifth, of machines a tenth";

export const overheadBench = () =>
  new Command("overhead")
    .description("launch to running and end to reported, for each driver; processes per second")
    .addOption(new Option("--driver <driver...>", "of these drivers only").choices(driverNames))
    .option("--count <n>", countHelp, Number, 200)
    .option("--at-once <n>", "tasks that start together; of machines a tenth", Number, 20)
    .option("--short <n>", "short processes whose rate is measured; 0: none", Number, 4_000)
    .option("--json <file>", "write the figures here")
    .action(async ({ driver, json, ...sizes }) => {
      const { drivers, daemon } = await available(driver ?? driverNames);
      try {
        writeJson(json, await measureAll(drivers, daemon, sizes));
      } finally {
        await daemon?.close();
      }
    });

interface Sizes {
  readonly count: number;
  readonly atOnce: number;
  readonly short: number;
}

/** How much of a size makes sense where each task takes longer. */
const share: Readonly<Record<DriverName, { readonly count: number; readonly atOnce: number }>> = {
  process: { count: 1, atOnce: 1 },
  docker: { count: 0.2, atOnce: 1 },
  kvm: { count: 0.1, atOnce: 0.1 },
};

/** Fewer of what was asked for make no median. */
const samplesMin = 10;

/** What runs here; says of the others why not. */
async function available(
  wanted: readonly DriverName[],
): Promise<{ readonly drivers: DriverName[]; readonly daemon: DockerDaemon | null }> {
  const drivers = new Set(wanted);
  const without = (driver: DriverName, why: string): void => {
    drivers.delete(driver);
    process.stderr.write(`without ${driver}: ${why}\n`);
  };
  const missing = drivers.has("kvm") ? machinesMissing() : null;
  if (missing !== null) without("kvm", missing);
  const found = drivers.has("docker") ? await startDockerDaemon() : null;
  if (found !== null && found.reason !== null) without("docker", found.reason);
  return { drivers: [...drivers], daemon: found?.daemon ?? null };
}

async function measureAll(
  drivers: readonly DriverName[],
  daemon: DockerDaemon | null,
  { count, atOnce, short }: Sizes,
) {
  const workers = [{ name: "a", cpu: "256", memory: "64Gi", speed: 1 }];
  const workerArgs = [
    ...(daemon === null ? [] : ["--docker-socket", daemon.socket]),
    ...(drivers.includes("kvm") ? ["--kvm-images", testImages] : []),
  ];
  const options = { workers, planner: null, workerArgs, readyTimeoutMs: 90_000 };
  const scaled = (size: number, by: number, least: number): number =>
    Math.max(Math.min(size, least), Math.round(size * by));
  return withCluster(options, async (bench) => {
    const rows = [];
    for (const driver of drivers) {
      rows.push(await oneByOne(bench, driver, scaled(count, share[driver].count, samplesMin)));
      rows.push(await together(bench, driver, scaled(atOnce, share[driver].atOnce, 1)));
    }
    printTable("a worker's overhead, milliseconds", rows);
    const rates = short > 0 && drivers.includes("process") ? [await rateOf(bench, short)] : [];
    printTable("short processes on one worker", rates);
    return { overhead: rows, rates };
  });
}

/** Each is launched when the one before has been reported. */
async function oneByOne(bench: Bench, driver: DriverName, count: number) {
  const edges = Array.from({ length: count - 1 }, (_, from): Edge => {
    return { from, to: from + 1, on: "success" };
  });
  return overheadOf(bench, driver, count, edges, `${driver}, one by one`);
}

const together = (bench: Bench, driver: DriverName, count: number) =>
  overheadOf(bench, driver, count, [], `${driver}, at once`);

async function overheadOf(
  bench: Bench,
  driver: DriverName,
  count: number,
  edges: readonly Edge[],
  what: string,
) {
  const none = Array.from({ length: count }, () => ({}));
  const spec = benchJob("overhead", speakingTask(driver), none, edges);
  const view = succeeded(await untilEnded(bench, await submitJob(bench, spec), 50));
  const [starts, ends]: [number[], number[]] = [[], []];
  for (const task of view.tasks) {
    const attempt = only(task.attempts);
    const words = wordsOf(bench.cluster.workers[0]?.dataDirectory ?? "", driver, attempt.id);
    starts.push(words.firstAtMs - attempt.launchedAtMs);
    ends.push((task.finishedAtMs ?? Number.NaN) - words.lastAtMs);
  }
  const attempts = view.tasks.map((task) => only(task.attempts));
  const beganMs = Math.min(...attempts.map(({ launchedAtMs }) => launchedAtMs));
  const endedMs = Math.max(...view.tasks.map((task) => task.finishedAtMs ?? Number.NaN));
  return {
    what,
    tasks: count,
    "start to running": round(quantile(starts, 0.5)),
    "p99 ": round(quantile(starts, 0.99)),
    "end to reported": round(quantile(ends, 0.5)),
    p99: round(quantile(ends, 0.99)),
    "all, s": round((endedMs - beganMs) / 1_000, 2),
  };
}

/** From the first start to the last end, as the worker saw them; and as its user did. */
async function rateOf(bench: Bench, count: number) {
  const none = Array.from({ length: count }, () => ({}));
  const submittedMs = Date.now();
  const jobId = await submitJob(bench, benchJob("short", shortTask(), none));
  // Seldom: an answer about so many tasks takes the master's time as well.
  const view = succeeded(await untilEnded(bench, jobId, 1_000));
  const attempts = view.tasks.map((task) => only(task.attempts));
  const firstMs = Math.min(...attempts.map((one) => one.startedAtMs ?? Number.NaN));
  const lastMs = Math.max(...attempts.map((one) => one.endedAtMs ?? Number.NaN));
  const finishedMs = view.summary.finishedAtMs ?? Number.NaN;
  const seconds = (lastMs - firstMs) / 1_000;
  return {
    processes: count,
    seconds: round(seconds, 2),
    "per second": round(count / seconds, 0),
    "submitted to finished, s": round((finishedMs - submittedMs) / 1_000, 2),
  };
}

function succeeded(view: JobView): JobView {
  const bad = view.tasks.find(({ state }) => state !== "succeeded");
  if (bad === undefined) return view;
  const outcome = JSON.stringify(bad.attempts.at(-1)?.outcome);
  throw new Error(`${bad.name} ${bad.state}: ${bad.message} ${outcome}`);
}

function only(attempts: readonly AttemptView[]): AttemptView {
  const [attempt] = attempts;
  if (attempt === undefined || attempts.length !== 1) throw new Error("not just one attempt");
  return attempt;
}
