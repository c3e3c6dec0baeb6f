/** Jobs as benches need them, with everything they do not care about filled in. */
import { bareEntry, bareJob } from "../core/bare-job.js";
import type { Edge, JobSpec, Program, TaskTemplate } from "../core/job.js";
import { noResources } from "../core/resources.js";
import type { JobView } from "../core/views.js";
import { type Bench, expectOk } from "./cluster.js";

export const argv = (...argumentsOfProgram: readonly string[]): Program => ({
  kind: "argv",
  argv: argumentsOfProgram,
});

export const shell = (script: string): Program => ({ kind: "script", shell: ["/bin/sh"], script });

export const benchTemplate = (
  program: Program,
  estimateMs: number,
  change: Partial<TaskTemplate> = {},
): TaskTemplate => ({
  name: "task",
  driver: "process",
  command: { program, env: {}, workingDirectory: null, stdin: null, options: null },
  resources: { ...noResources, cpuMillis: 1_000, memoryBytes: 16 * 2 ** 20 },
  gpu: null,
  pools: {},
  constraints: [],
  priority: 0,
  deadlineAtMs: null,
  estimate: { p50Ms: estimateMs, p90Ms: Math.round(estimateMs * 1.2) },
  retry: { attemptsMax: 1, backoffMs: 1_000, backoffMaxMs: 60_000 },
  timeoutMs: null,
  killGraceMs: 1_000,
  onLost: { kind: "keep" },
  idempotent: true,
  scheduledAtMs: null,
  maxConcurrent: null,
  logBytesMax: 65_536,
  metadata: {},
  ...change,
});

/** Of one template; `environments` holds one entry for each task. */
export function benchJob(
  name: string,
  template: TaskTemplate,
  environments: readonly Readonly<Record<string, string>>[],
  edges: readonly Edge[] = [],
): JobSpec {
  const tasks = environments.map((env, index) => bareEntry(`t${index}`, 0, env));
  return bareJob({ name, namespace: "default", templates: [template], tasks, edges });
}

export async function submitJob({ client }: Bench, spec: JobSpec): Promise<string> {
  return expectOk(await client.submit({ spec, idempotencyKey: "", dryRun: false })).jobId;
}

/** Asks now and then; a master that is away for a while is waited for. */
export async function untilEnded(
  { client }: Bench,
  jobId: string,
  everyMs = 500,
): Promise<JobView> {
  for (;;) {
    const summary = await client.getSummary(jobId);
    if (summary.ok && summary.value.state !== "running") return expectOk(await client.get(jobId));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
