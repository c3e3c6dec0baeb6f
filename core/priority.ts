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
  return priorityRules.map((name) => ({ name, order: sortBy(problem, keyOf(measures, name)) }));
}

export function rankOrder(problem: Problem, rule: PriorityRule): Int32Array {
  return sortBy(problem, keyOf(measure(problem), rule));
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

interface Measures {
  readonly problem: Problem;
  /** Mean p50 duration over options, in ticks; the remainder for running tasks. */
  readonly duration: Float64Array;
  /** Longest path from the begin of a task to the end of all. */
  readonly bottomLevel: Float64Array;
  /** As bottomLevel, each task weighing its dominant share of a worker besides its duration. */
  readonly resourceLevel: Float64Array;
  /** Work of a task and, once for each path, of all that wait for it; saturates far from overflow. */
  readonly workRemaining: Float64Array;
  /** Latest end with which every due time downstream can still be met. */
  readonly due: Float64Array;
  /** Resource work of the whole job of a task, and that divided by the job's flow weight. */
  readonly jobWork: Float64Array;
  readonly jobRatio: Float64Array;
}

/** Smaller comes first. */
function keyOf(measures: Measures, rule: PriorityRule): (task: number) => readonly number[] {
  const { problem, duration, bottomLevel, workRemaining, due } = measures;
  const at = (column: Float64Array, task: number): number => column[task] as number;
  switch (rule) {
    case "bottom_level":
      return (task) => [-at(bottomLevel, task)];
    case "most_work_remaining":
      return (task) => [-at(workRemaining, task)];
    case "resource_work":
      return (task) => [-at(measures.resourceLevel, task)];
    case "earliest_due":
      return (task) => [at(due, task), -at(bottomLevel, task)];
    case "least_slack":
      return (task) => [at(due, task) - at(duration, task), -at(bottomLevel, task)];
    case "shortest_job":
      return (task) => [at(measures.jobWork, task), -at(bottomLevel, task)];
    case "weighted_shortest_job":
      return (task) => [at(measures.jobRatio, task), -at(bottomLevel, task)];
    case "weighted_shortest":
      return (task) => [at(duration, task) / weightOf(problem, task), -at(bottomLevel, task)];
    case "shortest_processing":
      return (task) => [at(duration, task)];
    case "longest_processing":
      return (task) => [-at(duration, task)];
  }
}

function sortBy(problem: Problem, keyOfTask: (task: number) => readonly number[]): Int32Array {
  const { count, priority } = problem.tasks;
  const first = new Float64Array(count);
  const second = new Float64Array(count);
  for (let task = 0; task < count; task++) {
    const key = keyOfTask(task);
    first[task] = key[0] ?? 0;
    second[task] = key[1] ?? 0;
  }
  // Infinite keys are equal, and their difference is not a number.
  const compare = (x: number, y: number): number => (x < y ? -1 : x > y ? 1 : 0);
  const order = Int32Array.from({ length: count }, (_, task) => task);
  return order.sort(
    (a, b) =>
      compare(first[a] as number, first[b] as number) ||
      compare(second[a] as number, second[b] as number) ||
      (priority[b] as number) - (priority[a] as number) ||
      a - b,
  );
}

function measure(problem: Problem): Measures {
  const graph = graphOf(problem);
  const duration = meanDurations(problem);
  // An upward rank counts what data takes on its way (Topcuoglu, Hariri & Wu 2002).
  const waits = hasTransfers(problem) ? meanTransfers(problem) : null;
  const share = dominantShares(problem);
  const resource = duration.map((ticks, task) => ticks * (1 + (share[task] as number)));
  const jobWork = new Float64Array(problem.tasks.count);
  const jobRatio = new Float64Array(problem.tasks.count);
  measureJobs(problem, duration, share, jobWork, jobRatio);
  return {
    problem,
    duration,
    bottomLevel: levels(graph, duration, waits, Math.max),
    resourceLevel: levels(graph, resource, waits, Math.max),
    workRemaining: levels(graph, duration, waits, (a, b) => Math.min(a + b, 1e15)),
    due: dueTimes(problem, graph, duration),
    jobWork,
    jobRatio,
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
  jobWork: Float64Array,
  jobRatio: Float64Array,
): void {
  const { count, job, flowWeight } = problem.tasks;
  const work = new Map<number, number>();
  const weight = new Map<number, number>();
  for (let task = 0; task < count; task++) {
    const of = job[task] as number;
    const own = (duration[task] as number) * (share[task] as number);
    work.set(of, (work.get(of) ?? 0) + own);
    weight.set(of, (weight.get(of) ?? 0) + (flowWeight[task] as number));
  }
  for (let task = 0; task < count; task++) {
    const of = job[task] as number;
    const total = work.get(of) ?? 0;
    jobWork[task] = total;
    jobRatio[task] = total / Math.max(weight.get(of) ?? 0, leastWeight);
  }
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
