/**
 * Where and how each task may run: its places, without those that another place of the task beats in
 * every respect. Workers that are alike and take one task at a time become one group, a resource of
 * that many slots: which of them runs what is settled when the times are known.
 */
import { none, type Problem, taskKept, taskRunning } from "../../../core/problem.js";
import { hasTransfers } from "../../../core/transfer.js";
import { devicesNeeded, firstDevices, suitableDevices } from "./suitable-devices.js";

/** A set of workers between which the model makes no difference; mostly one. */
export interface Group {
  readonly workers: readonly number[];
  /** Each worker takes one task at a time, and the group as many as it has workers. */
  readonly isSlots: boolean;
}

export interface Place {
  readonly option: number;
  readonly group: number;
  readonly duration: number;
}

export interface Places {
  readonly groups: readonly Group[];
  /** By task; empty for milestones and running tasks. */
  readonly ofTask: readonly (readonly Place[])[];
}

export function placesOf(problem: Problem): Places {
  const groups = groupsOf(problem);
  const deviceFirst = firstDevices(problem);
  const groupOf = new Int32Array(problem.workers.count);
  groups.forEach(({ workers }, group) => {
    for (const worker of workers) groupOf[worker] = group;
  });
  const ofTask = Array.from({ length: problem.tasks.count }, (_, task) =>
    undominated(problem, placesOfTask(problem, task, groups, groupOf, deviceFirst)),
  );
  return { groups, ofTask };
}

export function demandOf(problem: Problem, option: number, dimension: number): number {
  const row = (problem.options.demandRow[option] as number) * problem.dimensions.length;
  return problem.options.demand[row + dimension] as number;
}

export const capacityOf = (problem: Problem, worker: number, dimension: number): number =>
  problem.workers.capacity[worker * problem.dimensions.length + dimension] as number;

function groupsOf(problem: Problem): Group[] {
  const { workers } = problem;
  const members = new Map<number, number[]>();
  workers.classOf.forEach((of, worker) => {
    const list = members.get(of);
    if (list === undefined) members.set(of, [worker]);
    else list.push(worker);
  });
  const merges = mayMerge(problem);
  return [...members].flatMap(([of, list]): Group[] =>
    merges && list.length > 1 && takesOneAtATime(problem, of, list)
      ? [{ workers: list, isSlots: true }]
      : list.map((worker) => ({ workers: [worker], isSlots: false })),
  );
}

/** Whether nothing in the problem looks at a worker otherwise than by its class. */
function mayMerge(problem: Problem): boolean {
  const { tasks, options, groups, blocks } = problem;
  return (
    !hasTransfers(problem) &&
    groups.count === 0 &&
    options.gpuRequest.every((request) => request === none) &&
    blocks.count === 0 &&
    options.worker.every((worker) => worker === none) &&
    tasks.state.every((state) => state !== taskRunning && state !== taskKept) &&
    tasks.previousWorker.every((worker, task) => worker === none || tasks.moveWeight[task] === 0)
  );
}

function takesOneAtATime(problem: Problem, of: number, members: readonly number[]): boolean {
  const worker = members[0] as number;
  const { options, dimensions } = problem;
  let least: readonly number[] | null = null;
  for (let option = 0; option < options.count; option += 1) {
    if (options.class[option] !== of || options.duration[option] === 0) continue;
    const demand = dimensions.map((_, d) => demandOf(problem, option, d));
    least = least === null ? demand : least.map((amount, d) => Math.min(amount, demand[d] ?? 0));
  }
  return least?.some((amount, d) => 2 * amount > capacityOf(problem, worker, d)) ?? false;
}

function placesOfTask(
  problem: Problem,
  task: number,
  groups: readonly Group[],
  groupOf: Int32Array,
  deviceFirst: Uint32Array,
): Place[] {
  const { tasks, options, workers } = problem;
  const block = tasks.block[task] as number;
  if (block === none || tasks.state[task] === taskRunning) return [];
  const kept = tasks.state[task] === taskKept;
  const keptWorker = kept ? (tasks.previousWorker[task] as number) : none;
  const keptOption = kept ? (tasks.previousOption[task] as number) : none;
  const places: Place[] = [];
  const after = options.blockFirst[block + 1] as number;
  for (let option = options.blockFirst[block] as number; option < after; option += 1) {
    if (keptOption !== none && keptOption !== option) continue;
    const pinned = options.worker[option] as number;
    const duration = options.duration[option] as number;
    for (let worker = 0; worker < workers.count; worker += 1) {
      const group = groupOf[worker] as number;
      const suits =
        workers.classOf[worker] === options.class[option] &&
        (pinned === none || pinned === worker) &&
        (keptWorker === none || keptWorker === worker) &&
        groups[group]?.workers[0] === worker &&
        suitableDevices(problem, deviceFirst, option, worker).length >=
          devicesNeeded(problem, option) &&
        (duration === 0 || fits(problem, option, worker));
      if (suits) places.push({ option, group, duration });
    }
  }
  return places;
}

const fits = (problem: Problem, option: number, worker: number): boolean =>
  problem.dimensions.every(
    (_, d) => demandOf(problem, option, d) <= capacityOf(problem, worker, d),
  );

function undominated(problem: Problem, places: readonly Place[]): Place[] {
  return places.filter(
    (place, index) =>
      !places.some((other, at) => {
        if (other === place || !beats(problem, other, place)) return false;
        // Of two that are alike the first stays.
        return at < index || !beats(problem, place, other);
      }),
  );
}

/** Whether `a` is no worse than `b` in any respect. */
function beats(problem: Problem, a: Place, b: Place): boolean {
  if (a.group !== b.group || a.duration > b.duration) return false;
  const { options, dimensions, pools } = problem;
  const request = options.gpuRequest[a.option];
  if (request !== none && request !== options.gpuRequest[b.option]) return false;
  if ((options.cost[a.option] as number) > (options.cost[b.option] as number)) return false;
  if (dimensions.some((_, d) => demandOf(problem, a.option, d) > demandOf(problem, b.option, d))) {
    return false;
  }
  for (let pool = 0; pool < pools.count; pool += 1) {
    if (poolUse(options, a.option, pool) > poolUse(options, b.option, pool)) return false;
  }
  return true;
}

/** Uses of pools in compressed rows: those of tasks, or those of options. */
type PoolRows = Pick<Problem["options"], "poolFirst" | "poolIndex" | "poolAmount">;

export function poolUse(rows: PoolRows, row: number, pool: number): number {
  let amount = 0;
  const after = rows.poolFirst[row + 1] as number;
  for (let k = rows.poolFirst[row] as number; k < after; k += 1) {
    if (rows.poolIndex[k] === pool) amount += rows.poolAmount[k] as number;
  }
  return amount;
}
