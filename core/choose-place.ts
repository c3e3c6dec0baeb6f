/**
 * Where a task goes, in the middle of a decoding: the option and worker of earliest p50 finish. Ties:
 * no charged move, then the lower worker, then the lower option.
 */
import { type GroupState, groupsAllow } from "./groups.js";
import { type ClassIndex, firstOpen, type OpenWorkers, passBy, probesMax } from "./open-workers.js";
import type { Plan } from "./plan.js";
import { gatherPoolNeeds, type PoolNeeds } from "./pool-needs.js";
import { earliestInPools, type Prepared } from "./prepare.js";
import { none, type Problem, taskKept } from "./problem.js";
import type { ReadyQueue } from "./ready-queue.js";
import { earliestFit, type GpuNeed, type Timeline } from "./timeline.js";
import { transferTicks } from "./transfer.js";

/**
 * For each task the option and the worker it must take; `none`: to be chosen. An option of `leaveOut`
 * leaves the task out, if its price allows that.
 */
export interface Choice {
  readonly option: Int32Array;
  readonly worker: Int32Array;
}

export const leaveOut = -2;

/** A decoding in progress. */
export interface Decoding {
  readonly prepared: Prepared;
  readonly choice: Choice;
  readonly plan: Plan;
  readonly queue: ReadyQueue;
  readonly workers: readonly Timeline[];
  readonly pools: readonly Timeline[];
  /** 1 if the worker is no longer like an empty one of its class. */
  readonly loaded: Uint8Array;
  readonly open: OpenWorkers;
  /** Predecessors not yet placed. */
  readonly waiting: Int32Array;
  /** Earliest start by release and by the predecessors placed so far, transfers apart. */
  readonly ready: Int32Array;
  /** Left of each consumable pool; infinite for renewable ones. */
  readonly stock: Float64Array;
  readonly groups: GroupState;
  /** 1 for tasks that are left out. */
  readonly leftOut: Uint8Array;
  readonly best: Candidate;
  readonly window: Window;
  /** Tasks that are not in the plan (yet). */
  unplaced: number;
  /** Tasks taken up and places looked at, so far. */
  probes: number;
}

/** Starts that count for the task at hand: a gang's members all look for the same one. */
interface Window {
  from: number;
  to: number;
  /** Earliest start wins, not earliest finish. */
  byStart: boolean;
}

/** The best place found so far for the task at hand. */
interface Candidate {
  finish: number;
  moved: number;
  worker: number;
  option: number;
  start: number;
}

/** Sets `state.best`; its worker is `none` if the task fits nowhere within the horizon. */
export function findBest(state: Decoding, task: number): void {
  const { problem } = state.prepared;
  const { tasks } = problem;
  const { ties } = state.prepared;
  const kept = tasks.state[task] === taskKept;
  const previous = tasks.previousWorker[task] as number;
  const options = allowedOptions(
    problem,
    task,
    (kept ? tasks.previousOption[task] : state.choice.option[task]) as number,
  );
  const forced = kept ? previous : (state.choice.worker[task] as number);
  resetBest(state.best);
  if (forced !== none) {
    considerWorker(state, task, options, forced);
    return;
  }
  // The previous worker first: every other one must then finish strictly earlier.
  const charged = (tasks.moveWeight[task] as number) * problem.weights.moves > 0;
  if (charged && previous !== none) considerWorker(state, task, options, previous);
  considerAll(state, task, options, charged && previous !== none ? 1 : 0, isTied(ties, task));
}

/** Whether where others stand decides where the task may go, so that like workers are not alike. */
const isTied = (ties: Prepared["ties"], task: number): boolean =>
  ties !== null && (ties.hasTransfers || (ties.domainGroupsOf[task] ?? []).length > 0);

interface OptionRange {
  readonly first: number;
  readonly after: number;
  /** All of a block's options. */
  readonly isWhole: boolean;
}

