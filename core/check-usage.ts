/**
 * The part of `core/check` that adds up usage over time: a sweep over the begins and ends on every
 * worker and pool, ends first, with the usage recounted at each instant. Columns and one sort for
 * all, because a plan of a hundred thousand tasks is checked before anybody sees it.
 */
import { firstDevices } from "./check-tasks.js";
import type { Plan } from "./plan.js";
import type { PlanViolation } from "./plan-violation.js";
import { none, type Problem, taskRunning } from "./problem.js";
import { deviceThousandths } from "./resources.js";

type Report = (violation: PlanViolation) => void;

/** Who holds something from `start` to `end`: first all tasks, then all blocks. */
interface Holds {
  readonly count: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  /** none: nothing of any worker. */
  readonly worker: Int32Array;
  readonly option: Int32Array;
  readonly devices: Uint32Array;
  /** 0 for facts: running tasks and blocks. */
  readonly planned: Uint8Array;
}

/** `sound[task]`: the task stands on a worker and an option that exist. */
export function checkUsage(problem: Problem, plan: Plan, sound: Uint8Array, report: Report): void {
  const holds = holdsOf(problem, plan, sound);
  const byStart = sortedBy(holds.start);
  const byEnd = sortedBy(holds.end);
  const starts = rowsByWorker(problem, holds, byStart);
  const ends = rowsByWorker(problem, holds, byEnd);
  const counters = createCounters(problem);
  for (let worker = 0; worker < problem.workers.count; worker++) {
    sweepWorker(
      problem,
      holds,
      worker,
      rowOf(starts, worker),
      rowOf(ends, worker),
      counters,
      report,
    );
  }
  for (let pool = 0; pool < problem.pools.count; pool++) {
    checkPool(problem, plan, holds, pool, byStart, byEnd, sound, report);
  }
}

function holdsOf(problem: Problem, plan: Plan, sound: Uint8Array): Holds {
  const { tasks, blocks } = problem;
  const count = tasks.count + blocks.count;
  const holds: Holds = {
    count,
    start: new Float64Array(count),
    end: new Float64Array(count),
    worker: new Int32Array(count).fill(none),
    option: new Int32Array(count).fill(none),
    devices: new Uint32Array(count),
    planned: new Uint8Array(count),
  };
  for (let task = 0; task < tasks.count; task++) {
    if (sound[task] === 0) continue;
    // A running task is charged where it really is, even if the plan says otherwise.
    const runs = tasks.state[task] === taskRunning;
    const worker = (runs ? tasks.fixedWorker[task] : plan.worker[task]) as number;
    const option = (runs ? tasks.fixedOption[task] : plan.option[task]) as number;
    holds.start[task] = (runs ? tasks.fixedStart[task] : plan.start[task]) as number;
    holds.end[task] = (runs ? tasks.fixedEnd[task] : plan.end[task]) as number;
    holds.devices[task] = (runs ? tasks.fixedDevices[task] : plan.devices[task]) as number;
    holds.planned[task] = runs ? 0 : 1;
    if (worker === none || option === none) continue;
    holds.worker[task] = worker;
    holds.option[task] = option;
  }
  for (let block = 0; block < blocks.count; block++) {
    holds.start[tasks.count + block] = blocks.from[block] as number;
    holds.end[tasks.count + block] = blocks.to[block] as number;
    holds.worker[tasks.count + block] = blocks.worker[block] as number;
  }
  return holds;
}

/** Indices by ascending time. Times are whole, so time and index together are one whole number. */
function sortedBy(time: Float64Array): Int32Array {
  const { length } = time;
  const keys = time.map((at, index) => at * length + index).sort();
  return Int32Array.from(keys, (key) => key - Math.floor(key / length) * length);
}

interface Rows {
  readonly first: Int32Array;
  readonly entry: Int32Array;
}

/** The holds of each worker in the order given; intervals of no length hold nothing. */
function rowsByWorker(problem: Problem, holds: Holds, order: Int32Array): Rows {
  const { count } = problem.workers;
  const first = new Int32Array(count + 1);
  const isHeld = (entry: number): boolean =>
    holds.worker[entry] !== none && (holds.end[entry] as number) > (holds.start[entry] as number);
  for (let entry = 0; entry < holds.count; entry++) {
    if (!isHeld(entry)) continue;
    const row = (holds.worker[entry] as number) + 1;
    first[row] = (first[row] as number) + 1;
  }
  for (let row = 0; row < count; row++) {
    first[row + 1] = (first[row + 1] as number) + (first[row] as number);
  }
  const next = first.slice();
  const entry = new Int32Array(first[count] as number);
  for (const held of order) {
    if (!isHeld(held)) continue;
    const row = holds.worker[held] as number;
    const place = next[row] as number;
    entry[place] = held;
    next[row] = place + 1;
  }
  return { first, entry };
}

