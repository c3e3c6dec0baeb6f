/**
 * Energy reasoning: the work of a set of tasks on a resource cannot take less time than the places
 * that could do it need together.
 *
 * Classes of different speed make the work of a task depend on where it runs. For any prices
 * y(class) >= 0 the work in prices, sum over tasks of min over options y·duration·demand, is at most
 * sum over workers y·(what is free): linear programming duality, so every price gives a valid bound.
 * Two are tried: all equal, and the mean relative speed, which is exact for uniform speeds.
 */
import {
  type Availability,
  availabilityOf,
  earliestCompletion,
  type Place,
} from "./availability.js";
import { groupsOf } from "./energy-groups.js";
import { poolPlaces, type WorkerResource, workerResources } from "./places.js";
import type { Possible } from "./possible.js";
import { type Problem, taskRunning } from "./problem.js";

export interface Energy {
  /** [tasks] least work in prices; 0 for tasks that are not of the set. */
  readonly work: Float64Array;
  readonly availability: Availability;
  /** Upper limit of the rate at any time. */
  readonly rateMax: number;
}

export function energiesOf(problem: Problem, possible: Possible): Energy[] {
  const energies: Energy[] = [];
  const groups = groupsOf(problem, possible);
  for (const resource of workerResources(problem)) {
    const equal = new Float64Array(classCount(problem)).fill(1);
    const speeds = relativeSpeeds(problem, possible, resource);
    const prices = isConstant(speeds) ? [equal] : [equal, speeds];
    for (const price of prices) {
      const work = workInPrices(problem, possible, resource, price);
      for (const group of groups) {
        const own = work.map((amount, task) => (group.has(task) ? amount : 0));
        if (!own.some((amount) => amount > 0)) continue;
        const places = group.workers.flatMap((worker) =>
          resource.places(worker, price[problem.workers.classOf[worker] as number] as number),
        );
        energies.push(energy(own, places));
      }
    }
  }
  return [...energies, ...poolEnergies(problem, possible)];
}

/**
 * Tasks that start at `a` or later and are followed by `b` ticks or more do all their work within
 * [a, makespan - b]. Pairs (a, b) are sampled from the heads and tails that occur.
 */
export function headTailBound(energy: Energy, head: Float64Array, tail: Float64Array): number {
  const members: number[] = [];
  energy.work.forEach((amount, task) => {
    if (amount > 0) members.push(task);
  });
  const heads = sampled(members.map((task) => head[task] as number));
  const tails = sampled(members.map((task) => tail[task] as number));
  // work[i][j]: of tasks with head >= heads[i] and tail >= tails[j], by suffix sums over a grid.
  const grid = new Float64Array((heads.length + 1) * (tails.length + 1));
  const width = tails.length + 1;
  for (const task of members) {
    const cell =
      lastAtMost(heads, head[task] as number) * width + lastAtMost(tails, tail[task] as number);
    grid[cell] = (grid[cell] as number) + (energy.work[task] as number);
  }
  let bound = 0;
  for (let i = heads.length - 1; i >= 0; i--) {
    let inRow = 0;
    for (let j = tails.length - 1; j >= 0; j--) {
      const cell = i * width + j;
      inRow += grid[cell] as number;
      const work = inRow + (grid[cell + width] as number);
      grid[cell] = work;
      // Where no task is, there is nothing to be done between that head and that tail.
      if (work === 0) continue;
      const done = earliestCompletion(energy.availability, heads[i] as number, work * cautious);
      // Ends are whole ticks.
      bound = Math.max(bound, Math.ceil(done * cautious - 1e-6) + (tails[j] as number));
    }
  }
  return bound;
}

/** Against rounding in sums of floating point: a bound may be a hair too low, never too high. */
export const cautious = 1 - 1e-9;

const samplesMax = 16;

function energy(work: Float64Array, places: readonly Place[]): Energy {
  return {
    work,
    availability: availabilityOf(places),
    rateMax: places.reduce((sum, { capacity, price }) => sum + capacity * price, 0),
  };
}

function poolEnergies(problem: Problem, possible: Possible): Energy[] {
  const { count, poolFirst, poolIndex, poolAmount, state } = problem.tasks;
  const works = Array.from({ length: problem.pools.count }, () => new Float64Array(count));
  for (let task = 0; task < count; task++) {
    if (state[task] === taskRunning) continue;
    const after = poolFirst[task + 1] as number;
    for (let entry = poolFirst[task] as number; entry < after; entry++) {
      const pool = poolIndex[entry] as number;
      const work = works[pool];
      // What is consumed limits no rate.
      if (work === undefined || problem.pools.consumable[pool] === 1) continue;
      const amount = (possible.shortest[task] as number) * (poolAmount[entry] as number);
      work[task] = (work[task] as number) + amount;
    }
  }
  return works.flatMap((work, pool) =>
    work.some((amount) => amount > 0) ? [energy(work, poolPlaces(problem, pool))] : [],
  );
}

function workInPrices(
  problem: Problem,
  possible: Possible,
  resource: WorkerResource,
  price: Float64Array,
): Float64Array {
  const { options } = problem;
  return Float64Array.from({ length: problem.tasks.count }, (_, task) => {
    let least = Number.POSITIVE_INFINITY;
    for (const option of possible.options(task)) {
      const work = (options.duration[option] as number) * resource.demand(option);
      least = Math.min(least, work * (price[options.class[option] as number] as number));
    }
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  });
}

/** For each class the mean of (least work anywhere / least work there), over tasks that may go there. */
function relativeSpeeds(
  problem: Problem,
  possible: Possible,
  resource: WorkerResource,
): Float64Array {
  const classes = classCount(problem);
  const sum = new Float64Array(classes);
  const seen = new Float64Array(classes);
  const least = new Map<number, number>();
  for (let task = 0; task < problem.tasks.count; task++) {
    least.clear();
    let anywhere = Number.POSITIVE_INFINITY;
    for (const option of possible.options(task)) {
      const of = problem.options.class[option] as number;
      const work = (problem.options.duration[option] as number) * resource.demand(option);
      least.set(of, Math.min(work, least.get(of) ?? Number.POSITIVE_INFINITY));
      anywhere = Math.min(anywhere, work);
    }
    if (anywhere <= 0) continue;
    for (const [of, work] of least) {
      sum[of] = (sum[of] as number) + anywhere / work;
      seen[of] = (seen[of] as number) + 1;
    }
  }
  return sum.map((total, of) => (seen[of] === 0 ? 1 : total / (seen[of] as number)));
}

function classCount(problem: Problem): number {
  let highest = 0;
  for (const of of problem.workers.classOf) highest = Math.max(highest, of);
  for (const of of problem.options.class) highest = Math.max(highest, of);
  return highest + 1;
}

const isConstant = (values: Float64Array): boolean => values.every((value) => value === values[0]);

/** Up to `samplesMax` of the distinct values, ascending, the least one always among them. */
function sampled(values: readonly number[]): number[] {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  if (distinct.length <= samplesMax) return distinct;
  const step = distinct.length / samplesMax;
  return Array.from({ length: samplesMax }, (_, index) => distinct[Math.floor(index * step)] ?? 0);
}

/** Index of the last value that is at most `limit`; `values` ascend and the first is at most it. */
function lastAtMost(values: readonly number[], limit: number): number {
  let index = 0;
  while (index + 1 < values.length && (values[index + 1] as number) <= limit) index++;
  return index;
}
