/**
 * Serial schedule generation with insertion: from an order of tasks, and perhaps a choice of worker
 * and option for each, to a plan. Every task in turn is placed at its earliest feasible start, in
 * gaps too (Kolisch 1996 for the scheme; Topcuoglu, Hariri & Wu 2002 for insertion and the choice
 * of worker by earliest finish).
 *
 * - Running tasks stand at their interval and devices, first of all.
 * - Kept tasks come before free ones, in order of their previous start, on their previous worker
 *   and option; where either is `none` it is chosen as for a free task.
 * - A task waits for its predecessors, whatever the order says, so every order gives a feasible
 *   plan. Nothing that is not running starts before tick 0.
 * - Milestones take no time: max(release, end of predecessors + lag).
 * - Free tasks take the option and worker of earliest p50 finish. Ties: no charged move, then the
 *   lower worker, then the lower option.
 */

import { emptyPlan, type Plan } from "./plan.js";
import { type Prepared, prepare } from "./prepare.js";
import { none, type Problem, taskKept, taskRunning } from "./problem.js";
import { createReadyQueue, type ReadyQueue } from "./ready-queue.js";
import {
  addInterval,
  chooseDevices,
  copyTimeline,
  earliestFit,
  type GpuNeed,
  type Timeline,
} from "./timeline.js";

/** For each task the option and the worker it must take; `none`: to be chosen. */
export interface Choice {
  readonly option: Int32Array;
  readonly worker: Int32Array;
}

export function freeChoice(problem: Problem): Choice {
  const { count } = problem.tasks;
  return { option: new Int32Array(count).fill(none), worker: new Int32Array(count).fill(none) };
}

/** The workers and options of a plan, for rebuilding its times in another state. */
export const choiceOf = (plan: Plan): Choice => ({ option: plan.option, worker: plan.worker });

/** The tasks of a plan by (start, task): decoded again it gives no later times. */
export function orderOf(plan: Plan): Int32Array {
  const order = Int32Array.from(plan.start, (_, task) => task);
  return order.sort((a, b) => (plan.start[a] as number) - (plan.start[b] as number) || a - b);
}

/**
 * A feasible plan; null if some task has no option that ends within the horizon, or if the edges
 * have a cycle. `order` lists tasks from the first to be placed; what it leaves out comes last, by
 * index, and null stands for the order of index.
 */
export function decode(problem: Problem, order: Int32Array | null, choice: Choice): Plan | null {
  return decodePrepared(prepare(problem), order, choice);
}

export function decodePrepared(
  prepared: Prepared,
  order: Int32Array | null,
  choice: Choice,
): Plan | null {
  const { plan, unplaced } = decodePartly(prepared, order, choice);
  return unplaced === 0 ? plan : null;
}

/**
 * As `decode`, but leaves out what cannot be placed: such a task, and all that wait for it, has
 * option and worker `none` and stands at the horizon. `core/check` calls it unplanned.
 */
export function decodePartly(
  prepared: Prepared,
  order: Int32Array | null,
  choice: Choice,
): { readonly plan: Plan; readonly unplaced: number } {
  const state = begin(prepared, order, choice);
  let unplaced = prepared.problem.tasks.count - placeRunning(state);
  for (let task = state.queue.pop(); task !== none; task = state.queue.pop()) {
    const placed = isMilestone(state, task) ? placeMilestone(state, task) : placeTask(state, task);
    if (!placed) continue;
    unplaced--;
    release(state, task);
  }
  return { plan: state.plan, unplaced };
}

interface Decoding {
  readonly prepared: Prepared;
  readonly choice: Choice;
  readonly plan: Plan;
  readonly queue: ReadyQueue;
  readonly workers: readonly Timeline[];
  readonly pools: readonly Timeline[];
  /** 1 if the worker is no longer like an empty one of its class. */
  readonly loaded: Uint8Array;
  /** Predecessors not yet placed. */
  readonly waiting: Int32Array;
  /** Earliest start by release and by the predecessors placed so far. */
  readonly ready: Int32Array;
  readonly best: Candidate;
}

/** The best place found so far for the task at hand. */
interface Candidate {
  finish: number;
  moved: number;
  worker: number;
  option: number;
  start: number;
}

