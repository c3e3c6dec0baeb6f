/**
 * The project inside a problem: tasks that all run on one worker, whose capacity vector (and the
 * renewable pools) are the renewable resources, with consumable pools as non-renewable ones: the
 * multi-mode resource-constrained project scheduling problem (Kolisch & Sprecher 1997), with lags,
 * releases, blocks and running tasks. Only the makespan counts.
 *
 * Tasks are numbered anew: those that run already are gone, and what they take stands among the
 * blocked intervals, what waits for them in the releases.
 */
import { type OpenGraph, openGraphOf } from "../../../core/graph.js";
import { none, type Problem, taskRunning } from "../../../core/problem.js";
import { declinesProject } from "./declines.js";
import { type ModeRow, reduceModes } from "./modes.js";
import { modesOf, poolUses, type Resources, theWorker } from "./offers.js";

export interface Project extends OpenGraph {
  readonly problem: Problem;
  /** The worker of all tasks; none where no task needs one. */
  readonly worker: number;
  readonly tasks: number;
  /** [tasks] Index in the problem. */
  readonly taskOf: Int32Array;
  readonly release: Int32Array;
  /** No end of the plan is earlier: what runs already. */
  readonly makespanMin: number;

  /** [resources] */
  readonly capacity: Int32Array;
  readonly resources: number;
  readonly blocked: readonly Blocked[];

  /** [tasks + 1] offsets into the columns of modes. */
  readonly modeFirst: Int32Array;
  readonly modeOption: Int32Array;
  readonly duration: Int32Array;
  /** [modes × resources] */
  readonly demand: Int32Array;
  /** [modes × stocks] What a mode takes for good. */
  readonly use: Int32Array;
  /** [stocks] Consumable pools that not every choice of modes keeps to. */
  readonly stock: Int32Array;
  readonly stocks: number;
  /** No task has more than one mode. */
  readonly isSingleMode: boolean;
  /** Even one task after the other, everything ends by then. */
  readonly span: number;
}

/** Capacity taken from time `from` to `to`, by resource. */
export interface Blocked {
  readonly from: number;
  readonly to: number;
  readonly use: readonly number[];
}

/** The project of a problem, or why there is none. */
export function projectOf(problem: Problem): Project | string {
  const declined = declinesProject(problem);
  if (declined !== null) return declined;
  const free: number[] = [];
  for (let task = 0; task < problem.tasks.count; task += 1) {
    if (problem.tasks.state[task] !== taskRunning) free.push(task);
  }
  const worker = theWorker(problem, free);
  if (worker === "several") return "tasks may run on several workers";
  const resources = resourcesOf(problem, worker);
  const stock = stockOf(problem);
  const offered = free.map((task) => modesOf(problem, task, worker, resources, stock));
  if (offered.some((modes) => modes.length === 0)) return "a task has no way to run";
  const reduced = reduceModes(offered, stock);
  if (reduced === null) return "no choice of options keeps to the budgets";
  const { modes, stocks } = reduced;
  const graph = openGraphOf(problem, free);
  if (graph.topological.length < free.length) return "the precedence has a cycle";
  const rows = modes.flat();
  const modeFirst = new Int32Array(free.length + 1);
  modes.forEach((list, task) => {
    modeFirst[task + 1] = (modeFirst[task] as number) + list.length;
  });
  const blocked = blockedOf(problem, worker, resources);
  return {
    problem,
    worker,
    tasks: free.length,
    taskOf: Int32Array.from(free),
    ...graph,
    makespanMin: latestFixedEnd(problem),
    capacity: Int32Array.from(resources.capacity),
    resources: resources.capacity.length,
    blocked,
    modeFirst,
    modeOption: Int32Array.from(rows, (row) => row.option),
    duration: Int32Array.from(rows, (row) => row.duration),
    demand: Int32Array.from(rows.flatMap((row) => row.demand)),
    use: Int32Array.from(rows.flatMap((row) => stocks.map((pool) => row.use[pool] ?? 0))),
    stock: Int32Array.from(stocks, (pool) => stock[pool] ?? 0),
    stocks: stocks.length,
    isSingleMode: modes.every((list) => list.length === 1),
    span: spanOf(modes, graph, blocked),
  };
}

/** The worker's dimensions first, then the pools that come back. */
function resourcesOf(problem: Problem, worker: number): Resources {
  const dimensions = problem.dimensions.length;
  const capacity: number[] = [];
  for (let d = 0; d < dimensions; d += 1) {
    capacity.push(worker === none ? 0 : (problem.workers.capacity[worker * dimensions + d] ?? 0));
  }
  const ofPool = Array.from({ length: problem.pools.count }, (_, pool) =>
    problem.pools.consumable[pool] === 1
      ? none
      : capacity.push(problem.pools.capacity[pool] as number) - 1,
  );
  return { capacity, dimensions, ofPool };
}

/** What running tasks leave of each consumable pool. */
function stockOf(problem: Problem): number[] {
  const stock = [...problem.pools.capacity];
  const { tasks } = problem;
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] !== taskRunning) continue;
    const option = tasks.fixedOption[task] as number;
    for (const { pool, amount } of poolUses(problem, task, option)) {
      stock[pool] = (stock[pool] ?? 0) - amount;
    }
  }
  return stock;
}

function blockedOf(problem: Problem, worker: number, resources: Resources): Blocked[] {
  const { blocks, tasks, options } = problem;
  const { dimensions, ofPool, capacity } = resources;
  const blocked: Blocked[] = [];
  const isAny = (use: readonly number[]): boolean => use.some((amount) => amount > 0);
  for (let block = 0; block < blocks.count; block += 1) {
    if (blocks.worker[block] !== worker) continue;
    const use = capacity.map((_, k) =>
      k < dimensions ? (blocks.use[block * dimensions + k] ?? 0) : 0,
    );
    const from = Math.max(0, blocks.from[block] as number);
    if (isAny(use)) blocked.push({ from, to: blocks.to[block] as number, use });
  }
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] !== taskRunning) continue;
    const option = tasks.fixedOption[task] as number;
    const row = option === none ? none : (options.demandRow[option] as number) * dimensions;
    const isHere = tasks.fixedWorker[task] === worker && row !== none;
    const use = capacity.map((_, k) =>
      k < dimensions && isHere ? (options.demand[row + k] ?? 0) : 0,
    );
    for (const { pool, amount } of poolUses(problem, task, option)) {
      const place = ofPool[pool] as number;
      if (place !== none) use[place] = (use[place] ?? 0) + amount;
    }
    const from = Math.max(0, tasks.fixedStart[task] as number);
    if (isAny(use)) blocked.push({ from, to: tasks.fixedEnd[task] as number, use });
  }
  return blocked.filter(({ from, to }) => to > from);
}

function latestFixedEnd({ tasks }: Problem): number {
  let latest = 0;
  for (let task = 0; task < tasks.count; task += 1) {
    if (tasks.state[task] === taskRunning) {
      latest = Math.max(latest, tasks.fixedEnd[task] as number);
    }
  }
  return latest;
}

function spanOf(
  modes: readonly (readonly ModeRow[])[],
  { predecessorLag, release }: OpenGraph,
  blocked: readonly Blocked[],
): number {
  let span = 0;
  for (const list of modes)
    span += list.reduce((most, { duration }) => Math.max(most, duration), 0);
  for (const lag of predecessorLag) span += lag;
  const latestRelease = release.reduce((latest, at) => Math.max(latest, at), 0);
  return span + blocked.reduce((latest, { to }) => Math.max(latest, to), latestRelease) + 1;
}
