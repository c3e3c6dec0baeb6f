/**
 * Serial schedule generation with insertion, in place: tasks are taken in a topological order and
 * each is put at its earliest start on its chosen worker, or where it ends first if none is chosen
 * (Kolisch 1996; HEFT's placement, Topcuoglu et al. 2002). Beside core's decode, which serves
 * everybody, this one allocates nothing, stops as soon as the value cannot get below a limit, and
 * counts its work. What it finds is checked by core before anybody sees it.
 */

import type { Choice } from "../../../core/decode.js";
import { isMilestone, none, type Problem, taskKept, taskRunning } from "../../../core/problem.js";
import {
  addInterval,
  chooseDevices,
  copyTimeline,
  earliestFit,
  type GpuNeed,
  type Timeline,
} from "../../../core/timeline.js";
import { type Kernel, workersOfOption } from "./kernel.js";

/** At most this many workers of a class are tried for a task that may run on any of them. */
const probesPerOption = 24;

/** A schedule being built. It is complete after a decode that returned a finite value. */
export interface Draft extends Choice {
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly devices: Uint32Array;
  /** [workers] Before this time no task finds room on the worker any more. */
  readonly usefulFrom: Int32Array;
  /** Work units of all decodes so far. */
  workUnits: number;
  /** Rotates through classes with more workers than are tried. */
  rotation: number;
}

/** The schedule of the first tasks of an order, from which a decode may go on. */
export interface Checkpoint {
  /** Tasks of the order that are placed. */
  placed: number;
  readonly workers: readonly Timeline[];
  readonly pools: readonly Timeline[];
  readonly usefulFrom: Int32Array;
  /** Last end, last end with the tail behind it, and the tasks' own parts of the value. */
  makespan: number;
  critical: number;
  sum: number;
}

export function createDraft(kernel: Kernel): Draft {
  const { count } = kernel.problem.tasks;
  return {
    option: new Int32Array(count).fill(none),
    worker: new Int32Array(count).fill(none),
    start: new Int32Array(count),
    end: new Int32Array(count),
    devices: new Uint32Array(count),
    usefulFrom: new Int32Array(kernel.problem.workers.count),
    workUnits: 0,
    rotation: 0,
  };
}

/**
 * Fills `draft` from `order`, which must be topological. Returns the value, or Infinity if it
 * cannot be below `limit` or a task finds no place before the horizon. With a checkpoint, the draft
 * must hold the tasks that stand before it.
 */
export function decodeDraft(
  kernel: Kernel,
  draft: Draft,
  order: Int32Array,
  choice: Choice,
  limit: number,
  checkpoint: Checkpoint | null = null,
): number {
  const { problem, tail } = kernel;
  const makespanWeight = (problem.weights.makespan * problem.tickMs) / 1000;
  if (checkpoint === null) clearSchedule(kernel);
  else restoreSchedule(kernel, checkpoint);
  if (checkpoint === null) draft.usefulFrom.fill(0);
  else draft.usefulFrom.set(checkpoint.usefulFrom);
  let makespan = checkpoint?.makespan ?? 0;
  let critical = checkpoint?.critical ?? 0;
  let sum = checkpoint?.sum ?? 0;
  for (let at = checkpoint?.placed ?? 0; at < order.length; at += 1) {
    const task = order[at] as number;
    if (!placeTask(kernel, draft, choice, task)) return Number.POSITIVE_INFINITY;
    const end = draft.end[task] as number;
    const reach = end + (tail[task] as number);
    if (end > makespan) makespan = end;
    if (reach > critical) critical = reach;
    sum += taskValue(problem, task, end, draft.worker[task] as number);
    if (makespanWeight * critical + sum >= limit) return Number.POSITIVE_INFINITY;
  }
  return makespanWeight * makespan + sum;
}

/** Empties the profiles of everything but facts. */
export function clearSchedule(kernel: Kernel): void {
  restoreSchedule(kernel, kernel.prepared);
}

