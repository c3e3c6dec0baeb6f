/**
 * What makes a job acceptable: the rules that every client and the master share, so that a job
 * which a client let through is not refused by the master for another reason. Pure; changes
 * nothing; collects violations rather than stopping at the first.
 */

import { edgeConditions, type JobSpec, jobLimits, type TaskEntry } from "./job.js";
import type { Violation } from "./result.js";
import { validateFlow } from "./validate-data.js";
import { validateGroups } from "./validate-groups.js";
import { validateEntryOfModes } from "./validate-modes.js";
import { validateJobPolicies } from "./validate-retry.js";
import { durationMsMax, validateTemplate } from "./validate-template.js";
import { isInstant, isPositive, namePattern, Violations } from "./violations.js";

/** `train`, `train[7]`, `train[lr=0.1,seed=2]`: safe as a file name and on a command line. */
export const taskNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\[[A-Za-z0-9_.=,:+@%-]+\])?$/;
export const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Words that stand for something else where a job is named on the command line. */
export const reservedJobNames: ReadonlySet<string> = new Set(["latest", "all"]);

/** Fields are paths in the expanded job: `tasks[3].name`, `templates[0].resources.cpuMillis`. */
export function validateJob(spec: JobSpec): readonly Violation[] {
  const found = new Violations();
  validateHead(spec, found);
  if (spec.templates.length > jobLimits.templates) {
    found.limit("templates", "distinct task templates", spec.templates.length, jobLimits.templates);
  } else {
    spec.templates.forEach((template, i) => {
      if (!found.full) validateTemplate(template, `templates[${i}]`, found);
    });
    validateConcurrency(spec, found);
  }
  if (spec.tasks.length === 0) found.add("tasks", "a job needs at least one task");
  if (spec.tasks.length > jobLimits.tasks) {
    found.limit("tasks", "tasks", spec.tasks.length, jobLimits.tasks);
  } else if (spec.edges.length > jobLimits.edges) {
    found.limit("edges", "dependencies", spec.edges.length, jobLimits.edges);
  } else {
    validateTasks(spec, found);
    validateEdges(spec, found);
    validateFlow(spec, found);
    if (!found.full) validateGroups(spec, found, findCycle);
  }
  return found.list;
}

function validateHead(spec: JobSpec, found: Violations): void {
  found.name("name", "job name", spec.name, namePattern, jobLimits.nameLength);
  if (reservedJobNames.has(spec.name)) {
    found.add("name", `\`${spec.name}\` is reserved: the command line gives it a meaning`);
  }
  if (!namespacePattern.test(spec.namespace)) {
    found.add(
      "namespace",
      "must be 1 to 63 lower-case letters, digits or inner hyphens, like `default`",
    );
  }
  if (spec.timeoutMs !== null && !isPositive(spec.timeoutMs, durationMsMax)) {
    found.add("timeoutMs", "must be a positive whole number of milliseconds, at most ten years");
  }
  if (spec.deadlineAtMs !== null && !isInstant(spec.deadlineAtMs)) {
    found.add("deadlineAtMs", "must be a time in whole milliseconds since 1970");
  }
  if (spec.objective !== null) validateObjective(spec.objective, found);
  validateJobPolicies(spec, found);
  found.metadata("metadata", spec.metadata);
  if (spec.after.length > jobLimits.jobDependencies) {
    found.limit("after", "jobs waited for", spec.after.length, jobLimits.jobDependencies);
    return;
  }
  spec.after.forEach((dependency, i) => {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(dependency.jobId)) {
      found.add(`after[${i}].jobId`, "must be a job id as `almanac list` shows it");
    }
    if (!edgeConditions.includes(dependency.on)) {
      found.add(`after[${i}].on`, `must be one of ${edgeConditions.join(", ")}`);
    }
  });
}

function validateObjective(weights: NonNullable<JobSpec["objective"]>, found: Violations): void {
  for (const part of ["makespan", "flow", "tardiness", "moves", "cost"] as const) {
    const weight = weights[part];
    if (!(Number.isFinite(weight) && weight >= 0 && weight <= 1e6)) {
      found.add(`objective.${part}`, "must be a number from 0 to 1000000", 1e6);
    }
  }
  if (weights.makespan + weights.flow + weights.tardiness <= 0) {
    found.add("objective", "one of makespan, flow and tardiness must have a weight above 0");
  }
}

/** `maxConcurrent` is counted by template name, so templates of one name must agree on it. */
function validateConcurrency(spec: JobSpec, found: Violations): void {
  const limitOf = new Map<string, number | null>();
  spec.templates.forEach((template, i) => {
    const seen = limitOf.get(template.name);
    if (seen === undefined) limitOf.set(template.name, template.maxConcurrent);
    else if (seen !== template.maxConcurrent) {
      found.add(
        `templates[${i}].maxConcurrent`,
        `other templates named \`${template.name}\` say ${seen ?? "no limit"}; they must agree`,
      );
    }
  });
}

