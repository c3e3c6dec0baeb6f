/**
 * From a job file's tasks to core's templates, tasks and edges: defaults are merged, arrays and
 * matrices expanded, placeholders replaced, names resolved. Elements share one template unless
 * their texts differ, so an array of ten thousand stores its command once.
 */
import {
  type Edge,
  type JobSpec,
  jobLimits,
  type TaskEntry,
  type TaskTemplate,
} from "../core/job.js";
import { defaultObjective } from "../core/objective.js";
import { quote, violationsMax } from "../core/violations.js";
import { resolveEdges } from "./edges.js";
import type { Element, Origins, ParseOptions, Problem, Row, SourceTask } from "./expansion.js";
import type { Combination } from "./expansion-fields.js";
import type { JobFile, ModeFile } from "./job-file.js";
import { instantOf, lowerTask, readEnvFiles } from "./lower.js";
import { lowerData } from "./lower-data.js";
import type { Path } from "./path.js";
import { placeholderProblem, placeholdersOf, type Values } from "./substitute.js";
import { didYouMean } from "./suggest.js";

export interface Expanded {
  readonly spec: JobSpec;
  readonly origins: Origins;
  readonly problems: readonly Problem[];
}

export function expandJob(file: JobFile, options: ParseOptions): Expanded {
  const problems: Problem[] = [];
  const variables = mergeVariables(file, options, problems);
  const sources = sourceTasks(file, problems);
  const templates: TaskTemplate[] = [];
  const templateOrigins: Path[] = [];
  const tasks: TaskEntry[] = [];
  const taskOrigins: Path[] = [];
  const rows: Row[] = [];
  for (const source of sources) {
    if (problems.length >= violationsMax) break;
    const elements = elementsOf(source, problems);
    if (tasks.length + elements.length > jobLimits.tasks) {
      const message = `the job has more tasks than the limit of ${jobLimits.tasks}`;
      problems.push({ path: source.path, message, limit: jobLimits.tasks });
      break;
    }
    const values = new Map([["job", file.name], ...variables]);
    rows.push({ source, first: tasks.length, elements, values });
    const varies = checkPlaceholders(source, file, elements, values, problems);
    const fileEnv = readEnvFiles(source, file, options, values, problems);
    const known = new Map<string, number>();
    for (const element of elements) {
      const name = source.name + element.suffix;
      let template = varies ? undefined : known.get("");
      if (template === undefined) {
        const all = new Map([...values, ...element.values, ["task", name]]);
        const data = lowerData(source, options, all, problems);
        const lowered = { ...lowerTask(source, file.defaults, all, fileEnv, options.now), ...data };
        const key = varies
          ? JSON.stringify([lowered.command, lowered.modes, lowered.retry, data])
          : "";
        template = known.get(key);
        if (template === undefined) {
          template = templates.push(lowered) - 1;
          templateOrigins.push(source.path);
          known.set(key, template);
        }
      }
      const inputBytes = inputBytesOf(templates[template]);
      tasks.push({ name, template, env: element.env, estimate: null, inputBytes });
      taskOrigins.push(source.path);
    }
  }
  const { edges, entries } = resolveEdges(rows, tasks, problems);
  return {
    spec: jobOf(file, options.now, templates, tasks, edges),
    origins: {
      templates: templateOrigins,
      tasks: taskOrigins,
      taskNames: tasks.map((task) => task.name),
      edgeTo: edges.map((edge) => edge.to),
      edgeEntry: entries,
    },
    problems,
  };
}

/** What it reads, where that is known: not of what other tasks leave. */
function inputBytesOf(template: TaskTemplate | undefined): number | null {
  const inputs = template?.data?.inputs ?? [];
  let bytes = 0;
  for (const input of inputs) {
    if (input.kind !== "file") return null;
    bytes += input.file.sizeBytes;
  }
  return inputs.length === 0 ? null : bytes;
}

function jobOf(
  file: JobFile,
  now: number,
  templates: readonly TaskTemplate[],
  tasks: readonly TaskEntry[],
  edges: readonly Edge[],
): JobSpec {
  const weights = file.objective;
  return {
    name: file.name,
    namespace: file.namespace ?? "default",
    templates,
    tasks,
    edges,
    after: file.after ?? [],
    timeoutMs: file.timeout ?? null,
    deadlineAtMs: instantOf(file.deadline, now),
    objective:
      weights === undefined
        ? null
        : {
            makespan: weights.makespan ?? defaultObjective.makespan,
            flow: weights.flow ?? defaultObjective.flow,
            tardiness: weights.tardiness ?? defaultObjective.tardiness,
            moves: weights.moves ?? defaultObjective.moves,
            cost: weights.cost ?? defaultObjective.cost,
          },
    metadata: file.metadata ?? {},
    ...(file.retryBudget === undefined ? {} : { retryBudget: file.retryBudget }),
    ...(file.success === undefined ? {} : { success: file.success }),
  };
}

function mergeVariables(file: JobFile, options: ParseOptions, problems: Problem[]): Values {
  const declared = file.variables ?? {};
  const given = options.variables ?? {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name)) {
      const message = `the job file declares no variable ${quote(name)}${didYouMean(name, Object.keys(declared))}`;
      problems.push({ path: ["variables", name], message });
    }
  }
  return new Map(
    Object.entries({ ...declared, ...given }).map(([name, value]) => [`variables.${name}`, value]),
  );
}

