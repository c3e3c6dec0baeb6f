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
 * - A gang is placed when all its members could start: each at the earliest instant at which all
 *   find room, each then where it finishes first.
 * - A task that cannot be placed, and may be left out, is; so is what waits for it. Nothing else is
 *   ever left out here: whether a price is worth paying is a question for solvers.
 * - Milestones take no time: max(release, end of predecessors + lag).
 * - Free tasks take the option and worker of earliest p50 finish. Ties: no charged move, then the
 *   lower worker, then the lower option.
 */

import { type Choice, type Decoding, findBest, leaveOut } from "./choose-place.js";
import { commit, noteTaken } from "./commit-place.js";
import { beginGroups } from "./groups.js";
import { beginOpenWorkers } from "./open-workers.js";
import { placeGang } from "./place-gang.js";
import { emptyPlan, type Plan } from "./plan.js";
import { type Prepared, prepare } from "./prepare.js";
import { none, type Problem, taskKept, taskRunning } from "./problem.js";
import { createReadyQueue } from "./ready-queue.js";
import { copyTimeline, type Timeline } from "./timeline.js";

export type { Choice, Decoding } from "./choose-place.js";

export function freeChoice(problem: Problem): Choice {
  const { count } = problem.tasks;
  return { option: new Int32Array(count).fill(none), worker: new Int32Array(count).fill(none) };
}

/** The workers and options of a plan, for rebuilding its times in another state. */
export const choiceOf = (plan: Plan): Choice => ({
  option: plan.option.map((option) => (option === none ? leaveOut : option)),
  worker: plan.worker,
});

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
  const decoding = beginDecoding(prepared, order, choice);
  goOn(decoding, Number.POSITIVE_INFINITY);
  return decoding;
}

/** A decoding that has placed what runs and nothing else; `prepared` serves no other meanwhile. */
export function beginDecoding(
  prepared: Prepared,
  order: Int32Array | null,
  choice: Choice,
): Decoding {
  const decoding = begin(prepared, order, choice);
  decoding.unplaced -= placeRunning(decoding);
  return decoding;
}

/** Places tasks until all are, or about so many places have been looked at; true when it is done. */
export function goOn(decoding: Decoding, probes: number): boolean {
  const until = decoding.probes + probes;
  while (decoding.probes < until) {
    const task = decoding.queue.pop();
    if (task === none) return true;
    decoding.probes++;
    const gang = gangOf(decoding, task);
    if (gang !== null) {
      if (gang.length > 0) decoding.unplaced -= settleGang(decoding, gang);
    } else if (
      isMilestone(decoding, task) ? placeMilestone(decoding, task) : placeTask(decoding, task)
    ) {
      decoding.unplaced--;
      release(decoding, task);
    } else if (skip(decoding, task)) decoding.unplaced--;
  }
  return false;
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
    open: beginOpenWorkers(problem, prepared.workersOfClass, prepared.open),
    waiting,
    ready,
    stock: stockOf(prepared),
    groups: beginGroups(problem),
    leftOut: new Uint8Array(count),
    window: { from: 0, to: problem.horizon, byStart: false },
    best: { finish: 0, moved: 0, worker: none, option: none, start: none },
    unplaced: count,
    probes: 0,
  };
}

function stockOf({ problem }: Prepared): Float64Array {
  return Float64Array.from(problem.pools.capacity, (capacity, pool) =>
    problem.pools.consumable[pool] === 1 ? capacity : Number.POSITIVE_INFINITY,
  );
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
    noteTaken(state, task);
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
    if (state.leftOut[task] === 1) {
      if (!isMilestone(state, after)) state.leftOut[after] = 1;
    } else if (from > (state.ready[after] as number)) state.ready[after] = from;
    const left = (state.waiting[after] as number) - 1;
    state.waiting[after] = left;
    if (left === 0) state.queue.push(after);
  }
}

const isMilestone = (state: Decoding, task: number): boolean =>
  state.prepared.problem.tasks.block[task] === none;

function placeMilestone(state: Decoding, task: number): boolean {
  const at = state.ready[task] as number;
  const { horizon, tasks } = state.prepared.problem;
  const hardDue = tasks.hardDue[task] as number;
  if (at > horizon || (hardDue !== none && at > hardDue)) return false;
  state.plan.start[task] = at;
  state.plan.end[task] = at;
  return true;
}

function placeTask(state: Decoding, task: number): boolean {
  // What waits for a task that is left out is left out itself.
  if (state.leftOut[task] === 1) return false;
  if (state.choice.option[task] === leaveOut && mayBeLeftOut(state, task)) return false;
  findBest(state, task);
  if (state.best.worker === none) return false;
  commit(state, task);
  return true;
}

/** Marks the task as left out, if its price allows that, and lets what waits for it know. */
function skip(state: Decoding, task: number): boolean {
  if (isMilestone(state, task) || !mayBeLeftOut(state, task)) return false;
  state.leftOut[task] = 1;
  release(state, task);
  return true;
}

const mayBeLeftOut = ({ prepared }: Decoding, task: number): boolean =>
  (prepared.problem.tasks.skipPrice[task] as number) < Number.POSITIVE_INFINITY;

/** null: the task is in no gang; empty: its gang still waits for other members. */
function gangOf(state: Decoding, task: number): Int32Array | null {
  const { ties } = state.prepared;
  const group = ties === null ? none : (ties.gangOf[task] as number);
  if (ties === null || group === none) return null;
  const members = ties.gangs[group] as Int32Array;
  const ready = (state.groups.gangReady[group] as number) + 1;
  state.groups.gangReady[group] = ready;
  return ready === members.length ? members : members.subarray(0, 0);
}

/** Places or leaves out a whole gang; returns how many of its tasks are settled. */
function settleGang(state: Decoding, members: Int32Array): number {
  const isOut = members.some(
    (task) =>
      state.leftOut[task] === 1 ||
      (state.choice.option[task] === leaveOut && mayBeLeftOut(state, task)),
  );
  if (!isOut && placeGang(state, members)) {
    for (const task of members) release(state, task);
    return members.length;
  }
  if (!members.every((task) => mayBeLeftOut(state, task))) return 0;
  for (const task of members) skip(state, task);
  return members.length;
}
