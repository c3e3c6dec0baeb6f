/** Files that travel with tasks, between wire and core/data.ts. */
import {
  type DataFile,
  dataLimits,
  isHash,
  type LaunchData,
  type OutputSummary,
  relativePathProblem,
  type TaskData,
  type TaskInput,
  type TaskOutput,
} from "../../core/data.js";
import type { Result } from "../../core/result.js";
import type * as common from "../gen/almanac/v1/common.js";
import type * as data from "../gen/almanac/v1/data.js";
import type * as job from "../gen/almanac/v1/job.js";
import type * as worker from "../gen/almanac/v1/worker.js";
import {
  finish,
  integer,
  integerOrNull,
  list,
  newScope,
  note,
  noteLimit,
  type Scope,
} from "./decoding.js";

export const encodeDataFile = (file: DataFile): common.DataFile => ({ ...file });

function decodeDataFile(scope: Scope, message: common.DataFile): DataFile {
  const problem = relativePathProblem(message.path);
  if (problem !== null) note(scope, "path", problem);
  return {
    path: message.path,
    sha256: decodeHash(scope, "sha256", message.sha256),
    sizeBytes: integer(scope, "sizeBytes", message.sizeBytes, 0, dataLimits.fileBytes),
    executable: message.executable,
  };
}

/** At most so many: a report is one message, and one event of the journal. */
export function decodeOutputs(
  scope: Scope,
  messages: readonly common.DataFile[],
): readonly DataFile[] {
  const { outputFiles } = dataLimits;
  if (messages.length > outputFiles) {
    noteLimit(scope, "outputs", `must be at most ${outputFiles}`, outputFiles);
    return [];
  }
  return list(scope, "outputs", messages, decodeDataFile);
}

export const encodeTaskData = ({ inputs, outputs }: TaskData): job.TaskData => ({
  inputs: inputs.map(encodeInput),
  outputs: outputs.map(encodeOutput),
});

export const decodeTaskData = (scope: Scope, message: job.TaskData): TaskData => ({
  inputs: list(scope, "inputs", message.inputs, decodeInput),
  outputs: list(scope, "outputs", message.outputs, decodeOutput),
});

function encodeInput(input: TaskInput): job.TaskInput {
  if (input.kind === "file") {
    return { source: { $case: "file", value: encodeDataFile(input.file) } };
  }
  const { path, task, output } = input;
  return { source: { $case: "outputs", value: { path, task, output } } };
}

function decodeInput(scope: Scope, { source }: job.TaskInput): TaskInput {
  switch (source?.$case) {
    case "file":
      return { kind: "file", file: decodeDataFile(scope, source.value) };
    case "outputs":
      return { kind: "outputs", ...source.value };
    case undefined:
      note(scope, "source", "is missing: a file, or outputs of a task");
      return { kind: "outputs", path: "", task: "", output: "" };
  }
}

const encodeOutput = ({ sizeBytes, ...output }: TaskOutput): job.TaskOutput => ({
  ...output,
  sizeBytes: sizeBytes ?? undefined,
});

const decodeOutput = (scope: Scope, message: job.TaskOutput): TaskOutput => ({
  path: message.path,
  maxBytes: integer(scope, "maxBytes", message.maxBytes),
  required: message.required,
  sizeBytes: integerOrNull(scope, "sizeBytes", message.sizeBytes),
});

export const encodeLaunchData = (launch: LaunchData): worker.LaunchData => ({
  inputs: launch.inputs.map(encodeDataFile),
  outputs: launch.outputs.map(encodeOutput),
  unavailable: launch.unavailable,
});

export const decodeLaunchData = (scope: Scope, message: worker.LaunchData): LaunchData => ({
  inputs: list(scope, "inputs", message.inputs, decodeDataFile),
  outputs: list(scope, "outputs", message.outputs, decodeOutput),
  unavailable: message.unavailable,
});

export const decodeOutputSummary = (scope: Scope, message: job.OutputSummary): OutputSummary => ({
  files: integer(scope, "files", message.files),
  bytes: integer(scope, "bytes", message.bytes),
});

function decodeHash(scope: Scope, name: string, value: string): string {
  if (!isHash(value)) note(scope, name, "must be 64 lower-case hexadecimal digits");
  return value;
}

export interface BlobHeader {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Empty: not from an attempt. */
  readonly attempt: string;
}

export function decodePutHeader(message: data.PutHeader | undefined): Result<BlobHeader> {
  const scope = newScope();
  const { sha256 = "", sizeBytes = 0, attemptId: attempt = "" } = message ?? {};
  if (message === undefined) note(scope, "header", "is missing from the first message");
  else decodeHash(scope, "sha256", sha256);
  integer(scope, "sizeBytes", sizeBytes, 0, dataLimits.fileBytes);
  return finish(scope, "upload", { sha256, sizeBytes, attempt });
}

export function decodeHashes(hashes: readonly string[]): Result<readonly string[]> {
  const scope = newScope();
  const { inputFiles } = dataLimits;
  if (hashes.length > inputFiles) {
    noteLimit(scope, "sha256", `must be at most ${inputFiles}`, inputFiles);
  } else for (const [i, hash] of hashes.entries()) decodeHash(scope, `sha256[${i}]`, hash);
  return finish(scope, "request", hashes);
}

export interface TaskOutputs {
  readonly task: string;
  /** Empty: no attempt has succeeded yet. */
  readonly attempt: string;
  readonly outputs: readonly DataFile[];
}

export const encodeTaskOutputs = (found: TaskOutputs): data.ListOutputsResponse => ({
  taskId: found.task,
  attemptId: found.attempt,
  outputs: found.outputs.map(encodeDataFile),
});

export function decodeTaskOutputs(message: data.ListOutputsResponse): Result<TaskOutputs> {
  const scope = newScope();
  const outputs = decodeOutputs(scope, message.outputs);
  const found = { task: message.taskId, attempt: message.attemptId, outputs };
  return finish(scope, "outputs", found, "internal");
}
