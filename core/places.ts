/** The resources of workers and pools as places with the facts that hold part of them. */
import type { Held, Place } from "./availability.js";
import { none, type Problem, taskRunning } from "./problem.js";
import { deviceThousandths } from "./resources.js";

/** A capacity dimension, or the devices of all types in thousandths. */
export interface WorkerResource {
  readonly demand: (option: number) => number;
  readonly places: (worker: number, price: number) => Place[];
}

export function workerResources(problem: Problem): WorkerResource[] {
  const held = heldByWorker(problem);
  const dimensions = problem.dimensions.map((_, d) => dimensionResource(problem, held, d));
  return problem.devices.count === 0 ? dimensions : [...dimensions, deviceResource(problem, held)];
}

export function poolPlaces(problem: Problem, pool: number): Place[] {
  const { tasks } = problem;
  const held: Held[] = [];
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] !== taskRunning) continue;
    const after = tasks.poolFirst[task + 1] as number;
    for (let entry = tasks.poolFirst[task] as number; entry < after; entry++) {
      if (tasks.poolIndex[entry] !== pool) continue;
      held.push({ ...interval(problem, task), amount: tasks.poolAmount[entry] as number });
    }
  }
  return [{ capacity: problem.pools.capacity[pool] as number, price: 1, held }];
}

/** Blocks and running tasks of one worker. */
interface HeldByWorker {
  readonly blocks: number[];
  readonly running: number[];
}

function heldByWorker(problem: Problem): HeldByWorker[] {
  const { workers, blocks, tasks } = problem;
  const held = Array.from(
    { length: workers.count },
    (): HeldByWorker => ({
      blocks: [],
      running: [],
    }),
  );
  for (let block = 0; block < blocks.count; block++) {
    held[blocks.worker[block] as number]?.blocks.push(block);
  }
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] !== taskRunning || tasks.fixedOption[task] === none) continue;
    held[tasks.fixedWorker[task] as number]?.running.push(task);
  }
  return held;
}

function dimensionResource(
  problem: Problem,
  held: readonly HeldByWorker[],
  d: number,
): WorkerResource {
  const { options, blocks, workers, tasks } = problem;
  const dimensions = problem.dimensions.length;
  const demand = (option: number): number =>
    options.demand[(options.demandRow[option] as number) * dimensions + d] as number;
  const places = (worker: number, price: number): Place[] => {
    const ofBlocks = (held[worker]?.blocks ?? []).map((block) => ({
      start: blocks.from[block] as number,
      end: blocks.to[block] as number,
      amount: blocks.use[block * dimensions + d] as number,
    }));
    const ofRunning = (held[worker]?.running ?? []).map((task) => ({
      ...interval(problem, task),
      amount: demand(tasks.fixedOption[task] as number),
    }));
    const capacity = workers.capacity[worker * dimensions + d] as number;
    return [{ capacity, price, held: [...ofBlocks, ...ofRunning] }];
  };
  return { demand, places };
}

/** Each device is a place of its own: one that is over-committed takes nothing from another. */
function deviceResource(problem: Problem, held: readonly HeldByWorker[]): WorkerResource {
  const { options, gpuRequests, devices, tasks } = problem;
  const perDevice = (option: number): number => {
    const request = options.gpuRequest[option] as number;
    if (request === none) return 0;
    return (gpuRequests.whole[request] as number) > 0
      ? deviceThousandths
      : (gpuRequests.share[request] as number);
  };
  const demand = (option: number): number => {
    const request = options.gpuRequest[option] as number;
    if (request === none) return 0;
    return perDevice(option) * Math.max(1, gpuRequests.whole[request] as number);
  };
  const devicesOf = new Map<number, number>();
  for (const worker of devices.worker) devicesOf.set(worker, (devicesOf.get(worker) ?? 0) + 1);
  const places = (worker: number, price: number): Place[] =>
    Array.from({ length: devicesOf.get(worker) ?? 0 }, (_, device) => ({
      capacity: deviceThousandths,
      price,
      held: (held[worker]?.running ?? [])
        .filter((task) => (((tasks.fixedDevices[task] as number) >>> device) & 1) === 1)
        .map((task) => ({
          ...interval(problem, task),
          amount: perDevice(tasks.fixedOption[task] as number),
        })),
    }));
  return { demand, places };
}

function interval(
  problem: Problem,
  task: number,
): { readonly start: number; readonly end: number } {
  return {
    start: problem.tasks.fixedStart[task] as number,
    end: problem.tasks.fixedEnd[task] as number,
  };
}
