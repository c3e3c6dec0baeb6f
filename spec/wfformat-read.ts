/** Reads a WfFormat 1.5 document into plain indices, and judges whether it is consistent. */
import { z } from "zod";
import { jobLimits } from "../core/job.js";
import { ok, type Violation } from "../core/result.js";
import { quote, violationsMax } from "../core/violations.js";
import { violationsOf } from "./issues.js";
import type { Path } from "./path.js";
import { fieldOf } from "./path.js";
import { safeName } from "./unique-names.js";

export interface WorkflowTask {
  readonly id: string;
  /** The program that ran, as far as the record says: groups tasks that are alike. */
  readonly category: string;
  readonly runtimeS: number;
  readonly cores: number;
  /** Indices of tasks. */
  readonly parents: readonly number[];
  /** Numbers of files. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export interface Workflow {
  readonly name: string;
  readonly tasks: readonly WorkflowTask[];
  /** By number of file. */
  readonly fileBytes: readonly number[];
  /** Files that tasks read and none writes. */
  readonly externalFiles: readonly number[];
}

const ids = z.array(z.string().min(1).max(4096)).max(jobLimits.tasks).default([]);
const specifiedTask = z.object({
  id: z.string().min(1).max(4096),
  name: z.string().max(4096).optional(),
  parents: ids,
  children: ids,
  inputFiles: ids,
  outputFiles: ids,
});
const executedTask = z.object({
  id: z.string().min(1).max(4096),
  runtimeInSeconds: z.number().min(0).max(1e9),
  coreCount: z.number().min(0).max(1e5).optional(),
  command: z.object({ program: z.string().optional() }).optional(),
});
const file = z.object({
  id: z.string().min(1).max(4096),
  sizeInBytes: z
    .number()
    .min(0)
    .max(2 ** 50),
});
const instance = z.object({
  name: z.string(),
  schemaVersion: z.literal("1.5", {
    error: "must be 1.5, the version of WfFormat that is imported",
  }),
  workflow: z.object({
    specification: z.object({
      tasks: z
        .array(specifiedTask)
        .min(1)
        .max(jobLimits.tasks - 1),
      files: z.array(file).max(1_000_000).default([]),
    }),
    execution: z.object(
      { tasks: z.array(executedTask).max(jobLimits.tasks) },
      { error: "is missing: an instance without recorded runtimes cannot be run" },
    ),
  }),
});

type Instance = z.output<typeof instance>;
type SpecifiedTask = Instance["workflow"]["specification"]["tasks"][number];

/** Violations so far; `at` is a path below `workflow`. */
type Report = (at: Path, message: string) => void;

export function readWorkflow(
  data: unknown,
  lineOf: (path: Path) => number,
):
  | { readonly ok: true; readonly value: Workflow }
  | { readonly ok: false; readonly error: readonly Violation[] } {
  const parsed = instance.safeParse(data);
  if (!parsed.success) {
    return { ok: false, error: violationsOf(parsed.error.issues, { name: "", data, lineOf }) };
  }
  const violations: Violation[] = [];
  const report: Report = (at, message) => {
    if (violations.length >= violationsMax) return;
    const path = ["workflow", ...at];
    violations.push({ field: fieldOf(path), message, line: lineOf(path) });
  };
  const workflow = assemble(parsed.data, report);
  return violations.length > 0 ? { ok: false, error: violations } : ok(workflow);
}

