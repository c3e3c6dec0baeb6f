/**
 * A problem prepared for thousands of schedules: core's graph and profiles, and beside them static
 * heads and tails, and which options any worker could ever take.
 */
import { type Prepared, prepare } from "../../core/prepare.js";
import { isMilestone, none, type Problem, taskKept, taskRunning } from "../../core/problem.js";
import { earliestFit } from "../../core/timeline.js";
import { withImpliedEdges } from "./implied-edges.js";
import { type SideRules, sideRules } from "./side.js";

export interface Kernel {
  readonly problem: Problem;
  /** Its scratch profiles hold the schedule that is being built. */
  readonly prepared: Prepared;
  /** Each task's place in `prepared.graph.topological`. */
  readonly topologicalRank: Int32Array;
  /** Shortest duration over usable options; 0 for milestones; of running tasks, their own. */
  readonly shortest: Int32Array;
  /** Mean duration over usable options. */
  readonly typical: Float64Array;
  /** No schedule starts the task earlier. */
  readonly head: Int32Array;
  /** No schedule ends earlier than this after the end of the task. */
  readonly tail: Int32Array;
  /** [options] At least one worker could run it alone. */
  readonly optionUsable: Uint8Array;
  /** [D] Every option takes at least this much: where less is free, nothing can start. */
  readonly leastDemand: Int32Array;
  /** Tasks whose worker a solver may choose. */
  readonly movable: Int32Array;
  /** Stock and groups; null where no task is tied to others but by precedence and room. */
  readonly rules: SideRules | null;
  /** Gang of each task, or none; null where there are no gangs. */
  readonly gangOf: Int32Array | null;
  readonly hasTransfers: boolean;
  /** Some tasks may be left out, or may have to be. */
  readonly hasOptional: boolean;
  /** [tasks] 1: may be left out by itself, and some milestone waits for it unless it is. */
  readonly beforeMilestone: Uint8Array;
  readonly hasOptionPools: boolean;
  /** Where a task runs has a price: options cost, or moves are charged. */
  readonly hasTolls: boolean;
  /**
   * In units of the value, above what any sensible plan is worth: for each task that must be planned
   * and is not, or ends past its hard deadline. Such schedules lead a search to plans; they are none.
   */
  readonly missPrice: number;
  /** A task that no worker could ever run, without which there is no plan; none if all can. */
  readonly impossible: number;
}

export function createKernel(original: Problem): Kernel {
  const problem = withImpliedEdges(original);
  const prepared = prepare(problem);
  const { topological } = prepared.graph;
  const topologicalRank = new Int32Array(problem.tasks.count);
  for (let at = 0; at < topological.length; at += 1)
    topologicalRank[topological[at] as number] = at;
  const optionUsable = usableOptions(problem, prepared);
  const { shortest, typical, impossible } = durations(problem, optionUsable);
  const movable = topological.filter((task) => {
    const state = problem.tasks.state[task];
    return !isMilestone(problem, task) && state !== taskRunning && state !== taskKept;
  });
  return {
    problem,
    prepared,
    topologicalRank,
    shortest,
    typical,
    head: heads(problem, prepared, shortest),
    tail: tails(problem, prepared, shortest),
    optionUsable,
    leastDemand: leastDemandOf(problem, optionUsable),
    movable,
    ...tiesOfKernel(problem, prepared, optionUsable),
    missPrice: missPriceOf(problem, typical),
    impossible,
  };
}

function tiesOfKernel(
  problem: Problem,
  prepared: Prepared,
  optionUsable: Uint8Array,
): Pick<
  Kernel,
  | "rules"
  | "gangOf"
  | "hasTransfers"
  | "hasOptional"
  | "beforeMilestone"
  | "hasOptionPools"
  | "hasTolls"
> {
  const { tasks, pools, options, weights } = problem;
  const { ties } = prepared;
  const hasGroups = problem.groups.count > 0;
  const isSided = hasGroups || pools.consumable.some((is) => is === 1);
  const isCharged =
    weights.moves > 0 && tasks.moveWeight.some((of, task) => of > 0 && hasPrevious(problem, task));
  return {
    rules: isSided ? sideRules(problem, ties, optionUsable) : null,
    gangOf: ties?.gangOf.some((gang) => gang !== none) === true ? ties.gangOf : null,
    hasTransfers: ties?.hasTransfers ?? false,
    hasOptional:
      isSided ||
      tasks.hardDue.some((due) => due !== none) ||
      tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY),
    beforeMilestone: beforeMilestones(problem, ties?.gangOf ?? null),
    hasOptionPools: options.poolIndex.length > 0,
    hasTolls: isCharged || (weights.cost > 0 && options.cost.some((cost) => cost > 0)),
  };
}

function beforeMilestones(problem: Problem, gangOf: Int32Array | null): Uint8Array {
  const { tasks, edges } = problem;
  const before = new Uint8Array(tasks.count);
  for (let edge = 0; edge < edges.count; edge += 1) {
    const from = edges.from[edge] as number;
    const mayBeOut = (tasks.skipPrice[from] as number) < Number.POSITIVE_INFINITY;
    if (!mayBeOut || isMilestone(problem, from) || tasks.state[from] === taskRunning) continue;
    if (gangOf !== null && gangOf[from] !== none) continue;
    if (isMilestone(problem, edges.to[edge] as number)) before[from] = 1;
  }
  return before;
}

const hasPrevious = ({ tasks }: Problem, task: number): boolean =>
  tasks.previousWorker[task] !== none;

