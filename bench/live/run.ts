/** One recorded workflow through a real cluster, judged from the outside. */

import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { JobSpec } from "../../core/job.js";
import { decompress } from "../../spec/read-source.js";
import { importWfFormat, type WfOptions } from "../../spec/wfformat.js";
import { type Bench, expectOk, withCluster } from "../cluster.js";
import { untilEnded } from "../jobs.js";
import { type Fault, inflict } from "./faults.js";
import { hearWitnesses, type Testimony } from "./witness.js";

export interface LiveOptions {
  readonly file: string;
  readonly timeScale: number;
  readonly sizeScale: number;
  readonly load: WfOptions["load"];
  readonly workers: number;
  /** Cores that each worker offers. */
  readonly cpu: number;
  /** Cpu quota of each core, so that all workers together fit into this machine. */
  readonly throttle: number;
  readonly planner: boolean;
  readonly faults: readonly Fault[];
}

export interface LiveResult {
  readonly workflow: string;
  readonly tasks: number;
  readonly state: string;
  readonly plannedMs: number;
  readonly boundMs: number;
  readonly actualMs: number;
  /** Of the first plan, at submission, by greedy placement. */
  readonly firstPlannedMs: number;
  readonly plansAdopted: number;
  readonly attempts: number;
  readonly done: readonly string[];
  readonly testimony: Testimony;
}

export async function runLive(options: LiveOptions): Promise<LiveResult> {
  const { workers, cpu, throttle, planner } = options;
  const shapes = Array.from({ length: workers }, (_, i) => ({
    name: `w${i + 1}`,
    cpu: String(cpu),
    speed: 1,
    ...(throttle < 1 ? { throttle } : {}),
  }));
  return withCluster({ workers: shapes, ...(planner ? {} : { planner: null }) }, (bench) =>
    runOn(bench, options),
  );
}

async function runOn(bench: Bench, options: LiveOptions): Promise<LiveResult> {
  const { client, cluster, directory } = bench;
  const dataDirectory = join(directory, "workflow");
  const spec = load(options, dataDirectory);
  const dry = expectOk(await client.submit({ spec, idempotencyKey: "", dryRun: true }));
  const firstPlannedMs = dry.forecast?.initialPlan?.makespanMs ?? Number.NaN;
  const { jobId } = expectOk(await client.submit({ spec, idempotencyKey: "bench", dryRun: false }));
  const submittedMs = performance.now();
  const faults = options.faults.map((fault) => {
    const delayMs = Math.max(0, fault.at * firstPlannedMs - (performance.now() - submittedMs));
    return new Promise((resolve) => setTimeout(resolve, delayMs)).then(() =>
      inflict(cluster, fault),
    );
  });
  const [view, ...done] = await Promise.all([untilEnded(bench, jobId), ...faults]);
  const status = await client.status();
  const { initialPlan, summary, tasks } = view;
  return {
    workflow: basename(options.file).replace(/\.json(\.gz)?$/, ""),
    tasks: tasks.length,
    state: summary.state,
    firstPlannedMs,
    plannedMs: initialPlan?.makespanMs ?? Number.NaN,
    boundMs: initialPlan?.boundMs ?? Number.NaN,
    actualMs: (summary.finishedAtMs ?? Number.NaN) - summary.submittedAtMs,
    plansAdopted: status.ok ? status.value.planner.plansAdopted : Number.NaN,
    attempts: tasks.reduce((sum, task) => sum + task.attempts.length, 0),
    done,
    testimony: hearWitnesses(join(dataDirectory, "witness"), dependenciesOf(spec)),
  };
}

function load(
  { file, timeScale, sizeScale, load, cpu }: LiveOptions,
  dataDirectory: string,
): JobSpec {
  const bytes = expectOk(decompress(readFileSync(file), basename(file)));
  return expectOk(
    importWfFormat(new TextDecoder().decode(bytes), {
      source: basename(file),
      timeScale,
      sizeScale,
      load,
      dataDirectory,
      cpuMillis: Math.min(1_000, cpu * 1_000),
    }),
  );
}

/** By the names under which the tasks bear witness. */
function dependenciesOf(spec: JobSpec): Map<string, string[]> {
  const witness = (task: number): string => spec.tasks[task]?.env.WF_TASK ?? "";
  const before = new Map(spec.tasks.map((_, task) => [witness(task), [] as string[]]));
  for (const { from, to } of spec.edges) before.get(witness(to))?.push(witness(from));
  return before;
}
