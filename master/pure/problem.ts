/**
 * The state as a Problem: a window of tasks that could run, the workers that are there, what runs
 * now and the previous plan. The one way from state to planner, greedy placement and admission.
 */
import { defaultObjective } from "../../core/objective.js";
import { horizonMax, type Problem } from "../../core/problem.js";
import { estimateOf } from "./estimates.js";
import { releaseAtMs, TaskRows } from "./problem-columns.js";
import { OptionTable } from "./problem-options.js";
import { poolColumns } from "./problem-pools.js";
import { edgeColumns, selectTasks } from "./problem-tasks.js";
import { describeWorkers, type WorkerTable } from "./problem-workers.js";
import type { Job, State, Task } from "./state.js";

/** A Problem with the tasks that its first rows stand for; a milestone per job follows them. */
export interface BuiltProblem {
  readonly problem: Problem;
  readonly tasks: readonly Task[];
  readonly jobs: readonly Job[];
  readonly workers: WorkerTable;
}

/**
 * `keep`: tasks that have a reservation keep its worker, and only the others are placed.
 * `imagined` are jobs that nobody has submitted: what-if is an edit of the Problem, not of the state.
 */
export function buildProblem(
  state: State,
  nowMs: number,
  mode: "keep" | "free",
  imagined: readonly Job[] = [],
): BuiltProblem {
  const workers = describeWorkers(state);
  const options = new OptionTable(state, workers);
  const open = [...state.index.openJobs, ...imagined];
  const rowOf = selectTasks(open, options, workers, state.settings.planningWindow);
  const tasks = [...rowOf.keys()];
  const jobs = [...new Set(tasks.map((task) => task.job))];
  const indexOf = new Map(jobs.map((job, index) => [job, index]));
  const count = tasks.length + jobs.length;

  const clock = { nowMs, tickMs: chooseTick(state, tasks, nowMs) };
  const rows = new TaskRows(count, { state, workers, options, clock });
  for (const task of tasks) rows.addTask(task, indexOf.get(task.job) ?? 0, mode);
  for (const [job, index] of indexOf) rows.addMilestone(job, index);
  const optionColumns = options.columns((ms) => Math.max(1, Math.ceil(ms / clock.tickMs)));
  rows.settleOptions(optionColumns);

  const milestones = new Map(jobs.map((job, index) => [job, tasks.length + index]));
  const pools = poolColumns(state, tasks, count);
  const problem: Problem = {
    originMs: nowMs,
    tickMs: clock.tickMs,
    horizon: horizonMax,
    weights: defaultObjective,
    dimensions: workers.dimensions,
    unit: workers.unit,
    workers: workers.columns,
    blocks: noBlocks,
    devices: workers.devices,
    gpuRequests: options.gpuColumns(),
    pools: pools.columns,
    tasks: { ...rows.columns, ...pools.uses },
    options: optionColumns,
    edges: edgeColumns(rowOf, milestones),
  };
  return { problem, tasks, jobs, workers };
}

/** Nothing is taken from workers ahead of time until drains and maintenance windows come. */
const noBlocks: Problem["blocks"] = {
  count: 0,
  worker: new Uint32Array(0),
  from: new Int32Array(0),
  to: new Int32Array(0),
  use: new Int32Array(0),
};

/** A millisecond, or coarser if all tasks one after another would leave the horizon. */
function chooseTick(state: State, tasks: readonly Task[], nowMs: number): number {
  let speedMin = 1;
  for (const { facts } of state.workers.values()) speedMin = Math.min(speedMin, facts.speed);
  let spanMs = 0;
  let releaseMs = 0;
  for (const task of tasks) {
    spanMs += estimateOf(state, task).p90Ms / speedMin + state.overheadMs;
    releaseMs = Math.max(releaseMs, releaseAtMs(task) - nowMs);
  }
  spanMs += releaseMs;
  let tickMs = 1;
  while (spanMs / tickMs > horizonMax / 4) tickMs *= 10;
  return tickMs;
}
