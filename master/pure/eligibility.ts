/**
 * Whether a worker could run a task at all, idle and alone. The one test of what fits, shared by
 * submission, problem building and dispatch, so that they never disagree.
 */
import { chargedResources } from "../../core/charge.js";
import type { Constraint, TaskTemplate } from "../../core/job.js";
import { waysOf } from "../../core/modes.js";
import type { Device, GpuRequest } from "../../core/resources.js";
import { exceeding } from "../../core/resources.js";
import { unreachable } from "../../core/result.js";
import type { WorkerFacts } from "../../core/worker.js";
import { domainLabels } from "./bonds.js";
import type { Task } from "./state.js";

/** Label under which a worker's own name can be asked for in a constraint. */
export const workerNameLabel = "almanac.worker";

/** Why this worker could never run the template; empty where it could. */
export function unfitReasons(facts: WorkerFacts, template: TaskTemplate): string[] {
  const reasons: string[] = [];
  const driver = facts.drivers.find((one) => one.name === template.driver);
  if (driver === undefined) {
    const known = facts.unavailableDrivers.find((driver) => driver.name === template.driver);
    const why = known === undefined ? "" : `: ${known.reason}`;
    reasons.push(`no driver ${template.driver}${why}`);
  }
  if (template.data !== undefined && driver !== undefined && driver.stagesData !== true) {
    reasons.push(`driver ${template.driver} takes no inputs and outputs here`);
  }
  if (template.secrets !== undefined && driver !== undefined && driver.givesSecrets !== true) {
    reasons.push(`driver ${template.driver} gives no secrets here`);
  }
  for (const name of exceeding(chargedResources(template), facts.capacity)) {
    reasons.push(`not enough ${name}`);
  }
  for (const constraint of template.constraints) {
    if (!holds(constraint, facts)) reasons.push(`constraint ${constraintText(constraint)}`);
  }
  for (const label of domainLabels(template)) {
    if (facts.labels[label] === undefined) reasons.push(`no label ${label} to group by`);
  }
  if (template.gpu !== null && !devicesSuffice(facts.devices, template.gpu)) {
    reasons.push("not the gpus asked for");
  }
  return reasons;
}

/** In one of its modes, where it has some. */
export const canRun = (facts: WorkerFacts, template: TaskTemplate): boolean =>
  waysOf(template).some((way) => unfitReasons(facts, way).length === 0);

/** As it is now: with more memory than it was submitted with, or in its fallback. */
export const canRunTask = (facts: WorkerFacts, { ways }: Pick<Task, "ways">): boolean =>
  ways.some(({ template }) => unfitReasons(facts, template).length === 0);

/** The reasons of many workers, each once, with how many workers give it; by mode. */
export const explainUnfit = (workers: readonly WorkerFacts[], template: TaskTemplate): string =>
  explainWays(
    workers,
    waysOf(template).map((way, i) => ({ mode: template.modes?.[i]?.name, template: way })),
  );

export const explainUnfitTask = (
  workers: readonly WorkerFacts[],
  { ways }: Pick<Task, "ways">,
): string =>
  explainWays(
    workers,
    ways.map(({ named, template }) => ({ mode: named.mode, template })),
  );

function explainWays(
  workers: readonly WorkerFacts[],
  ways: readonly { readonly mode: string | undefined; readonly template: TaskTemplate }[],
): string {
  if (workers.length === 0) return "there is no worker";
  return ways
    .map(({ mode, template }) => {
      const reason = explainWay(workers, template);
      return mode === undefined ? reason : `mode ${mode}: ${reason}`;
    })
    .join("; ");
}

function explainWay(workers: readonly WorkerFacts[], template: TaskTemplate): string {
  const counts = new Map<string, number>();
  for (const facts of workers) {
    for (const reason of unfitReasons(facts, template)) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} (${count} of ${workers.length} workers)`)
    .join("; ");
}

export function holds(constraint: Constraint, facts: WorkerFacts): boolean {
  const label = constraint.label === workerNameLabel ? facts.name : facts.labels[constraint.label];
  switch (constraint.operator) {
    case "=":
    case "in":
      return label !== undefined && constraint.values.includes(label);
    case "!=":
    case "not_in":
      return label === undefined || !constraint.values.includes(label);
    case "exists":
      return label !== undefined;
    case "absent":
      return label === undefined;
    default:
      return unreachable(constraint.operator);
  }
}

const constraintText = ({ label, operator, values }: Constraint): string =>
  [label, operator, values.join(",")].filter((part) => part !== "").join(" ");

/** True if a device is of the type and memory that a request needs. */
export function deviceMatches(device: Device, request: GpuRequest): boolean {
  return (
    (request.type === null || request.type === device.type) &&
    request.memoryBytes <= device.memoryBytes
  );
}

function devicesSuffice(devices: readonly Device[], request: GpuRequest): boolean {
  const needed = request.kind === "whole" ? request.count : 1;
  return devices.filter((device) => deviceMatches(device, request)).length >= needed;
}
