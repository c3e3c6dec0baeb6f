/** Puts a task where `findBest` found room, and takes it back, in every profile and count. */
import type { Decoding } from "./choose-place.js";
import { noteInGroups } from "./groups.js";
import { noteEmptier, noteFuller } from "./open-workers.js";
import type { PoolRows } from "./pool-needs.js";
import { addToPools } from "./prepare.js";
import { none } from "./problem.js";
import { addInterval, chooseDevices, removeInterval, type Timeline } from "./timeline.js";

/** Puts the task where `state.best` says. */
export function commit(state: Decoding, task: number): void {
  const { best, plan } = state;
  const { problem, gpuNeeds } = state.prepared;
  const { options, tasks } = problem;
  const timeline = state.workers[best.worker] as Timeline;
  const at = (options.demandRow[best.option] as number) * problem.dimensions.length;
  const gpu = gpuNeeds[options.gpuRequest[best.option] as number] ?? null;
  const duration = options.duration[best.option] as number;
  const devices = gpu === null ? 0 : chooseDevices(timeline, best.start, duration, gpu);
  addInterval(timeline, best.start, best.finish, options.demand, at, gpu, devices);
  state.loaded[best.worker] = 1;
  noteFuller(problem, state.open, best.worker, timeline, best.start);
  addToPools(state.pools, tasks, task, best.start, best.finish);
  addToPools(state.pools, options, best.option, best.start, best.finish);
  plan.option[task] = best.option;
  plan.worker[task] = best.worker;
  plan.start[task] = best.start;
  plan.end[task] = best.finish;
  plan.devices[task] = devices;
  noteTaken(state, task);
}

/** Undoes `commit`, but for what groups have noted. */
export function takeBack(state: Decoding, task: number): void {
  const { plan } = state;
  const { problem, gpuNeeds } = state.prepared;
  const { options, tasks } = problem;
  const option = plan.option[task] as number;
  const start = plan.start[task] as number;
  const end = plan.end[task] as number;
  const worker = plan.worker[task] as number;
  const timeline = state.workers[worker] as Timeline;
  const at = (options.demandRow[option] as number) * problem.dimensions.length;
  const gpu = gpuNeeds[options.gpuRequest[option] as number] ?? null;
  removeInterval(timeline, start, end, options.demand, at, gpu, plan.devices[task] as number);
  noteEmptier(problem, state.open, worker, timeline);
  removeFromPools(state, tasks, task, start, end);
  removeFromPools(state, options, option, start, end);
  takeStock(state, tasks, task, -1);
  takeStock(state, options, option, -1);
  plan.option[task] = none;
  plan.worker[task] = none;
  plan.start[task] = problem.horizon;
  plan.end[task] = problem.horizon;
  plan.devices[task] = 0;
}

function removeFromPools(
  state: Decoding,
  rows: PoolRows,
  row: number,
  start: number,
  end: number,
): void {
  const last = rows.poolFirst[row + 1] as number;
  for (let entry = rows.poolFirst[row] as number; entry < last; entry++) {
    const pool = state.pools[rows.poolIndex[entry] as number] as Timeline;
    removeInterval(pool, start, end, rows.poolAmount, entry, null, 0);
  }
}

/** What a placed task takes besides room: domains of its groups, and what it consumes. */
export function noteTaken(state: Decoding, task: number): void {
  const { prepared, plan, groups } = state;
  const { problem, ties } = prepared;
  const worker = plan.worker[task] as number;
  if (ties !== null && worker !== none) noteInGroups(problem, ties, groups, task, worker);
  takeStock(state, problem.tasks, task, 1);
  const option = plan.option[task] as number;
  if (option !== none) takeStock(state, problem.options, option, 1);
}

function takeStock(state: Decoding, rows: PoolRows, row: number, sign: number): void {
  const last = rows.poolFirst[row + 1] as number;
  for (let entry = rows.poolFirst[row] as number; entry < last; entry++) {
    const pool = rows.poolIndex[entry] as number;
    const amount = rows.poolAmount[entry] as number;
    state.stock[pool] = (state.stock[pool] as number) - sign * amount;
  }
}
