/** What is in use at one instant, by name, counted anew from every task and block. */
import type { Plan } from "../plan.js";
import { none, type Problem } from "../problem.js";

export function usageAt(
  problem: Problem,
  plan: Plan,
  at: number,
  counts: (task: number) => boolean,
): Map<string, number> {
  const used = new Map<string, number>();
  const add = (name: string, amount: number): void => {
    used.set(name, (used.get(name) ?? 0) + amount);
  };
  for (let task = 0; task < problem.tasks.count; task++) {
    const active = (plan.start[task] ?? 0) <= at && at < (plan.end[task] ?? 0);
    if (active && counts(task)) addTask(problem, plan, task, add);
  }
  return used;
}

export function blocksAt(problem: Problem, at: number): Map<string, number> {
  const used = new Map<string, number>();
  const { blocks } = problem;
  for (let block = 0; block < blocks.count; block++) {
    if ((blocks.from[block] ?? 0) > at || at >= (blocks.to[block] ?? 0)) continue;
    for (let d = 0; d < problem.dimensions.length; d++) {
      const name = `worker ${blocks.worker[block]} dimension ${d}`;
      const amount = blocks.use[block * problem.dimensions.length + d] ?? 0;
      used.set(name, (used.get(name) ?? 0) + amount);
    }
  }
  return used;
}

export function capacities(problem: Problem): Map<string, number> {
  const capacity = new Map<string, number>();
  for (let worker = 0; worker < problem.workers.count; worker++) {
    problem.dimensions.forEach((_, d) => {
      const amount = problem.workers.capacity[worker * problem.dimensions.length + d] ?? 0;
      capacity.set(`worker ${worker} dimension ${d}`, amount);
    });
    devicesOf(problem, worker).forEach((device, bit) => {
      capacity.set(`worker ${worker} share ${bit}`, 1000);
      capacity.set(`worker ${worker} memory ${bit}`, problem.devices.memory[device] ?? 0);
    });
  }
  problem.pools.capacity.forEach((amount, pool) => {
    // What is consumed is counted over all time, elsewhere.
    const consumable = problem.pools.consumable[pool] === 1;
    capacity.set(`pool ${pool}`, consumable ? Number.POSITIVE_INFINITY : amount);
  });
  return capacity;
}

/** Whether every consumable pool that the task takes from covers all that is taken of it, ever. */
export function consumedWithin(
  problem: Problem,
  plan: Plan,
  task: number,
  placed: readonly boolean[],
): boolean {
  const taken = (of: number): Map<number, number> => {
    const sums = new Map<number, number>();
    for (const { pool, amount } of poolsOfOption(problem, plan.option[of] ?? none)) {
      if (problem.pools.consumable[pool] === 1) sums.set(pool, (sums.get(pool) ?? 0) + amount);
    }
    return sums;
  };
  for (const [pool, own] of taken(task)) {
    let all = 0;
    placed.forEach((is, other) => {
      if (is) all += taken(other).get(pool) ?? 0;
    });
    if (own > 0 && all > (problem.pools.capacity[pool] ?? 0)) return false;
  }
  return true;
}

function poolsOfOption({ options }: Problem, option: number): { pool: number; amount: number }[] {
  if (option === none) return [];
  const uses: { pool: number; amount: number }[] = [];
  for (let k = options.poolFirst[option] ?? 0; k < (options.poolFirst[option + 1] ?? 0); k++) {
    uses.push({ pool: options.poolIndex[k] ?? 0, amount: options.poolAmount[k] ?? 0 });
  }
  return uses;
}

/** Whether `mask` is a right set of devices for the option on the worker. */
export function devicesSuit(
  problem: Problem,
  option: number,
  worker: number,
  mask: number,
): boolean {
  const request = problem.options.gpuRequest[option] ?? none;
  if (request === none) return mask === 0;
  const devices = devicesOf(problem, worker);
  const chosen = bitsOf(mask);
  if (chosen.length !== Math.max(1, problem.gpuRequests.whole[request] ?? 0)) return false;
  return chosen.every((bit) => {
    const device = devices[bit];
    if (device === undefined) return false;
    const type = problem.gpuRequests.type[request];
    if (type !== none && type !== problem.devices.type[device]) return false;
    return (problem.devices.memory[device] ?? 0) >= (problem.gpuRequests.memory[request] ?? 0);
  });
}

function addTask(
  problem: Problem,
  plan: Plan,
  task: number,
  add: (name: string, amount: number) => void,
): void {
  const { tasks, options } = problem;
  const worker = plan.worker[task] ?? none;
  const option = plan.option[task] ?? none;
  for (let entry = tasks.poolFirst[task] ?? 0; entry < (tasks.poolFirst[task + 1] ?? 0); entry++) {
    add(`pool ${tasks.poolIndex[entry]}`, tasks.poolAmount[entry] ?? 0);
  }
  if (option === none) return;
  for (const { pool, amount } of poolsOfOption(problem, option)) add(`pool ${pool}`, amount);
  problem.dimensions.forEach((_, d) => {
    const row = (options.demandRow[option] ?? 0) * problem.dimensions.length;
    add(`worker ${worker} dimension ${d}`, options.demand[row + d] ?? 0);
  });
  addDevices(problem, option, worker, plan.devices[task] ?? 0, add);
}

function addDevices(
  problem: Problem,
  option: number,
  worker: number,
  mask: number,
  add: (name: string, amount: number) => void,
): void {
  const { gpuRequests } = problem;
  const request = problem.options.gpuRequest[option] ?? none;
  if (request === none) return;
  const whole = (gpuRequests.whole[request] ?? 0) > 0;
  const devices = devicesOf(problem, worker);
  for (const bit of bitsOf(mask)) {
    const device = devices[bit];
    if (device === undefined) continue;
    const memory = whole ? problem.devices.memory[device] : gpuRequests.memory[request];
    add(`worker ${worker} share ${bit}`, whole ? 1000 : (gpuRequests.share[request] ?? 0));
    add(`worker ${worker} memory ${bit}`, memory ?? 0);
  }
}

const devicesOf = (problem: Problem, worker: number): number[] =>
  Array.from(problem.devices.worker).flatMap((of, device) => (of === worker ? [device] : []));

const bitsOf = (mask: number): number[] =>
  Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => ((mask >>> bit) & 1) === 1);