/** About what a plan without any two tasks at once is worth, and every price besides. */
function missPriceOf(problem: Problem, typical: Float64Array): number {
  const { tasks, weights, options } = problem;
  let length = 1;
  let perTick = weights.makespan;
  let prices = 1;
  let dearest = 0;
  for (const cost of options.cost) dearest = Math.max(dearest, cost);
  for (let task = 0; task < tasks.count; task += 1) {
    length += (typical[task] as number) + Math.max(0, (tasks.release[task] as number) / 8);
    perTick += weights.flow * (tasks.flowWeight[task] as number);
    perTick += weights.tardiness * (tasks.tardinessWeight[task] as number);
    prices += weights.moves * (tasks.moveWeight[task] as number) + weights.cost * dearest;
    const skip = tasks.skipPrice[task] as number;
    if (skip < Number.POSITIVE_INFINITY) prices += skip;
  }
  return prices + (perTick * length * problem.tickMs) / 1000;
}

function usableOptions(problem: Problem, prepared: Prepared): Uint8Array {
  const { options, horizon } = problem;
  const width = problem.dimensions.length;
  const usable = new Uint8Array(options.count);
  for (let option = 0; option < options.count; option += 1) {
    const duration = options.duration[option] as number;
    const row = (options.demandRow[option] as number) * width;
    const gpu = prepared.gpuNeeds[options.gpuRequest[option] as number] ?? null;
    for (const worker of workersOfOption(problem, prepared, option)) {
      const timeline = prepared.workers[worker];
      if (timeline === undefined) continue;
      if (
        earliestFit(timeline, 0, duration, options.demand, row, gpu, horizon - duration) === none
      ) {
        continue;
      }
      usable[option] = 1;
      break;
    }
  }
  return usable;
}

function leastDemandOf({ options, dimensions }: Problem, optionUsable: Uint8Array): Int32Array {
  const width = dimensions.length;
  const least = new Int32Array(width).fill(2 ** 31 - 1);
  for (let option = 0; option < options.count; option += 1) {
    if (optionUsable[option] === 0) continue;
    const row = (options.demandRow[option] as number) * width;
    for (let d = 0; d < width; d += 1) {
      least[d] = Math.min(least[d] as number, options.demand[row + d] as number);
    }
  }
  return least;
}

/** The workers that may run an option: those of its class, or the only one it names. */
export function workersOfOption(
  problem: Problem,
  prepared: Prepared,
  option: number,
): ArrayLike<number> & Iterable<number> {
  const only = problem.options.worker[option] as number;
  if (only !== none) return [only];
  return prepared.workersOfClass[problem.options.class[option] as number] ?? [];
}

function durations(
  problem: Problem,
  optionUsable: Uint8Array,
): { shortest: Int32Array; typical: Float64Array; impossible: number } {
  const { tasks } = problem;
  const shortest = new Int32Array(tasks.count);
  const typical = new Float64Array(tasks.count);
  let impossible = none;
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] === taskRunning) {
      shortest[task] = (tasks.fixedEnd[task] as number) - (tasks.fixedStart[task] as number);
      typical[task] = shortest[task] as number;
    } else if (!isMilestone(problem, task)) {
      const usable = usableDurations(problem, optionUsable, task);
      if (usable.length === 0) {
        if (tasks.skipPrice[task] === Number.POSITIVE_INFINITY) impossible = task;
        continue;
      }
      shortest[task] = usable.reduce((a, b) => Math.min(a, b));
      typical[task] = usable.reduce((a, b) => a + b) / usable.length;
    }
  }
  return { shortest, typical, impossible };
}

function usableDurations(problem: Problem, optionUsable: Uint8Array, task: number): number[] {
  const { tasks, options } = problem;
  const block = tasks.block[task] as number;
  const kept = tasks.state[task] === taskKept ? (tasks.previousOption[task] as number) : none;
  const found: number[] = [];
  const last = options.blockFirst[block + 1] as number;
  for (let option = options.blockFirst[block] as number; option < last; option += 1) {
    if (optionUsable[option] === 0 || (kept !== none && option !== kept)) continue;
    found.push(options.duration[option] as number);
  }
  return found;
}

function heads(problem: Problem, prepared: Prepared, shortest: Int32Array): Int32Array {
  const { topological, predecessorFirst, predecessor, predecessorLag } = prepared.graph;
  const head = new Int32Array(problem.tasks.count);
  for (const task of topological) {
    if (problem.tasks.state[task] === taskRunning) {
      head[task] = problem.tasks.fixedStart[task] as number;
      continue;
    }
    let start = Math.max(0, problem.tasks.release[task] as number);
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last; k += 1) {
      const before = predecessor[k] as number;
      const ready = (head[before] as number) + (shortest[before] as number);
      start = Math.max(start, ready + (predecessorLag[k] as number));
    }
    head[task] = start;
  }
  return head;
}

function tails(problem: Problem, prepared: Prepared, shortest: Int32Array): Int32Array {
  const { topological, successorFirst, successor, successorLag } = prepared.graph;
  const tail = new Int32Array(problem.tasks.count);
  for (let at = topological.length - 1; at >= 0; at -= 1) {
    const task = topological[at] as number;
    let after = 0;
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k += 1) {
      const next = successor[k] as number;
      // A running task's times are facts, whatever ends before it.
      if (problem.tasks.state[next] === taskRunning) continue;
      // What may be left out need not follow.
      const isOptional = (problem.tasks.skipPrice[next] as number) < Number.POSITIVE_INFINITY;
      if (isOptional && !isMilestone(problem, next)) continue;
      const rest = (shortest[next] as number) + (tail[next] as number);
      after = Math.max(after, (successorLag[k] as number) + rest);
    }
    tail[task] = after;
  }
  return tail;
}
