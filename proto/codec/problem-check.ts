/**
 * What must hold of a problem's columns before solvers follow their indices. Lengths have been
 * checked already; this looks at what stands in them.
 */
import {
  groupColocate,
  groupGang,
  horizonMax,
  none,
  type Problem,
  taskFree,
  taskKept,
  taskRunning,
} from "../../core/problem.js";
import { note, type Scope } from "./decoding.js";

type Column = ArrayLike<number>;

/** A pebibyte; larger amounts would leave the exact range when they are multiplied by a speed. */
const kibMax = 2 ** 40;

export function checkProblem(scope: Scope, problem: Problem): void {
  const rows = checkShapes(scope, problem);
  const blocks = problem.options.blockFirst.length - 1;
  checkMachines(scope, problem);
  checkOptions(scope, problem, rows);
  checkTasks(scope, problem, blocks);
  const { edges, tasks } = problem;
  index(scope, "edges.from", edges.from, tasks.count);
  index(scope, "edges.to", edges.to, tasks.count);
  within(scope, "edges.lag", edges.lag, -horizonMax, horizonMax);
  within(scope, "edges.fixed", edges.fixed, 0, horizonMax);
  within(scope, "edges.kib", edges.kib, 0, kibMax);
  checkGroups(scope, problem);
}

function checkGroups(scope: Scope, { groups, workers, tasks }: Problem): void {
  within(scope, "groups.kind", groups.kind, groupGang, groupColocate);
  offsets(scope, "groups.first", groups.first, groups.member.length);
  index(scope, "groups.member", groups.member, tasks.count);
  for (let group = 0; group < groups.count; group++) {
    if (groups.kind[group] === groupGang) continue;
    const level = groups.level[group] as number;
    if (level >= workers.domainLevels.length) {
      note(scope, `groups.level[${group}]`, `is ${level}, but there are no so many levels`);
      return;
    }
  }
}

/** Lengths that depend on each other; returns the number of demand rows. */
function checkShapes(scope: Scope, { dimensions, options, tasks, pools }: Problem): number {
  const width = dimensions.length;
  if (width === 0) note(scope, "dimensions", "must not be empty");
  if (pools.names.length !== pools.count) {
    note(scope, "pools.names", `has ${pools.names.length} entries instead of ${pools.count}`);
  }
  if (width > 0 && options.demand.length % width !== 0) {
    note(scope, "options.demand", `must hold whole rows of ${width}`);
  }
  if (tasks.poolAmount.length !== tasks.poolIndex.length) {
    note(scope, "tasks.poolAmount", `must be as long as poolIndex, ${tasks.poolIndex.length}`);
  }
  offsets(scope, "tasks.poolFirst", tasks.poolFirst, tasks.poolIndex.length);
  if (options.poolAmount.length !== options.poolIndex.length) {
    note(scope, "options.poolAmount", `must be as long as poolIndex, ${options.poolIndex.length}`);
  }
  offsets(scope, "options.poolFirst", options.poolFirst, options.poolIndex.length);
  offsets(scope, "options.blockFirst", options.blockFirst, options.count);
  return width === 0 ? 0 : Math.floor(options.demand.length / width);
}

function checkMachines(scope: Scope, problem: Problem): void {
  const { workers, links, blocks, devices, gpuRequests, pools } = problem;
  positive(scope, "unit", problem.unit);
  within(scope, "workers.capacity", workers.capacity, 0);
  index(scope, "workers.link", workers.link, Math.max(1, links.count));
  within(scope, "links.latency", links.latency, 0, horizonMax);
  within(scope, "links.perGib", links.perGib, 0, horizonMax);
  index(scope, "blocks.worker", blocks.worker, workers.count);
  within(scope, "blocks.from", blocks.from, -horizonMax, horizonMax);
  within(scope, "blocks.to", blocks.to, -horizonMax, horizonMax);
  within(scope, "blocks.use", blocks.use, 0);
  index(scope, "devices.worker", devices.worker, workers.count);
  within(scope, "devices.memory", devices.memory, 0);
  within(scope, "gpuRequests.type", gpuRequests.type, none);
  within(scope, "gpuRequests.memory", gpuRequests.memory, 0);
  within(scope, "pools.capacity", pools.capacity, 0);
}

