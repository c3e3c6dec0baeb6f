import { describe, expect, test } from "vitest";
import { type Edge, type JobSpec, jobLimits, type TaskTemplate } from "./job.js";
import { validateJob } from "./validate-job.js";
import { violationsMax } from "./violations.js";

const template: TaskTemplate = {
  name: "t",
  driver: "process",
  command: {
    program: { kind: "argv", argv: ["true"] },
    env: {},
    workingDirectory: null,
    stdin: null,
    options: null,
  },
  resources: { cpuMillis: 1000, memoryBytes: 1, diskBytes: 0, networkBps: 0, custom: {} },
  gpu: null,
  pools: {},
  constraints: [],
  priority: 0,
  deadlineAtMs: null,
  estimate: null,
  retry: { attemptsMax: 1, backoffMs: 0, backoffMaxMs: 0 },
  timeoutMs: null,
  killGraceMs: 0,
  onLost: { kind: "keep" },
  idempotent: false,
  scheduledAtMs: null,
  maxConcurrent: null,
  logBytesMax: 0,
  metadata: {},
};

function job(
  names: readonly string[],
  edges: readonly (readonly [number, number])[] = [],
  more: Partial<JobSpec> = {},
): JobSpec {
  return {
    name: "j",
    namespace: "default",
    templates: [template],
    tasks: names.map((name) => ({ name, template: 0, env: {}, estimate: null, inputBytes: null })),
    edges: edges.map(([from, to]): Edge => ({ from, to, on: "success" })),
    after: [],
    timeoutMs: null,
    deadlineAtMs: null,
    objective: null,
    metadata: {},
    ...more,
  };
}

const withTemplate = (more: Partial<TaskTemplate>): JobSpec =>
  job(["a"], [], { templates: [{ ...template, ...more }] });
const withResources = (more: Partial<TaskTemplate["resources"]>): JobSpec =>
  withTemplate({ resources: { ...template.resources, ...more } });
const withCommand = (more: Partial<TaskTemplate["command"]>): JobSpec =>
  withTemplate({ command: { ...template.command, ...more } });
const argv = (values: readonly string[]): JobSpec =>
  withCommand({ program: { kind: "argv", argv: values } });
const lines = (spec: JobSpec): string[] =>
  validateJob(spec).map(({ field, message }) => `${field}: ${message}`);

