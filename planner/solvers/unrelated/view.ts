/**
 * A problem seen as R||Cmax: independent tasks, workers that hold one of them at a time, a processing
 * time for each pair, and nothing that counts but the last end (Graham et al. 1979).
 */
import type { Plan } from "../../../core/plan.js";
import { planOfFacts } from "../../../core/plan.js";
import { none, type Problem, taskKept, taskRunning } from "../../../core/problem.js";
import { declinesTies } from "../declines-ties.js";

export interface UnrelatedView {
  /** Tasks to be placed, by index of the problem: those that run and milestones are not among them. */
  readonly tasks: Int32Array;
  readonly workers: number;
  /** [workers] ticks until the worker is done with what it runs. */
  readonly busyUntil: Int32Array;
  /** [tasks × workers] ticks, or `forbidden`. */
  readonly time: Int32Array;
  /** [tasks × workers] the option that takes this time, or none. */
  readonly option: Int32Array;
}

/** No sum of times reaches it. */
export const forbidden = 2 ** 30;

/** Larger tables would not be searched well, and cost more memory than they are worth. */
const cellsMax = 4_000_000;

/** The view, or why the problem has none. */
export function unrelatedView(problem: Problem): UnrelatedView | string {
  return declinesView(problem) ?? fill(problem, rowsOf(problem));
}

/** Why the problem has no view; null if it has one. Fills no table, so that asking is cheap. */
export function declinesView(problem: Problem): string | null {
  const reason = declinesTies(problem) ?? declinesShape(problem) ?? declinesObjective(problem);
  if (reason !== null) return reason;
  const rows = rowsOf(problem);
  if (rows.length * problem.workers.count > cellsMax) return "the table of times is too large";
  if (!isExclusive(problem)) return "a worker could hold two tasks at once";
  if (!fitsAll(problem, rows)) return "a task fits no worker";
  return mayOutlast(problem, rows) ? "schedules may end past the horizon" : null;
}

/** Whether all tasks, each at its slowest, on the worker that is free last would end too late. */
function mayOutlast(problem: Problem, rows: Int32Array): boolean {
  const { tasks, options, horizon } = problem;
  let end = busyTimes(problem).reduce((a, b) => Math.max(a, b), 0);
  for (const task of rows) {
    const block = tasks.block[task] as number;
    let slowest = 0;
    const after = options.blockFirst[block + 1] as number;
    for (let one = options.blockFirst[block] as number; one < after; one += 1) {
      slowest = Math.max(slowest, options.duration[one] as number);
    }
    end += slowest;
  }
  return end > horizon;
}

const rowsOf = ({ tasks }: Problem): Int32Array =>
  Int32Array.from({ length: tasks.count }, (_, task) => task).filter(
    (task) => tasks.block[task] !== none && tasks.state[task] !== taskRunning,
  );

/** Whether every task has a worker; tasks of one block are alike, unless they are kept. */
function fitsAll(problem: Problem, rows: Int32Array): boolean {
  const { tasks, options, workers } = problem;
  const known = new Set<number>();
  const fits = (task: number, option: number): boolean => {
    if (!mayTake(problem, task, option)) return false;
    const pinned = pinnedWorker(problem, task, option);
    return workers.classOf.some(
      (of, worker) =>
        of === options.class[option] &&
        (pinned === none || pinned === worker) &&
        hasRoom(problem, option, worker),
    );
  };
  return rows.every((task) => {
    const block = tasks.block[task] as number;
    const isKept = tasks.state[task] === taskKept;
    if (!isKept && known.has(block)) return true;
    const first = options.blockFirst[block] as number;
    const size = (options.blockFirst[block + 1] as number) - first;
    if (!Array.from({ length: size }, (_, k) => first + k).some((one) => fits(task, one))) {
      return false;
    }
    if (!isKept) known.add(block);
    return true;
  });
}

function declinesShape({ tasks, edges, blocks, gpuRequests }: Problem): string | null {
  for (let edge = 0; edge < edges.count; edge += 1) {
    const toMilestone = tasks.block[edges.to[edge] as number] === none;
    if (tasks.state[edges.to[edge] as number] === taskRunning) continue;
    if (!toMilestone || (edges.lag[edge] as number) > 0) return "tasks wait for one another";
  }
  if (blocks.count > 0) return "workers are blocked for a while";
  if (gpuRequests.count > 0) return "tasks ask for devices";
  if (tasks.poolIndex.length > 0) return "tasks use pools";
  return tasks.release.some((release) => release > 0) ? "tasks have releases" : null;
}