/** The task's block, or the forced option alone; empty if that is not of the block. */
function allowedOptions(problem: Problem, task: number, forced: number): OptionRange {
  const block = problem.tasks.block[task] as number;
  const first = problem.options.blockFirst[block] as number;
  const after = problem.options.blockFirst[block + 1] as number;
  if (forced === none || forced === leaveOut) return { first, after, isWhole: true };
  return forced >= first && forced < after
    ? { first: forced, after: forced + 1, isWhole: false }
    : { first, after: first, isWhole: false };
}

function considerWorker(state: Decoding, task: number, range: OptionRange, worker: number): void {
  for (let option = range.first; option < range.after; option++) {
    if (mayRunOn(state.prepared.problem, option, worker)) {
      consider(state, task, option, worker, 0);
    }
  }
}

function considerAll(
  state: Decoding,
  task: number,
  range: OptionRange,
  moved: number,
  tied: boolean,
): void {
  const { problem, workersOfClass, byDuration } = state.prepared;
  const { options } = problem;
  const ready = state.ready[task] as number;
  // The shortest way first: its end rules out the others soonest.
  for (let place = range.first; place < range.after; place++) {
    const option = range.isWhole ? (byDuration[place] as number) : place;
    const endsTooLate = ready + (options.duration[option] as number) > state.best.finish;
    if (endsTooLate && range.isWhole && !state.window.byStart) {
      const index = state.open.classes[options.class[option] as number] ?? null;
      if (index !== null) passBy(index);
      continue;
    }
    const pinned = options.worker[option] as number;
    if (pinned !== none) {
      if (mayRunOn(problem, option, pinned)) consider(state, task, option, pinned, moved);
      continue;
    }
    const members = workersOfClass[options.class[option] as number];
    if (members === undefined) continue;
    if (tied) for (const worker of members) consider(state, task, option, worker, moved);
    else considerClass(state, task, option, members, moved);
  }
}

function mayRunOn(problem: Problem, option: number, worker: number): boolean {
  const pinned = problem.options.worker[option] as number;
  if (pinned !== none && pinned !== worker) return false;
  return problem.workers.classOf[worker] === problem.options.class[option];
}

function considerClass(
  state: Decoding,
  task: number,
  option: number,
  members: Int32Array,
  moved: number,
): void {
  const ready = state.ready[task] as number;
  const index = state.open.classes[state.prepared.problem.options.class[option] as number] ?? null;
  if (index !== null) {
    considerLarge(state, task, option, members, index, moved);
    return;
  }
  let triedEmpty = false;
  for (let place = 0; place < members.length; place++) {
    const worker = members[place] as number;
    if (state.loaded[worker] === 0) {
      // Empty workers of one class are alike, and the lowest of them wins the tie.
      if (triedEmpty) continue;
      triedEmpty = true;
    }
    // Members ascend: no later one can do better than to start at once.
    if (consider(state, task, option, worker, moved) === ready) return;
  }
}

/**
 * A large class: the worker that is open first, then some more from where the last task found room,
 * until one can start at once. Next fit, so that a worker is filled before the next one is begun.
 */
function considerLarge(
  state: Decoding,
  task: number,
  option: number,
  members: Int32Array,
  index: ClassIndex,
  moved: number,
): void {
  const ready = state.ready[task] as number;
  const first = firstOpen(index);
  const size = members.length;
  const useful = state.open.from[members[first] as number] as number;
  const duration = state.prepared.problem.options.duration[option] as number;
  // Nothing of this class is open in time to end before the best end so far.
  if (useful >= state.best.finish) return;
  if (!state.window.byStart && useful + duration > state.best.finish) return passBy(index);
  for (let probe = 0; probe < probesMax; probe++) {
    let place = index.cursor + probe;
    if (place >= size) place -= size;
    if (consider(state, task, option, members[place] as number, moved) === ready) {
      index.cursor = place;
      return;
    }
  }
  passBy(index);
  consider(state, task, option, members[first] as number, moved);
}

