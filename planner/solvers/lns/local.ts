/**
 * Steps whose cost does not grow with the problem: profiles of the whole schedule are kept, the
 * tasks of a neighbourhood are taken out of them and put back one by one, each where it ends first
 * beside all that stands. What waits for a task that now ends later is put back behind it; whatever
 * else stands, stays. A step that is not accepted is undone. Gaps that steps leave are closed by the
 * next decode of the whole order.
 */
import { leaveOut } from "../../../core/choose-place.js";
import { addToPools } from "../../../core/prepare.js";
import { isMilestone, none, taskKept, taskRunning } from "../../../core/problem.js";
import { addInterval, type Timeline } from "../../../core/timeline.js";
import { transferTicks } from "../../../core/transfer.js";
import { commit, takeBack } from "../../schedule/commit.js";
import {
  type Draft,
  gpuOf,
  missesOf,
  partValue,
  readyTime,
  waitsForLeftOut,
} from "../../schedule/draft.js";
import type { Kernel } from "../../schedule/kernel.js";
import { findBest } from "../../schedule/place.js";
import { noteTaken } from "../../schedule/side.js";

/** The draft holds the schedule and the kernel's scratch profiles hold it all, between steps. */
export interface Local {
  readonly kernel: Kernel;
  readonly draft: Draft;
  makespan: number;
  /** Tasks changed by the step, with what they were. */
  readonly changed: Int32Array;
  count: number;
  readonly was: {
    readonly option: Int32Array;
    readonly worker: Int32Array;
    readonly start: Int32Array;
    readonly end: Int32Array;
    readonly devices: Uint32Array;
  };
  /** [tasks] 0: as it was; 1: taken out, waits for its turn; 2: put back. */
  readonly mark: Uint8Array;
  /** Those that wait, the next one last. */
  readonly queue: Int32Array;
  waiting: number;
  /** [tasks] Order of turns. */
  readonly key: Float64Array;
  readonly usefulFrom: Int32Array;
}

export function createLocal(kernel: Kernel, draft: Draft, key: Float64Array): Local {
  const { count } = kernel.problem.tasks;
  return {
    kernel,
    draft,
    makespan: 0,
    changed: new Int32Array(count),
    count: 0,
    was: {
      option: new Int32Array(count),
      worker: new Int32Array(count),
      start: new Int32Array(count),
      end: new Int32Array(count),
      devices: new Uint32Array(count),
    },
    mark: new Uint8Array(count),
    queue: new Int32Array(count),
    waiting: 0,
    key,
    usefulFrom: new Int32Array(kernel.problem.workers.count),
  };
}

/** The draft and the profiles have just been filled by a decode. */
export function beginLocal(local: Local): void {
  local.makespan = lastEnd(local);
}

function lastEnd({ draft }: Local): number {
  const { end, option } = draft;
  let last = 0;
  for (let task = 0; task < end.length; task += 1) {
    if ((end[task] as number) > last && option[task] !== leaveOut) last = end[task] as number;
  }
  return last;
}

export interface LocalStep {
  /** Tasks to take out; by ascending place in an order in which predecessors come first. */
  readonly list: Int32Array;
  readonly position: Int32Array;
  /** [tasks] As in a trial: the place that a task must take, none, or `leaveOut`. */
  readonly option: Int32Array;
  readonly worker: Int32Array;
  /** The value may rise by so much. */
  readonly allowance: number;
}

/** By how much the value changed; Infinity if the step was undone. */
export function takeStep(local: Local, step: LocalStep): number {
  const { draft, kernel } = local;
  local.count = 0;
  local.waiting = 0;
  local.usefulFrom.set(draft.usefulFrom);
  const limit = 3 * step.list.length + 24;
  let failed = false;
  for (let k = 0; k < step.list.length && !failed; k += 1) {
    failed = !takeOut(local, step.list[k] as number);
  }
  for (const task of step.list) enqueue(local, step.position, task);
  let gain = 0;
  for (let k = 0; k < local.count; k += 1) gain -= oldValue(local, local.changed[k] as number);
  while (!failed && local.waiting > 0) {
    const task = local.queue[--local.waiting] as number;
    failed = !putBack(local, step, task);
    if (failed) break;
    gain += partValue(kernel, draft, task) + missesOf(kernel, draft, task);
    const seen = local.count;
    failed = !followUp(local, step, task) || local.count > limit;
    for (let k = seen; k < local.count; k += 1) {
      gain -= oldValue(local, local.changed[k] as number);
    }
    // What is still to come is worth nothing less than nothing.
    if (gain > step.allowance) failed = true;
  }
  if (!failed) {
    const { weights, tickMs } = kernel.problem;
    const makespan = newMakespan(local);
    gain += (weights.makespan * tickMs * (makespan - local.makespan)) / 1000;
    if (gain <= step.allowance) {
      local.makespan = makespan;
      for (let k = 0; k < local.count; k += 1) local.mark[local.changed[k] as number] = 0;
      return gain;
    }
  }
  undo(local);
  return Number.POSITIVE_INFINITY;
}

