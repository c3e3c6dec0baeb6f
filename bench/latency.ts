/**
 * Two latencies a user feels: from the submission of a large graph to its first adopted plan, and
 * from a task becoming ready to its process running. Measured on real processes: a master, a
 * planner and workers of their own, with the journal on disk.
 */
import { Command } from "@commander-js/extra-typings";
import type { JobSpec } from "../core/job.js";
import { type Bench, expectOk, withCluster } from "./cluster.js";
import { argv, benchJob, benchTemplate } from "./jobs.js";
import { printTable, quantile, round, writeJson } from "./report.js";

export const latencyBench = () =>
  new Command("latency")
    .description("submission to first plan, and ready to running, on an idle machine")
    .option("--tasks <n>", "tasks of the graph that is planned", Number, 1_000)
    .option("--repeat <n>", "how often the graph is submitted", Number, 10)
    .option("--chain <n>", "tasks of the chain whose launches are timed", Number, 300)
    .option("--json <file>", "write the figures here")
    .action(async ({ tasks, repeat, chain, json }) => {
      const workers = [{ name: "a", cpu: "1", speed: 1 }];
      const figures = await withCluster({ workers }, async (bench) => ({
        chain: await timeChain(bench, chain),
        plan: await timePlans(bench, tasks, repeat),
      }));
      const rows = [
        summary(`ready to running, ${chain} tasks in a chain`, figures.chain),
        summary(`submission to first adopted plan, ${tasks} tasks`, figures.plan),
      ];
      printTable("latency, milliseconds", rows);
      writeJson(json, { rows, ...figures });
    });

const summary = (what: string, valuesMs: readonly number[]) => ({
  what,
  n: valuesMs.length,
  median: round(quantile(valuesMs, 0.5)),
  p90: round(quantile(valuesMs, 0.9)),
  p99: round(quantile(valuesMs, 0.99)),
  max: round(Math.max(...valuesMs)),
});

/** Each task of a chain becomes ready when the one before has been reported. */
async function timeChain({ client }: Bench, length: number): Promise<number[]> {
  const spec = graph("chain", length, 50, (i) => (i === 0 ? [] : [i - 1]), ["true"]);
  const { jobId } = expectOk(await client.submit({ spec, idempotencyKey: "", dryRun: false }));
  for (;;) {
    const { summary: job, tasks } = expectOk(await client.get(jobId));
    if (job.state === "running") {
      await new Promise((resolve) => setTimeout(resolve, 500));
      continue;
    }
    if (job.state !== "succeeded") throw new Error(`the chain ${job.state}`);
    return tasks.map((task) => {
      const startedAtMs = task.attempts[0]?.startedAtMs ?? Number.NaN;
      return startedAtMs - (task.readyAtMs ?? Number.NaN);
    });
  }
}

/** A layered graph, cancelled as soon as a plan for it has been adopted. */
async function timePlans({ client }: Bench, tasks: number, repeat: number): Promise<number[]> {
  const width = 40;
  const predecessors = (i: number): number[] =>
    i < width ? [] : [i - width, i - width + ((i * 7) % width === 0 ? 0 : 1)].filter((p) => p < i);
  const spec = graph("layers", tasks, 60_000, predecessors, ["sleep", "60"]);
  const timesMs: number[] = [];
  for (let run = 0; run < repeat; run++) {
    const startedMs = performance.now();
    const { jobId } = expectOk(await client.submit({ spec, idempotencyKey: "", dryRun: false }));
    // The plan is asked for rather than watched: every task of the job must stand in it.
    for (;;) {
      const plan = expectOk(await client.plan(jobId));
      if (plan.entries.length === tasks) break;
    }
    timesMs.push(performance.now() - startedMs);
    expectOk(await client.cancel(jobId, "", "measured"));
  }
  return timesMs;
}

function graph(
  name: string,
  tasks: number,
  estimateMs: number,
  predecessors: (task: number) => readonly number[],
  program: readonly string[],
): JobSpec {
  const indices = Array.from({ length: tasks }, (_, i) => i);
  const edges = indices.flatMap((to) =>
    [...new Set(predecessors(to))].map((from) => ({ from, to, on: "success" as const })),
  );
  const template = benchTemplate(argv(...program), estimateMs);
  const environments = indices.map(() => ({}));
  return benchJob(name, template, environments, edges);
}