function restoreSchedule(
  kernel: Kernel,
  {
    workers,
    pools,
  }: { readonly workers: readonly Timeline[]; readonly pools: readonly Timeline[] },
): void {
  const { scratchWorkers, scratchPools } = kernel.prepared;
  for (let i = 0; i < workers.length; i += 1) {
    copyTimeline(workers[i] as Timeline, scratchWorkers[i] as Timeline);
  }
  for (let i = 0; i < pools.length; i += 1) {
    copyTimeline(pools[i] as Timeline, scratchPools[i] as Timeline);
  }
}

/** The task's own part of the value: weighted flow, tardiness and move; never negative. */
export function taskValue(problem: Problem, task: number, end: number, worker: number): number {
  const { tasks, weights } = problem;
  const tickS = problem.tickMs / 1000;
  const release = tasks.release[task] as number;
  let value = weights.flow * (tasks.flowWeight[task] as number) * (end - release) * tickS;
  const due = tasks.due[task] as number;
  if (due !== none && end > due) {
    value += weights.tardiness * (tasks.tardinessWeight[task] as number) * (end - due) * tickS;
  }
  const previous = tasks.previousWorker[task] as number;
  if (previous !== none && previous !== worker) {
    value += weights.moves * (tasks.moveWeight[task] as number);
  }
  return value;
}

function placeTask(kernel: Kernel, draft: Draft, choice: Choice, task: number): boolean {
  const { problem } = kernel;
  const { tasks } = problem;
  const state = tasks.state[task];
  if (state === taskRunning) {
    copyFacts(problem, draft, task);
    return true;
  }
  const from = readyTime(kernel, draft, task);
  if (isMilestone(problem, task)) {
    draft.start[task] = from;
    draft.end[task] = from;
    draft.workUnits += 1;
    return from <= problem.horizon;
  }
  let option = (state === taskKept ? tasks.previousOption : choice.option)[task] as number;
  let worker = (state === taskKept ? tasks.previousWorker : choice.worker)[task] as number;
  let start: number;
  if (option !== none && worker !== none) {
    draft.workUnits += 1;
    start = earliestOn(kernel, draft, task, option, worker, from);
  } else {
    ({ option, worker, start } = earliestEnd(kernel, draft, task, from, option, worker));
  }
  if (start === none) return false;
  commit(kernel, draft, task, option, worker, start);
  return true;
}

function copyFacts(problem: Problem, draft: Draft, task: number): void {
  const { tasks } = problem;
  draft.option[task] = tasks.fixedOption[task] as number;
  draft.worker[task] = tasks.fixedWorker[task] as number;
  draft.start[task] = tasks.fixedStart[task] as number;
  draft.end[task] = tasks.fixedEnd[task] as number;
  draft.devices[task] = tasks.fixedDevices[task] as number;
  draft.workUnits += 1;
}

function readyTime(kernel: Kernel, draft: Draft, task: number): number {
  const { predecessorFirst, predecessor, predecessorLag } = kernel.prepared.graph;
  let from = Math.max(0, kernel.problem.tasks.release[task] as number);
  const last = predecessorFirst[task + 1] as number;
  for (let k = predecessorFirst[task] as number; k < last; k += 1) {
    const ready = (draft.end[predecessor[k] as number] as number) + (predecessorLag[k] as number);
    if (ready > from) from = ready;
  }
  return from;
}

interface Placement {
  option: number;
  worker: number;
  /** none: there is no place. */
  start: number;
  end: number;
}

/** Ties go to the previous worker, else to the first found; `only...` is none for any. */
function earliestEnd(
  kernel: Kernel,
  draft: Draft,
  task: number,
  from: number,
  onlyOption: number,
  onlyWorker: number,
): Placement {
  const { problem, prepared, optionUsable } = kernel;
  const { options, tasks } = problem;
  const block = tasks.block[task] as number;
  const best = { option: none, worker: none, start: none, end: Number.POSITIVE_INFINITY };
  const lastOption = options.blockFirst[block + 1] as number;
  for (let option = options.blockFirst[block] as number; option < lastOption; option += 1) {
    if (optionUsable[option] === 0 || (onlyOption !== none && onlyOption !== option)) continue;
    // An option whose shortest way is too long is not worth a look at any worker.
    if (from + (options.duration[option] as number) > best.end) continue;
    if (onlyWorker !== none) {
      if (runsOn(problem, option, onlyWorker)) {
        consider(kernel, draft, task, from, option, onlyWorker, best);
      }
      continue;
    }
    const workers = workersOfOption(problem, prepared, option);
    const size = workers.length;
    const probes = Math.min(size, probesPerOption);
    const offset = size > probes ? draft.rotation++ * probes : 0;
    for (let k = 0; k < probes; k += 1) {
      const worker = workers[size > probes ? (offset + k) % size : k] as number;
      consider(kernel, draft, task, from, option, worker, best);
    }
  }
  return best;
}

