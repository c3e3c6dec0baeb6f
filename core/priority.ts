/**
 * Orders in which to place tasks. None is best everywhere: a planner decodes them all and keeps the
 * best plan (Kolisch 1996 measured the classical ones). An order need not respect precedence, for
 * decoding repairs it; ties go to the higher priority, then to the lower index.
 */
import { type Graph, graphOf } from "./graph.js";
import { none, type Problem, taskKept, taskRunning } from "./problem.js";
import { hasTransfers, meanTransfers } from "./transfer.js";

const priorityRules = [
  "bottom_level",
  "most_work_remaining",
  "resource_work",
  "earliest_due",
  "least_slack",
  "shortest_job",
  "weighted_shortest_job",
  "weighted_shortest",
  "shortest_processing",
  "longest_processing",
] as const;

type PriorityRule = (typeof priorityRules)[number];

interface PriorityOrder {
  readonly name: PriorityRule;
  readonly order: Int32Array;
}

/** The orders of all rules, the one that greedy takes first. */
export function priorityOrders(problem: Problem): PriorityOrder[] {
  const measures = measure(problem);
  return priorityRules.map((name) => ({ name, order: sortBy(problem, keysOf(measures, name)) }));
}

/**
 * Tasks by `key`, ascending, ties by the rank that greedy follows: as `rankOrder` sorted once more,
 * for the price of one sort.
 */
export function orderByKeyThenRank(problem: Problem, key: Float64Array): Int32Array {
  const { first } = keysOf(measure(problem), "bottom_level");
  return sortBy(problem, { first: key, second: first });
}

export function rankOrder(problem: Problem, rule: PriorityRule): Int32Array {
  return sortBy(problem, keysOf(measure(problem), rule));
}

/**
 * An order near `base`, for multi-start: the keys are the places in `base`, each blurred by up to
 * an eighth of the length, so that good orders are sampled more densely than bad ones (the biased
 * random sampling of Kolisch & Drexl 1996, on ranks in place of regrets).
 */
export function randomisedOrder(
  problem: Problem,
  base: Int32Array,
  random: () => number,
): Int32Array {
  const key = new Float64Array(problem.tasks.count);
  const blur = Math.max(2, base.length / 8);
  for (let place = 0; place < base.length; place++) {
    key[base[place] as number] = place + blur * random();
  }
  return base.slice().sort((a, b) => (key[a] as number) - (key[b] as number) || a - b);
}

/** Each is measured when the first rule asks for it: most callers follow one rule alone. */
interface Measures {
  readonly problem: Problem;
  /** Mean p50 duration over options, in ticks; the remainder for running tasks. */
  readonly duration: () => Float64Array;
  /** Longest path from the begin of a task to the end of all. */
  readonly bottomLevel: () => Float64Array;
  /** As bottomLevel, each task weighing its dominant share of a worker besides its duration. */
  readonly resourceLevel: () => Float64Array;
  /** Work of a task and, once for each path, of all that wait for it; saturates far from overflow. */
  readonly workRemaining: () => Float64Array;
  /** Latest end with which every due time downstream can still be met. */
  readonly due: () => Float64Array;
  /** Resource work of the whole job of each task, and that divided by the job's flow weight. */
  readonly jobs: () => { readonly work: Float64Array; readonly ratio: Float64Array };
}

/** Tasks by `first`, then by `second`; smaller comes first. */
interface Keys {
  readonly first: Float64Array;
  readonly second: Float64Array | null;
}

function keysOf(measures: Measures, rule: PriorityRule): Keys {
  const { problem, duration, bottomLevel } = measures;
  const longestFirst = (): Float64Array => negated(bottomLevel());
  switch (rule) {
    case "bottom_level":
      return { first: longestFirst(), second: null };
    case "most_work_remaining":
      return { first: negated(measures.workRemaining()), second: null };
    case "resource_work":
      return { first: negated(measures.resourceLevel()), second: null };
    case "earliest_due":
      return { first: measures.due(), second: longestFirst() };
    case "least_slack": {
      const ticks = duration();
      const first = measures.due().map((due, task) => due - (ticks[task] as number));
      return { first, second: longestFirst() };
    }
    case "shortest_job":
      return { first: measures.jobs().work, second: longestFirst() };
    case "weighted_shortest_job":
      return { first: measures.jobs().ratio, second: longestFirst() };
    case "weighted_shortest": {
      const first = duration().map((ticks, task) => ticks / weightOf(problem, task));
      return { first, second: longestFirst() };
    }
    case "shortest_processing":
      return { first: duration(), second: null };
    case "longest_processing":
      return { first: negated(duration()), second: null };
  }
}

const negated = (column: Float64Array): Float64Array => column.map((value) => -value);

function sortBy({ tasks }: Problem, { first, second }: Keys): Int32Array {
  const { count, priority } = tasks;
  const order = Int32Array.from({ length: count }, (_, task) => task);
  return order.sort((a, b) => {
    const x = first[a] as number;
    const y = first[b] as number;
    // Infinite keys are equal, and their difference is not a number.
    if (x !== y) return x < y ? -1 : 1;
    if (second !== null && second[a] !== second[b]) {
      return (second[a] as number) < (second[b] as number) ? -1 : 1;
    }
    return (priority[b] as number) - (priority[a] as number) || a - b;
  });
}

