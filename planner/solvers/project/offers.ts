/** What a problem offers to a task: options on the one worker, with all that they take. */
import { isMilestone, none, type Problem, taskKept } from "../../../core/problem.js";
import type { ModeRow } from "./modes.js";

export interface Resources {
  readonly capacity: readonly number[];
  /** So many of them are the worker's; the others are pools. */
  readonly dimensions: number;
  /** Of each pool: its resource, or none for consumable ones. */
  readonly ofPool: readonly number[];
}

/** The one worker that any free task could take; none if there are only milestones. */
export function theWorker(problem: Problem, free: readonly number[]): number | "several" {
  const { workers } = problem;
  let found: number = none;
  for (const task of free) {
    for (const option of optionsOf(problem, task)) {
      for (let worker = 0; worker < workers.count; worker += 1) {
        if (!isOffered(problem, task, option, worker)) continue;
        if (found !== none && found !== worker) return "several";
        found = worker;
      }
    }
  }
  return found;
}

/** Empty: the task cannot run. */
export function modesOf(
  problem: Problem,
  task: number,
  worker: number,
  resources: Resources,
  stock: readonly number[],
): ModeRow[] {
  const { options } = problem;
  const { capacity, dimensions, ofPool } = resources;
  const rowOf = (option: number): ModeRow => {
    const row = option === none ? none : (options.demandRow[option] as number) * dimensions;
    const demand = capacity.map((_, k) =>
      row !== none && k < dimensions ? (options.demand[row + k] ?? 0) : 0,
    );
    const use = stock.map(() => 0);
    for (const { pool, amount } of poolUses(problem, task, option)) {
      const place = ofPool[pool] as number;
      if (place === none) use[pool] = (use[pool] ?? 0) + amount;
      else demand[place] = (demand[place] ?? 0) + amount;
    }
    const duration = option === none ? 0 : (options.duration[option] as number);
    return { option, duration, demand, use };
  };
  // What takes no time takes nothing of what comes back.
  if (isMilestone(problem, task)) return [{ ...rowOf(none), demand: capacity.map(() => 0) }];
  return optionsOf(problem, task)
    .filter((option) => isOffered(problem, task, option, worker))
    .map(rowOf)
    .filter(
      ({ demand, use }) =>
        demand.every((amount, k) => amount <= (capacity[k] ?? 0)) &&
        use.every((amount, pool) => amount === 0 || amount <= (stock[pool] ?? 0)),
    );
}

/** What a task takes of pools, by itself and by the option. */
export function poolUses(problem: Problem, task: number, option: number) {
  const uses: { pool: number; amount: number }[] = [];
  const add = (rows: Problem["tasks"] | Problem["options"], row: number): void => {
    const last = rows.poolFirst[row + 1] as number;
    for (let entry = rows.poolFirst[row] as number; entry < last; entry += 1) {
      const pool = rows.poolIndex[entry] as number;
      uses.push({ pool, amount: rows.poolAmount[entry] as number });
    }
  };
  add(problem.tasks, task);
  if (option !== none) add(problem.options, option);
  return uses;
}

/** A kept task keeps its option, where the previous plan gave it one. */
function optionsOf(problem: Problem, task: number): number[] {
  const { tasks, options } = problem;
  if (isMilestone(problem, task)) return [];
  const block = tasks.block[task] as number;
  const first = options.blockFirst[block] as number;
  const length = (options.blockFirst[block + 1] as number) - first;
  const kept = tasks.state[task] === taskKept ? (tasks.previousOption[task] as number) : none;
  return Array.from({ length }, (_, place) => first + place).filter(
    (option) => kept === none || option === kept,
  );
}

function isOffered(problem: Problem, task: number, option: number, worker: number): boolean {
  const { tasks, options, workers } = problem;
  const only = options.worker[option] as number;
  const kept = tasks.state[task] === taskKept ? (tasks.previousWorker[task] as number) : none;
  return (
    workers.classOf[worker] === options.class[option] &&
    (only === none || only === worker) &&
    (kept === none || kept === worker)
  );
}