function sourceTasks(file: JobFile, problems: Problem[]): readonly SourceTask[] {
  if (!Array.isArray(file.tasks)) {
    return Object.entries(file.tasks).map(([name, task]) => ({
      name,
      path: ["tasks", name],
      file: task,
    }));
  }
  const first = new Map<string, number>();
  const sources: SourceTask[] = [];
  for (const [i, { name, ...task }] of file.tasks.entries()) {
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, i);
      sources.push({ name, path: ["tasks", i], file: task });
    } else if (problems.length < violationsMax) {
      const message = `duplicate name ${quote(name)}: tasks[${earlier}] has it already`;
      problems.push({ path: ["tasks", i, "name"], message });
    }
  }
  return sources;
}

function elementsOf(source: SourceTask, problems: Problem[]): readonly Element[] {
  const { array, matrix } = source.file;
  if (array !== undefined && matrix !== undefined) {
    const message = "array and matrix cannot be combined; make the index an axis of the matrix";
    problems.push({ path: [...source.path, "array"], message });
    return [];
  }
  if (array !== undefined) {
    return array.map((index) => ({
      suffix: `[${index}]`,
      env: { ALMANAC_ARRAY_INDEX: String(index) },
      values: new Map([["array", String(index)]]),
    }));
  }
  if (matrix !== undefined) return matrixElements(source, matrix, problems);
  return [{ suffix: "", env: {}, values: new Map() }];
}

function matrixElements(
  source: SourceTask,
  matrix: readonly Combination[],
  problems: Problem[],
): readonly Element[] {
  const seen = new Set<string>();
  return matrix.map((combination) => {
    const parts = Object.entries(combination);
    const label = parts.map(([axis, value]) => `${axis}=${value.replace(/[^\w.+:@%-]/g, "-")}`);
    const suffix = `[${label.join(",")}]`;
    if (seen.has(suffix) && problems.length < violationsMax) {
      const message = `two combinations are both named ${quote(source.name + suffix)}; make their values differ in letters, digits or any of _.+:@%-`;
      problems.push({ path: [...source.path, "matrix"], message });
    }
    seen.add(suffix);
    return {
      suffix,
      env: Object.fromEntries(
        parts.map(([axis, value]) => [`ALMANAC_MATRIX_${axis.toUpperCase()}`, value]),
      ),
      values: new Map(parts.map(([axis, value]) => [`matrix.${axis}`, value])),
    };
  });
}

/** Reports unknown placeholders; true if some text differs from element to element. */
function checkPlaceholders(
  source: SourceTask,
  file: JobFile,
  elements: readonly Element[],
  values: Values,
  problems: Problem[],
): boolean {
  const common = new Set(elements[0]?.values.keys() ?? []);
  for (const element of elements) {
    for (const name of common) if (!element.values.has(name)) common.delete(name);
  }
  const known = new Set([...values.keys(), ...common, "task"]);
  let varies = false;
  for (const [path, text] of textsOf(source, file)) {
    for (const name of placeholdersOf(text)) {
      const problem = placeholderProblem(name, known);
      if (problem !== null && problems.length < violationsMax)
        problems.push({ path, message: problem });
      else if (!values.has(name) && path.includes("envFiles")) {
        problems.push({ path, message: "an env file is one for all elements of a task" });
      }
      if (!values.has(name)) varies = true;
    }
  }
  return varies;
}

/** Every text of a task in which placeholders are replaced, with its place in the file. */
function* textsOf(source: SourceTask, file: JobFile): Generator<readonly [Path, string]> {
  const owners = [
    [source.path, source.file],
    [["defaults"], file.defaults ?? {}],
  ] as const;
  for (const [path, owner] of owners) {
    if (owner.stdin !== undefined) yield [[...path, "stdin"], owner.stdin];
    yield* wayTextsOf(path, owner);
    for (const [i, value] of (owner.envFiles ?? []).entries())
      yield [[...path, "envFiles", i], value];
  }
  for (const [name, mode] of Object.entries(source.file.modes ?? {})) {
    yield* wayTextsOf([...source.path, "modes", name], mode);
  }
  if (source.file.fallback !== undefined) {
    yield* wayTextsOf([...source.path, "fallback"], source.file.fallback);
  }
  yield* dataTextsOf(source);
}

/** Texts that each mode may have of its own. */
function* wayTextsOf(
  path: Path,
  owner: Partial<Pick<ModeFile, "command" | "script" | "env" | "workdir">>,
): Generator<readonly [Path, string]> {
  const { command = [], script, env = {}, workdir } = owner;
  if (workdir !== undefined) yield [[...path, "workdir"], workdir];
  for (const [name, value] of Object.entries(env)) yield [[...path, "env", name], value];
  for (const [i, word] of command.entries()) yield [[...path, "command", i], word];
  if (script !== undefined) yield [[...path, "script"], script];
}

function* dataTextsOf(source: SourceTask): Generator<readonly [Path, string]> {
  for (const [i, input] of (source.file.inputs ?? []).entries()) {
    const at = [...source.path, "inputs", i];
    if (input.path !== null) yield [[...at, "path"], input.path];
    if (input.kind === "local") yield [[...at, "from"], input.from];
    if (input.kind === "outputs") {
      yield [[...at, "task"], input.task];
      yield [[...at, "output"], input.output];
    }
  }
  for (const [i, { path }] of (source.file.outputs ?? []).entries()) {
    yield [[...source.path, "outputs", i, "path"], path];
  }
}
