/**
 * What the exact model is made of: activities (tasks to place, and facts that take room), the
 * places where a task may run, and the minimal forbidden sets: activities that together exceed a
 * worker or a pool while no proper subset does. Intervals of which each two overlap all share an
 * instant (Helly), so a schedule is feasible exactly if every forbidden set on one worker has two
 * members one after the other (Igelmund & Radermacher 1983).
 */

import { isMilestone, none, type Problem, taskKept, taskRunning } from "../../../core/problem.js";
import { createKernel, type Kernel, workersOfOption } from "../../schedule/kernel.js";

export const exactTasksMax = 20;
const placesMax = 400;
const forbiddenSetsMax = 6_000;
const setsGrownMax = 100_000;

/** A worker that may run a task; of options with the same demand, the shortest. */
export interface Place {
  readonly worker: number;
  readonly option: number;
  readonly duration: number;
}

export interface Activity {
  /** Index of the task; none for a block of a worker. */
  readonly task: number;
  /** Where a task to be placed may run; one place for facts. */
  readonly places: readonly Place[];
  /** Facts have an interval. */
  readonly fixed: { readonly start: number; readonly end: number } | null;
}

/** An activity at one of its places. */
export interface Member {
  readonly activity: number;
  /** Index into the activity's places; none where any place counts, as for pools. */
  readonly place: number;
}

export type ForbiddenSet = readonly Member[];

export interface ExactInput {
  readonly kernel: Kernel;
  /** Tasks with a choice first; milestones are not among them. */
  readonly activities: readonly Activity[];
  readonly forbiddenSets: readonly ForbiddenSet[];
  /** ordered[a × count + b] = 1: a ends before b starts in every schedule. */
  readonly ordered: Uint8Array;
}

/** The input of the model, or the reason why there is none. */
export function exactInput(problem: Problem): ExactInput | string {
  const early = tooLarge(problem);
  if (early !== null) return early;
  const kernel = createKernel(problem);
  if (kernel.impossible !== none) return `task ${kernel.impossible} fits no worker`;
  const overloaded = [...kernel.prepared.workers, ...kernel.prepared.pools].some((timeline) =>
    timeline.free.subarray(0, timeline.count * timeline.width).some((amount) => amount < 0),
  );
  if (overloaded) return "running tasks and blocks exceed a worker by themselves";
  const activities: Activity[] = [];
  for (let task = 0; task < problem.tasks.count; task += 1) {
    if (isMilestone(problem, task)) continue;
    const activity = taskActivity(kernel, task);
    if (typeof activity === "string") return activity;
    if (takesPoolsInNoTime(problem, activity)) return "a task takes from pools, maybe for no time";
    activities.push(activity);
  }
  const { blocks } = problem;
  for (let block = 0; block < blocks.count; block += 1) {
    const place = { worker: blocks.worker[block] as number, option: none, duration: 0 };
    const fixed = { start: blocks.from[block] as number, end: blocks.to[block] as number };
    activities.push({ task: none, places: [place], fixed });
  }
  if (activities.reduce((sum, { places }) => sum + places.length, 0) > placesMax) {
    return `more than ${placesMax} choices of worker`;
  }
  const ordered = orderedPairs(kernel, activities);
  const forbiddenSets = listForbiddenSets(problem, activities, ordered);
  if (forbiddenSets === null) return `more than ${forbiddenSetsMax} ways to overload a worker`;
  return { kernel, activities, forbiddenSets, ordered };
}

function tooLarge(problem: Problem): string | null {
  const { tasks, options, blocks } = problem;
  let count = blocks.count;
  for (let task = 0; task < tasks.count; task += 1) if (!isMilestone(problem, task)) count += 1;
  if (count > exactTasksMax) return `more than ${exactTasksMax} tasks`;
  if (tasks.count > 4 * exactTasksMax) return "too many milestones";
  if (options.gpuRequest.some((request) => request !== none)) return "devices are not modelled";
  return null;
}

