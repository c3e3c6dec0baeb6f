/** The options that a task could take in any feasible plan, for bounds: never too few of them. */
import { none, type Problem, taskKept, taskRunning } from "./problem.js";

export interface Possible {
  /** Empty for running tasks, milestones, and tasks that nothing can run. */
  readonly options: (task: number) => readonly number[];
  /** Ticks of the shortest possible option; 0 where there is none. */
  readonly shortest: Float64Array;
}

export function possibleOptions(problem: Problem): Possible {
  const { tasks, options } = problem;
  const ofBlock = possibleOfBlocks(problem);
  const rows = Array.from({ length: tasks.count }, (_, task): readonly number[] => {
    const block = tasks.block[task] as number;
    if (block === none || tasks.state[task] === taskRunning) return [];
    const list = ofBlock[block] ?? [];
    return tasks.state[task] === taskKept ? list.filter((o) => mayKeep(problem, task, o)) : list;
  });
  const shortest = Float64Array.from(rows, (row) => {
    let least = Number.POSITIVE_INFINITY;
    for (const option of row) least = Math.min(least, options.duration[option] as number);
    return row.length === 0 ? 0 : least;
  });
  return { options: (task) => rows[task] ?? [], shortest };
}

function possibleOfBlocks(problem: Problem): number[][] {
  const { options, workers } = problem;
  const dimensions = problem.dimensions.length;
  const membersOfClass = new Map<number, number[]>();
  workers.classOf.forEach((of, worker) => {
    const members = membersOfClass.get(of);
    if (members === undefined) membersOfClass.set(of, [worker]);
    else members.push(worker);
  });
  const fits = (option: number, worker: number): boolean => {
    const row = (options.demandRow[option] as number) * dimensions;
    for (let d = 0; d < dimensions; d++) {
      const capacity = workers.capacity[worker * dimensions + d] as number;
      if ((options.demand[row + d] as number) > capacity) return false;
    }
    return true;
  };
  const isPossible = (option: number): boolean => {
    const pinned = options.worker[option] as number;
    if (options.duration[option] === 0) return true;
    const members = membersOfClass.get(options.class[option] as number) ?? [];
    return members.some((worker) => (pinned === none || worker === pinned) && fits(option, worker));
  };
  return Array.from({ length: Math.max(0, options.blockFirst.length - 1) }, (_, block) => {
    const possible: number[] = [];
    const after = options.blockFirst[block + 1] as number;
    for (let option = options.blockFirst[block] as number; option < after; option++) {
      if (isPossible(option)) possible.push(option);
    }
    return possible;
  });
}

function mayKeep(problem: Problem, task: number, option: number): boolean {
  const worker = problem.tasks.previousWorker[task] as number;
  const kept = problem.tasks.previousOption[task] as number;
  if (kept !== none && kept !== option) return false;
  return worker === none || problem.workers.classOf[worker] === problem.options.class[option];
}
