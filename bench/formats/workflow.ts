/**
 * Recorded workflows (WfFormat 1.5) on a cluster that a file describes: tasks take their recorded
 * cores for their recorded runtime over the speed of the node, and what a parent wrote for a child
 * travels between nodes where the cluster says how fast. Ticks are milliseconds, values seconds.
 */
import { z } from "zod";
import { ProblemBuilder } from "../../core/problem-builder.js";
import { readJson } from "../../spec/json-source.js";
import { readWorkflow, type Workflow } from "../../spec/wfformat-read.js";
import type { Read } from "./instance.js";
import { FormatError } from "./numbers.js";

const clusterSchema = z.strictObject({
  nodes: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        cores: z.number().int().min(1).max(100_000),
        /** Recorded seconds of work in a second. */
        speed: z.number().min(0.01).max(1000).default(1),
        /** So many nodes alike, called `name-0`, `name-1` and so on. */
        count: z.number().int().min(1).max(10_000).optional(),
      }),
    )
    .min(1),
  /** Absent: data travels in no time. */
  mibPerSecond: z.number().positive().optional(),
  latencyMs: z.number().int().min(0).default(0),
});

export type ClusterFile = z.output<typeof clusterSchema>;

/** Four nodes of four cores, on a network of which the recorded runtimes know already. */
export const defaultCluster: ClusterFile = {
  nodes: [{ name: "node", cores: 4, speed: 1, count: 4 }],
  latencyMs: 0,
};

export function readCluster(text: string): ClusterFile {
  const parsed = clusterSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new FormatError(`cluster file: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

export function readRecordedWorkflow(text: string, cluster: ClusterFile): Read {
  const json = readJson(text);
  if (json === null) throw new FormatError("no JSON, so no WfFormat instance");
  const workflow = readWorkflow(json.data, json.lineOf);
  if (!workflow.ok) {
    const first = workflow.error[0];
    throw new FormatError(`${first?.field ?? ""}: ${first?.message ?? "no WfFormat instance"}`);
  }
  return problemOf(workflow.value, cluster);
}

function problemOf(workflow: Workflow, cluster: ClusterFile): Read {
  const builder = new ProblemBuilder({ dimensions: ["cores"], tickMs: 1, horizon: 2 ** 29 });
  const worker: string[] = [];
  cluster.nodes.forEach(({ name, cores, count }, of) => {
    for (let index = 0; index < (count ?? 1); index++) {
      const id = count === undefined ? name : `${name}-${index}`;
      worker.push(id);
      builder.addWorker({ id, class: of, capacity: [cores] });
    }
  });
  const { mibPerSecond, latencyMs } = cluster;
  if (mibPerSecond !== undefined) {
    builder.setLinks([latencyMs], [Math.ceil((1024 * 1000) / mibPerSecond)]);
  }
  const coresMax = Math.max(...cluster.nodes.map(({ cores }) => cores));
  let options = 0;
  for (const { id, runtimeS, cores } of workflow.tasks) {
    // Recorded on larger nodes than there may be here.
    const demand = [Math.min(coresMax, Math.max(1, Math.ceil(cores)))];
    const rows = cluster.nodes.flatMap((node, of) =>
      node.cores < (demand[0] ?? 0)
        ? []
        : [{ class: of, duration: Math.max(1, Math.ceil((runtimeS * 1000) / node.speed)), demand }],
    );
    options += rows.length;
    builder.addTask({ id, options: rows });
  }
  const kib = sizes(workflow, mibPerSecond !== undefined);
  workflow.tasks.forEach(({ parents }, to) => {
    for (const from of parents) builder.addEdge(from, to, { kib: kib(from, to) });
  });
  const names = {
    task: workflow.tasks.map(({ id }) => id),
    worker,
    mode: new Array<number>(options).fill(1),
    milestoneWorkers: new Map(),
  };
  return { problem: builder.build(), names };
}

/** What a parent wrote for a child, rounded up. */
function sizes({ tasks, fileBytes }: Workflow, travels: boolean) {
  const written = tasks.map(({ outputs }) => new Set(travels ? outputs : []));
  return (from: number, to: number): number => {
    const files = (tasks[to]?.inputs ?? []).filter((file) => written[from]?.has(file) === true);
    return Math.ceil(files.reduce((sum, file) => sum + (fileBytes[file] ?? 0), 0) / 1024);
  };
}
