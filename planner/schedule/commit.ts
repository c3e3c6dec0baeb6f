/** Puts a task at `draft.best` in every profile and count, and takes it back. */
import type { PoolRows } from "../../core/pool-needs.js";
import { addToPools } from "../../core/prepare.js";
import { none } from "../../core/problem.js";
import {
  addInterval,
  chooseDevices,
  earliestFit,
  removeInterval,
  type Timeline,
} from "../../core/timeline.js";
import type { Draft } from "./draft-state.js";
import type { Kernel } from "./kernel.js";
import { gpuOf } from "./place.js";
import { noteTaken } from "./side.js";

export function commit(kernel: Kernel, draft: Draft, task: number): void {
  const { problem, prepared } = kernel;
  const { options, tasks } = problem;
  const { option, worker, start, end } = draft.best;
  const row = (options.demandRow[option] as number) * problem.dimensions.length;
  const timeline = prepared.scratchWorkers[worker] as Timeline;
  const gpu = gpuOf(kernel, option);
  const devices = gpu === null ? 0 : chooseDevices(timeline, start, end - start, gpu);
  addInterval(timeline, start, end, options.demand, row, gpu, devices);
  if (tasks.poolFirst[task] !== tasks.poolFirst[task + 1]) {
    addToPools(prepared.scratchPools, tasks, task, start, end);
  }
  if (kernel.hasOptionPools) addToPools(prepared.scratchPools, options, option, start, end);
  if (kernel.rules !== null) noteTaken(kernel.rules, draft.side, task, option, worker, 1);
  draft.option[task] = option;
  draft.worker[task] = worker;
  draft.start[task] = start;
  draft.end[task] = end;
  draft.devices[task] = devices;
}

/** Saturated stretches grow from the left: without this mark every search would cross them again. */
export function markUseful(kernel: Kernel, draft: Draft, task: number): void {
  const worker = draft.worker[task] as number;
  const useful = draft.usefulFrom[worker] as number;
  if ((draft.start[task] as number) > useful) return;
  const timeline = kernel.prepared.scratchWorkers[worker] as Timeline;
  const { horizon } = kernel.problem;
  const next = earliestFit(timeline, useful, 1, kernel.leastDemand, 0, null, horizon);
  draft.usefulFrom[worker] = next === none ? horizon : next;
}

/** Undoes `commit`. */
export function takeBack(kernel: Kernel, draft: Draft, task: number): void {
  const { problem, prepared } = kernel;
  const { options, tasks } = problem;
  const option = draft.option[task] as number;
  const worker = draft.worker[task] as number;
  const start = draft.start[task] as number;
  const end = draft.end[task] as number;
  const row = (options.demandRow[option] as number) * problem.dimensions.length;
  const timeline = prepared.scratchWorkers[worker] as Timeline;
  const devices = draft.devices[task] as number;
  removeInterval(timeline, start, end, options.demand, row, gpuOf(kernel, option), devices);
  removeFromPools(prepared.scratchPools, tasks, task, start, end);
  removeFromPools(prepared.scratchPools, options, option, start, end);
  if (kernel.rules !== null) noteTaken(kernel.rules, draft.side, task, option, worker, -1);
}

function removeFromPools(
  pools: readonly Timeline[],
  { poolFirst, poolIndex, poolAmount }: PoolRows,
  row: number,
  start: number,
  end: number,
): void {
  const last = poolFirst[row + 1] as number;
  for (let entry = poolFirst[row] as number; entry < last; entry += 1) {
    const pool = pools[poolIndex[entry] as number] as Timeline;
    removeInterval(pool, start, end, poolAmount, entry, null, 0);
  }
}
