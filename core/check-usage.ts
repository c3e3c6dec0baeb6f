/**
 * The part of `core/check` that adds up usage over time: a sweep over the begins and ends on every
 * worker and pool, ends first, with the usage recounted at each instant.
 */
import { firstDevices } from "./check-tasks.js";
import type { Plan } from "./plan.js";
import type { PlanViolation } from "./plan-violation.js";
import { none, type Problem, taskRunning } from "./problem.js";
import { deviceThousandths } from "./resources.js";

type Report = (violation: PlanViolation) => void;

/** An amount of something held from `start` to `end`. */
interface Use {
  readonly start: number;
  readonly end: number;
  readonly amount: number;
  /** False for facts: running tasks and blocks. */
  readonly planned: boolean;
}

/** Something whose usage is limited, and who uses it. */
interface Limited {
  readonly capacity: number;
  /** What is taken never comes back. */
  readonly consumable: boolean;
  readonly uses: Use[];
  readonly exceeded: (at: number, usage: number) => PlanViolation;
}

/** `sound[task]`: the task stands on a worker and an option that exist. */
export function checkUsage(problem: Problem, plan: Plan, sound: Uint8Array, report: Report): void {
  const ofWorkers = limitsOfWorkers(problem);
  const ofDevices = limitsOfDevices(problem);
  const ofPools = limitsOfPools(problem);
  const deviceFirst = firstDevices(problem);
  useBlocks(problem, ofWorkers);
  for (let task = 0; task < problem.tasks.count; task++) {
    if (sound[task] === 0) continue;
    const place = placeOf(problem, plan, task);
    if (place.worker !== none && place.option !== none) {
      useWorker(problem, place, ofWorkers);
      useDevices(problem, place, deviceFirst, ofDevices);
    }
    usePools(problem, task, place, ofPools);
  }
  for (const limited of ofWorkers) sweep(limited, report);
  for (const device of ofDevices) {
    sweep(device.share, report);
    sweep(device.memory, report);
  }
  for (const limited of ofPools) sweep(limited, report);
}

/** Reports each stretch of time in which usage exceeds capacity and a planned task is part of it. */
function sweep(limited: Limited, report: Report): void {
  const { uses, capacity } = limited;
  if (limited.consumable) return sum(limited, report);
  if (!uses.some((use) => use.planned)) return;
  const starts = [...uses].sort((a, b) => a.start - b.start);
  const ends = [...uses].sort((a, b) => a.end - b.end);
  let usage = 0;
  let planned = 0;
  let ended = 0;
  let wasExceeded = false;
  for (let begun = 0; begun < starts.length; ) {
    const at = (starts[begun] as Use).start;
    for (let use = ends[ended]; use !== undefined && use.end <= at; use = ends[++ended]) {
      usage -= use.amount;
      planned -= use.planned ? 1 : 0;
    }
    // Usage only falls between two begins, so it is enough to look at begins.
    for (let use = starts[begun]; use !== undefined && use.start === at; use = starts[++begun]) {
      usage += use.amount;
      planned += use.planned ? 1 : 0;
    }
    const isExceeded = usage > capacity && planned > 0;
    if (isExceeded && !wasExceeded) report(limited.exceeded(at, usage));
    wasExceeded = isExceeded;
  }
}

/** What is consumed counts in whole, whenever it happens. */
function sum(limited: Limited, report: Report): void {
  const usage = limited.uses.reduce((total, { amount }) => total + amount, 0);
  const isPlanned = limited.uses.some((use) => use.planned);
  if (isPlanned && usage > limited.capacity) {
    report(limited.exceeded(Math.min(...limited.uses.map((use) => use.start)), usage));
  }
}

/** Intervals of no length use nothing but what they consume; amounts of zero use nothing. */
function use(limited: Limited | undefined, entry: Use): void {
  if (limited === undefined || entry.amount <= 0) return;
  if (entry.end > entry.start || limited.consumable) limited.uses.push(entry);
}

function useBlocks(problem: Problem, ofWorkers: readonly Limited[]): void {
  const { blocks } = problem;
  const dimensions = problem.dimensions.length;
  for (let block = 0; block < blocks.count; block++) {
    const start = blocks.from[block] as number;
    const end = blocks.to[block] as number;
    const worker = blocks.worker[block] as number;
    for (let d = 0; d < dimensions; d++) {
      const amount = blocks.use[block * dimensions + d] as number;
      use(ofWorkers[worker * dimensions + d], { start, end, amount, planned: false });
    }
  }
}

