/**
 * One-off work from the command line: `almanac run --cpu 2 --array 1-10 -- COMMAND`. Takes the
 * texts as given, applies the rules of a job file, and names the flag that is wrong.
 */
import type { z } from "zod";
import type { EdgeCondition, JobDependency, JobSpec } from "../core/job.js";
import { edgeConditions } from "../core/job.js";
import { fail, ok, type Result, type Violation } from "../core/result.js";
import { validateJob } from "../core/validate-job.js";
import { environmentNamePattern, quote } from "../core/violations.js";
import { parseEnvFile } from "./env-file.js";
import { expandJob } from "./expand.js";
import type { ParseOptions } from "./expansion.js";
import { violationsOf } from "./issues.js";
import { jobFile } from "./job-file.js";
import { fieldOf, type Path } from "./path.js";
import { relocate } from "./relocate.js";
import { didYouMean } from "./suggest.js";
import { safeName } from "./unique-names.js";

export interface OneOff {
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** Absent: the program's name. */
  readonly name?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly disk?: string;
  /** Whole devices (`2`), or a share of one (`0.5`). */
  readonly gpu?: string;
  readonly array?: string;
  readonly maxConcurrent?: string;
  /** `JOB` or `JOB:success`, `JOB:failure`, `JOB:done`. */
  readonly after?: readonly string[];
  /** `NAME=value`; a bare `NAME` is taken from `environment`. */
  readonly env?: readonly string[];
  /** Texts of env files, by name. */
  readonly envFiles?: readonly { readonly name: string; readonly text: string }[];
  readonly workdir?: string;
  readonly stdin?: string;
  readonly constraints?: readonly string[];
  readonly priority?: string;
  readonly deadline?: string;
  readonly estimate?: string;
  /** Attempts in all. */
  readonly attempts?: string;
  readonly timeout?: string;
  /** `keep`, or a duration after which a lost attempt is stopped. */
  readonly onLost?: string;
  readonly idempotent?: boolean;
  /** `PATH`, or `PATH:WHERE` in the working directory. */
  readonly inputs?: readonly string[];
  /** Patterns. */
  readonly outputs?: readonly string[];
  /** `VARIABLE=SECRET`, and `PATH=SECRET`. */
  readonly secrets?: readonly string[];
  readonly secretFiles?: readonly string[];
}

export interface OneOffOptions {
  readonly now: number;
  /** The caller's own environment, for bare names in `env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly readInput?: ParseOptions["readInput"];
}

export function oneOffJob(request: OneOff, options: OneOffOptions): Result<JobSpec> {
  const wrong: Violation[] = [];
  const name = request.name ?? safeName(programName(request.argv[0] ?? ""));
  const env = environmentOf(request, options, wrong);
  const after = dependenciesOf(request.after ?? [], wrong);
  const document = { name, tasks: { [safeName(name)]: taskOf(request, env, wrong) } };
  const shaped = jobFile.safeParse(document, { reportInput: true });
  if (!shaped.success) wrong.push(...flagged(shaped.error.issues));
  if (!shaped.success || wrong.length > 0) return refuse(wrong);
  const { now, readInput } = options;
  const parse: ParseOptions = { source: "almanac run", now, ...(readInput && { readInput }) };
  const expanded = expandJob({ ...shaped.data, after }, parse);
  for (const { path, message } of expanded.problems) wrong.push({ field: flagOf(path), message });
  if (wrong.length > 0) return refuse(wrong);
  const violations = validateJob(expanded.spec);
  if (violations.length === 0) return ok(expanded.spec);
  return refuse(
    violations.map((one) => ({ ...one, field: flagOf(relocate(one, expanded.origins)) })),
  );
}

const programName = (program: string): string => program.slice(program.lastIndexOf("/") + 1);

type Document = z.input<typeof jobFile>["tasks"];
type TaskDocument = Exclude<Document, readonly unknown[]>[string];

function taskOf(
  request: OneOff,
  env: Readonly<Record<string, string>>,
  wrong: Violation[],
): TaskDocument {
  const resources = defined({ cpu: request.cpu, memory: request.memory, disk: request.disk });
  return {
    // What a shell handed over is meant as it is, so placeholders are none here.
    command: request.argv.map(literal),
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, literal(value)])),
    resources,
    ...defined({
      array: request.array,
      deadline: request.deadline,
      estimate: request.estimate,
      timeout: request.timeout,
      workdir: request.workdir === undefined ? undefined : literal(request.workdir),
      stdin: request.stdin === undefined ? undefined : literal(request.stdin),
      priority: wholeOf("--priority", request.priority, wrong),
      maxConcurrent: wholeOf("--max-concurrent", request.maxConcurrent, wrong),
      idempotent: request.idempotent,
      constraints: request.constraints === undefined ? undefined : [...request.constraints],
      onLost:
        request.onLost === undefined || request.onLost === "keep"
          ? request.onLost
          : { stop: request.onLost },
      gpu: gpuOf(request.gpu, wrong),
      inputs: request.inputs?.map(inputOf),
      outputs: request.outputs?.map(literal),
      secrets: namesOf("--secret", request.secrets, wrong),
      secretFiles: namesOf("--secret-file", request.secretFiles, wrong),
    }),
    ...(request.attempts === undefined
      ? {}
      : { retry: defined({ attempts: wholeOf("--attempts", request.attempts, wrong) }) }),
  };
}

function namesOf(
  flag: string,
  given: readonly string[] | undefined,
  wrong: Violation[],
): Record<string, string> | undefined {
  if (given === undefined) return undefined;
  const entries = given.map((text): [string, string] => {
    const cut = text.lastIndexOf("=");
    if (cut < 1) wrong.push({ field: flag, message: "must be WHERE=SECRET" });
    return [text.slice(0, Math.max(cut, 0)), text.slice(cut + 1)];
  });
  return Object.fromEntries(entries);
}

function inputOf(text: string): { from: string; path?: string } {
  const cut = text.lastIndexOf(":");
  if (cut === -1) return { from: literal(text) };
  return { from: literal(text.slice(0, cut)), path: literal(text.slice(cut + 1)) };
}

/** Escapes what would be read as a placeholder. */
const literal = (text: string): string => text.split("${{").join("$${{");

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined. */
function defined<T extends Record<string, unknown>>(values: T): Defined<T> {
  const kept: Defined<T> = {};
  for (const key in values) {
    const value = values[key];
    if (isDefined(value)) kept[key] = value;
  }
  return kept;
}

const isDefined = <V>(value: V): value is Exclude<V, undefined> => value !== undefined;

function wholeOf(flag: string, text: string | undefined, wrong: Violation[]): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  wrong.push({ field: flag, message: `must be a whole number, not ${quote(text)}` });
  return undefined;
}