function taskActivity(kernel: Kernel, task: number): Activity | string {
  const { problem, prepared, optionUsable } = kernel;
  const { tasks, options, workers } = problem;
  if (tasks.state[task] === taskRunning) {
    const [start, end] = [tasks.fixedStart[task] as number, tasks.fixedEnd[task] as number];
    const worker = tasks.fixedWorker[task] as number;
    const option = tasks.fixedOption[task] as number;
    return { task, places: [{ worker, option, duration: end - start }], fixed: { start, end } };
  }
  const kept = tasks.state[task] === taskKept;
  const keptOption = kept ? (tasks.previousOption[task] as number) : none;
  const keptWorker = kept ? (tasks.previousWorker[task] as number) : none;
  const block = tasks.block[task] as number;
  const places = new Map<string, Place>();
  for (
    let option = options.blockFirst[block] as number;
    option < (options.blockFirst[block + 1] as number);
    option += 1
  ) {
    if (optionUsable[option] === 0 || (keptOption !== none && option !== keptOption)) continue;
    for (const worker of workersOfOption(problem, prepared, option)) {
      if (keptWorker !== none && worker !== keptWorker) continue;
      const duration = options.duration[option] as number;
      if (!fitsCapacity(problem, option, worker, workers.capacity)) continue;
      const demand = problem.dimensions.map((_, d) => demandOf(problem, option, d));
      const key = `${worker}:${demand.join()}`;
      const known = places.get(key);
      if (known === undefined || duration < known.duration)
        places.set(key, { worker, option, duration });
    }
  }
  if (places.size === 0) return `task ${task} fits no worker`;
  return { task, places: [...places.values()], fixed: null };
}

function fitsCapacity(
  problem: Problem,
  option: number,
  worker: number,
  capacity: Int32Array,
): boolean {
  return problem.dimensions.every(
    (_, d) =>
      demandOf(problem, option, d) <= (capacity[worker * problem.dimensions.length + d] as number),
  );
}

export function demandOf(problem: Problem, option: number, dimension: number): number {
  const row = (problem.options.demandRow[option] as number) * problem.dimensions.length;
  return problem.options.demand[row + dimension] as number;
}

/** Forbidden sets on pools are of tasks, wherever they run: of these it would depend on where. */
const takesPoolsInNoTime = ({ tasks }: Problem, { task, places }: Activity): boolean =>
  tasks.poolFirst[task] !== tasks.poolFirst[task + 1] &&
  places.some(({ duration }) => duration === 0);

/** Pairs ordered by a path of edges or, among facts, by their intervals. */
function orderedPairs(kernel: Kernel, activities: readonly Activity[]): Uint8Array {
  const { problem, prepared } = kernel;
  const { successorFirst, successor, topological } = prepared.graph;
  const reaches = Array.from({ length: problem.tasks.count }, () => new Set<number>());
  for (let at = topological.length - 1; at >= 0; at -= 1) {
    const task = topological[at] as number;
    for (let k = successorFirst[task] as number; k < (successorFirst[task + 1] as number); k += 1) {
      const next = successor[k] as number;
      // A running task holds nobody to the edges that lead into it.
      if (problem.tasks.state[next] === taskRunning) continue;
      reaches[task]?.add(next);
      for (const later of reaches[next] ?? []) reaches[task]?.add(later);
    }
  }
  const count = activities.length;
  const ordered = new Uint8Array(count * count);
  activities.forEach((a, i) => {
    activities.forEach((b, j) => {
      const path = a.task !== none && b.task !== none && reaches[a.task]?.has(b.task) === true;
      const apart = a.fixed !== null && b.fixed !== null && a.fixed.end <= b.fixed.start;
      if (path || apart) ordered[i * count + j] = 1;
    });
  });
  return ordered;
}

/** What an activity takes at one of its places, in each dimension. */
interface Use extends Member {
  readonly amounts: readonly number[];
}