function oldValue({ kernel, was }: Local, task: number): number {
  return partValue(kernel, was, task) + missesOf(kernel, was, task);
}

function newMakespan(local: Local): number {
  const { draft, was, changed } = local;
  let last = 0;
  let wasLast = false;
  for (let k = 0; k < local.count; k += 1) {
    const task = changed[k] as number;
    if (was.option[task] !== leaveOut && was.end[task] === local.makespan) wasLast = true;
    if (draft.option[task] !== leaveOut) last = Math.max(last, draft.end[task] as number);
  }
  return wasLast && last < local.makespan ? lastEnd(local) : Math.max(last, local.makespan);
}

/** False for what cannot be changed here: members of gangs, and what runs. */
function takeOut(local: Local, task: number): boolean {
  const { kernel, draft, was } = local;
  if (local.mark[task] !== 0) return true;
  const { tasks } = kernel.problem;
  if (tasks.state[task] === taskRunning) return false;
  if (kernel.gangOf !== null && kernel.gangOf[task] !== none) return false;
  was.option[task] = draft.option[task] as number;
  was.worker[task] = draft.worker[task] as number;
  was.start[task] = draft.start[task] as number;
  was.end[task] = draft.end[task] as number;
  was.devices[task] = draft.devices[task] as number;
  local.changed[local.count] = task;
  local.count += 1;
  local.mark[task] = 1;
  if (isMilestone(kernel.problem, task) || draft.option[task] === leaveOut) return true;
  takeBack(kernel, draft, task);
  const worker = draft.worker[task] as number;
  if ((draft.start[task] as number) < (draft.usefulFrom[worker] as number)) {
    draft.usefulFrom[worker] = draft.start[task] as number;
  }
  return true;
}

function enqueue(local: Local, position: Int32Array, task: number): void {
  const { queue, key } = local;
  if (local.mark[task] !== 1) return;
  const own = key[task] as number;
  let place = local.waiting;
  local.waiting += 1;
  while (place > 0) {
    const other = queue[place - 1] as number;
    const theirs = key[other] as number;
    const isLater =
      theirs > own || (theirs === own && (position[other] as number) > (position[task] as number));
    if (isLater) break;
    queue[place] = other;
    place -= 1;
  }
  queue[place] = task;
}

function putBack(local: Local, step: LocalStep, task: number): boolean {
  const { kernel, draft } = local;
  const { tasks, horizon } = kernel.problem;
  local.mark[task] = 2;
  const from = readyTime(kernel, draft, task);
  if (isMilestone(kernel.problem, task)) {
    draft.start[task] = from;
    draft.end[task] = from;
    draft.workUnits += 1;
    return from <= horizon;
  }
  const isOptional = (tasks.skipPrice[task] as number) < Number.POSITIVE_INFINITY;
  const mustStay = kernel.hasOptional && waitsForLeftOut(kernel, draft, task);
  const isWantedOut = step.option[task] === leaveOut;
  if (mustStay || (isWantedOut && isOptional)) return isOptional && leave(local, task, from);
  const kept = tasks.state[task] === taskKept;
  const option = (kept ? tasks.previousOption[task] : step.option[task]) as number;
  const worker = (kept ? tasks.previousWorker[task] : step.worker[task]) as number;
  const hardDue = tasks.hardDue[task] as number;
  const { window, best } = draft;
  window.from = from;
  window.to = horizon;
  window.endBy = hardDue === none ? horizon : Math.min(horizon, hardDue);
  draft.hint = local.was.worker[task] as number;
  findBest(kernel, draft, task, window, option >= 0 ? option : none, worker);
  if (best.start === none && !kept) findBest(kernel, draft, task, window, none, none);
  draft.hint = none;
  if (best.start === none) return isOptional && leave(local, task, from);
  commit(kernel, draft, task);
  return true;
}

