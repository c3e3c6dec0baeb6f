/** `almanac submit FILE`: a job file, or with --wfformat a recorded workflow. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { jobLimits } from "../../core/job.js";
import { fail, ok, type Result } from "../../core/result.js";
import { type ParsedJob, parseJobBytes } from "../../spec/job.js";
import { parseBytes, parseCpu } from "../../spec/quantity.js";
import { readSource, sourceName } from "../../spec/read-source.js";
import { decodeSource } from "../../spec/source.js";
import { importWfFormat, type WfOptions, wfLoads } from "../../spec/wfformat.js";
import { failure, messageOf, unwrap } from "../failure.js";
import { type LocalInputs, localInputs } from "../local-inputs.js";
import { collect, positiveNumber, variables } from "../option-values.js";
import type { Program } from "../root.js";
import { withSession } from "../session.js";
import { submitJob } from "../submission.js";

export function addSubmit(program: Program): void {
  program
    .command("submit")
    .description("hand a job to the cluster")
    .argument("<file>", "a job file, YAML or JSON; `-` reads standard input")
    .option("--wait", "wait for its end; exit code 3 if it does not succeed")
    .option("--dry-run", "record nothing; say what would happen, and when")
    .option("--key <key>", "idempotency key: a second submission with it returns the same job")
    .option("--var <NAME=value>", "a value for the file's variables; repeatable", collect)
    .option("--wfformat", "the file is a WfCommons instance (JSON, may be gzipped)")
    .option("--time-scale <factor>", "with --wfformat: seconds per recorded second", positiveNumber)
    .option("--size-scale <factor>", "with --wfformat: bytes per recorded byte", positiveNumber)
    .addOption(
      new Option("--load <kind>", "with --wfformat: burn the time, or sleep")
        .choices(wfLoads)
        .default("sleep" as const),
    )
    .option(
      "--data-directory <path>",
      "with --wfformat: where the tasks read and write their files",
    )
    .option("--cpu <cores>", "with --wfformat: of each task")
    .option("--memory <bytes>", "with --wfformat: of each task, like 64Mi")
    .action(async (file, options, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        const local = localInputs(file === "-" ? process.cwd() : dirname(resolve(file)));
        const parsed =
          options.wfformat === true
            ? await readWfFormat(file, options)
            : await readJob(file, variables(options.var), local);
        process.exitCode = await submitJob(session, {
          ...unwrap(parsed),
          key: options.key ?? randomUUID(),
          dryRun: options.dryRun === true,
          wait: options.wait === true,
          file: sourceName(file),
          local: local.files,
        });
      });
    });
}

async function readJob(
  file: string,
  given: Readonly<Record<string, string>>,
  local: LocalInputs,
): Promise<Result<ParsedJob>> {
  const bytes = await readSource(file, process.stdin, jobLimits.specBytes);
  if (!bytes.ok) return bytes;
  const folder = file === "-" ? process.cwd() : dirname(resolve(file));
  return parseJobBytes(bytes.value, {
    source: sourceName(file),
    now: Date.now(),
    variables: given,
    readFile: (path) => readEnvFile(resolve(folder, path)),
    readInput: local.read,
  });
}

export function readEnvFile(path: string): Result<string> {
  try {
    return ok(readFileSync(path, "utf8"));
  } catch (error) {
    return fail("not_found", messageOf(error));
  }
}

interface ScaleOptions {
  readonly timeScale?: number | undefined;
  readonly sizeScale?: number | undefined;
  readonly load: WfOptions["load"];
  readonly dataDirectory?: string | undefined;
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

async function readWfFormat(file: string, given: ScaleOptions): Promise<Result<ParsedJob>> {
  const { timeScale = 1, sizeScale, load, dataDirectory = `almanac-files-${randomUUID()}` } = given;
  const bytes = await readSource(file, process.stdin);
  if (!bytes.ok) return bytes;
  const text = decodeSource(bytes.value, sourceName(file));
  if (!text.ok) return text;
  const spec = importWfFormat(text.value, {
    source: sourceName(file),
    timeScale,
    load,
    dataDirectory: resolve(dataDirectory),
    ...(sizeScale === undefined ? {} : { sizeScale }),
    ...(given.cpu === undefined
      ? {}
      : { cpuMillis: amount("--cpu", given.cpu, parseCpu, "cores like 2 or 500m") }),
    ...(given.memory === undefined
      ? {}
      : { memoryBytes: amount("--memory", given.memory, parseBytes, "bytes like 64Mi") }),
  });
  return spec.ok ? ok({ spec: spec.value, relocate: (violations) => violations }) : spec;
}

function amount(
  flag: string,
  text: string,
  parse: (text: string) => number | null,
  right: string,
): number {
  const value = parse(text);
  if (value !== null && value > 0) return value;
  const message = `must be ${right}, not ${text}`;
  throw failure("invalid_argument", `${flag} ${message}`, [{ field: flag, message }]);
}
