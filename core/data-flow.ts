/** How files flow along a job's edges: which inputs come from whom, and how many bytes travel. */
import { type DataFile, dataLimits, type OutputsInput, sumBytes, type TaskData } from "./data.js";
import { matchesGlob, mayOverlap } from "./glob.js";
import type { TaskEntry, TaskTemplate } from "./job.js";

export interface FlowTask {
  readonly entry: TaskEntry;
  readonly template: TaskTemplate;
}

export interface FlowSource extends FlowTask {
  /** What it left when it succeeded; null: it has not, or not yet. */
  readonly outputs: readonly DataFile[] | null;
}

/** Whether `source` is one of the tasks that an input of `own` names. */
export function isSource(input: OutputsInput, own: FlowTask, source: FlowTask): boolean {
  if (!input.task.endsWith("[*]")) {
    return source.entry.name === input.task || source.template.name === input.task;
  }
  const element = own.entry.name.slice(own.template.name.length);
  return source.entry.name === `${input.task.slice(0, -3)}${element}`;
}

/**
 * The bytes that travel from a task to a dependent, if they run on different workers. Before the
 * predecessor has succeeded: what its outputs are declared to be (the expected size, else the
 * limit). After it: what was recorded.
 */
export function edgeTransferBytes(source: FlowSource, dependent: FlowTask): number {
  const taken = outputsInputs(dependent.template.data).filter((input) =>
    isSource(input, dependent, source),
  );
  if (taken.length === 0) return 0;
  if (source.outputs !== null) {
    return sumBytes(
      source.outputs.filter(({ path }) => taken.some(({ output }) => matchesGlob(output, path))),
    );
  }
  let bytes = 0;
  for (const { path, sizeBytes, maxBytes } of source.template.data?.outputs ?? []) {
    if (taken.some(({ output }) => mayOverlap(output, path))) bytes += sizeBytes ?? maxBytes;
  }
  return bytes;
}

export const outputsInputs = (data: TaskData | undefined): readonly OutputsInput[] =>
  (data?.inputs ?? []).filter((input) => input.kind === "outputs");

/** Every input as a file with its content, or in words why that cannot be. */
export function resolveInputs(
  own: FlowTask,
  sources: readonly FlowSource[],
): { readonly inputs: readonly DataFile[]; readonly unavailable: string } {
  const inputs = new Map<string, DataFile>();
  let unavailable = "";
  const add = (file: DataFile, from: string): void => {
    const before = inputs.get(file.path);
    inputs.set(file.path, file);
    if (before !== undefined && before.sha256 !== file.sha256 && unavailable === "") {
      unavailable = `two inputs would lie at ${file.path}, one from ${from}`;
    }
  };
  for (const input of own.template.data?.inputs ?? []) {
    if (input.kind === "file") {
      add(input.file, "the job");
      continue;
    }
    const found = filesOf(input, own, sources);
    if (typeof found === "string") unavailable = unavailable === "" ? found : unavailable;
    else for (const { file, from } of found) add(file, from);
  }
  if (inputs.size > dataLimits.inputFiles) {
    unavailable = `${inputs.size} input files are past the limit of ${dataLimits.inputFiles}`;
  }
  const usable = unavailable === "" ? [...inputs.values()] : [];
  return { inputs: usable, unavailable };
}

function filesOf(
  input: OutputsInput,
  own: FlowTask,
  sources: readonly FlowSource[],
): readonly { readonly file: DataFile; readonly from: string }[] | string {
  const found: { file: DataFile; from: string }[] = [];
  for (const source of sources) {
    if (!isSource(input, own, source)) continue;
    const from = source.entry.name;
    if (source.outputs === null) return `${from} has not succeeded, so it left no ${input.output}`;
    for (const file of source.outputs) {
      if (!matchesGlob(input.output, file.path)) continue;
      found.push({ file: { ...file, path: placeOf(input.path, file.path) }, from });
    }
  }
  if (found.length === 0) return `${input.task} left nothing that matches ${input.output}`;
  if (found.length > 1 && !input.path.endsWith("/")) {
    return `${input.output} of ${input.task} stands for ${found.length} files, and ${input.path} is one: end it with /`;
  }
  return found;
}

function placeOf(target: string, path: string): string {
  if (target === "./") return path;
  return target.endsWith("/") ? target + path : target;
}