describe("a job is refused for", () => {
  test.each<[string, JobSpec, string]>([
    ["no task", job([]), "tasks: a job needs at least one task"],
    [
      "a duplicate name",
      job(["a", "b", "a"]),
      "tasks[2].name: duplicate name `a`: tasks[0] has it already",
    ],
    ["a name with a slash", job(["a/b"]), "tasks[0].name: task name `a/b` must be"],
    ["a name that is a path", job([".."]), "tasks[0].name: task name `..` must be"],
    [
      "an unknown template",
      job(["a"], [], { templates: [] }),
      "tasks[0].template: there is no template 0",
    ],
    [
      "an unknown dependency",
      job(["a"], [[7, 0]]),
      "edges[0].from: unknown dependency: there is no task 7",
    ],
    ["a fractional index", job(["a", "b"], [[0.5, 1]]), "edges[0].from: unknown dependency"],
    ["a dependency on itself", job(["a"], [[0, 0]]), "edges[0]: `a` depends on itself"],
    [
      "a dependency given twice",
      job(
        ["a", "b"],
        [
          [0, 1],
          [0, 1],
        ],
      ),
      "edges[1]: `b` depends on `a` twice",
    ],
    [
      "a cycle, by the names of its tasks",
      job(
        ["a", "b", "c", "d"],
        [
          [0, 1],
          [1, 2],
          [2, 1],
          [2, 3],
        ],
      ),
      "edges: dependency cycle: ",
    ],
    ["a reserved name", job(["a"], [], { name: "latest" }), "name: `latest` is reserved"],
    [
      "an odd namespace",
      job(["a"], [], { namespace: "Up" }),
      "namespace: must be 1 to 63 lower-case",
    ],
    [
      "an objective without weight",
      job(["a"], [], { objective: { makespan: 0, flow: 0, tardiness: 0, moves: 1, cost: 0 } }),
      "objective: one of makespan",
    ],
    [
      "a negative weight",
      job(["a"], [], { objective: { makespan: -1, flow: 1, tardiness: 0, moves: 0, cost: 0 } }),
      "objective.makespan: must be a number from 0",
    ],
    [
      "an odd job to wait for",
      job(["a"], [], { after: [{ jobId: "", on: "success" }] }),
      "after[0].jobId: must be a job id",
    ],
    [
      "zero cpu",
      withResources({ cpuMillis: 0 }),
      "templates[0].resources.cpuMillis: must be a whole number of thousandths of a core above 0, not 0",
    ],
    ["negative cpu", withResources({ cpuMillis: -1 }), "templates[0].resources.cpuMillis"],
    ["fractional cpu", withResources({ cpuMillis: 0.5 }), "templates[0].resources.cpuMillis"],
    [
      "cpu that is no number",
      withResources({ cpuMillis: Number.NaN }),
      "templates[0].resources.cpuMillis",
    ],
    ["zero memory", withResources({ memoryBytes: 0 }), "templates[0].resources.memoryBytes"],
    ["negative disk", withResources({ diskBytes: -1 }), "templates[0].resources.diskBytes"],
    [
      "infinite network",
      withResources({ networkBps: Number.POSITIVE_INFINITY }),
      "templates[0].resources.networkBps",
    ],
    ["a zero amount", withResources({ custom: { fpga: 0 } }), "templates[0].resources.custom.fpga"],
    [
      "a custom amount of a known name",
      withResources({ custom: { memory: 1 } }),
      "is not a custom resource",
    ],
    ["a zero pool", withTemplate({ pools: { licence: 0 } }), "templates[0].pools.licence"],
    [
      "no device",
      withTemplate({ gpu: { kind: "whole", count: 0, type: null, memoryBytes: 0 } }),
      "templates[0].gpu.count",
    ],
    [
      "more than one device as a share",
      withTemplate({ gpu: { kind: "share", thousandths: 1001, type: null, memoryBytes: 0 } }),
      "templates[0].gpu.thousandths",
    ],
    [
      "no attempt",
      withTemplate({ retry: { attemptsMax: 0, backoffMs: 0, backoffMaxMs: 0 } }),
      "templates[0].retry.attemptsMax",
    ],
    [
      "a backoff above its limit",
      withTemplate({ retry: { attemptsMax: 1, backoffMs: 2, backoffMaxMs: 1 } }),
      "templates[0].retry.backoffMaxMs",
    ],
    ["a zero timeout", withTemplate({ timeoutMs: 0 }), "templates[0].timeoutMs"],
    [
      "a p90 below p50",
      withTemplate({ estimate: { p50Ms: 2, p90Ms: 1 } }),
      "templates[0].estimate.p90Ms",
    ],
    [
      "a zero estimate",
      withTemplate({ estimate: { p50Ms: 0, p90Ms: 1 } }),
      "templates[0].estimate.p50Ms",
    ],
    [
      "an operator with too many values",
      withTemplate({ constraints: [{ label: "a", operator: "=", values: ["1", "2"] }] }),
      "`a =` takes 1 values, not 2",
    ],
    ["an empty command", argv([]), "templates[0].command.argv: must name a program"],
    [
      "a NUL in an argument",
      argv(["a", "b\0"]),
      "templates[0].command.argv[1]: must not contain a NUL",
    ],
    [
      "a relative directory",
      withCommand({ workingDirectory: "x" }),
      "templates[0].command.workingDirectory",
    ],
    [
      "a variable of the worker",
      withCommand({ env: { ALMANAC_TASK_ID: "x" } }),
      "is set by the worker",
    ],
    [
      "a variable that is none",
      withCommand({ env: { "a=b": "x" } }),
      "cannot name an environment variable",
    ],
    [
      "templates of one name that disagree",
      job(["a"], [], { templates: [template, { ...template, maxConcurrent: 2 }] }),
      "templates[1].maxConcurrent: other templates named `t` say no limit",
    ],
  ])("%s", (_, spec, expected) => {
    expect(lines(spec).join("\n")).toContain(expected);
  });
});