function begin(prepared: Prepared, order: Int32Array | null, choice: Choice): Decoding {
  const { problem, graph } = prepared;
  const { count, release } = problem.tasks;
  const waiting = new Int32Array(count);
  const ready = new Int32Array(count);
  for (let task = 0; task < count; task++) {
    waiting[task] =
      (graph.predecessorFirst[task + 1] as number) - (graph.predecessorFirst[task] as number);
    ready[task] = Math.max(0, release[task] as number);
  }
  prepared.workers.forEach((source, worker) => {
    copyTimeline(source, prepared.scratchWorkers[worker] as Timeline);
  });
  prepared.pools.forEach((source, pool) => {
    copyTimeline(source, prepared.scratchPools[pool] as Timeline);
  });
  const plan = emptyPlan(count);
  plan.start.fill(problem.horizon);
  plan.end.fill(problem.horizon);
  return {
    prepared,
    choice,
    plan,
    queue: createReadyQueue(ranksOf(problem, order)),
    workers: prepared.scratchWorkers,
    pools: prepared.scratchPools,
    loaded: prepared.loaded.slice(),
    waiting,
    ready,
    best: { finish: 0, moved: 0, worker: none, option: none, start: none },
  };
}

/** Kept tasks by previous start, then `order`, then the rest by index. */
function ranksOf(problem: Problem, order: Int32Array | null): Int32Array {
  const { count, state, previousStart } = problem.tasks;
  const kept: number[] = [];
  for (let task = 0; task < count; task++) if (state[task] === taskKept) kept.push(task);
  kept.sort((a, b) => (previousStart[a] as number) - (previousStart[b] as number) || a - b);
  const rank = new Int32Array(count).fill(none);
  let next = 0;
  for (const task of kept) rank[task] = next++;
  for (const task of order ?? []) if (rank[task] === none) rank[task] = next++;
  for (let task = 0; task < count; task++) if (rank[task] === none) rank[task] = next++;
  return rank;
}

/** Returns how many tasks run, and queues those that wait for nothing (more). */
function placeRunning(state: Decoding): number {
  const { tasks } = state.prepared.problem;
  const { plan } = state;
  let running = 0;
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] !== taskRunning) {
      if (state.waiting[task] === 0) state.queue.push(task);
      continue;
    }
    running++;
    plan.option[task] = tasks.fixedOption[task] as number;
    plan.worker[task] = tasks.fixedWorker[task] as number;
    plan.start[task] = tasks.fixedStart[task] as number;
    plan.end[task] = tasks.fixedEnd[task] as number;
    plan.devices[task] = tasks.fixedDevices[task] as number;
  }
  if (running === 0) return 0;
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] === taskRunning) release(state, task);
  }
  return running;
}

/** Tells the successors of a placed task that they wait for one less. */
function release(state: Decoding, task: number): void {
  const { graph, problem } = state.prepared;
  const end = state.plan.end[task] as number;
  const last = graph.successorFirst[task + 1] as number;
  for (let place = graph.successorFirst[task] as number; place < last; place++) {
    const after = graph.successor[place] as number;
    // What runs has begun, whatever its predecessors say.
    if (problem.tasks.state[after] === taskRunning) continue;
    const from = end + (graph.successorLag[place] as number);
    if (from > (state.ready[after] as number)) state.ready[after] = from;
    const left = (state.waiting[after] as number) - 1;
    state.waiting[after] = left;
    if (left === 0) state.queue.push(after);
  }
}

const isMilestone = (state: Decoding, task: number): boolean =>
  state.prepared.problem.tasks.block[task] === none;

function placeMilestone(state: Decoding, task: number): boolean {
  const at = state.ready[task] as number;
  if (at > state.prepared.problem.horizon) return false;
  state.plan.start[task] = at;
  state.plan.end[task] = at;
  return true;
}