/** Takes the place if it is the best so far; returns its start, or none if it cannot be better. */
function consider(
  state: Decoding,
  task: number,
  option: number,
  worker: number,
  moved: number,
): number {
  const { prepared, best } = state;
  const { options, horizon } = prepared.problem;
  const { ties } = prepared;
  state.probes++;
  if (ties !== null && !groupsAllow(prepared.problem, ties, state.groups, task, worker))
    return none;
  const duration = options.duration[option] as number;
  const hardDue = prepared.problem.tasks.hardDue[task] as number;
  const end = hardDue === none ? horizon : Math.min(hardDue, horizon);
  const { byStart, to } = state.window;
  const useful = byStart
    ? Math.min(best.start === none ? to : best.start, end - duration)
    : Math.min(best.finish, end) - duration;
  const latest = Math.min(useful, to);
  const start = earliestStart(state, task, option, worker, latest);
  if (start === none) return none;
  const finish = start + duration;
  const key = byStart ? start : finish;
  const bestKey = byStart
    ? best.start === none
      ? Number.POSITIVE_INFINITY
      : best.start
    : best.finish;
  const better =
    key < bestKey ||
    (key === bestKey &&
      (moved < best.moved ||
        (moved === best.moved &&
          (worker < best.worker || (worker === best.worker && option < best.option)))));
  if (better) {
    best.finish = finish;
    best.moved = moved;
    best.worker = worker;
    best.option = option;
    best.start = start;
  }
  return start;
}

/** Earliest start on this worker at which every pool has room too; none if after `latest`. */
function earliestStart(
  state: Decoding,
  task: number,
  option: number,
  worker: number,
  latest: number,
): number {
  const { problem, gpuNeeds } = state.prepared;
  const { options } = problem;
  const timeline = state.workers[worker] as Timeline;
  const at = (options.demandRow[option] as number) * problem.dimensions.length;
  const gpu: GpuNeed | null = gpuNeeds[options.gpuRequest[option] as number] ?? null;
  const duration = options.duration[option] as number;
  const needs = state.prepared.poolNeeds;
  gatherPoolNeeds(problem, task, option, needs);
  if (!isInStock(state, needs)) return none;
  let start = Math.max(readyOn(state, task, worker), state.window.from);
  start = Math.max(start, state.open.from[worker] as number);
  for (;;) {
    start = earliestFit(timeline, start, duration, options.demand, at, gpu, latest);
    if (start === none) return none;
    const inPools = earliestInPools(state.prepared, state.pools, needs, start, duration, latest);
    if (inPools === none) return none;
    if (inPools === start) return start;
    start = inPools;
  }
}

function isInStock({ stock }: Decoding, { count, pool, amount }: PoolNeeds): boolean {
  for (let k = 0; k < count; k++) {
    if ((amount[k] as number) > (stock[pool[k] as number] as number)) return false;
  }
  return true;
}

/** Earliest time at which the task's data can be on the worker. */
function readyOn(state: Decoding, task: number, worker: number): number {
  let from = state.ready[task] as number;
  const { ties, graph, problem } = state.prepared;
  if (ties === null || !ties.hasTransfers) return from;
  const last = graph.predecessorFirst[task + 1] as number;
  for (let place = graph.predecessorFirst[task] as number; place < last; place++) {
    const before = graph.predecessor[place] as number;
    const edge = graph.predecessorEdge[place] as number;
    const ticks = transferTicks(problem, edge, state.plan.worker[before] as number, worker);
    const end = state.plan.end[before] as number;
    const at = end + (graph.predecessorLag[place] as number) + ticks;
    if (at > from) from = at;
  }
  return from;
}

function resetBest(best: Candidate): void {
  best.finish = Number.POSITIVE_INFINITY;
  best.moved = 2;
  best.worker = none;
  best.option = none;
  best.start = none;
}
