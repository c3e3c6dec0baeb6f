/** What the program sees: its environment, its working directory, its argument vector. */
import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { jobOfTask, nameOfTask, numberOfAttempt, taskOfAttempt } from "../../../core/ids.js";
import type { Program } from "../../../core/job.js";
import { type Result, unreachable } from "../../../core/result.js";
import { secretsVariable } from "../../../core/secrets.js";
import type { DriverStart } from "../../driver.js";
import { secretFilesIn } from "../../secrets/places.js";

const basePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The kernel takes at most 128 KiB in one argument; a longer script goes through a file. */
export const scriptArgumentBytesMax = 96 * 1024;

export const directoryVariable = "ALMANAC_ATTEMPT_DIRECTORY";

/**
 * A clean base, then the task's own variables, then what must not be overridden: who the attempt
 * is, and which GPUs it may see. Nothing of the worker's own environment leaks in.
 */
export function buildEnvironment(
  start: DriverStart,
  workingDirectory: string,
  home: string,
): Record<string, string> {
  return {
    PATH: basePath,
    HOME: home,
    LANG: "C.UTF-8",
    TMPDIR: "/tmp",
    ...start.command.env,
    PWD: workingDirectory,
    ...attemptEnvironment(start),
    [directoryVariable]: start.directory,
    ...secretsEnvironment(start, secretFilesIn(start.secrets?.directory ?? "")),
  };
}

/** Where its secret files are, if it has some. */
export const secretsEnvironment = (
  { secrets }: DriverStart,
  directory: string,
): Record<string, string> => (secrets?.hasFiles === true ? { [secretsVariable]: directory } : {});

/** What must not be overridden: who the attempt is, and which GPUs it may see. */
export function attemptEnvironment(start: DriverStart): Record<string, string> {
  const task = taskOfAttempt(start.attempt);
  return {
    ALMANAC_JOB_ID: jobOfTask(task),
    ALMANAC_TASK_ID: task,
    ALMANAC_TASK_NAME: nameOfTask(task),
    ALMANAC_ATTEMPT: String(numberOfAttempt(start.attempt)),
    ALMANAC_WORKER: start.worker,
    CUDA_VISIBLE_DEVICES: start.devices.join(","),
    // An empty value would mean "all" to container runtimes further down.
    NVIDIA_VISIBLE_DEVICES: start.devices.length > 0 ? start.devices.join(",") : "void",
  };
}

export function resolveWorkingDirectory(start: DriverStart): Result<string, string> {
  const directory = start.command.workingDirectory;
  if (directory === null) return { ok: true, value: join(start.directory, "work") };
  if (!isAbsolute(directory)) return no(`working directory ${directory}: not an absolute path`);
  try {
    if (!statSync(directory).isDirectory()) return no(`working directory ${directory}: is a file`);
    accessSync(directory, constants.X_OK);
    return { ok: true, value: directory };
  } catch {
    return no(`working directory ${directory}: not found or no permission`);
  }
}

/** The argument vector with its first entry replaced by the path of the program's file. */
export function resolveArguments(
  start: DriverStart,
  environment: Readonly<Record<string, string>>,
  workingDirectory: string,
): Result<readonly string[], string> {
  const argv = argumentsOf(start.command.program, start.directory);
  const [name, ...rest] = argv;
  if (name === undefined || name === "") return no("program: the argument vector is empty");
  const nul = argv.find((argument) => argument.includes("\0"));
  if (nul !== undefined) return no("program: an argument holds a NUL byte");
  const found = findProgram(name, environment.PATH ?? basePath, workingDirectory);
  return found.ok ? { ok: true, value: [found.value, ...rest] } : found;
}

export const scriptPath = (directory: string): string => join(directory, "script");

function argumentsOf(program: Program, directory: string): readonly string[] {
  switch (program.kind) {
    case "argv":
      return program.argv;
    case "script": {
      if (Buffer.byteLength(program.script) <= scriptArgumentBytesMax) {
        return [...program.shell, "-c", program.script];
      }
      const path = scriptPath(directory);
      writeFileSync(path, program.script, { mode: 0o600 });
      return [...program.shell, path];
    }
    default:
      return unreachable(program);
  }
}

/** As execvp(3) looks for it; a relative path counts from the working directory. */
function findProgram(name: string, path: string, workingDirectory: string): Result<string, string> {
  const candidates = name.includes("/")
    ? [resolve(workingDirectory, name)]
    : path.split(delimiter).map((entry) => resolve(workingDirectory, entry, name));
  let denied = false;
  for (const candidate of candidates) {
    try {
      if (!statSync(candidate).isFile()) continue;
      accessSync(candidate, constants.X_OK);
      return { ok: true, value: candidate };
    } catch (error) {
      denied ||= error instanceof Error && "code" in error && error.code === "EACCES";
    }
  }
  return no(`program ${name}: ${denied ? "no permission" : "not found"}`);
}

const no = (message: string): { readonly ok: false; readonly error: string } => ({
  ok: false,
  error: message,
});
