/**
 * What decoding needs of a problem and never changes between two decodings of it: the graph, the
 * workers of each class, and profiles that hold the facts (blocks, running tasks). A solver that
 * decodes thousands of orders prepares once. The working copies are scratch memory: one `Prepared`
 * serves one decoding at a time.
 */
import { type Graph, graphOf } from "./graph.js";
import { type Ties, tiesOf } from "./groups.js";
import { openFromFacts } from "./open-workers.js";
import { createPoolNeeds, type PoolNeeds, type PoolRows } from "./pool-needs.js";
import { none, type Problem, taskRunning } from "./problem.js";
import {
  addInterval,
  copyTimeline,
  createTimeline,
  earliestFit,
  type GpuNeed,
  type Timeline,
} from "./timeline.js";

export interface Prepared {
  readonly problem: Problem;
  readonly graph: Graph;
  readonly ties: Ties | null;
  readonly gpuNeeds: readonly GpuNeed[];
  /** Workers of each class, ascending. */
  readonly workersOfClass: readonly Int32Array[];
  /** [options] The options of each block, shortest first. */
  readonly byDuration: Uint32Array;
  readonly workers: readonly Timeline[];
  readonly pools: readonly Timeline[];
  /** 1 if blocks or running tasks take anything of the worker: it is not like its class any more. */
  readonly loaded: Uint8Array;
  /** From when on facts leave each worker room for anything. */
  readonly open: ReturnType<typeof openFromFacts>;
  readonly scratchWorkers: readonly Timeline[];
  readonly scratchPools: readonly Timeline[];
  /** Of the task at hand. */
  readonly poolNeeds: PoolNeeds;
}

export function prepare(problem: Problem): Prepared {
  const gpuNeeds = gpuNeedsOf(problem);
  const { workers, pools, loaded } = idleOf(problem);
  addRunning(problem, gpuNeeds, workers, pools, loaded);
  return {
    problem,
    graph: graphOf(problem),
    ties: tiesOf(problem),
    gpuNeeds,
    workersOfClass: workersOfClass(problem),
    byDuration: optionsByDuration(problem),
    workers,
    pools,
    loaded,
    open: openFromFacts(problem, workers),
    scratchWorkers: workers.map(clone),
    scratchPools: pools.map(clone),
    poolNeeds: createPoolNeeds(pools.length),
  };
}

/** Profiles and loads of a problem of which nothing runs. */
export type Idle = Pick<Prepared, "workers" | "pools" | "loaded">;

export function idleOf(problem: Problem): Idle {
  const workers = emptyWorkers(problem);
  // A consumable pool has no profile: its timeline is never looked at.
  const pools = Array.from(problem.pools.capacity, (capacity) => createTimeline([capacity]));
  const loaded = new Uint8Array(problem.workers.count);
  addBlocks(problem, workers, loaded);
  return { workers, pools, loaded };
}

/**
 * Prepares again, in place, after what runs in its problem was given other ends, and options other
 * durations; `idle` is of the same problem. The order of a block's options stays as it was.
 */
export function prepareAgain(prepared: Prepared, idle: Idle): void {
  const { problem, gpuNeeds, workers, pools, loaded, open } = prepared;
  idle.workers.forEach((source, worker) => {
    copyTimeline(source, workers[worker] as Timeline);
  });
  idle.pools.forEach((source, pool) => {
    copyTimeline(source, pools[pool] as Timeline);
  });
  loaded.set(idle.loaded);
  addRunning(problem, gpuNeeds, workers, pools, loaded);
  open.from.set(openFromFacts(problem, workers).from);
}

function gpuNeedsOf(problem: Problem): GpuNeed[] {
  const { count, whole, share, type, memory } = problem.gpuRequests;
  return Array.from({ length: count }, (_, row) => ({
    whole: whole[row] as number,
    share: share[row] as number,
    type: type[row] as number,
    memory: memory[row] as number,
  }));
}

