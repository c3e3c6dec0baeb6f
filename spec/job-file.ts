/**
 * The job file: what a user writes. Parsing lowers every amount to core's unit; arrays, matrices
 * and names are expanded afterwards (expand.ts). docs/job.md explains each key with an example,
 * and docs/job.schema.json is generated from here.
 */
import { z } from "zod";
import { constraintOperators, driverNames, edgeConditions, jobLimits } from "../core/job.js";
import { devicesPerWorkerMax, deviceThousandths } from "../core/resources.js";
import { amountMax } from "../core/validate-template.js";
import { quote } from "../core/violations.js";
import { dataSections } from "./data-section.js";
import { driverSections } from "./driver-sections.js";
import { arrayRange, matrixAxes } from "./expansion-fields.js";
import {
  bitRate,
  bytes,
  closed,
  cpu,
  duration,
  flag,
  kindOf,
  scalar,
  text,
  when,
  whole,
} from "./fields.js";
import { deadline, planningSections } from "./planning-section.js";
import { jobPolicies, retry } from "./policy-section.js";
import { secretSections } from "./secrets-section.js";

const scalars = z.record(z.string(), scalar, {
  error: (issue) => `must be a map of names to texts, not ${kindOf(issue.input)}`,
});
const amounts = z.record(z.string(), whole(1, amountMax), {
  error: (issue) => `must be a map of names to whole numbers, not ${kindOf(issue.input)}`,
});

const resources = closed({
  cpu: cpu.optional().describe("Cores: 2, 1.5 or 500m. Default 1."),
  memory: bytes(1).optional().describe("Memory: 512Mi, 2Gi, 1G. Default 256Mi."),
  disk: bytes(0).optional().describe("Scratch space on the worker's disk. Default 0."),
  network: bitRate.optional().describe("Bits per second: 100M, 1G. Default 0."),
  custom: amounts.optional().describe("Named amounts that workers offer, like fpga: 1."),
}).describe("What one attempt holds while it runs.");

const gpu = closed({
  count: whole(1, devicesPerWorkerMax).optional().describe("Whole devices."),
  share: z
    .number({ error: "must be a part of one device above 0 and at most 1, like 0.25" })
    .gt(0, { error: "must be above 0" })
    .lte(1, { error: "must be at most 1; for more than one device give count" })
    .optional()
    .describe("Part of a single device, like 0.25."),
  type: text("the name of a device type")
    .min(1)
    .max(jobLimits.nameLength)
    .optional()
    .describe("Device type; any if absent."),
  memory: bytes(0)
    .optional()
    .describe("Memory that each whole device must have, or that a share is charged."),
})
  .refine((value) => (value.count === undefined) !== (value.share === undefined), {
    error: "must have either count (whole devices) or share (part of one)",
  })
  .transform(({ count, share, type, memory }) => ({
    type: type ?? null,
    memoryBytes: memory ?? 0,
    ...(share === undefined
      ? { kind: "whole" as const, count: count ?? 1 }
      : { kind: "share" as const, thousandths: Math.ceil(share * deviceThousandths - 1e-6) }),
  }))
  .describe("GPUs: whole ones, or a share of one.");

const constraintRight =
  "a condition like `zone = eu`, `disk in ssd,nvme`, `gpu exists` or `spot absent`";
const constraint = z
  .union(
    [
      z.string(),
      closed({
        label: text("a label's name"),
        operator: z.enum(constraintOperators, {
          error: `must be one of ${constraintOperators.join(", ")}`,
        }),
        values: z.array(scalar, { error: "must be a list of values" }).optional(),
      }),
    ],
    { error: (issue) => `must be ${constraintRight}, not ${kindOf(issue.input)}` },
  )
  .transform((value, context) => {
    if (typeof value !== "string") return { ...value, values: value.values ?? [] };
    const match = /^\s*(\S+?)\s*(!=|=|\s(?:not[_ ]in|in|exists|absent)(?=\s|$))\s*(.*?)\s*$/.exec(
      value,
    );
    const operator = constraintOperators.find(
      (name) => name === match?.[2]?.trim().replace(" ", "_"),
    );
    if (match?.[1] === undefined || operator === undefined) {
      context.addIssue({
        code: "custom",
        message: `must be ${constraintRight}, not ${quote(value)}`,
      });
      return z.NEVER;
    }
    const list = match[3] ?? "";
    const single = operator === "=" || operator === "!=";
    const values = list === "" ? [] : single ? [list] : list.split(",").map((item) => item.trim());
    return { label: match[1], operator, values };
  });