function checkOptions(scope: Scope, problem: Problem, rows: number): void {
  const { options, workers, gpuRequests } = problem;
  index(scope, "options.worker", options.worker, workers.count, none);
  within(scope, "options.duration", options.duration, 0, horizonMax);
  within(scope, "options.durationP90", options.durationP90, 0, horizonMax);
  index(scope, "options.demandRow", options.demandRow, rows);
  within(scope, "options.demand", options.demand, 0);
  index(scope, "options.gpuRequest", options.gpuRequest, gpuRequests.count, none);
  within(scope, "options.cost", options.cost, 0, Number.MAX_VALUE);
  index(scope, "options.poolIndex", options.poolIndex, problem.pools.count);
  within(scope, "options.poolAmount", options.poolAmount, 0);
}

function checkTasks(scope: Scope, problem: Problem, blocks: number): void {
  const { tasks, workers, options, pools } = problem;
  index(scope, "tasks.block", tasks.block, blocks, none);
  within(scope, "tasks.release", tasks.release, -horizonMax, horizonMax);
  within(scope, "tasks.due", tasks.due, -horizonMax, horizonMax);
  within(scope, "tasks.hardDue", tasks.hardDue, -horizonMax, horizonMax);
  within(scope, "tasks.skipPrice", tasks.skipPrice, 0);
  for (const name of ["tardinessWeight", "flowWeight", "moveWeight"] as const) {
    within(scope, `tasks.${name}`, tasks[name], 0, Number.MAX_VALUE);
  }
  within(scope, "tasks.state", tasks.state, taskFree, Math.max(taskRunning, taskKept));
  index(scope, "tasks.fixedWorker", tasks.fixedWorker, workers.count, none);
  index(scope, "tasks.fixedOption", tasks.fixedOption, options.count, none);
  index(scope, "tasks.previousWorker", tasks.previousWorker, workers.count, none);
  index(scope, "tasks.previousOption", tasks.previousOption, options.count, none);
  within(scope, "tasks.fixedStart", tasks.fixedStart, -horizonMax, horizonMax);
  within(scope, "tasks.fixedEnd", tasks.fixedEnd, -horizonMax, horizonMax);
  index(scope, "tasks.poolIndex", tasks.poolIndex, pools.count);
  within(scope, "tasks.poolAmount", tasks.poolAmount, 0);
}

/** Every value is an index below `count`, or `least` where that stands for "none". */
function index(scope: Scope, name: string, column: Column, count: number, least = 0): void {
  within(scope, name, column, least, count - 1);
}

/** Notes the first value outside [minimum, maximum], NaN included. */
function within(
  scope: Scope,
  name: string,
  column: Column,
  minimum: number,
  maximum = Number.POSITIVE_INFINITY,
): void {
  for (let i = 0; i < column.length; i++) {
    const value = column[i] as number;
    if (!(value >= minimum && value <= maximum)) {
      const range = maximum < minimum ? "there is nothing to point at" : `${minimum} to ${maximum}`;
      note(scope, `${name}[${i}]`, `is ${value}, outside of what is possible: ${range}`);
      return;
    }
  }
}

function positive(scope: Scope, name: string, column: Column): void {
  within(scope, name, column, Number.MIN_VALUE, Number.MAX_VALUE);
}

/** Offsets start at 0, never fall, and end at `last`. */
function offsets(scope: Scope, name: string, column: Column, last: number): void {
  if (column.length === 0) return note(scope, name, "must hold at least one offset");
  if (column[0] !== 0) note(scope, name, "must start at 0");
  for (let i = 1; i < column.length; i++) {
    if ((column[i] as number) < (column[i - 1] as number)) {
      return note(scope, `${name}[${i}]`, "must not be below the offset before it");
    }
  }
  const end = column[column.length - 1];
  if (end !== last) note(scope, name, `must end at ${last}, but ends at ${end}`);
}
