/** A task's `inputs` and `outputs` as core's, with local files known by their content. */
import { dataLimits, outputBytesDefault, type TaskData, type TaskInput } from "../core/data.js";
import { violationsMax } from "../core/violations.js";
import type { InputFile } from "./data-section.js";
import type { ParseOptions, Problem, SourceTask } from "./expansion.js";
import { substitute, type Values } from "./substitute.js";

/** Nothing, where the task says nothing of files. */
export function lowerData(
  source: SourceTask,
  options: ParseOptions,
  values: Values,
  problems: Problem[],
): { readonly data?: TaskData } {
  const { inputs = [], outputs = [] } = source.file;
  if (inputs.length + outputs.length === 0) return {};
  const lowered: TaskInput[] = [];
  for (const [i, input] of inputs.entries()) {
    const found = lowerInput(input, options, values);
    if (typeof found !== "string") lowered.push(...found);
    else if (problems.length < violationsMax) {
      problems.push({ path: [...source.path, "inputs", i], message: found });
    }
  }
  const data = {
    inputs: lowered,
    outputs: outputs.map(({ path, maxBytes, required, size }) => ({
      path: substitute(path, values),
      maxBytes: maxBytes ?? Math.max(outputBytesDefault, size ?? 0),
      required: required ?? true,
      sizeBytes: size ?? null,
    })),
  };
  return { data };
}

/** An error is in words. */
function lowerInput(
  input: InputFile,
  options: ParseOptions,
  values: Values,
): readonly TaskInput[] | string {
  switch (input.kind) {
    case "outputs": {
      const path = substitute(input.path, values);
      const task = substitute(input.task, values);
      return [{ kind: "outputs", path, task, output: substitute(input.output, values) }];
    }
    case "content": {
      const { kind: _kind, ...file } = input;
      return [{ kind: "file", file: { ...file, path: substitute(input.path, values) } }];
    }
    case "local":
      return lowerLocal(input, options, values);
  }
}

function lowerLocal(
  input: Extract<InputFile, { kind: "local" }>,
  { readInput }: ParseOptions,
  values: Values,
): readonly TaskInput[] | string {
  if (readInput === undefined) {
    return "local inputs are read only where the job file is read from disk";
  }
  const from = substitute(input.from, values);
  const found = readInput(from);
  if (!found.ok) return found.error.message;
  if (found.value.length > dataLimits.inputs) {
    return `${from} holds ${found.value.length} files, past the limit of ${dataLimits.inputs}`;
  }
  const name = from.replace(/\/+$/, "").split("/").at(-1) ?? from;
  const given = input.path === null ? null : substitute(input.path, values);
  return found.value.map(({ below, ...content }) => {
    const path = below === "" ? ofFile(given, name) : `${ofDirectory(given, name)}${below}`;
    return { kind: "file", file: { ...content, path } };
  });
}

function ofFile(given: string | null, name: string): string {
  if (given === null || given === "./") return name;
  return given.endsWith("/") ? given + name : given;
}

function ofDirectory(given: string | null, name: string): string {
  if (given === "./") return "";
  const path = given ?? name;
  return path.endsWith("/") ? path : `${path}/`;
}
