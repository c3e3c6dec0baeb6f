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

import { type Choice, type Decoding, findBest } from "./choose-place.js";
import { emptyPlan, type Plan } from "./plan.js";
import { type Prepared, prepare } from "./prepare.js";
import { none, type Problem, taskKept, taskRunning } from "./problem.js";
import { createReadyQueue } from "./ready-queue.js";
import { addInterval, chooseDevices, copyTimeline, type Timeline } from "./timeline.js";

export type { Choice } from "./choose-place.js";

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
