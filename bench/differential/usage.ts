/**
 * Whether a task fits where it stands among those placed, for the enumeration: usage is counted anew
 * at every instant at which it can rise. Shares no code with `core/check` nor with any engine.
 */
import type { Plan } from "../../core/plan.js";
import { none, type Problem } from "../../core/problem.js";

/** What is taken of one resource, by its name. */
export type Takes = ReadonlyMap<string, number>;

/** What each task takes where it stands, kept up as tasks are placed. */
export interface Ledger {
  readonly problem: Problem;
  readonly capacity: ReadonlyMap<string, number>;
  /** Null while the task is not placed. */
  readonly takes: (Takes | null)[];
}

export function createLedger(problem: Problem): Ledger {
  return {
    problem,
    capacity: capacitiesOf(problem),
    takes: new Array<Takes | null>(problem.tasks.count).fill(null),
  };
}

/** Dimensions, devices and pools that the task takes with this option on this worker. */
export function takesOf(
  problem: Problem,
  task: number,
  option: number,
  worker: number,
  mask: number,
): Takes {
  const { tasks, options, dimensions, gpuRequests } = problem;
  const takes = new Map<string, number>();
  const add = (name: string, amount: number): void => {
    if (amount > 0) takes.set(name, (takes.get(name) ?? 0) + amount);
  };
  const addPools = (rows: Problem["tasks"] | Problem["options"], row: number): void => {
    for (let k = rows.poolFirst[row] ?? 0; k < (rows.poolFirst[row + 1] ?? 0); k++) {
      const pool = rows.poolIndex[k] ?? 0;
      const kind = problem.pools.consumable[pool] === 1 ? "budget" : "pool";
      add(`${kind} ${pool}`, rows.poolAmount[k] ?? 0);
    }
  };
  addPools(tasks, task);
  if (option === none || worker === none) return takes;
  addPools(options, option);
  const row = (options.demandRow[option] ?? 0) * dimensions.length;
  dimensions.forEach((_, d) => {
    add(`worker ${worker} ${d}`, options.demand[row + d] ?? 0);
  });
  const request = options.gpuRequest[option] ?? none;
  if (request === none) return takes;
  const isWhole = (gpuRequests.whole[request] ?? 0) > 0;
  devicesOf(problem, worker).forEach((device, bit) => {
    if (((mask >>> bit) & 1) === 0) return;
    add(`device ${device} share`, isWhole ? 1000 : (gpuRequests.share[request] ?? 0));
    const memory = isWhole ? problem.devices.memory[device] : gpuRequests.memory[request];
    add(`device ${device} memory`, memory ?? 0);
  });
  return takes;
}

/** Sets of devices that serve the option on the worker: bit b is the worker's b-th device. */
export function masksOf(problem: Problem, option: number, worker: number): number[] {
  const { options, gpuRequests, devices } = problem;
  const request = options.gpuRequest[option] ?? none;
  if (request === none) return [0];
  const own = devicesOf(problem, worker);
  const wanted = Math.max(1, gpuRequests.whole[request] ?? 0);
  const type = gpuRequests.type[request] ?? none;
  const masks: number[] = [];
  for (let mask = 1; mask < 2 ** own.length; mask++) {
    const chosen = own.filter((_, bit) => ((mask >>> bit) & 1) === 1);
    const suits = chosen.every(
      (device) =>
        (type === none || devices.type[device] === type) &&
        (devices.memory[device] ?? 0) >= (gpuRequests.memory[request] ?? 0),
    );
    if (suits && chosen.length === wanted) masks.push(mask);
  }
  return masks;
}

/** Whether nothing that the task takes is taken beyond its capacity while it runs. */
export function fits(ledger: Ledger, plan: Plan, task: number, takes: Takes): boolean {
  const { problem, capacity } = ledger;
  const start = plan.start[task] ?? 0;
  const end = plan.end[task] ?? 0;
  for (const [name, amount] of takes) {
    const most = capacity.get(name) ?? 0;
    if (name.startsWith("budget")) {
      if (amount + takenEver(ledger, name) > most) return false;
      continue;
    }
    if (end <= start) continue;
    for (const at of instants(ledger, plan, start, end)) {
      if (amount + takenAt(ledger, plan, name, at) + blockedAt(problem, name, at) > most) {
        return false;
      }
    }
  }
  return true;
}

/** Usage only rises where something begins. */
function instants({ problem, takes }: Ledger, plan: Plan, start: number, end: number): number[] {
  const begins = [start];
  const note = (at: number): void => {
    if (at > start && at < end) begins.push(at);
  };
  takes.forEach((of, other) => {
    if (of !== null) note(plan.start[other] ?? 0);
  });
  for (const from of problem.blocks.from) note(from);
  return begins;
}

function takenAt({ takes }: Ledger, plan: Plan, name: string, at: number): number {
  let sum = 0;
  takes.forEach((of, other) => {
    if (of === null || (plan.start[other] ?? 0) > at || at >= (plan.end[other] ?? 0)) return;
    sum += of.get(name) ?? 0;
  });
  return sum;
}

const takenEver = ({ takes }: Ledger, name: string): number =>
  takes.reduce((sum, of) => sum + (of?.get(name) ?? 0), 0);

function blockedAt({ blocks, dimensions }: Problem, name: string, at: number): number {
  let sum = 0;
  for (let block = 0; block < blocks.count; block++) {
    if ((blocks.from[block] ?? 0) > at || at >= (blocks.to[block] ?? 0)) continue;
    for (let d = 0; d < dimensions.length; d++) {
      if (name !== `worker ${blocks.worker[block]} ${d}`) continue;
      sum += blocks.use[block * dimensions.length + d] ?? 0;
    }
  }
  return sum;
}

function capacitiesOf(problem: Problem): Map<string, number> {
  const { workers, dimensions, devices, pools } = problem;
  const capacity = new Map<string, number>();
  for (let worker = 0; worker < workers.count; worker++) {
    dimensions.forEach((_, d) => {
      capacity.set(`worker ${worker} ${d}`, workers.capacity[worker * dimensions.length + d] ?? 0);
    });
  }
  for (let device = 0; device < devices.count; device++) {
    capacity.set(`device ${device} share`, 1000);
    capacity.set(`device ${device} memory`, devices.memory[device] ?? 0);
  }
  pools.capacity.forEach((amount, pool) => {
    capacity.set(`${pools.consumable[pool] === 1 ? "budget" : "pool"} ${pool}`, amount);
  });
  return capacity;
}

const devicesOf = ({ devices }: Problem, worker: number): number[] =>
  Array.from(devices.worker).flatMap((of, device) => (of === worker ? [device] : []));