function gpuOf(
  text: string | undefined,
  wrong: Violation[],
): { count: number } | { share: number } | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,3}$/.test(text)) return { count: Number(text) };
  if (/^0?\.\d{1,6}$/.test(text)) return { share: Number(text) };
  const message = `must be whole devices like 2, or a share of one like 0.5, not ${quote(text)}`;
  wrong.push({ field: "--gpu", message });
  return undefined;
}

function environmentOf(
  request: OneOff,
  options: OneOffOptions,
  wrong: Violation[],
): Readonly<Record<string, string>> {
  const env = new Map<string, string>();
  for (const file of request.envFiles ?? []) {
    const parsed = parseEnvFile(file.text);
    for (const problem of parsed.problems.slice(0, 10)) {
      wrong.push({
        field: "--env-file",
        message: `${file.name}:${problem.line}: ${problem.message}`,
      });
    }
    for (const [name, value] of Object.entries(parsed.env)) env.set(name, value);
  }
  for (const given of request.env ?? []) {
    const cut = given.indexOf("=");
    const name = cut === -1 ? given : given.slice(0, cut);
    const value = cut === -1 ? options.environment?.[name] : given.slice(cut + 1);
    if (!environmentNamePattern.test(name) || name === "constructor") {
      wrong.push({ field: "--env", message: `must be NAME=value, not ${quote(given)}` });
    } else if (value === undefined) {
      wrong.push({
        field: "--env",
        message: `${quote(name)} is not set here; give it as ${name}=value`,
      });
    } else env.set(name, value);
  }
  return Object.fromEntries(env);
}

function dependenciesOf(given: readonly string[], wrong: Violation[]): JobDependency[] {
  return given.flatMap((text): JobDependency[] => {
    const cut = text.lastIndexOf(":");
    const jobId = cut === -1 ? text : text.slice(0, cut);
    const word = cut === -1 ? "success" : text.slice(cut + 1);
    const on: EdgeCondition | undefined = edgeConditions.find((condition) => condition === word);
    if (on !== undefined && jobId !== "") return [{ jobId, on }];
    const message = `must be JOB, JOB:success, JOB:failure or JOB:done, not ${quote(text)}${didYouMean(word, edgeConditions)}`;
    wrong.push({ field: "--after", message });
    return [];
  });
}

function flagged(issues: readonly z.core.$ZodIssue[]): readonly Violation[] {
  const source = { name: "", data: null, lineOf: () => 0 };
  return violationsOf(issues, source).map(({ line: _, ...violation }) => ({
    ...violation,
    field: flagName(violation.field.split(/[.[\]"]+/)),
  }));
}

const flagOf = (path: Path): string => flagName(fieldOf(path).split(/[.[\]"]+/));

const flags: ReadonlyMap<string, string> = new Map([
  ...["name", "cpu", "memory", "disk", "gpu", "array", "env", "workdir", "stdin"].map(plain),
  ...["priority", "deadline", "estimate", "attempts", "timeout", "idempotent"].map(plain),
  ["maxConcurrent", "--max-concurrent"],
  ["constraints", "--constraint"],
  ["inputs", "--input"],
  ["outputs", "--output"],
  ["secrets", "--secret"],
  ["secretFiles", "--secret-file"],
  ["onLost", "--on-lost"],
  ["stop", "--on-lost"],
  ["count", "--gpu"],
  ["share", "--gpu"],
]);

function plain(name: string): readonly [string, string] {
  return [name, `--${name}`];
}

/** `tasks.NAME.resources.cpu` → `--cpu`; the command itself has no flag. */
function flagName(steps: readonly string[]): string {
  if (steps[0] === "name") return "--name";
  // From the end, for the task's own name may be that of a flag.
  const known = steps.slice(2).findLast((step) => flags.has(step));
  return flags.get(known ?? "") ?? "command";
}

function refuse(violations: readonly Violation[]): Result<never> {
  const first = violations[0];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  return fail(
    "invalid_argument",
    `${first?.field ?? ""}: ${first?.message ?? ""}${more}`,
    violations,
  );
}
