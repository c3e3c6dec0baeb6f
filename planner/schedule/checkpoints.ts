/**
 * Profiles as they stand after each stretch of the current order. A move that first changes the
 * order at some place leaves all before it where it is, so its decode starts from there: about half
 * the work on average. Checkpoints are filled when they are asked for, by putting tasks where the
 * current schedule has them, without a search.
 */

import { leaveOut } from "../../core/choose-place.js";
import { addToPools } from "../../core/prepare.js";
import { isMilestone, none, taskRunning } from "../../core/problem.js";
import { addInterval, copyTimeline, earliestFit, type Timeline } from "../../core/timeline.js";
import type { Candidate } from "./candidate.js";
import { type Checkpoint, gpuOf, missesAtFirst, missesOf, partValue, sideOf } from "./draft.js";
import type { Kernel } from "./kernel.js";
import { copySide, noteTaken } from "./side.js";

export interface Checkpoints {
  /** Checkpoint k stands after (k + 1) × stride tasks. */
  readonly stride: number;
  readonly list: readonly Checkpoint[];
  /** So many from the first on hold for the current schedule. */
  valid: number;
}

const checkpointsMax = 16;
const strideMin = 24;
/** More profiles than this cost more to copy than a decode saves. */
const workersMax = 128;

export function createCheckpoints(kernel: Kernel): Checkpoints {
  const { tasks, workers } = kernel.problem;
  const stride = Math.max(strideMin, Math.ceil(tasks.count / checkpointsMax));
  const length = workers.count > workersMax ? 0 : Math.floor((tasks.count - 1) / stride);
  return { stride, valid: 0, list: Array.from({ length }, () => emptyCheckpoint(kernel)) };
}

function emptyCheckpoint(kernel: Kernel): Checkpoint {
  const { prepared, problem } = kernel;
  const clone = (timeline: Timeline): Timeline => ({
    ...timeline,
    time: timeline.time.slice(),
    free: timeline.free.slice(),
  });
  return {
    placed: 0,
    workers: prepared.workers.map(clone),
    pools: prepared.pools.map(clone),
    usefulFrom: new Int32Array(problem.workers.count),
    side: sideOf(kernel),
    makespan: 0,
    critical: 0,
    sum: 0,
    misses: 0,
  };
}

/** The last checkpoint at or before a place of the order; null where there is none. */
export function checkpointBefore(
  kernel: Kernel,
  checkpoints: Checkpoints,
  current: Candidate,
  place: number,
): Checkpoint | null {
  const { list, stride } = checkpoints;
  const wanted = Math.min(list.length, Math.floor(place / stride)) - 1;
  for (let index = checkpoints.valid; index <= wanted; index += 1) {
    fill(kernel, list[index] as Checkpoint, list[index - 1] ?? null, current, stride);
    checkpoints.valid = index + 1;
  }
  return list[wanted] ?? null;
}

/** What stands at or after a place of the order has changed. */
export function invalidateFrom(checkpoints: Checkpoints, place: number): void {
  checkpoints.valid = Math.min(checkpoints.valid, Math.floor(place / checkpoints.stride));
}

function fill(
  kernel: Kernel,
  checkpoint: Checkpoint,
  before: Checkpoint | null,
  current: Candidate,
  stride: number,
): void {
  const { prepared } = kernel;
  const source = before ?? prepared;
  for (const [i, target] of checkpoint.workers.entries()) {
    copyTimeline(source.workers[i] as Timeline, target);
  }
  for (const [i, target] of checkpoint.pools.entries()) {
    copyTimeline(source.pools[i] as Timeline, target);
  }
  if (before === null) checkpoint.usefulFrom.fill(0);
  else checkpoint.usefulFrom.set(before.usefulFrom);
  checkpoint.makespan = before?.makespan ?? 0;
  checkpoint.critical = before?.critical ?? 0;
  checkpoint.sum = before?.sum ?? 0;
  checkpoint.misses = before?.misses ?? missesAtFirst(kernel);
  if (kernel.rules !== null) copySide(before?.side ?? kernel.rules.facts, checkpoint.side);
  const first = before?.placed ?? 0;
  checkpoint.placed = first + stride;
  for (let at = first; at < checkpoint.placed; at += 1) {
    put(kernel, checkpoint, current, current.order[at] as number);
  }
  checkpoint.workers.forEach((timeline, worker) => {
    const from = checkpoint.usefulFrom[worker] as number;
    const { horizon } = kernel.problem;
    const next = earliestFit(timeline, from, 1, kernel.leastDemand, 0, null, horizon);
    checkpoint.usefulFrom[worker] = next === none ? horizon : next;
  });
}