function useWorker(problem: Problem, place: Place, ofWorkers: readonly Limited[]): void {
  const dimensions = problem.dimensions.length;
  const row = (problem.options.demandRow[place.option] as number) * dimensions;
  for (let d = 0; d < dimensions; d++) {
    const amount = problem.options.demand[row + d] as number;
    use(ofWorkers[place.worker * dimensions + d], { ...place.held, amount });
  }
}

function useDevices(
  problem: Problem,
  place: Place,
  deviceFirst: Uint32Array,
  ofDevices: readonly { readonly share: Limited; readonly memory: Limited }[],
): void {
  const request = problem.options.gpuRequest[place.option] as number;
  if (request === none) return;
  const whole = (problem.gpuRequests.whole[request] as number) > 0;
  const share = whole ? deviceThousandths : (problem.gpuRequests.share[request] as number);
  const first = deviceFirst[place.worker] as number;
  const onWorker = (deviceFirst[place.worker + 1] as number) - first;
  for (let device = 0; device < onWorker; device++) {
    if (((place.devices >>> device) & 1) === 0) continue;
    const all = problem.devices.memory[first + device] as number;
    const memory = whole ? all : (problem.gpuRequests.memory[request] as number);
    use(ofDevices[first + device]?.share, { ...place.held, amount: share });
    use(ofDevices[first + device]?.memory, { ...place.held, amount: memory });
  }
}

function usePools(problem: Problem, task: number, place: Place, ofPools: readonly Limited[]): void {
  const { poolFirst, poolIndex, poolAmount } = problem.tasks;
  const after = poolFirst[task + 1] as number;
  for (let entry = poolFirst[task] as number; entry < after; entry++) {
    const amount = poolAmount[entry] as number;
    use(ofPools[poolIndex[entry] as number], { ...place.held, amount });
  }
  if (place.option === none) return;
  const { options } = problem;
  const last = options.poolFirst[place.option + 1] as number;
  for (let entry = options.poolFirst[place.option] as number; entry < last; entry++) {
    const amount = options.poolAmount[entry] as number;
    use(ofPools[options.poolIndex[entry] as number], { ...place.held, amount });
  }
}

interface Place {
  readonly worker: number;
  readonly option: number;
  readonly devices: number;
  readonly held: Omit<Use, "amount">;
}

/** A running task is charged where it really is, even if the plan says otherwise. */
function placeOf(problem: Problem, plan: Plan, task: number): Place {
  const { tasks } = problem;
  const isRunning = tasks.state[task] === taskRunning;
  return {
    worker: (isRunning ? tasks.fixedWorker[task] : plan.worker[task]) as number,
    option: (isRunning ? tasks.fixedOption[task] : plan.option[task]) as number,
    devices: (isRunning ? tasks.fixedDevices[task] : plan.devices[task]) as number,
    held: {
      start: (isRunning ? tasks.fixedStart[task] : plan.start[task]) as number,
      end: (isRunning ? tasks.fixedEnd[task] : plan.end[task]) as number,
      planned: !isRunning,
    },
  };
}

function limitsOfWorkers(problem: Problem): Limited[] {
  const dimensions = problem.dimensions.length;
  return Array.from(problem.workers.capacity, (capacity, place) => {
    const worker = Math.floor(place / dimensions);
    const dimension = place % dimensions;
    return {
      capacity,
      consumable: false,
      uses: [],
      exceeded: (at, usage) => ({ kind: "capacity", worker, dimension, at, usage, capacity }),
    };
  });
}

function limitsOfDevices(problem: Problem): { share: Limited; memory: Limited }[] {
  const deviceFirst = firstDevices(problem);
  return Array.from(problem.devices.memory, (memory, place) => {
    const worker = problem.devices.worker[place] as number;
    const device = place - (deviceFirst[worker] as number);
    const limited = (kind: "device_share" | "device_memory", capacity: number): Limited => ({
      capacity,
      consumable: false,
      uses: [],
      exceeded: (at, usage) => ({ kind, worker, device, at, usage, capacity }),
    });
    return {
      share: limited("device_share", deviceThousandths),
      memory: limited("device_memory", memory),
    };
  });
}

function limitsOfPools(problem: Problem): Limited[] {
  return Array.from(problem.pools.capacity, (capacity, pool) => ({
    capacity,
    consumable: problem.pools.consumable[pool] === 1,
    uses: [],
    exceeded: (at, usage) => ({ kind: "pool", pool, at, usage, capacity }),
  }));
}
