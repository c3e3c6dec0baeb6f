/**
 * Where a task goes while a schedule is being built: its earliest start on a worker at which room,
 * devices and pools are free and its data is there, and the place where it ends first, or is worth
 * most where places have prices.
 */
import { leaveOut } from "../../core/choose-place.js";
import { gatherPoolNeeds } from "../../core/pool-needs.js";
import { earliestInPools } from "../../core/prepare.js";
import { none, type Problem } from "../../core/problem.js";
import { earliestFit, type GpuNeed, type Timeline } from "../../core/timeline.js";
import { transferTicks } from "../../core/transfer.js";
import type { Draft, Placement, Window } from "./draft-state.js";
import { type Kernel, workersOfOption } from "./kernel.js";
import { isAllowed } from "./side.js";

/** At most this many workers of a class are tried for a task that may run on any of them. */
const probesPerOption = 24;

export function clearPlacement(best: Placement): void {
  best.option = none;
  best.worker = none;
  best.start = none;
  best.end = Number.POSITIVE_INFINITY;
  best.score = Number.POSITIVE_INFINITY;
}

/**
 * Fills `draft.best` from all places, or from those of one option or worker only; `none` for any.
 * Ties go to the previous worker, else to the first found.
 */
export function findBest(
  kernel: Kernel,
  draft: Draft,
  task: number,
  window: Window,
  onlyOption: number,
  onlyWorker: number,
): void {
  const { options, tasks } = kernel.problem;
  const { best } = draft;
  const block = tasks.block[task] as number;
  const lastOption = options.blockFirst[block + 1] as number;
  const firstOption = options.blockFirst[block] as number;
  clearPlacement(best);
  if (onlyOption !== none) {
    const isOffered = onlyOption >= firstOption && onlyOption < lastOption;
    if (isOffered) tryOption(kernel, draft, task, window, onlyOption, onlyWorker);
    return;
  }
  if (draft.hint !== none && onlyWorker === none) {
    for (let option = firstOption; option < lastOption; option += 1) {
      tryOption(kernel, draft, task, window, option, draft.hint);
    }
  }
  for (let option = firstOption; option < lastOption; option += 1) {
    tryOption(kernel, draft, task, window, option, onlyWorker);
  }
}

function tryOption(
  kernel: Kernel,
  draft: Draft,
  task: number,
  window: Window,
  option: number,
  onlyWorker: number,
): void {
  const { problem, prepared, optionUsable } = kernel;
  if (optionUsable[option] === 0) return;
  // An option whose shortest way is too long is not worth a look at any worker.
  if (window.from + (problem.options.duration[option] as number) > draft.best.score) return;
  if (onlyWorker !== none) {
    if (runsOn(problem, option, onlyWorker)) {
      consider(kernel, draft, task, window, option, onlyWorker);
    }
    return;
  }
  const workers = workersOfOption(problem, prepared, option);
  const size = workers.length;
  if (size > probesPerOption) return probeSome(kernel, draft, task, window, option, workers);
  for (let k = 0; k < size; k += 1) {
    consider(kernel, draft, task, window, option, workers[k] as number);
  }
}

/** Of a large class: where the task was before and where its data is, and some more in turn. */
function probeSome(
  kernel: Kernel,
  draft: Draft,
  task: number,
  window: Window,
  option: number,
  workers: ArrayLike<number>,
): void {
  const { problem } = kernel;
  const size = workers.length;
  const previous = problem.tasks.previousWorker[task] as number;
  if (previous !== none && runsOn(problem, option, previous)) {
    consider(kernel, draft, task, window, option, previous);
  }
  if (kernel.hasTransfers) {
    const { predecessorFirst, predecessor } = kernel.prepared.graph;
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last; k += 1) {
      const worker = draft.worker[predecessor[k] as number] as number;
      if (worker !== none && runsOn(problem, option, worker)) {
        consider(kernel, draft, task, window, option, worker);
      }
    }
  }
  const offset = draft.rotation++ * probesPerOption;
  for (let k = 0; k < probesPerOption; k += 1) {
    consider(kernel, draft, task, window, option, workers[(offset + k) % size] as number);
  }
  // Groups may leave only workers that were not among these.
  if (draft.best.start !== none || kernel.rules === null) return;
  for (let k = 0; k < size; k += 1) {
    consider(kernel, draft, task, window, option, workers[k] as number);
  }
}

export function runsOn({ options, workers }: Problem, option: number, worker: number): boolean {
  const only = options.worker[option] as number;
  return workers.classOf[worker] === options.class[option] && (only === none || only === worker);
}