function declinesObjective({ weights, tasks }: Problem): string | null {
  if (weights.makespan <= 0) return "the makespan does not count";
  const counts = (weight: number, column: Float64Array): boolean =>
    weight > 0 && column.some((value) => value > 0);
  if (counts(weights.flow, tasks.flowWeight)) return "flow times count";
  if (counts(weights.tardiness, tasks.tardinessWeight) && tasks.due.some((due) => due !== none)) {
    return "due times count";
  }
  const isPlanned = tasks.previousWorker.some((worker) => worker !== none);
  return isPlanned && counts(weights.moves, tasks.moveWeight) ? "moves count" : null;
}

/** Whether in some dimension every demand is more than half of what a worker has. */
function isExclusive({ dimensions, workers, options }: Problem): boolean {
  const width = dimensions.length;
  return dimensions.some((_, d) => {
    const capacityMax: number[] = [];
    for (let worker = 0; worker < workers.count; worker += 1) {
      const of = workers.classOf[worker] as number;
      const capacity = workers.capacity[worker * width + d] as number;
      capacityMax[of] = Math.max(capacityMax[of] ?? 0, capacity);
    }
    return options.class.every((of, option) => {
      const demand = options.demand[(options.demandRow[option] as number) * width + d] as number;
      return 2 * demand > (capacityMax[of] ?? 0);
    });
  });
}

function fill(problem: Problem, tasks: Int32Array): UnrelatedView {
  const { workers, options } = problem;
  const time = new Int32Array(tasks.length * workers.count).fill(forbidden);
  const option = new Int32Array(time.length).fill(none);
  const view = { tasks, workers: workers.count, busyUntil: busyTimes(problem), time, option };
  for (let row = 0; row < tasks.length; row += 1) {
    const block = problem.tasks.block[tasks[row] as number] as number;
    const after = options.blockFirst[block + 1] as number;
    for (let each = options.blockFirst[block] as number; each < after; each += 1) {
      offer(problem, view, row, each);
    }
  }
  return view;
}

/** Notes an option where it is the fastest so far. */
function offer(problem: Problem, view: UnrelatedView, row: number, option: number): void {
  const { workers, options } = problem;
  const task = view.tasks[row] as number;
  if (!mayTake(problem, task, option)) return;
  const pinned = pinnedWorker(problem, task, option);
  const ticks = options.duration[option] as number;
  for (let worker = 0; worker < view.workers; worker += 1) {
    if (workers.classOf[worker] !== options.class[option]) continue;
    if (pinned !== none && pinned !== worker) continue;
    if (!hasRoom(problem, option, worker)) continue;
    const cell = row * view.workers + worker;
    if (ticks >= (view.time[cell] as number)) continue;
    view.time[cell] = ticks;
    view.option[cell] = option;
  }
}

function hasRoom(
  { dimensions, workers, options }: Problem,
  option: number,
  worker: number,
): boolean {
  const width = dimensions.length;
  const row = (options.demandRow[option] as number) * width;
  for (let d = 0; d < width; d += 1) {
    const needed = options.demand[row + d] as number;
    if (needed > (workers.capacity[worker * width + d] as number)) return false;
  }
  return true;
}

/** A kept task takes its option again. */
function mayTake({ tasks }: Problem, task: number, option: number): boolean {
  const kept = tasks.previousOption[task] as number;
  return tasks.state[task] !== taskKept || kept === none || kept === option;
}

function pinnedWorker({ tasks, options }: Problem, task: number, option: number): number {
  const kept = tasks.previousWorker[task] as number;
  if (tasks.state[task] === taskKept && kept !== none) return kept;
  return options.worker[option] as number;
}

function busyTimes({ tasks, workers }: Problem): Int32Array {
  const until = new Int32Array(workers.count);
  for (let task = 0; task < tasks.count; task += 1) {
    const worker = tasks.fixedWorker[task] as number;
    if (tasks.state[task] !== taskRunning || worker === none) continue;
    until[worker] = Math.max(until[worker] as number, tasks.fixedEnd[task] as number);
  }
  return until;
}

/** Tasks one after another on their workers; milestones at the last end. */
export function planOf(problem: Problem, view: UnrelatedView, assigned: Int32Array): Plan {
  const plan = planOfFacts(problem);
  const { tasks } = problem;
  const end = view.busyUntil.slice();
  let last = end.reduce((latest, until) => Math.max(latest, until), 0);
  assigned.forEach((worker, row) => {
    const task = view.tasks[row] as number;
    const cell = row * view.workers + worker;
    const start = end[worker] as number;
    const after = start + (view.time[cell] as number);
    end[worker] = after;
    last = Math.max(last, after);
    plan.option[task] = view.option[cell] as number;
    plan.worker[task] = worker;
    plan.start[task] = start;
    plan.end[task] = after;
  });
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] === taskRunning) continue;
    if (tasks.block[task] !== none) continue;
    plan.start[task] = last;
    plan.end[task] = last;
  }
  return plan;
}