/** Null if there are more than the limit. */
function listForbiddenSets(
  problem: Problem,
  activities: readonly Activity[],
  ordered: Uint8Array,
): ForbiddenSet[] | null {
  const found: ForbiddenSet[] = [];
  const width = problem.dimensions.length;
  for (let worker = 0; worker < problem.workers.count; worker += 1) {
    const capacity = problem.workers.capacity.subarray(worker * width, (worker + 1) * width);
    const uses = usesOf(problem, activities, worker);
    found.push(...minimalSets(uses, capacity, activities, ordered));
    if (found.length > forbiddenSetsMax) return null;
  }
  for (let pool = 0; pool < problem.pools.count; pool += 1) {
    const uses = activities.map(({ task }, activity) => ({
      activity,
      place: none,
      amounts: [poolAmount(problem, task, pool)],
    }));
    const capacity = problem.pools.capacity.subarray(pool, pool + 1);
    found.push(...minimalSets(uses, capacity, activities, ordered));
    if (found.length > forbiddenSetsMax) return null;
  }
  return found;
}

function usesOf(problem: Problem, activities: readonly Activity[], worker: number): Use[] {
  const firstBlock = activities.length - problem.blocks.count;
  const amountOf = (option: number, activity: number, dimension: number): number => {
    if (option !== none) return demandOf(problem, option, dimension);
    const row = (activity - firstBlock) * problem.dimensions.length;
    return problem.blocks.use[row + dimension] as number;
  };
  return activities.flatMap(({ task, places }, activity) =>
    places.flatMap((candidate, place) => {
      if (candidate.worker !== worker || (candidate.option === none && task !== none)) return [];
      // What takes no time is in nobody's way, but a block's place has no duration of its own.
      if (task !== none && candidate.duration === 0) return [];
      const amounts = problem.dimensions.map((_, d) => amountOf(candidate.option, activity, d));
      return [{ activity, place, amounts }];
    }),
  );
}

function poolAmount(problem: Problem, task: number, pool: number): number {
  if (task === none) return 0;
  const { poolFirst, poolIndex, poolAmount: amounts } = problem.tasks;
  let amount = 0;
  for (let k = poolFirst[task] as number; k < (poolFirst[task + 1] as number); k += 1) {
    if (poolIndex[k] === pool) amount += amounts[k] as number;
  }
  return amount;
}

/**
 * Every set is grown from sets that fit, in all dimensions at once, for a set that has a forbidden
 * subset adds nothing. Sets with an ordered pair never run together; facts alone do fit.
 */
function minimalSets(
  uses: readonly Use[],
  capacity: Int32Array,
  activities: readonly Activity[],
  ordered: Uint8Array,
): Member[][] {
  const count = activities.length;
  const using = uses.filter(({ amounts }) => amounts.some((amount) => amount > 0));
  const sets: Member[][] = [];
  const neverTogether = (a: number, b: number): boolean =>
    a === b || ordered[a * count + b] === 1 || ordered[b * count + a] === 1;
  const fits = (members: readonly Use[], without: Use | null): boolean =>
    capacity.every((limit, d) => {
      let sum = 0;
      for (const member of members) if (member !== without) sum += member.amounts[d] ?? 0;
      return sum <= limit;
    });
  let grown = 0;
  const extend = (from: number, members: readonly Use[]): void => {
    for (let at = from; at < using.length && sets.length <= forbiddenSetsMax; at += 1) {
      const use = using[at] as Use;
      if (members.some(({ activity }) => neverTogether(activity, use.activity))) continue;
      const next = [...members, use];
      grown += 1;
      // Too many ways to fit: as good as too many ways not to.
      if (grown > setsGrownMax) sets.length = forbiddenSetsMax + 1;
      else if (fits(next, null)) extend(at + 1, next);
      else if (
        next.some(({ activity }) => activities[activity]?.fixed === null) &&
        next.every((member) => fits(next, member))
      ) {
        sets.push(next.map(({ activity, place }) => ({ activity, place })));
      }
    }
  };
  extend(0, []);
  return sets;
}