const rowOf = ({ first, entry }: Rows, row: number): Int32Array =>
  entry.subarray(first[row] as number, first[row + 1] as number);

/** What one worker's dimensions and devices hold at an instant: dimensions, then two per device. */
interface Counters {
  readonly deviceFirst: Uint32Array;
  readonly usage: Float64Array;
  readonly planned: Int32Array;
  readonly wasExceeded: Uint8Array;
}

function createCounters(problem: Problem): Counters {
  const deviceFirst = firstDevices(problem);
  let devices = 0;
  for (let worker = 0; worker < problem.workers.count; worker++) {
    const own = (deviceFirst[worker + 1] as number) - (deviceFirst[worker] as number);
    devices = Math.max(devices, own);
  }
  const width = problem.dimensions.length + 2 * devices;
  return {
    deviceFirst,
    usage: new Float64Array(width),
    planned: new Int32Array(width),
    wasExceeded: new Uint8Array(width),
  };
}

/** Reports each stretch of time in which usage exceeds capacity and a planned task is part of it. */
function sweepWorker(
  problem: Problem,
  holds: Holds,
  worker: number,
  starts: Int32Array,
  ends: Int32Array,
  counters: Counters,
  report: Report,
): void {
  if (!starts.some((entry) => holds.planned[entry] === 1)) return;
  counters.usage.fill(0);
  counters.planned.fill(0);
  counters.wasExceeded.fill(0);
  let ended = 0;
  for (let begun = 0; begun < starts.length; ) {
    const at = holds.start[starts[begun] as number] as number;
    while (ended < ends.length && (holds.end[ends[ended] as number] as number) <= at) {
      count(problem, holds, worker, ends[ended++] as number, counters, -1);
    }
    // Usage only falls between two begins, so it is enough to look at begins.
    while (begun < starts.length && holds.start[starts[begun] as number] === at) {
      count(problem, holds, worker, starts[begun++] as number, counters, 1);
    }
    compare(problem, worker, at, counters, report);
  }
}

function count(
  problem: Problem,
  holds: Holds,
  worker: number,
  entry: number,
  counters: Counters,
  sign: number,
): void {
  const { tasks, options, blocks } = problem;
  const dimensions = problem.dimensions.length;
  const isBlock = entry >= tasks.count;
  const amounts = isBlock ? blocks.use : options.demand;
  const row = isBlock
    ? (entry - tasks.count) * dimensions
    : (options.demandRow[holds.option[entry] as number] as number) * dimensions;
  const planned = holds.planned[entry] as number;
  for (let d = 0; d < dimensions; d++) {
    add(counters, d, amounts[row + d] as number, sign, planned);
  }
  if (!isBlock) countDevices(problem, holds, worker, entry, counters, sign);
}

function countDevices(
  problem: Problem,
  holds: Holds,
  worker: number,
  entry: number,
  counters: Counters,
  sign: number,
): void {
  const { gpuRequests, devices, options } = problem;
  const request = options.gpuRequest[holds.option[entry] as number] as number;
  if (request === none) return;
  const whole = (gpuRequests.whole[request] as number) > 0;
  const share = whole ? deviceThousandths : (gpuRequests.share[request] as number);
  const first = counters.deviceFirst[worker] as number;
  const onWorker = (counters.deviceFirst[worker + 1] as number) - first;
  const planned = holds.planned[entry] as number;
  for (let device = 0; device < onWorker; device++) {
    if ((((holds.devices[entry] as number) >>> device) & 1) === 0) continue;
    const all = devices.memory[first + device] as number;
    const memory = whole ? all : (gpuRequests.memory[request] as number);
    const place = problem.dimensions.length + 2 * device;
    add(counters, place, share, sign, planned);
    add(counters, place + 1, memory, sign, planned);
  }
}

/** Amounts of zero use nothing. */
function add(
  { usage, planned }: Counters,
  place: number,
  amount: number,
  sign: number,
  isPlanned: number,
): void {
  if (amount <= 0) return;
  usage[place] = (usage[place] as number) + sign * amount;
  planned[place] = (planned[place] as number) + sign * isPlanned;
}