function emptyWorkers(problem: Problem): Timeline[] {
  const { count, capacity } = problem.workers;
  const dimensions = problem.dimensions.length;
  const types: number[][] = Array.from({ length: count }, () => []);
  const memories: number[][] = Array.from({ length: count }, () => []);
  for (let device = 0; device < problem.devices.count; device++) {
    const worker = problem.devices.worker[device] as number;
    types[worker]?.push(problem.devices.type[device] as number);
    memories[worker]?.push(problem.devices.memory[device] as number);
  }
  return Array.from({ length: count }, (_, worker) =>
    createTimeline(
      capacity.subarray(worker * dimensions, (worker + 1) * dimensions),
      types[worker],
      memories[worker],
    ),
  );
}

function workersOfClass(problem: Problem): Int32Array[] {
  const { count, classOf } = problem.workers;
  const members: number[][] = [];
  for (let worker = 0; worker < count; worker++) {
    const workerClass = classOf[worker] as number;
    while (members.length <= workerClass) members.push([]);
    members[workerClass]?.push(worker);
  }
  return members.map((list) => Int32Array.from(list));
}

function optionsByDuration({ options }: Problem): Uint32Array {
  const { blockFirst, duration } = options;
  const order = Uint32Array.from({ length: options.count }, (_, option) => option);
  for (let block = 0; block + 1 < blockFirst.length; block++) {
    order
      .subarray(blockFirst[block] as number, blockFirst[block + 1] as number)
      .sort((a, b) => (duration[a] as number) - (duration[b] as number) || a - b);
  }
  return order;
}

function addBlocks(problem: Problem, workers: readonly Timeline[], loaded: Uint8Array): void {
  const { count, worker, from, to, use } = problem.blocks;
  for (let block = 0; block < count; block++) {
    const timeline = workers[worker[block] as number];
    if (timeline === undefined) continue;
    loaded[worker[block] as number] = 1;
    const at = block * problem.dimensions.length;
    addInterval(timeline, from[block] as number, to[block] as number, use, at, null, 0);
  }
}

function addRunning(
  problem: Problem,
  gpuNeeds: readonly GpuNeed[],
  workers: readonly Timeline[],
  pools: readonly Timeline[],
  loaded: Uint8Array,
): void {
  const { tasks, options } = problem;
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] !== taskRunning) continue;
    const start = tasks.fixedStart[task] as number;
    const end = tasks.fixedEnd[task] as number;
    const worker = tasks.fixedWorker[task] as number;
    const option = tasks.fixedOption[task] as number;
    const timeline = worker === none ? undefined : workers[worker];
    if (timeline !== undefined && option !== none) {
      const at = (options.demandRow[option] as number) * problem.dimensions.length;
      const gpu = gpuNeeds[options.gpuRequest[option] as number] ?? null;
      const devices = tasks.fixedDevices[task] as number;
      addInterval(timeline, start, end, options.demand, at, gpu, devices);
      loaded[worker] = 1;
    }
    addToPools(pools, tasks, task, start, end);
    if (option !== none) addToPools(pools, options, option, start, end);
  }
}

/** Takes what a task or an option uses of renewable pools; consumables are counted elsewhere. */
export function addToPools(
  pools: readonly Timeline[],
  { poolFirst, poolIndex, poolAmount }: PoolRows,
  row: number,
  start: number,
  end: number,
): void {
  const last = poolFirst[row + 1] as number;
  for (let entry = poolFirst[row] as number; entry < last; entry++) {
    const pool = pools[poolIndex[entry] as number];
    if (pool !== undefined) addInterval(pool, start, end, poolAmount, entry, null, 0);
  }
}

/** Earliest start in [from, latest] at which the pools that come back hold what is needed; or none. */
export function earliestInPools(
  { problem }: Pick<Prepared, "problem">,
  pools: readonly Timeline[],
  { count, pool, amount }: PoolNeeds,
  from: number,
  duration: number,
  latest: number,
): number {
  let start = from;
  for (let k = 0; k < count && start !== none; k++) {
    const index = pool[k] as number;
    if (problem.pools.consumable[index] === 1) continue;
    start = earliestFit(pools[index] as Timeline, start, duration, amount, k, null, latest);
  }
  return start;
}

function clone(source: Timeline): Timeline {
  const target = createTimeline(
    source.free.subarray(0, source.dimensions),
    source.deviceType,
    source.deviceMemory,
  );
  copyTimeline(source, target);
  return target;
}
