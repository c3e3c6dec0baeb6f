/** One task of the file, merged with the defaults, as core's template. */
import type { Command, RetryPolicy, TaskTemplate } from "../core/job.js";
import { violationsMax } from "../core/violations.js";
import { driverOf, optionsOf } from "./driver-sections.js";
import { parseEnvFile } from "./env-file.js";
import type { ParseOptions, Problem, SourceTask } from "./expansion.js";
import type { When } from "./fields.js";
import type { JobFile, TaskDefaults } from "./job-file.js";
import { lowerFallback, lowerModes } from "./lower-modes.js";
import { lowerSecrets } from "./lower-secrets.js";
import { lowerTerms } from "./lower-terms.js";
import { substitute, type Values } from "./substitute.js";

/** What a task gets where neither it nor the defaults say otherwise. */
export const taskDefaults = {
  cpuMillis: 1000,
  memoryBytes: 256 * 1024 * 1024,
  shell: ["/bin/sh", "-e"],
  backoffMs: 1_000,
  backoffMaxMs: 300_000,
  killGraceMs: 5_000,
  logBytesMax: 16 * 1024 * 1024,
} as const;

type Env = Readonly<Record<string, string>>;

export function lowerTask(
  source: SourceTask,
  defaults: TaskDefaults | undefined,
  values: Values,
  fileEnv: Env,
  now: number,
): TaskTemplate {
  const lower = (one: SourceTask): TaskTemplate => lowerOne(one, defaults, values, fileEnv, now);
  const lowered = lower(source);
  const retry = { ...lowered.retry, ...lowerFallback(source, lower) };
  return { ...lowered, retry, ...lowerModes(source, lowered, lower) };
}

function lowerOne(
  source: SourceTask,
  defaults: TaskDefaults | undefined,
  values: Values,
  fileEnv: Env,
  now: number,
): TaskTemplate {
  const own = source.file;
  const base = defaults ?? {};
  const resources = { ...base.resources, ...own.resources };
  const deadline = own.deadline ?? base.deadline;
  return {
    name: source.name,
    driver: driverOf(own, base),
    command: lowerCommand(source, defaults, values, fileEnv),
    resources: {
      cpuMillis: resources.cpu ?? taskDefaults.cpuMillis,
      memoryBytes: resources.memory ?? taskDefaults.memoryBytes,
      diskBytes: resources.disk ?? 0,
      networkBps: resources.network ?? 0,
      custom: { ...base.resources?.custom, ...own.resources?.custom },
    },
    gpu: own.gpu ?? base.gpu ?? null,
    pools: { ...base.pools, ...own.pools },
    constraints: [...(base.constraints ?? []), ...(own.constraints ?? [])],
    priority: own.priority ?? base.priority ?? 0,
    deadlineAtMs: instantOf(deadline?.when, now),
    estimate: own.estimate ?? base.estimate ?? null,
    retry: lowerRetry({ ...base.retry, ...own.retry }),
    timeoutMs: own.timeout ?? base.timeout ?? null,
    killGraceMs: own.killGrace ?? base.killGrace ?? taskDefaults.killGraceMs,
    onLost: own.onLost ?? base.onLost ?? { kind: "keep" },
    idempotent: own.idempotent ?? base.idempotent ?? false,
    scheduledAtMs: instantOf(own.scheduledAt ?? base.scheduledAt, now),
    maxConcurrent: own.maxConcurrent ?? base.maxConcurrent ?? null,
    logBytesMax: own.logLimit ?? base.logLimit ?? taskDefaults.logBytesMax,
    metadata: { ...base.metadata, ...own.metadata },
    ...lowerSecrets(own, defaults),
    ...lowerTerms(source, deadline),
  };
}

function lowerRetry(retry: NonNullable<TaskDefaults["retry"]>): RetryPolicy {
  const { attempts, backoff, backoffMax, never = [], moreMemory, crashes } = retry;
  const backoffMs = backoff ?? taskDefaults.backoffMs;
  return {
    attemptsMax: attempts ?? 1,
    backoffMs,
    backoffMaxMs: backoffMax ?? Math.max(backoffMs, taskDefaults.backoffMaxMs),
    ...(never.length === 0 ? {} : { never }),
    ...(moreMemory === undefined ? {} : { moreMemory }),
    ...(crashes === undefined ? {} : { crashesMax: crashes }),
  };
}

export function instantOf(when: When | undefined, now: number): number | null {
  if (when === undefined) return null;
  return when.kind === "at" ? when.atMs : now + when.spanMs;
}

function lowerCommand(
  source: SourceTask,
  defaults: TaskDefaults | undefined,
  values: Values,
  fileEnv: Env,
): Command {
  const own = source.file;
  const env: Record<string, string> = { ...fileEnv };
  for (const [name, value] of Object.entries({ ...defaults?.env, ...own.env })) {
    env[name] = substitute(value, values);
  }
  const workdir = own.workdir ?? defaults?.workdir;
  const stdin = own.stdin ?? defaults?.stdin;
  return {
    program:
      own.script === undefined
        ? { kind: "argv", argv: (own.command ?? []).map((word) => substitute(word, values)) }
        : {
            kind: "script",
            shell: own.shell ?? defaults?.shell ?? taskDefaults.shell,
            script: substitute(own.script, values),
          },
    env,
    workingDirectory: workdir === undefined ? null : substitute(workdir, values),
    stdin: stdin === undefined ? null : substitute(stdin, values),
    options: optionsOf(driverOf(own, defaults ?? {}), own, defaults ?? {}),
  };
}

/** The variables of all env files of a task, the defaults' files first; later files win. */
export function readEnvFiles(
  source: SourceTask,
  file: JobFile,
  options: ParseOptions,
  values: Values,
  problems: Problem[],
): Env {
  const env: Record<string, string> = {};
  const owners = [
    [["defaults", "envFiles"], file.defaults?.envFiles ?? []],
    [[...source.path, "envFiles"], source.file.envFiles ?? []],
  ] as const;
  for (const [path, names] of owners) {
    for (const [i, written] of names.entries()) {
      if (problems.length >= violationsMax) return env;
      const name = substitute(written, values);
      const report = (message: string): number => problems.push({ path: [...path, i], message });
      if (options.readFile === undefined) {
        report("env files are read only where the job file is read from disk");
        continue;
      }
      const content = options.readFile(name);
      if (!content.ok) {
        report(content.error.message);
        continue;
      }
      const parsed = parseEnvFile(content.value);
      for (const problem of parsed.problems.slice(0, violationsMax)) {
        report(`${name}:${problem.line}: ${problem.message}`);
      }
      Object.assign(env, parsed.env);
    }
  }
  return env;
}
