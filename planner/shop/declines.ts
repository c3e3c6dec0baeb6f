/**
 * Recognises shops: problems in which every worker holds one task at a time (disjunctive), tasks
 * are tied by precedence alone, and the makespan is all that counts.
 */
import { none, type Problem, taskKept, taskRunning } from "../../core/problem.js";
import { declinesTies } from "../solvers/declines-ties.js";

/** A table of choices beyond this is no shop floor any more, and would not fit in memory. */
const choicesMax = 4_000_000;

/** Why the problem is no shop; null if it is one. */
export function declinesShop(problem: Problem): string | null {
  const { tasks, blocks, options } = problem;
  const tied = declinesTies(problem);
  if (tied !== null) return tied;
  if (!countsMakespanAlone(problem)) return "more than the makespan counts";
  if (!hasSequences(problem)) return "no task waits for another";
  if (blocks.count > 0) return "workers have times of their own";
  if (tasks.poolIndex.length > 0) return "tasks use pools";
  if (options.gpuRequest.some((request) => request !== none)) return "options use devices";
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] !== taskRunning) continue;
    if ((tasks.fixedStart[task] as number) > 0) return "a running task has yet to start";
  }
  return isDisjunctive(problem) ? null : "workers hold several tasks at a time";
}

/** The most ways, over all tasks, in which one may be run; Infinity beyond all measure. */
export function mostChoices(problem: Problem): number {
  const { tasks } = problem;
  const ofBlock = choicesOfBlocks(problem);
  let most = 0;
  let total = 0;
  for (let task = 0; task < tasks.count; task += 1) {
    const block = tasks.block[task] as number;
    if (block === none || tasks.state[task] === taskRunning || isPinned(problem, task)) continue;
    most = Math.max(most, ofBlock[block] as number);
    total += ofBlock[block] as number;
  }
  return total > choicesMax ? Number.POSITIVE_INFINITY : most;
}

/** Kept tasks with a place of their own have nothing to choose. */
export function isPinned({ tasks }: Problem, task: number): boolean {
  return (
    tasks.state[task] === taskKept &&
    tasks.previousOption[task] !== none &&
    tasks.previousWorker[task] !== none
  );
}

/** Milestones that wait for tasks make no sequence: what is left then is a matter of loads alone. */
const hasSequences = ({ edges, tasks }: Problem): boolean =>
  edges.to.some((task) => tasks.block[task] !== none);

function countsMakespanAlone({ weights, tasks }: Problem): boolean {
  if (!(weights.makespan > 0)) return false;
  if (weights.flow > 0 && tasks.flowWeight.some((weight) => weight > 0)) return false;
  if (weights.moves > 0 && tasks.moveWeight.some((weight) => weight > 0)) return false;
  if (weights.tardiness === 0) return true;
  return !tasks.tardinessWeight.some((weight, task) => weight > 0 && tasks.due[task] !== none);
}

function choicesOfBlocks({ options, workers }: Problem): Float64Array {
  const sizeOfClass = new Map<number, number>();
  for (const of of workers.classOf) sizeOfClass.set(of, (sizeOfClass.get(of) ?? 0) + 1);
  const choices = new Float64Array(options.blockFirst.length - 1);
  for (let block = 0; block < choices.length; block += 1) {
    const after = options.blockFirst[block + 1] as number;
    for (let option = options.blockFirst[block] as number; option < after; option += 1) {
      const pinned = options.worker[option] !== none;
      const size = pinned ? 1 : (sizeOfClass.get(options.class[option] as number) ?? 0);
      choices[block] = (choices[block] as number) + size;
    }
  }
  return choices;
}

/**
 * Whether on each worker there is a dimension of which everything that could run there takes more
 * than half. What takes no time is in nobody's way.
 */
function isDisjunctive(problem: Problem): boolean {
  const { workers, options, tasks } = problem;
  const dimensions = problem.dimensions.length;
  const classes = workers.classOf.reduce((most, of) => Math.max(most, of + 1), 0);
  const ofClass = new Float64Array(classes * dimensions).fill(Number.POSITIVE_INFINITY);
  const ofWorker = new Float64Array(workers.count * dimensions).fill(Number.POSITIVE_INFINITY);
  const lower = (least: Float64Array, row: number, option: number): void => {
    const demand = (options.demandRow[option] as number) * dimensions;
    for (let d = 0; d < dimensions; d += 1) {
      const amount = options.demand[demand + d] as number;
      least[row * dimensions + d] = Math.min(least[row * dimensions + d] as number, amount);
    }
  };
  for (let option = 0; option < options.count; option += 1) {
    if (options.duration[option] === 0) continue;
    const worker = options.worker[option] as number;
    if (worker !== none) lower(ofWorker, worker, option);
    else lower(ofClass, options.class[option] as number, option);
  }
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] !== taskRunning || tasks.fixedOption[task] === none) continue;
    lower(ofWorker, tasks.fixedWorker[task] as number, tasks.fixedOption[task] as number);
  }
  for (let worker = 0; worker < workers.count; worker += 1) {
    let alone = false;
    for (let d = 0; d < dimensions && !alone; d += 1) {
      const row = (workers.classOf[worker] as number) * dimensions + d;
      const least = Math.min(ofClass[row] as number, ofWorker[worker * dimensions + d] as number);
      alone = 2 * least > (workers.capacity[worker * dimensions + d] as number);
    }
    if (!alone) return false;
  }
  return true;
}