function compare(
  problem: Problem,
  worker: number,
  at: number,
  counters: Counters,
  report: Report,
): void {
  const { usage, planned, wasExceeded, deviceFirst } = counters;
  const dimensions = problem.dimensions.length;
  const first = deviceFirst[worker] as number;
  const devices = (deviceFirst[worker + 1] as number) - first;
  for (let place = 0; place < dimensions + 2 * devices; place++) {
    const device = (place - dimensions) >> 1;
    const isShare = (place - dimensions) % 2 === 0;
    const capacity = (
      place < dimensions
        ? problem.workers.capacity[worker * dimensions + place]
        : isShare
          ? deviceThousandths
          : problem.devices.memory[first + device]
    ) as number;
    const used = usage[place] as number;
    const isExceeded = used > capacity && (planned[place] as number) > 0;
    if (isExceeded && wasExceeded[place] === 0) {
      if (place < dimensions) {
        report({ kind: "capacity", worker, dimension: place, at, usage: used, capacity });
      } else {
        const kind = isShare ? "device_share" : "device_memory";
        report({ kind, worker, device, at, usage: used, capacity });
      }
    }
    wasExceeded[place] = isExceeded ? 1 : 0;
  }
}

function checkPool(
  problem: Problem,
  plan: Plan,
  holds: Holds,
  pool: number,
  byStart: Int32Array,
  byEnd: Int32Array,
  sound: Uint8Array,
  report: Report,
): void {
  const amount = amountsOfPool(problem, plan, holds, pool, sound);
  if (amount === null) return;
  const capacity = problem.pools.capacity[pool] as number;
  const consumable = problem.pools.consumable[pool] === 1;
  const starts = byStart.filter((entry) => (amount[entry] as number) > 0);
  if (!starts.some((entry) => holds.planned[entry] === 1)) return;
  if (consumable) {
    // What is consumed counts in whole, whenever it happens.
    const usage = amount.reduce((total, of) => total + of, 0);
    const at = holds.start[starts[0] as number] as number;
    if (usage > capacity) report({ kind: "pool", pool, at, usage, capacity });
    return;
  }
  const ends = byEnd.filter((entry) => (amount[entry] as number) > 0);
  let usage = 0;
  let planned = 0;
  let ended = 0;
  let wasExceeded = false;
  for (let begun = 0; begun < starts.length; ) {
    const at = holds.start[starts[begun] as number] as number;
    while (ended < ends.length && (holds.end[ends[ended] as number] as number) <= at) {
      const entry = ends[ended++] as number;
      usage -= amount[entry] as number;
      planned -= holds.planned[entry] as number;
    }
    while (begun < starts.length && holds.start[starts[begun] as number] === at) {
      const entry = starts[begun++] as number;
      usage += amount[entry] as number;
      planned += holds.planned[entry] as number;
    }
    const isExceeded = usage > capacity && planned > 0;
    if (isExceeded && !wasExceeded) report({ kind: "pool", pool, at, usage, capacity });
    wasExceeded = isExceeded;
  }
}

/** What each task takes of the pool, by itself and by its option; null if none takes anything. */
function amountsOfPool(
  problem: Problem,
  plan: Plan,
  holds: Holds,
  pool: number,
  sound: Uint8Array,
): Float64Array | null {
  const { tasks, options, pools } = problem;
  const amount = new Float64Array(holds.count);
  let isUsed = false;
  for (let task = 0; task < tasks.count; task++) {
    if (sound[task] === 0) continue;
    const isHeld = (holds.end[task] as number) > (holds.start[task] as number);
    if (!isHeld && pools.consumable[pool] === 0) continue;
    const runs = tasks.state[task] === taskRunning;
    const option = (runs ? tasks.fixedOption[task] : plan.option[task]) as number;
    const total =
      takenOf(tasks, task, pool) + (option === none ? 0 : takenOf(options, option, pool));
    amount[task] = total;
    isUsed ||= total > 0;
  }
  return isUsed ? amount : null;
}

function takenOf(
  rows: Pick<Problem["tasks"], "poolFirst" | "poolIndex" | "poolAmount">,
  row: number,
  pool: number,
): number {
  let total = 0;
  const last = rows.poolFirst[row + 1] as number;
  for (let entry = rows.poolFirst[row] as number; entry < last; entry++) {
    if (rows.poolIndex[entry] === pool) total += Math.max(0, rows.poolAmount[entry] as number);
  }
  return total;
}