function placeTask(state: Decoding, task: number): boolean {
  findBest(state, task);
  const { best, plan } = state;
  if (best.worker === none) return false;
  const { problem, gpuNeeds } = state.prepared;
  const { options, tasks } = problem;
  const timeline = state.workers[best.worker] as Timeline;
  const at = (options.demandRow[best.option] as number) * problem.dimensions.length;
  const gpu = gpuNeeds[options.gpuRequest[best.option] as number] ?? null;
  const duration = options.duration[best.option] as number;
  const devices = gpu === null ? 0 : chooseDevices(timeline, best.start, duration, gpu);
  addInterval(timeline, best.start, best.finish, options.demand, at, gpu, devices);
  state.loaded[best.worker] = 1;
  const last = tasks.poolFirst[task + 1] as number;
  for (let entry = tasks.poolFirst[task] as number; entry < last; entry++) {
    const pool = state.pools[tasks.poolIndex[entry] as number] as Timeline;
    addInterval(pool, best.start, best.finish, tasks.poolAmount, entry, null, 0);
  }
  plan.option[task] = best.option;
  plan.worker[task] = best.worker;
  plan.start[task] = best.start;
  plan.end[task] = best.finish;
  plan.devices[task] = devices;
  return true;
}

function findBest(state: Decoding, task: number): void {
  const { problem, workersOfClass } = state.prepared;
  const { tasks, options } = problem;
  const kept = tasks.state[task] === taskKept;
  const previous = tasks.previousWorker[task] as number;
  const forcedOption = kept
    ? (tasks.previousOption[task] as number)
    : (state.choice.option[task] as number);
  const forcedWorker = kept ? previous : (state.choice.worker[task] as number);
  resetBest(state.best);
  const block = tasks.block[task] as number;
  const first = options.blockFirst[block] as number;
  const last = options.blockFirst[block + 1] as number;
  // The previous worker first: every other one must then finish strictly earlier.
  const charged = (tasks.moveWeight[task] as number) * problem.weights.moves > 0;
  const favourite = forcedWorker !== none ? forcedWorker : charged ? previous : none;
  for (let option = first; option < last && favourite !== none; option++) {
    if (forcedOption !== none && option !== forcedOption) continue;
    if (mayRunOn(problem, option, favourite)) consider(state, task, option, favourite, 0);
  }
  if (forcedWorker !== none) return;
  const moved = charged && previous !== none ? 1 : 0;
  for (let option = first; option < last; option++) {
    if (forcedOption !== none && option !== forcedOption) continue;
    const pinned = options.worker[option] as number;
    if (pinned !== none) {
      if (mayRunOn(problem, option, pinned)) consider(state, task, option, pinned, moved);
      continue;
    }
    const members = workersOfClass[options.class[option] as number];
    if (members !== undefined) considerClass(state, task, option, members, moved);
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
  let triedEmpty = false;
  for (let index = 0; index < members.length; index++) {
    const worker = members[index] as number;
    if (state.loaded[worker] === 0) {
      // Empty workers of one class are alike, and the lowest of them wins the tie.
      if (triedEmpty) continue;
      triedEmpty = true;
    }
    // Members ascend: no later one can do better than to start at once.
    if (consider(state, task, option, worker, moved) === ready) return;
  }
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
  const duration = options.duration[option] as number;
  const latest = Math.min(best.finish, horizon) - duration;
  const start = earliestStart(state, task, option, worker, latest);
  if (start === none) return none;
  const finish = start + duration;
  const better =
    finish < best.finish ||
    (finish === best.finish &&
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
  const { options, tasks } = problem;
  const timeline = state.workers[worker] as Timeline;
  const at = (options.demandRow[option] as number) * problem.dimensions.length;
  const gpu: GpuNeed | null = gpuNeeds[options.gpuRequest[option] as number] ?? null;
  const duration = options.duration[option] as number;
  const firstPool = tasks.poolFirst[task] as number;
  const lastPool = tasks.poolFirst[task + 1] as number;
  let start = state.ready[task] as number;
  for (;;) {
    start = earliestFit(timeline, start, duration, options.demand, at, gpu, latest);
    if (start === none) return none;
    let inPools = start;
    for (let entry = firstPool; entry < lastPool; entry++) {
      const pool = state.pools[tasks.poolIndex[entry] as number] as Timeline;
      inPools = earliestFit(pool, inPools, duration, tasks.poolAmount, entry, null, latest);
      if (inPools === none) return none;
    }
    if (inPools === start) return start;
    start = inPools;
  }
}

function resetBest(best: Candidate): void {
  best.finish = Number.POSITIVE_INFINITY;
  best.moved = 2;
  best.worker = none;
  best.option = none;
  best.start = none;
}