const estimate = z
  .union(
    [
      duration(1),
      closed({
        p50: duration(1).describe("Half of the runs are done by then."),
        p90: duration(1).optional().describe("Nine of ten are. Default: 1.5 times p50."),
      }),
    ],
    {
      error: (issue) =>
        `must be a duration like 90s, or {p50: 1m, p90: 2m}, not ${kindOf(issue.input)}`,
    },
  )
  .transform((value, context) => {
    const p50Ms = typeof value === "number" ? value : value.p50;
    const p90Ms = (typeof value === "number" ? undefined : value.p90) ?? Math.ceil(p50Ms * 1.5);
    if (p90Ms >= p50Ms) return { p50Ms, p90Ms };
    context.addIssue({ code: "custom", path: ["p90"], message: "must be at least p50" });
    return z.NEVER;
  })
  .describe("How long a run takes on a worker of speed 1. Leave it out if you do not know.");

const onLost = z
  .union([z.literal("keep"), closed({ stop: duration(1) })], {
    error: "must be keep, or {stop: 30s}: after how long without contact the attempt is stopped",
  })
  .transform((value) =>
    value === "keep" ? { kind: "keep" as const } : { kind: "stop" as const, afterMs: value.stop },
  )
  .describe("What happens to an attempt whose worker has gone silent. Default keep.");

const condition = z.enum(edgeConditions, { error: `must be one of ${edgeConditions.join(", ")}` });

const after = z
  .array(
    z
      .union([z.string(), closed({ task: text("a task's name"), on: condition.optional() })], {
        error: "must be a task's name, or {task: name, on: success | failure | done}",
      })
      .transform((value) =>
        typeof value === "string"
          ? { task: value, on: "success" as const }
          : { task: value.task, on: value.on ?? ("success" as const) },
      ),
    { error: "must be a list of task names, like [prepare]" },
  )
  .max(jobLimits.dependenciesPerTask, {
    error: `has more than ${jobLimits.dependenciesPerTask} entries`,
  });

const commandWords = z
  .array(scalar, {
    error:
      "must be a list of the program and its arguments, like [echo, hello]; for a line of shell use script",
  })
  .min(1, { error: "must name a program" })
  .max(jobLimits.argvLength, { error: `has more than ${jobLimits.argvLength} arguments` });

/** What defaults may say of every task, and each task for itself. */
const common = {
  driver: z
    .enum(driverNames, { error: `must be one of ${driverNames.join(", ")}` })
    .optional()
    .describe("How attempts run. Default: the driver whose section is there, else process."),
  ...driverSections,
  shell: z
    .array(text("a word of the shell's command"), { error: "must be a list like [/bin/bash, -eu]" })
    .min(1, { error: "must name a shell" })
    .optional()
    .describe("What runs `script`. Default [/bin/sh, -e]."),
  env: scalars.optional().describe("Environment variables."),
  envFiles: z
    .array(text("a file's path"), { error: "must be a list of paths, relative to the job file" })
    .max(16, { error: "has more than 16 files" })
    .optional()
    .describe("Files of NAME=value lines, relative to the job file; `env` wins over them."),
  ...secretSections,
  stdin: text("the text of standard input")
    .optional()
    .describe("Text given on standard input. Default: empty."),
  workdir: text("an absolute path")
    .optional()
    .describe("Absolute path. Default: a directory of its own for each attempt."),
  resources: resources.optional(),
  gpu: gpu.optional(),
  pools: amounts
    .optional()
    .describe("Cluster-wide amounts held while an attempt is live, like licence: 1."),
  constraints: z
    .array(constraint, { error: "must be a list of conditions on labels" })
    .max(jobLimits.constraints, { error: `has more than ${jobLimits.constraints} entries` })
    .optional()
    .describe("Conditions on a worker's labels: `zone = eu`, `disk in ssd,nvme`, `gpu exists`."),
  priority: whole(-1000, 1000).optional().describe("Higher is more urgent. Default 0."),
  deadline: deadline.optional(),
  estimate: estimate.optional(),
  retry: retry.optional(),
  timeout: duration(1).optional().describe("Limit of one attempt's run."),
  killGrace: duration(0, 3_600_000).optional().describe("Between SIGTERM and SIGKILL. Default 5s."),
  onLost: onLost.optional(),
  idempotent: flag
    .optional()
    .describe("May run twice without harm: a lost attempt is replaced at once. Default false."),
  scheduledAt: when
    .optional()
    .describe("Not started before: a time, or a duration from submission."),
  maxConcurrent: whole(1, jobLimits.tasks)
    .optional()
    .describe("At most this many of the task's elements run at once."),
  logLimit: bytes(0, jobLimits.logBytes)
    .optional()
    .describe("Kept of each of stdout and stderr, of each attempt. Default 16Mi."),
  metadata: scalars.optional().describe("Texts of your own, kept and shown."),
};