function assemble(data: Instance, report: Report): Workflow {
  const { specification, execution } = data.workflow;
  const taskIndex = indexById(specification.tasks, ["specification", "tasks"], report);
  const fileIndex = indexById(specification.files, ["specification", "files"], report);
  const runs = indexById(execution.tasks, ["execution", "tasks"], report);
  const parents = readParents(specification.tasks, taskIndex, report);
  const producers = new Map<number, number>();
  const filesOf = (wanted: readonly string[], at: Path): readonly number[] => {
    const found = new Set<number>();
    wanted.forEach((id, i) => {
      const index = fileIndex.get(id);
      if (index === undefined) report([...at, i], `unknown file ${quote(id)}`);
      else found.add(index);
    });
    return [...found];
  };
  const outputs = specification.tasks.map((task, i) => {
    const at = ["specification", "tasks", i, "outputFiles"];
    const files = filesOf(task.outputFiles, at);
    for (const one of files) {
      const other = producers.get(one);
      if (other !== undefined)
        report(at, `file ${quote(specification.files[one]?.id ?? "")} is written by two tasks`);
      producers.set(one, i);
    }
    return files;
  });
  const external = new Set<number>();
  const tasks = specification.tasks.map((task, i): WorkflowTask => {
    const run = execution.tasks[runs.get(task.id) ?? -1];
    if (run === undefined) {
      report(
        ["specification", "tasks", i],
        `task ${quote(task.id)} has no recorded run in workflow.execution.tasks`,
      );
    }
    const at = ["specification", "tasks", i, "inputFiles"];
    const inputs = filesOf(task.inputFiles, at).filter((one) => producers.get(one) !== i);
    for (const one of inputs) {
      const producer = producers.get(one);
      if (producer === undefined) external.add(one);
      else if (!isAncestor(producer, i, parents)) {
        report(
          at,
          `reads a file of ${quote(specification.tasks[producer]?.id ?? "")}, which is not among its ancestors`,
        );
      }
    }
    return {
      id: task.id,
      category: categoryOf(task, run?.command?.program),
      runtimeS: run?.runtimeInSeconds ?? 0,
      cores: Math.max(1, Math.ceil(run?.coreCount ?? 1)),
      parents: parents[i] ?? [],
      inputs,
      outputs: outputs[i] ?? [],
    };
  });
  return {
    name: data.name,
    tasks,
    fileBytes: specification.files.map((one) => one.sizeInBytes),
    externalFiles: [...external].sort((a, b) => a - b),
  };
}

function indexById(
  items: readonly { readonly id: string }[],
  at: Path,
  report: Report,
): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  items.forEach(({ id }, i) => {
    if (index.has(id)) report([...at, i, "id"], `duplicate id ${quote(id)}`);
    else index.set(id, i);
  });
  return index;
}

/** Both directions are recorded; where they disagree, neither can be trusted. */
function readParents(
  tasks: readonly SpecifiedTask[],
  index: ReadonlyMap<string, number>,
  report: Report,
): readonly (readonly number[])[] {
  const children = tasks.map((task) => new Set(task.children));
  const parents = tasks.map((task) => new Set(task.parents));
  tasks.forEach((task, i) => {
    for (const [key, other] of [
      ["parents", children],
      ["children", parents],
    ] as const) {
      task[key].forEach((id, place) => {
        const at = ["specification", "tasks", i, key, place];
        const relative = index.get(id);
        if (relative === undefined) report(at, `unknown task ${quote(id)}`);
        else if (!other[relative]?.has(task.id)) {
          const back = key === "parents" ? "children" : "parents";
          report(at, `${quote(id)} does not name ${quote(task.id)} among its ${back}`);
        }
      });
    }
  });
  return parents.map((set) => [...set].flatMap((id) => index.get(id) ?? []));
}

function isAncestor(
  wanted: number,
  task: number,
  parents: readonly (readonly number[])[],
): boolean {
  // Nearly always a parent, so the walk above it is the exception.
  const queue = [...(parents[task] ?? [])];
  const seen = new Set(queue);
  for (const one of queue) {
    if (one === wanted) return true;
    for (const parent of parents[one] ?? []) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      queue.push(parent);
    }
  }
  return false;
}

/** The recorded program where it is a name; some systems record a whole script instead. */
function categoryOf(task: SpecifiedTask, program: string | undefined): string {
  if (program !== undefined && /^[\w./+-]{1,64}$/.test(program)) {
    return safeName(program.slice(program.lastIndexOf("/") + 1));
  }
  const name = task.name !== undefined && task.name !== task.id ? task.name : task.id;
  return safeName(name.replace(/[_.-]?(ID)?\d+$/, ""));
}
