/** Small jobs and workers for tests: everything valid, nothing special, changed where it matters. */
import { bareEntry, bareJob } from "../bare-job.js";
import type { Edge, JobSpec, TaskTemplate } from "../job.js";
import { noResources, type Resources } from "../resources.js";
import type { WorkerFacts } from "../worker.js";

export const resources = (cpuMillis: number, memoryBytes = 2 ** 20): Resources => ({
  ...noResources,
  cpuMillis,
  memoryBytes,
});

export const workerFacts = (name: string): WorkerFacts => ({
  name,
  hostname: "host",
  capacity: { ...resources(1_000, 2 ** 30), diskBytes: 2 ** 30 },
  devices: [],
  labels: {},
  drivers: [{ name: "process", cpuLimit: "not_enforced", memoryLimit: "not_enforced" }],
  unavailableDrivers: [],
  speed: 1,
  softwareVersion: "test",
});

export function template(name: string, change: Partial<TaskTemplate> = {}): TaskTemplate {
  return {
    name,
    driver: "process",
    command: {
      program: { kind: "argv", argv: ["true"] },
      env: {},
      workingDirectory: null,
      stdin: null,
      options: null,
    },
    resources: resources(1_000),
    gpu: null,
    pools: {},
    constraints: [],
    priority: 0,
    deadlineAtMs: null,
    estimate: { p50Ms: 1_000, p90Ms: 1_500 },
    retry: { attemptsMax: 1, backoffMs: 1_000, backoffMaxMs: 60_000 },
    timeoutMs: null,
    killGraceMs: 5_000,
    onLost: { kind: "keep" },
    idempotent: false,
    scheduledAtMs: null,
    maxConcurrent: null,
    logBytesMax: 1_000_000,
    metadata: {},
    ...change,
  };
}

/** One task per template, named like it; edges as `a -> b` or `a -failure> b`. */
export function job(templates: readonly TaskTemplate[], edges: readonly string[] = []): JobSpec {
  const index = (name: string): number => templates.findIndex((t) => t.name === name);
  return bareJob({
    name: "test",
    namespace: "default",
    templates,
    tasks: templates.map(({ name }, i) => bareEntry(name, i)),
    edges: edges.map((text): Edge => {
      const match = /^(\S+) -(success|failure|done)?> (\S+)$/.exec(text);
      const [, from = "", on = "success", to = ""] = match ?? [];
      return { from: index(from), to: index(to), on: on as Edge["on"] };
    }),
  });
}
