/** The rules of what a task takes in and leaves behind. See validate-job.ts. */
import {
  type DataFile,
  dataLimits,
  isHash,
  relativePathProblem,
  type TaskData,
  type TaskInput,
  type TaskOutput,
} from "./data.js";
import { isSource, outputsInputs } from "./data-flow.js";
import type { JobSpec, TaskTemplate } from "./job.js";
import { isCount, isPositive, quote, type Violations } from "./violations.js";

export function validateData(template: TaskTemplate, at: string, found: Violations): void {
  const { data, command } = template;
  if (data === undefined) return;
  if (command.workingDirectory !== null) {
    found.add(
      `${at}.command.workingDirectory`,
      "cannot be given with inputs or outputs: those lie in the attempt's own directory",
    );
  }
  validateInputs(data, at, found);
  if (data.outputs.length > dataLimits.outputs) {
    found.limit(`${at}.outputs`, "outputs", data.outputs.length, dataLimits.outputs);
    return;
  }
  for (const [i, output] of data.outputs.entries()) {
    validateOutput(output, `${at}.outputs[${i}]`, found);
  }
}

function validateInputs({ inputs }: TaskData, at: string, found: Violations): void {
  if (inputs.length > dataLimits.inputs) {
    found.limit(`${at}.inputs`, "inputs", inputs.length, dataLimits.inputs);
    return;
  }
  const places = new Set<string>();
  for (const [i, input] of inputs.entries()) {
    const here = `${at}.inputs[${i}]`;
    validateInput(input, here, found);
    if (input.kind !== "file") continue;
    if (places.has(input.file.path)) {
      found.add(`${here}.path`, `another input lies at ${quote(input.file.path)} already`);
    }
    places.add(input.file.path);
  }
}

function validateInput(input: TaskInput, at: string, found: Violations): void {
  if (input.kind === "file") return validateFile(input.file, at, found);
  if (input.path !== "./") validatePath(input.path, `${at}.path`, found);
  validatePath(input.output, `${at}.output`, found);
  if (input.task === "") found.add(`${at}.task`, "must name a task of this job");
}

function validateFile(file: DataFile, at: string, found: Violations): void {
  validatePath(file.path, `${at}.path`, found);
  if (file.path.endsWith("/"))
    found.add(`${at}.path`, "must be a file's path, without `/` at its end");
  if (!isHash(file.sha256)) found.add(`${at}.sha256`, "must be 64 lower-case hexadecimal digits");
  if (!isCount(file.sizeBytes, dataLimits.fileBytes)) {
    found.add(`${at}.sizeBytes`, "must be a whole number of bytes", dataLimits.fileBytes);
  }
}

function validateOutput(output: TaskOutput, at: string, found: Violations): void {
  validatePath(output.path, `${at}.path`, found);
  if (!isPositive(output.maxBytes, dataLimits.fileBytes)) {
    found.add(`${at}.maxBytes`, "must be a positive whole number of bytes", dataLimits.fileBytes);
  }
  if (output.sizeBytes !== null && !isCount(output.sizeBytes, output.maxBytes)) {
    found.add(`${at}.sizeBytes`, "must be at most maxBytes", output.maxBytes);
  }
}

function validatePath(path: string, at: string, found: Violations): void {
  const problem = relativePathProblem(path);
  if (problem !== null) found.add(at, problem);
}

/** An input from a task needs an edge on that task's success, or it might not be there in time. */
export function validateFlow(spec: JobSpec, found: Violations): void {
  if (!spec.templates.some(({ data }) => outputsInputs(data).length > 0)) return;
  const before = new Map<number, number[]>();
  for (const { from, to, on } of spec.edges) {
    if (on !== "success") continue;
    const list = before.get(to);
    if (list === undefined) before.set(to, [from]);
    else list.push(from);
  }
  for (const [i, entry] of spec.tasks.entries()) {
    const template = spec.templates[entry.template];
    if (template === undefined || found.full) continue;
    for (const [k, input] of (template.data?.inputs ?? []).entries()) {
      if (input.kind !== "outputs") continue;
      const sources = (before.get(i) ?? []).flatMap((from) => flowTask(spec, from));
      if (sources.some((source) => isSource(input, { entry, template }, source))) continue;
      found.add(
        `templates[${entry.template}].inputs[${k}].task`,
        `${quote(entry.name)} does not depend on the success of a task ${quote(input.task)}`,
      );
    }
  }
}

function flowTask(spec: JobSpec, index: number) {
  const entry = spec.tasks[index];
  const template = entry === undefined ? undefined : spec.templates[entry.template];
  return entry === undefined || template === undefined ? [] : [{ entry, template }];
}