/** The task's part of the values, and its room; with the first of a gang, the room of them all. */
function put(kernel: Kernel, checkpoint: Checkpoint, current: Candidate, task: number): void {
  const { problem, tail, gangOf } = kernel;
  const { tasks } = problem;
  if (current.option[task] !== leaveOut) {
    const end = current.end[task] as number;
    checkpoint.makespan = Math.max(checkpoint.makespan, end);
    checkpoint.critical = Math.max(checkpoint.critical, end + (tail[task] as number));
  }
  const miss = missesOf(kernel, current, task);
  if (miss > 0) checkpoint.misses += 1;
  checkpoint.sum += miss + partValue(kernel, current, task);
  if (tasks.state[task] === taskRunning || isMilestone(problem, task)) return;
  const gang = gangOf === null ? none : (gangOf[task] as number);
  if (gang === none) {
    putRoom(kernel, checkpoint, current, task);
    return;
  }
  if (checkpoint.side.settled[task] === 1) return;
  for (const member of kernel.prepared.ties?.gangs[gang] ?? []) {
    checkpoint.side.settled[member] = 1;
    putRoom(kernel, checkpoint, current, member);
  }
}

function putRoom(kernel: Kernel, checkpoint: Checkpoint, current: Candidate, task: number): void {
  const { problem } = kernel;
  const { tasks, options } = problem;
  const start = current.start[task] as number;
  const end = current.end[task] as number;
  const worker = current.worker[task] as number;
  const option = current.option[task] as number;
  if (option === leaveOut) return;
  const row = (options.demandRow[option] as number) * problem.dimensions.length;
  const timeline = checkpoint.workers[worker] as Timeline;
  const devices = current.devices[task] as number;
  addInterval(timeline, start, end, options.demand, row, gpuOf(kernel, option), devices);
  if (tasks.poolFirst[task] !== tasks.poolFirst[task + 1]) {
    addToPools(checkpoint.pools, tasks, task, start, end);
  }
  if (kernel.hasOptionPools) addToPools(checkpoint.pools, options, option, start, end);
  if (kernel.rules !== null) noteTaken(kernel.rules, checkpoint.side, task, option, worker, 1);
}

/** First place at which a trial's order or choices differ from the current ones. */
export function firstChange(kernel: Kernel, current: Candidate, trial: Candidate): number {
  const { order, option, worker } = current;
  let at = 0;
  for (; at < order.length; at += 1) {
    const task = order[at] as number;
    if (trial.order[at] !== task) break;
    if (trial.worker[task] !== worker[task] || trial.option[task] !== option[task]) break;
  }
  return firstOfGangs(
    kernel,
    order,
    at,
    (task) => trial.worker[task] !== worker[task] || trial.option[task] !== option[task],
  );
}

/** First place at which two schedules differ. */
export function firstDifference(kernel: Kernel, a: Candidate, b: Candidate): number {
  let at = firstChange(kernel, a, b);
  for (let place = 0; place < at; place += 1) {
    const task = a.order[place] as number;
    if (a.start[task] !== b.start[task] || a.devices[task] !== b.devices[task]) at = place;
  }
  return firstOfGangs(
    kernel,
    a.order,
    at,
    (task) => a.start[task] !== b.start[task] || a.devices[task] !== b.devices[task],
  );
}

/** A gang stands where its first member does: no later than that, if any member differs. */
function firstOfGangs(
  { gangOf, prepared }: Kernel,
  order: Int32Array,
  at: number,
  differs: (task: number) => boolean,
): number {
  if (gangOf === null || prepared.ties === null) return at;
  for (let place = 0; place < at; place += 1) {
    const gang = gangOf[order[place] as number] as number;
    if (gang !== none && prepared.ties.gangs[gang]?.some(differs) === true) return place;
  }
  return at;
}
