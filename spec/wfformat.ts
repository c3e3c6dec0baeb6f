/**
 * Imports a recorded workflow: WfCommons WfFormat, schema 1.5 (https://wfcommons.org/format). Each
 * recorded task becomes a real process that spends its recorded runtime × `timeScale`, reads and
 * writes files of its recorded sizes × `sizeScale`, and waits for its recorded parents. One more
 * task, `stage-in`, first writes the files that the workflow reads but no task produces.
 *
 * Files are named by number below the data directory: recorded names are paths and URLs of other
 * machines, and thousands of them would not fit in an environment variable.
 */
import { bareJob } from "../core/bare-job.js";
import type { Edge, JobSpec, OnLost, TaskEntry, TaskTemplate } from "../core/job.js";
import { fail, ok, type Result, type Violation } from "../core/result.js";
import { validateJob } from "../core/validate-job.js";
import { readJson } from "./json-source.js";
import { taskDefaults } from "./lower.js";
import { sourceError } from "./source.js";
import { uniqueNames } from "./unique-names.js";
import { readWorkflow, type Workflow, type WorkflowTask } from "./wfformat-read.js";
import { wfScript } from "./wfformat-script.js";

export const wfLoads = ["cpu", "sleep"] as const;

export interface WfOptions {
  /** Name of the instance, for messages and as the job's name. */
  readonly source: string;
  /** Seconds spent per recorded second. */
  readonly timeScale: number;
  /** Bytes per recorded byte; the time scale if absent. */
  readonly sizeScale?: number;
  readonly load: (typeof wfLoads)[number];
  /** Absolute path, shared by all workers, one for each submission. */
  readonly dataDirectory: string;
  /** Per task; absent: 1000 per recorded core. */
  readonly cpuMillis?: number;
  readonly memoryBytes?: number;
  readonly onLost?: OnLost;
}

const stageIn = "stage-in";
const defaultMemoryBytes = 32 * 1024 * 1024;
/** What starting a stage-in and writing its files takes: 20 ms, and a second per gigabyte. */
const stageInMs = (bytes: number): number => Math.ceil(20 + bytes / 1e6);

export function importWfFormat(text: string, options: WfOptions): Result<JobSpec> {
  const wrong = optionProblem(options);
  if (wrong !== null) return fail("invalid_argument", wrong.message, [wrong]);
  const json = readJson(text);
  if (json === null) {
    const message = `${options.source}: is no JSON, so no WfFormat instance`;
    return fail("invalid_argument", message, [{ field: "", message, line: 1 }]);
  }
  if (json.violations.length > 0) return refuse(options.source, json.violations);
  const workflow = readWorkflow(json.data, json.lineOf);
  if (!workflow.ok) return refuse(options.source, workflow.error);
  const spec = jobOf(workflow.value, options);
  const violations = validateJob(spec);
  return violations.length > 0 ? refuse(options.source, violations) : ok(spec);
}