function consider(
  kernel: Kernel,
  draft: Draft,
  task: number,
  window: Window,
  option: number,
  worker: number,
): void {
  const { options, tasks } = kernel.problem;
  const { best } = draft;
  draft.workUnits += 1;
  const duration = options.duration[option] as number;
  let toll = kernel.hasTolls ? tollOf(kernel, draft, task, option, worker) : 0;
  if (draft.ahead !== null) {
    const ahead = draft.ahead[task * kernel.problem.workers.count + worker] as number;
    if (ahead < Number.POSITIVE_INFINITY) toll += ahead;
  }
  const endBy = Math.min(window.endBy, Math.floor(best.score - toll));
  const latest = Math.min(window.to, endBy - duration);
  const start = earliestOn(kernel, draft, task, option, worker, window.from, latest);
  if (start === none) return;
  const end = start + duration;
  const score = end + toll;
  if (score === best.score && worker !== tasks.previousWorker[task]) return;
  best.option = option;
  best.worker = worker;
  best.start = start;
  best.end = end;
  best.score = score;
}

/** What the place costs besides time, in ticks of the task's own worth. */
function tollOf(
  kernel: Kernel,
  draft: Draft,
  task: number,
  option: number,
  worker: number,
): number {
  const { tasks, options, weights, tickMs } = kernel.problem;
  let price = weights.cost * (options.cost[option] as number);
  const previous = tasks.previousWorker[task] as number;
  if (previous !== none && previous !== worker) {
    price += weights.moves * (tasks.moveWeight[task] as number);
  }
  if (price === 0 || draft.thrift === 0) return 0;
  let rate = weights.flow * (tasks.flowWeight[task] as number) + weights.makespan * 0.25;
  if (tasks.due[task] !== none) {
    rate += weights.tardiness * 0.25 * (tasks.tardinessWeight[task] as number);
  }
  const ticks = (draft.thrift * price * 1000) / (Math.max(rate, 1e-6) * tickMs);
  return Math.min(ticks, 2 ** 29);
}

/** Earliest start in [from, latest] at which everything is free and at hand; none if there is none. */
export function earliestOn(
  kernel: Kernel,
  draft: Draft,
  task: number,
  option: number,
  worker: number,
  from: number,
  latest: number,
): number {
  const { problem, prepared, rules } = kernel;
  const { options, tasks } = problem;
  if (rules !== null && !isAllowed(rules, draft.side, task, option, worker)) return none;
  const duration = options.duration[option] as number;
  const row = (options.demandRow[option] as number) * problem.dimensions.length;
  const gpu = gpuOf(kernel, option);
  const timeline = prepared.scratchWorkers[worker] as Timeline;
  let start = duration === 0 ? from : Math.max(from, draft.usefulFrom[worker] as number);
  if (kernel.hasTransfers) start = Math.max(start, dataReady(kernel, draft, task, worker));
  const usesPools =
    tasks.poolFirst[task] !== tasks.poolFirst[task + 1] ||
    options.poolFirst[option] !== options.poolFirst[option + 1];
  const { poolNeeds: needs, scratchPools } = prepared;
  if (usesPools) gatherPoolNeeds(problem, task, option, needs);
  while (true) {
    const next = earliestFit(timeline, start, duration, options.demand, row, gpu, latest);
    if (!usesPools || next === none) return next;
    const inPools = earliestInPools(prepared, scratchPools, needs, next, duration, latest);
    // A pool may have moved the start past what the worker allowed: ask again.
    if (inPools === none || inPools === next) return inPools;
    start = inPools;
  }
}

/** When the data of the task's predecessors can be on the worker. */
function dataReady(kernel: Kernel, draft: Draft, task: number, worker: number): number {
  const { predecessorFirst, predecessor, predecessorLag, predecessorEdge } = kernel.prepared.graph;
  let from = 0;
  const last = predecessorFirst[task + 1] as number;
  for (let k = predecessorFirst[task] as number; k < last; k += 1) {
    const before = predecessor[k] as number;
    if (draft.option[before] === leaveOut) continue;
    const edge = predecessorEdge[k] as number;
    const ticks = transferTicks(kernel.problem, edge, draft.worker[before] as number, worker);
    const at = (draft.end[before] as number) + (predecessorLag[k] as number) + ticks;
    if (at > from) from = at;
  }
  return from;
}

export function gpuOf(kernel: Kernel, option: number): GpuNeed | null {
  const request = kernel.problem.options.gpuRequest[option] as number;
  return request === none ? null : (kernel.prepared.gpuNeeds[request] as GpuNeed);
}
