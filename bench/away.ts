/**
 * A master that is away while its workers work on: killed by kill -9, and back after so long. Tasks
 * end before, meanwhile and after it; each exits with a code of its own and bears witness in a file
 * of its own, which is what the master's word is held against.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command } from "@commander-js/extra-typings";
import type { Edge } from "../core/job.js";
import type { JobView } from "../core/views.js";
import { type Bench, expectOk, withCluster } from "./cluster.js";
import { benchJob, benchTemplate, shell, submitJob, untilEnded } from "./jobs.js";
import { hearWitnesses } from "./live/witness.js";
import { printTable, round, writeJson } from "./report.js";

export const awayBench = () =>
  new Command("away")
    .description("a master away for so long: nothing is killed, doubled or lost")
    .option("--away <seconds>", "how long", Number, 600)
    .option("--tasks <n>", "tasks that run when it goes, each with one that follows it", Number, 40)
    .option("--workers <n>", "workers", Number, 2)
    .option("--silence-limit <ms>", "after which a worker is lost", Number, 10_000)
    .option("--json <file>", "write the figures here")
    .action(async (options) => {
      const shapes = Array.from({ length: options.workers }, (_, i) => ({
        name: `w${i + 1}`,
        cpu: String(options.tasks),
        speed: 1,
      }));
      const masterArgs = ["--silence-limit-ms", String(options.silenceLimit)];
      const cluster = { workers: shapes, planner: null, masterArgs };
      const result = await withCluster(cluster, (bench) => beAway(bench, options));
      printTable("master away", [rowOf(result)]);
      for (const fault of result.faults) process.stdout.write(`  ${fault}\n`);
      writeJson(options.json, result);
      if (result.faults.length > 0) process.exitCode = 1;
    });

interface Options {
  readonly away: number;
  readonly tasks: number;
}

interface AwayResult {
  readonly awayS: number;
  readonly tasks: number;
  readonly endedMeanwhile: number;
  readonly stillRunning: number;
  /** From the master's first word until it had every end of its absence on record. */
  readonly deliveredMs: number;
  readonly starts: number;
  readonly faults: readonly string[];
}

const rowOf = (result: AwayResult) => ({
  "away s": round(result.awayS, 1),
  tasks: result.tasks,
  "ended meanwhile": result.endedMeanwhile,
  "still running": result.stillRunning,
  "all delivered after ms": round(result.deliveredMs, 0),
  "programs started": result.starts,
  faults: result.faults.length,
});

const leadS = 2;
/** The last ends so long after the master is back, and a tenth of its absence. */
const tailS = 3;
const deliveryLimitMs = 60_000;
const exitCodes = 5;
const exitCodeOf = (task: number): number => task % exitCodes;

async function beAway(bench: Bench, { away, tasks }: Options): Promise<AwayResult> {
  const { cluster, client, directory } = bench;
  const witness = join(directory, "witness");
  mkdirSync(witness);
  const jobId = await submitJob(bench, jobOf(witness, away, tasks));
  await untilRunning(bench, jobId, tasks);
  await sleep(leadS * 1_000);
  const before = endedBy(witness, tasks);
  await cluster.master.kill("SIGKILL");
  const goneAtMs = performance.now();
  await sleep(away * 1_000);
  await cluster.master.restart();
  const backAtMs = performance.now();
  const due = endedBy(witness, tasks);
  for (;;) {
    const view = expectOk(await client.get(jobId));
    if (due.every((task) => view.tasks[task]?.attempts[0]?.state === "ended")) break;
    if (performance.now() - backAtMs > deliveryLimitMs) break;
    await sleep(10);
  }
  const deliveredMs = performance.now() - backAtMs;
  const view = await untilEnded(bench, jobId);
  const testimony = hearWitnesses(witness, dependencies(tasks));
  const faults = [...testimony.faults, ...contradictions(view, tasks)];
  if (deliveredMs > deliveryLimitMs) faults.push("not everything was delivered in time");
  return {
    awayS: (backAtMs - goneAtMs) / 1_000,
    tasks: view.tasks.length,
    endedMeanwhile: due.length - before.length,
    stillRunning: tasks - due.length,
    deliveredMs,
    starts: testimony.attempts,
    faults,
  };
}

/** The first half runs while the master is away, the second half follows it. */
function jobOf(witness: string, awayS: number, tasks: number) {
  const script = `say() { echo "$1 $(date +%s.%N) $ALMANAC_ATTEMPT" >>"$WITNESS/$ALMANAC_TASK_NAME"; }
say start; sleep "$SECONDS_LONG"; say end; exit "$CODE"`;
  const template = benchTemplate(shell(script), awayS * 500, { idempotent: false });
  const environments = Array.from({ length: 2 * tasks }, (_, i) => {
    const seconds = i < tasks ? 1 + ((leadS + awayS * 1.1 + tailS) * i) / tasks : 0;
    const code = i < tasks ? exitCodeOf(i) : 0;
    return { WITNESS: witness, SECONDS_LONG: seconds.toFixed(2), CODE: String(code) };
  });
  const edges = Array.from({ length: tasks }, (_, from): Edge => {
    return { from, to: tasks + from, on: "done" };
  });
  return benchJob("away", template, environments, edges);
}

function dependencies(tasks: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (let task = 0; task < tasks; task += 1) {
    found.set(`t${task}`, []).set(`t${tasks + task}`, [`t${task}`]);
  }
  return found;
}

async function untilRunning({ client }: Bench, jobId: string, tasks: number): Promise<void> {
  for (;;) {
    const { tasks: all } = expectOk(await client.get(jobId));
    const begun = all.slice(0, tasks).map(({ attempts }) => attempts[0]?.startedAtMs ?? null);
    if (!begun.includes(null)) return;
    await sleep(20);
  }
}

/** Tasks of the first half whose programs have said that they are at their end. */
function endedBy(witness: string, tasks: number): number[] {
  return Array.from({ length: tasks }, (_, task) => task).filter((task) =>
    readFileSync(join(witness, `t${task}`), "utf8").includes("end "),
  );
}

/** Where the master's account is not what the tasks were told to do. */
function contradictions(view: JobView, tasks: number): string[] {
  return view.tasks.flatMap(({ name, attempts }, task) => {
    if (attempts.length !== 1) return [`${name} has ${attempts.length} attempts`];
    const outcome = attempts[0]?.outcome;
    const code = task < tasks ? exitCodeOf(task) : 0;
    if (outcome?.kind === "exited" && outcome.exitCode === code) return [];
    return [`${name} ended as ${JSON.stringify(outcome)}, it exited with ${code}`];
  });
}