describe("each limit holds at the limit and not one past it", () => {
  const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `t${i}`);
  const entries = (count: number): Record<string, string> =>
    Object.fromEntries(many(count).map((name) => [name, "x"]));
  const star = (count: number): JobSpec =>
    job(
      many(count + 1),
      many(count).map((_, i) => [i + 1, 0] as const),
    );

  test.each<[string, (past: number) => JobSpec, number]>([
    ["name length", (past) => job(["a".repeat(jobLimits.nameLength + past)]), jobLimits.nameLength],
    [
      "dependencies of one task",
      (past) => star(jobLimits.dependenciesPerTask + past),
      jobLimits.dependenciesPerTask,
    ],
    ["tasks", (past) => job(many(jobLimits.tasks + past)), jobLimits.tasks],
    ["arguments", (past) => argv(many(jobLimits.argvLength + past)), jobLimits.argvLength],
    [
      "bytes of arguments",
      (past) => argv(["x".repeat(jobLimits.argvBytes - 1 + past)]),
      jobLimits.argvBytes,
    ],
    [
      "bytes of script",
      (past) =>
        withCommand({
          program: {
            kind: "script",
            shell: ["sh"],
            script: "x".repeat(jobLimits.scriptBytes + past),
          },
        }),
      jobLimits.scriptBytes,
    ],
    [
      "bytes of standard input",
      (past) => withCommand({ stdin: "x".repeat(jobLimits.stdinBytes + past) }),
      jobLimits.stdinBytes,
    ],
    [
      "environment variables",
      (past) => withCommand({ env: entries(jobLimits.envEntries + past) }),
      jobLimits.envEntries,
    ],
    [
      "bytes of environment",
      (past) => withCommand({ env: { A: "x".repeat(jobLimits.envBytes - 3 + past) } }),
      jobLimits.envBytes,
    ],
    [
      "metadata entries",
      (past) => withTemplate({ metadata: entries(jobLimits.metadataEntries + past) }),
      jobLimits.metadataEntries,
    ],
    [
      "bytes of metadata",
      (past) => withTemplate({ metadata: { a: "x".repeat(jobLimits.metadataBytes - 1 + past) } }),
      jobLimits.metadataBytes,
    ],
    [
      "constraints",
      (past) =>
        withTemplate({
          constraints: many(jobLimits.constraints + past).map((label) => ({
            label,
            operator: "exists",
            values: [],
          })),
        }),
      jobLimits.constraints,
    ],
    [
      "custom resources",
      (past) =>
        withResources({
          custom: Object.fromEntries(
            many(jobLimits.customResources + past).map((name) => [name, 1]),
          ),
        }),
      jobLimits.customResources,
    ],
    [
      "attempts",
      (past) =>
        withTemplate({
          retry: { attemptsMax: jobLimits.attempts + past, backoffMs: 0, backoffMaxMs: 0 },
        }),
      jobLimits.attempts,
    ],
    [
      "bytes of logs",
      (past) => withTemplate({ logBytesMax: jobLimits.logBytes + past }),
      jobLimits.logBytes,
    ],
    [
      "jobs waited for",
      (past) =>
        job(["a"], [], {
          after: many(jobLimits.jobDependencies + past).map((jobId) => ({ jobId, on: "done" })),
        }),
      jobLimits.jobDependencies,
    ],
    [
      "templates",
      (past) => job(["a"], [], { templates: Array(jobLimits.templates + past).fill(template) }),
      jobLimits.templates,
    ],
  ])("%s", (_, make, limit) => {
    expect(validateJob(make(0))).toEqual([]);
    expect(validateJob(make(1)).map((violation) => violation.limit)).toEqual([limit]);
  });

  test("dependencies: a million are judged in moderate time, one more is refused unseen", () => {
    const count = 2000;
    const edges: (readonly [number, number])[] = [];
    for (let to = 1; to < count && edges.length < jobLimits.edges; to++) {
      for (let from = 0; from < to && edges.length < jobLimits.edges; from++)
        edges.push([from, to]);
    }
    expect(validateJob(job(many(count), edges))).toEqual([]);
    expect(validateJob(job(many(count), [...edges, [0, 1]]))).toMatchObject([
      { field: "edges", limit: jobLimits.edges },
    ]);
  });
});

describe("violations", () => {
  test("are at most fifty, so that a hostile job makes no large answer", () => {
    expect(validateJob(job(Array(1000).fill("a b")))).toHaveLength(violationsMax);
  });

  test("show no control characters and no long texts of the input", () => {
    const [first] = validateJob(job([`\u001b[31m${"x".repeat(90)}`]));
    expect(first?.message).toContain("`\\u001b[31mxxx");
    expect(first?.message.length).toBeLessThan(200);
  });
});