/** Nothing that is planned may wait for what is left out. */
function leave(local: Local, task: number, at: number): boolean {
  const { kernel, draft } = local;
  const { successorFirst, successor } = kernel.prepared.graph;
  const last = successorFirst[task + 1] as number;
  for (let k = successorFirst[task] as number; k < last; k += 1) {
    const after = successor[k] as number;
    if (isMilestone(kernel.problem, after) || local.mark[after] === 1) continue;
    if (draft.option[after] !== leaveOut) return false;
  }
  draft.option[task] = leaveOut;
  draft.worker[task] = none;
  draft.start[task] = at;
  draft.end[task] = at;
  draft.devices[task] = 0;
  return true;
}

/** Takes out what can no longer stand behind the task, and the milestones that wait for it. */
function followUp(local: Local, step: LocalStep, task: number): boolean {
  const { kernel, draft } = local;
  const { problem, hasTransfers } = kernel;
  const { successorFirst, successor, successorLag, successorEdge } = kernel.prepared.graph;
  const isOut = draft.option[task] === leaveOut;
  const end = draft.end[task] as number;
  const last = successorFirst[task + 1] as number;
  for (let k = successorFirst[task] as number; k < last; k += 1) {
    const after = successor[k] as number;
    if (local.mark[after] === 1 || problem.tasks.state[after] === taskRunning) continue;
    if (local.mark[after] === 2) return false;
    if (!isMilestone(problem, after)) {
      if (isOut || draft.option[after] === leaveOut) continue;
      let earliest = end + (successorLag[k] as number);
      if (hasTransfers) {
        const edge = successorEdge[k] as number;
        const to = draft.worker[after] as number;
        earliest += transferTicks(problem, edge, draft.worker[task] as number, to);
      }
      if ((draft.start[after] as number) >= earliest) continue;
      local.key[after] = step.position[after] as number;
      step.option[after] = draft.option[after] as number;
      step.worker[after] = draft.worker[after] as number;
    } else local.key[after] = step.position[after] as number;
    if (!takeOut(local, after)) return false;
    enqueue(local, step.position, after);
  }
  return true;
}

/** Everything as it was before the step. */
function undo(local: Local): void {
  const { kernel, draft, was, changed } = local;
  const { problem, prepared } = kernel;
  const { tasks, options } = problem;
  for (let k = 0; k < local.count; k += 1) {
    const task = changed[k] as number;
    const isPlaced = local.mark[task] === 2 && !isMilestone(problem, task);
    if (isPlaced && draft.option[task] !== leaveOut) takeBack(kernel, draft, task);
  }
  for (let k = 0; k < local.count; k += 1) {
    const task = changed[k] as number;
    local.mark[task] = 0;
    const option = was.option[task] as number;
    const worker = was.worker[task] as number;
    const start = was.start[task] as number;
    const end = was.end[task] as number;
    draft.option[task] = option;
    draft.worker[task] = worker;
    draft.start[task] = start;
    draft.end[task] = end;
    draft.devices[task] = was.devices[task] as number;
    if (option === leaveOut || isMilestone(problem, task)) continue;
    const row = (options.demandRow[option] as number) * problem.dimensions.length;
    const timeline = prepared.scratchWorkers[worker] as Timeline;
    const gpu = gpuOf(kernel, option);
    addInterval(timeline, start, end, options.demand, row, gpu, was.devices[task] as number);
    if (tasks.poolFirst[task] !== tasks.poolFirst[task + 1]) {
      addToPools(prepared.scratchPools, tasks, task, start, end);
    }
    if (kernel.hasOptionPools) addToPools(prepared.scratchPools, options, option, start, end);
    if (kernel.rules !== null) noteTaken(kernel.rules, draft.side, task, option, worker, 1);
  }
  draft.usefulFrom.set(local.usefulFrom);
}