function jobOf(workflow: Workflow, options: WfOptions): JobSpec {
  const sizeScale = options.sizeScale ?? options.timeScale;
  const bytesOf = (file: number): number => Math.ceil((workflow.fileBytes[file] ?? 0) * sizeScale);
  const outputs = (files: readonly number[]): string =>
    files.map((file) => `${file}:${bytesOf(file)}`).join(" ");
  const names = uniqueNames([stageIn, ...workflow.tasks.map((task) => task.id)]);
  const templates = new Map<string, TaskTemplate>();
  const templateIndex = new Map<string, number>();
  const templateOf = (name: string, cores: number): number => {
    const key = `${name}/${cores}`;
    const known = templateIndex.get(key);
    if (known !== undefined) return known;
    templates.set(key, templateFor(name, cores, options));
    templateIndex.set(key, templates.size - 1);
    return templates.size - 1;
  };
  const external = workflow.externalFiles;
  const externalBytes = external.reduce((sum, file) => sum + bytesOf(file), 0);
  const stageInEstimate = stageInMs(externalBytes);
  const tasks: TaskEntry[] = [
    {
      name: stageIn,
      template: templateOf(stageIn, 1),
      env: {
        WF_TASK: stageIn,
        WF_FIRST: "1",
        WF_MILLIS: "0",
        WF_INPUTS: "",
        WF_OUTPUTS: outputs(external),
      },
      estimate: { p50Ms: stageInEstimate, p90Ms: stageInEstimate * 2 },
      inputBytes: null,
    },
  ];
  const edges: Edge[] = [];
  workflow.tasks.forEach((task, i) => {
    const runMs = Math.max(1, Math.round(task.runtimeS * 1000 * options.timeScale));
    const name = names[i + 1] ?? task.id;
    tasks.push({
      name,
      template: templateOf(task.category, task.cores),
      env: {
        WF_TASK: name,
        WF_MILLIS: String(runMs),
        WF_INPUTS: task.inputs.join(" "),
        WF_OUTPUTS: outputs(task.outputs),
      },
      estimate: { p50Ms: runMs, p90Ms: recordedP90(runMs) },
      inputBytes: task.inputs.reduce((sum, file) => sum + bytesOf(file), 0),
    });
    for (const from of parentsOf(task)) edges.push({ from, to: i + 1, on: "success" });
  });
  const name = jobName(options.source);
  const templatesUsed = [...templates.values()];
  return {
    ...bareJob({ name, namespace: "default", templates: templatesUsed, tasks, edges }),
    metadata: {
      "wfformat.name": workflow.name.slice(0, 200),
      "wfformat.timeScale": String(options.timeScale),
      "wfformat.sizeScale": String(sizeScale),
      "wfformat.load": options.load,
      "wfformat.dataDirectory": options.dataDirectory,
    },
  };
}

/** A recorded runtime repeats closely; what varies is the start of processes. */
const recordedP90 = (runMs: number): number => Math.ceil(runMs * 1.05) + 10;

/** Indices in the job, where stage-in is 0: roots wait for it, all others for their parents. */
const parentsOf = (task: WorkflowTask): readonly number[] =>
  task.parents.length === 0 ? [0] : task.parents.map((parent) => parent + 1);

function templateFor(name: string, cores: number, options: WfOptions): TaskTemplate {
  return {
    name,
    driver: "process",
    command: {
      program: { kind: "argv", argv: ["/bin/sh", "-c", wfScript] },
      env: { WF_DIR: options.dataDirectory, WF_LOAD: options.load },
      workingDirectory: null,
      stdin: null,
      options: null,
    },
    resources: {
      cpuMillis: options.cpuMillis ?? cores * 1000,
      memoryBytes: options.memoryBytes ?? defaultMemoryBytes,
      diskBytes: 0,
      networkBps: 0,
      custom: {},
    },
    gpu: null,
    pools: {},
    constraints: [],
    priority: 0,
    deadlineAtMs: null,
    estimate: null,
    retry: { attemptsMax: 5, backoffMs: 500, backoffMaxMs: 10_000 },
    timeoutMs: null,
    killGraceMs: 1_000,
    onLost: options.onLost ?? { kind: "stop", afterMs: 5_000 },
    idempotent: false,
    scheduledAtMs: null,
    maxConcurrent: null,
    logBytesMax: Math.min(64 * 1024, taskDefaults.logBytesMax),
    metadata: {},
  };
}

/** `…/blast-small-001.json.gz` → `blast-small-001`. */
function jobName(source: string): string {
  const base = source.slice(source.lastIndexOf("/") + 1).replace(/(\.json)?(\.gz)?$/, "");
  return uniqueNames([base])[0] ?? "workflow";
}

function optionProblem(options: WfOptions): Violation | null {
  const scaleMax = 1000;
  for (const field of ["timeScale", "sizeScale"] as const) {
    const scale = options[field];
    if (scale === undefined) continue;
    const low = field === "timeScale" ? scale > 0 : scale >= 0;
    if (!(low && scale <= scaleMax)) {
      const message = `${field} must be a number above 0, at most ${scaleMax}, not ${scale}`;
      return { field, message, limit: scaleMax };
    }
  }
  if (!options.dataDirectory.startsWith("/") || /[\0\n]/.test(options.dataDirectory)) {
    return { field: "dataDirectory", message: "dataDirectory must be an absolute path" };
  }
  return null;
}

function refuse(name: string, violations: readonly Violation[]): Result<never> {
  const limits = violations.every((violation) => violation.limit !== undefined);
  const code = limits ? "limit_exceeded" : "invalid_argument";
  return { ok: false, error: sourceError(name, violations, code) };
}