function validateTasks(spec: JobSpec, found: Violations): void {
  const firstOf = new Map<string, number>();
  for (const [i, task] of spec.tasks.entries()) {
    if (found.full) return;
    const at = `tasks[${i}]`;
    found.name(`${at}.name`, "task name", task.name, taskNamePattern, jobLimits.nameLength);
    const first = firstOf.get(task.name);
    if (first !== undefined) {
      found.add(`${at}.name`, `duplicate name \`${task.name}\`: tasks[${first}] has it already`);
    } else firstOf.set(task.name, i);
    if (!isIndex(task.template, spec.templates.length)) {
      found.add(
        `${at}.template`,
        `there is no template ${task.template}; the job has ${spec.templates.length}`,
      );
    }
    validateEntry(task, at, found);
    validateEntryOfModes(task, spec.templates[task.template], at, found);
  }
}

function validateEntry(task: TaskEntry, at: string, found: Violations): void {
  found.environment(`${at}.env`, task.env);
  if (task.estimate !== null) found.estimate(`${at}.estimate`, task.estimate, durationMsMax);
  if (
    task.inputBytes !== null &&
    !(Number.isSafeInteger(task.inputBytes) && task.inputBytes >= 0)
  ) {
    found.add(`${at}.inputBytes`, "must be a whole number of bytes, 0 or more");
  }
}

function validateEdges(spec: JobSpec, found: Violations): void {
  const count = spec.tasks.length;
  const seen = new Set<number>();
  const dependencies = new Int32Array(count);
  const sound: (readonly [from: number, to: number])[] = [];
  const name = (task: number): string => spec.tasks[task]?.name ?? `#${task}`;
  for (const [i, edge] of spec.edges.entries()) {
    if (found.full) return;
    const at = `edges[${i}]`;
    const fromKnown = isIndex(edge.from, count);
    const toKnown = isIndex(edge.to, count);
    if (!fromKnown) found.add(`${at}.from`, `unknown dependency: there is no task ${edge.from}`);
    if (!toKnown) found.add(`${at}.to`, `unknown dependent: there is no task ${edge.to}`);
    if (!edgeConditions.includes(edge.on)) {
      found.add(`${at}.on`, `must be one of ${edgeConditions.join(", ")}`);
    }
    if (!fromKnown || !toKnown) continue;
    if (edge.from === edge.to) {
      found.add(at, `\`${name(edge.to)}\` depends on itself`);
      continue;
    }
    const key = edge.from * count + edge.to;
    if (seen.has(key)) {
      found.add(at, `\`${name(edge.to)}\` depends on \`${name(edge.from)}\` twice`);
      continue;
    }
    seen.add(key);
    sound.push([edge.from, edge.to]);
    const number = (dependencies[edge.to] as number) + 1;
    dependencies[edge.to] = number;
    if (number === jobLimits.dependenciesPerTask + 1) {
      found.limit(
        at,
        `dependencies of \`${name(edge.to)}\``,
        number,
        jobLimits.dependenciesPerTask,
      );
    }
  }
  const cycle = findCycle(count, sound);
  if (cycle !== null) found.add("edges", `dependency cycle: ${describeCycle(cycle.map(name))}`);
}

/** The tasks of one cycle in dependency order, or null. Kahn (1962), then a walk in the rest. */
export function findCycle(
  count: number,
  edges: readonly (readonly [from: number, to: number])[],
): readonly number[] | null {
  const waitsFor = new Int32Array(count);
  const first = new Int32Array(count + 1);
  for (const [from, to] of edges) {
    waitsFor[to] = (waitsFor[to] as number) + 1;
    first[from + 1] = (first[from + 1] as number) + 1;
  }
  for (let i = 0; i < count; i++) first[i + 1] = (first[i + 1] as number) + (first[i] as number);
  const cursor = first.slice();
  const next = new Int32Array(edges.length);
  for (const [from, to] of edges) {
    const slot = cursor[from] as number;
    next[slot] = to;
    cursor[from] = slot + 1;
  }
  const queue: number[] = [];
  for (let task = 0; task < count; task++) if (waitsFor[task] === 0) queue.push(task);
  for (let head = 0; head < queue.length; head++) {
    const task = queue[head] as number;
    for (let i = first[task] as number; i < (first[task + 1] as number); i++) {
      const to = next[i] as number;
      const left = (waitsFor[to] as number) - 1;
      waitsFor[to] = left;
      if (left === 0) queue.push(to);
    }
  }
  if (queue.length === count) return null;
  return walkCycle(waitsFor, edges);
}

/** Every task left over has a predecessor that is left over too: walking back must come round. */
function walkCycle(
  waitsFor: Int32Array,
  edges: readonly (readonly [from: number, to: number])[],
): readonly number[] {
  const predecessor = new Int32Array(waitsFor.length).fill(-1);
  for (const [from, to] of edges) {
    if ((waitsFor[from] as number) > 0 && (waitsFor[to] as number) > 0) predecessor[to] = from;
  }
  const placeOf = new Map<number, number>();
  const path: number[] = [];
  let task = waitsFor.findIndex((left) => left > 0);
  while (!placeOf.has(task)) {
    placeOf.set(task, path.length);
    path.push(task);
    task = predecessor[task] as number;
  }
  return path.slice(placeOf.get(task)).reverse();
}

const cycleNamesShown = 10;

function describeCycle(names: readonly string[]): string {
  const start = names[0] ?? "";
  const shown = names.slice(0, cycleNamesShown);
  const rest = names.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… ${rest} more`] : []), start].join(" → ");
}

const isIndex = (value: number, count: number): boolean =>
  Number.isInteger(value) && value >= 0 && value < count;