function runsOn({ options, workers }: Problem, option: number, worker: number): boolean {
  const only = options.worker[option] as number;
  return workers.classOf[worker] === options.class[option] && (only === none || only === worker);
}

function consider(
  kernel: Kernel,
  draft: Draft,
  task: number,
  from: number,
  option: number,
  worker: number,
  best: Placement,
): void {
  const { options, tasks } = kernel.problem;
  draft.workUnits += 1;
  const start = earliestOn(kernel, draft, task, option, worker, from);
  if (start === none) return;
  const end = start + (options.duration[option] as number);
  if (end > best.end || (end === best.end && worker !== tasks.previousWorker[task])) return;
  best.option = option;
  best.worker = worker;
  best.start = start;
  best.end = end;
}

/** Earliest start at which worker, devices and pools are all free; none if past the horizon. */
function earliestOn(
  kernel: Kernel,
  draft: Draft,
  task: number,
  option: number,
  worker: number,
  from: number,
): number {
  const { problem, prepared } = kernel;
  const { options, tasks } = problem;
  const duration = options.duration[option] as number;
  const latest = problem.horizon - duration;
  const row = (options.demandRow[option] as number) * problem.dimensions.length;
  const gpu = gpuOf(kernel, option);
  const firstPool = tasks.poolFirst[task] as number;
  const lastPool = tasks.poolFirst[task + 1] as number;
  const timeline = prepared.scratchWorkers[worker] as Timeline;
  let start = Math.max(from, draft.usefulFrom[worker] as number);
  while (true) {
    let next = earliestFit(timeline, start, duration, options.demand, row, gpu, latest);
    if (firstPool === lastPool) return next;
    for (let k = firstPool; k < lastPool && next !== none; k += 1) {
      const pool = prepared.scratchPools[tasks.poolIndex[k] as number] as Timeline;
      next = earliestFit(pool, next, duration, tasks.poolAmount, k, null, latest);
    }
    // A pool may have moved the start past what the worker allowed: ask again.
    if (next === none || next === start) return next;
    start = next;
  }
}

export function gpuOf(kernel: Kernel, option: number): GpuNeed | null {
  const request = kernel.problem.options.gpuRequest[option] as number;
  return request === none ? null : (kernel.prepared.gpuNeeds[request] as GpuNeed);
}

function commit(
  kernel: Kernel,
  draft: Draft,
  task: number,
  option: number,
  worker: number,
  start: number,
): void {
  const { problem, prepared } = kernel;
  const { options, tasks } = problem;
  const duration = options.duration[option] as number;
  const end = start + duration;
  const row = (options.demandRow[option] as number) * problem.dimensions.length;
  const timeline = prepared.scratchWorkers[worker] as Timeline;
  const gpu = gpuOf(kernel, option);
  const devices = gpu === null ? 0 : chooseDevices(timeline, start, duration, gpu);
  addInterval(timeline, start, end, options.demand, row, gpu, devices);
  const lastPool = tasks.poolFirst[task + 1] as number;
  for (let k = tasks.poolFirst[task] as number; k < lastPool; k += 1) {
    const pool = prepared.scratchPools[tasks.poolIndex[k] as number] as Timeline;
    addInterval(pool, start, end, tasks.poolAmount, k, null, 0);
  }
  draft.option[task] = option;
  draft.worker[task] = worker;
  draft.start[task] = start;
  draft.end[task] = end;
  draft.devices[task] = devices;
  // Saturated stretches grow from the left: without this mark every search would cross them again.
  const useful = draft.usefulFrom[worker] as number;
  if (start > useful) return;
  const next = earliestFit(timeline, useful, 1, kernel.leastDemand, 0, null, problem.horizon);
  draft.usefulFrom[worker] = next === none ? problem.horizon : next;
}