function measure(problem: Problem): Measures {
  const graph = once(() => graphOf(problem));
  const duration = once(() => meanDurations(problem));
  // An upward rank counts what data takes on its way (Topcuoglu, Hariri & Wu 2002).
  const waits = once(() => (hasTransfers(problem) ? meanTransfers(problem) : null));
  const share = once(() => dominantShares(problem));
  const resource = (): Float64Array =>
    duration().map((ticks, task) => ticks * (1 + (share()[task] as number)));
  const add = (a: number, b: number): number => Math.min(a + b, 1e15);
  return {
    problem,
    duration,
    bottomLevel: once(() => levels(graph(), duration(), waits(), Math.max)),
    resourceLevel: once(() => levels(graph(), resource(), waits(), Math.max)),
    workRemaining: once(() => levels(graph(), duration(), waits(), add)),
    due: once(() => dueTimes(problem, graph(), duration())),
    jobs: once(() => measureJobs(problem, duration(), share())),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function meanDurations(problem: Problem): Float64Array {
  const { tasks, options } = problem;
  const ofBlock = new Float64Array(Math.max(0, options.blockFirst.length - 1));
  for (let block = 0; block < ofBlock.length; block++) {
    const first = options.blockFirst[block] as number;
    const last = options.blockFirst[block + 1] as number;
    let total = 0;
    for (let option = first; option < last; option++) total += options.duration[option] as number;
    ofBlock[block] = total / Math.max(1, last - first);
  }
  return Float64Array.from({ length: tasks.count }, (_, task) => {
    if (tasks.state[task] === taskRunning) return Math.max(0, tasks.fixedEnd[task] as number);
    if (tasks.state[task] === taskKept && tasks.previousOption[task] !== none) {
      return options.duration[tasks.previousOption[task] as number] as number;
    }
    return tasks.block[task] === none ? 0 : (ofBlock[tasks.block[task] as number] as number);
  });
}

/** The largest fraction of any dimension of the mean worker, by the first option. */
function dominantShares(problem: Problem): Float64Array {
  const { tasks, options, workers } = problem;
  const dimensions = problem.dimensions.length;
  const mean = new Float64Array(dimensions);
  for (let place = 0; place < workers.count * dimensions; place++) {
    const d = place % dimensions;
    mean[d] = (mean[d] as number) + (workers.capacity[place] as number) / workers.count;
  }
  return Float64Array.from({ length: tasks.count }, (_, task) => {
    const block = tasks.block[task] as number;
    if (block === none) return 0;
    const option = options.blockFirst[block] as number;
    const row = (options.demandRow[option] as number) * dimensions;
    let share = 0;
    for (let d = 0; d < dimensions; d++) {
      const capacity = mean[d] as number;
      if (capacity > 0) share = Math.max(share, (options.demand[row + d] as number) / capacity);
    }
    return share;
  });
}

/** level(t) = duration(t) + the levels of its successors behind lags and transfers, combined. */
function levels(
  graph: Graph,
  duration: Float64Array,
  waits: Float64Array | null,
  combine: (a: number, b: number) => number,
): Float64Array {
  const level = new Float64Array(duration.length);
  for (let index = graph.topological.length - 1; index >= 0; index--) {
    const task = graph.topological[index] as number;
    let after = 0;
    const last = graph.successorFirst[task + 1] as number;
    for (let place = graph.successorFirst[task] as number; place < last; place++) {
      const successor = graph.successor[place] as number;
      const transfer = waits === null ? 0 : (waits[graph.successorEdge[place] as number] as number);
      const wait = (graph.successorLag[place] as number) + transfer;
      after = combine(after, wait + (level[successor] as number));
    }
    level[task] = (duration[task] as number) + after;
  }
  return level;
}

function dueTimes(problem: Problem, graph: Graph, duration: Float64Array): Float64Array {
  const { due } = problem.tasks;
  const latest = Float64Array.from(due, (at) => (at === none ? Number.POSITIVE_INFINITY : at));
  for (let index = graph.topological.length - 1; index >= 0; index--) {
    const task = graph.topological[index] as number;
    const last = graph.successorFirst[task + 1] as number;
    for (let place = graph.successorFirst[task] as number; place < last; place++) {
      const successor = graph.successor[place] as number;
      const before =
        (latest[successor] as number) -
        (duration[successor] as number) -
        (graph.successorLag[place] as number);
      if (before < (latest[task] as number)) latest[task] = before;
    }
  }
  return latest;
}

function measureJobs(
  problem: Problem,
  duration: Float64Array,
  share: Float64Array,
): { readonly work: Float64Array; readonly ratio: Float64Array } {
  const { count, job, flowWeight } = problem.tasks;
  const rows = new Map<number, number>();
  const rowOf = Int32Array.from(job, (of) => {
    const row = rows.get(of) ?? rows.size;
    if (row === rows.size) rows.set(of, row);
    return row;
  });
  const total = new Float64Array(rows.size);
  const weight = new Float64Array(rows.size);
  for (let task = 0; task < count; task++) {
    const of = rowOf[task] as number;
    const own = (duration[task] as number) * (share[task] as number);
    total[of] = (total[of] as number) + own;
    weight[of] = (weight[of] as number) + (flowWeight[task] as number);
  }
  const work = Float64Array.from(rowOf, (of) => total[of] as number);
  const ratio = Float64Array.from(
    rowOf,
    (of) => (total[of] as number) / Math.max(weight[of] as number, leastWeight),
  );
  return { work, ratio };
}

const leastWeight = 1e-9;

/** What a second of delay of this task costs, by itself. */
function weightOf(problem: Problem, task: number): number {
  const { weights, tasks } = problem;
  const flow = weights.flow * (tasks.flowWeight[task] as number);
  const tardiness =
    tasks.due[task] === none ? 0 : weights.tardiness * (tasks.tardinessWeight[task] as number);
  return Math.max(leastWeight, flow + tardiness);
}