/** What a mode says is said instead of the task, or beside it where that is a map or a list. */
const modeShape = {
  command: commandWords.optional().describe("Instead of the task's command or script."),
  script: text("the text of a script").optional().describe("Instead of the task's."),
  driver: common.driver,
  ...driverSections,
  shell: common.shell,
  env: common.env,
  workdir: common.workdir,
  resources: common.resources,
  gpu: common.gpu,
  pools: common.pools,
  constraints: common.constraints,
  estimate: common.estimate,
  timeout: common.timeout,
};

const oneProgram = (value: Programs): boolean =>
  value.command === undefined || value.script === undefined;
const oneProgramRight = { error: "must have only one of command or script" };

const mode = closed(modeShape).refine(oneProgram, oneProgramRight);

const fallback = closed({
  ...modeShape,
  attempts: whole(1, jobLimits.attempts).optional().describe("Of the fallback. Default 1."),
}).refine(oneProgram, oneProgramRight);

const taskShape = {
  description: text("a text").optional().describe("For people."),
  command: commandWords.optional().describe("Program and arguments; no shell is involved."),
  script: text("the text of a script").optional().describe("A script, run by `shell`."),
  array: arrayRange.optional(),
  matrix: matrixAxes.optional(),
  after: after
    .optional()
    .describe("Tasks that must end first: names, or {task, on: success | failure | done}."),
  modes: z
    .record(z.string(), mode, {
      error: (issue) => `must be a map of names to modes, not ${kindOf(issue.input)}`,
    })
    .optional()
    .describe("Several ways to run it, by name, of which each attempt's plan chooses one."),
  fallback: fallback
    .optional()
    .describe("What is tried once its attempts are over, or a code is never retried."),
  mayFail: flag.optional().describe("Its failure is not the job's. Default false."),
  ...dataSections,
  ...planningSections,
  ...common,
};

interface Programs {
  readonly command?: unknown;
  readonly script?: unknown;
  readonly modes?: Readonly<Record<string, Programs>> | undefined;
}

/** A task whose modes all bring a program of their own needs none itself. */
function hasProgram({ command, script, modes }: Programs): boolean {
  if (command !== undefined && script !== undefined) return false;
  if (command !== undefined || script !== undefined) return true;
  const own = Object.values(modes ?? {});
  return (
    own.length > 0 && own.every((one) => one.command !== undefined || one.script !== undefined)
  );
}
const programRight = {
  error: (issue: { readonly input?: unknown }) =>
    `must have ${issue.input instanceof Object && "command" in issue.input ? "only one of" : "either"} command or script`,
};

const task = closed(taskShape).refine(hasProgram, programRight);
const namedTask = closed({ name: text("the task's name"), ...taskShape }).refine(
  hasProgram,
  programRight,
);

const weight = z
  .number({ error: "must be a number from 0 to 1000000" })
  .min(0, { error: "must be 0 or more" })
  .max(1e6, { error: "must be at most 1000000" })
  .optional();

export const jobFile = closed({
  name: text("the job's name").describe("Name of the job: letters, digits, `_`, `.` and `-`."),
  namespace: text("a namespace").optional().describe("Default: default."),
  description: text("a text").optional().describe("For people."),
  variables: scalars
    .optional()
    .describe("Values for placeholders like variables.name; the command line may override them."),
  defaults: closed(common).optional().describe("Holds for every task that does not say otherwise."),
  tasks: z
    .union([z.array(namedTask), z.record(z.string(), task)], {
      error: (issue) =>
        issue.input === undefined
          ? "is missing: a job needs at least one task, like `tasks: {hello: {command: [echo, hello]}}`"
          : `must be a map of names to tasks, or a list of tasks with names, not ${kindOf(issue.input)}`,
    })
    .describe("The tasks by name, or as a list with names."),
  after: z
    .array(
      z
        .union([z.string(), closed({ job: text("a job's id"), on: condition.optional() })], {
          error: "must be a job's id, or {job: id, on: success | failure | done}",
        })
        .transform((value) =>
          typeof value === "string"
            ? { jobId: value, on: "success" as const }
            : { jobId: value.job, on: value.on ?? ("success" as const) },
        ),
      { error: "must be a list of job ids" },
    )
    .optional()
    .describe("Other jobs that must end before this one starts."),
  timeout: duration(1).optional().describe("Limit from submission to the end of the job."),
  deadline: when.optional().describe("When the job should be done."),
  objective: closed({
    makespan: weight,
    flow: weight,
    tardiness: weight,
    moves: weight,
    cost: weight,
  })
    .optional()
    .describe("Weights by which plans are compared; parts left out keep their default."),
  ...jobPolicies,
  metadata: scalars.optional().describe("Texts of your own, kept and shown."),
});

export type JobFile = z.output<typeof jobFile>;
export type TaskFile = z.output<typeof task>;
export type ModeFile = z.output<typeof mode>;
export type TaskDefaults = NonNullable<JobFile["defaults"]>;
