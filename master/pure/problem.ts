/**
 * The state as a Problem: a window of tasks that could run, the workers that are there, what runs
 * now and the previous plan. The one way from state to planner, greedy placement and admission.
 */
import { defaultObjective } from "../../core/objective.js";
import {
  horizonMax,
  none,
  type PoolColumns,
  type Problem,
  previousNever,
  type TaskColumns,
  taskFree,
  taskKept,
  taskRunning,
} from "../../core/problem.js";
import { estimateOf, remainingOn } from "./estimates.js";
import { OptionTable, optionOnWorker } from "./problem-options.js";
import { edgeColumns, selectTasks } from "./problem-tasks.js";
import { describeWorkers, type WorkerTable } from "./problem-workers.js";
import type { Attempt, Job, State, Task } from "./state.js";
import { liveAttempt } from "./state.js";

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
  const rows = selectTasks(open, options, workers, state.settings.planningWindow);
  const tasks = [...rows.keys()];
  const jobs = [...new Set(tasks.map((task) => task.job))];
  const milestones = new Map(jobs.map((job, index) => [job, tasks.length + index]));
  const clock: Clock = { nowMs, tickMs: chooseTick(state, tasks, nowMs) };

  const columns = emptyColumns(tasks.length + jobs.length);
  const jobIndex = new Map(jobs.map((job, index) => [job, index]));
  const live: LiveRow[] = [];
  tasks.forEach((task, row) => {
    columns.ids.push(task.id);
    columns.job[row] = jobIndex.get(task.job) ?? 0;
    fillTask(task, row, columns, clock);
    const attempt = liveAttempt(task);
    if (attempt === null) {
      columns.block[row] = options.blockOf(task);
      fillPrevious(state, task, row, columns, workers, clock, mode);
    } else {
      const worker = workers.indexOf.get(attempt.worker) ?? 0;
      const { block, within } = options.blockOfLive(task, worker);
      columns.block[row] = block;
      live.push({ row, within });
      fillLive(state, task, attempt, row, worker, columns, workers, clock);
    }
  });
  for (const [job, index] of jobIndex) {
    fillMilestone(job, tasks.length + index, index, columns, clock);
  }

  const optionColumns = options.columns((ms) => Math.max(1, Math.ceil(ms / clock.tickMs)));
  for (const { row, within } of live) {
    const first = optionColumns.blockFirst[columns.block[row] ?? 0] ?? 0;
    columns.fixedOption[row] = first + within;
  }
  previousOptions(columns, optionColumns, workers);
  const pools = poolColumns(state, tasks, tasks.length + jobs.length);
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
    tasks: { ...columns, ...pools.uses },
    options: optionColumns,
    edges: edgeColumns(rows, milestones),
  };
  return { problem, tasks, jobs, workers };
}

interface Clock {
  readonly nowMs: number;
  readonly tickMs: number;
}

interface LiveRow {
  readonly row: number;
  readonly within: number;
}

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

function releaseAtMs(task: Task): number {
  if (task.status.kind === "backoff") return task.status.untilMs;
  return task.held ? (task.template.scheduledAtMs ?? 0) : 0;
}

type Columns = Omit<{ -readonly [K in keyof TaskColumns]: TaskColumns[K] }, PoolKeys | "ids"> & {
  readonly ids: string[];
};
type PoolKeys = "poolFirst" | "poolIndex" | "poolAmount";

function emptyColumns(count: number): Columns {
  return {
    count,
    ids: [],
    job: new Uint32Array(count),
    block: new Int32Array(count).fill(none),
    release: new Int32Array(count),
    due: new Int32Array(count).fill(none),
    tardinessWeight: new Float64Array(count),
    flowWeight: new Float64Array(count),
    moveWeight: new Float64Array(count),
    priority: new Int32Array(count),
    state: new Uint8Array(count).fill(taskFree),
    fixedWorker: new Int32Array(count).fill(none),
    fixedOption: new Int32Array(count).fill(none),
    fixedStart: new Int32Array(count).fill(none),
    fixedEnd: new Int32Array(count).fill(none),
    fixedDevices: new Uint32Array(count),
    previousWorker: new Int32Array(count).fill(none),
    previousOption: new Int32Array(count).fill(none),
    previousStart: new Int32Array(count).fill(previousNever),
  };
}

function fillTask(task: Task, row: number, columns: Columns, clock: Clock): void {
  const { template, job } = task;
  columns.release[row] = clampTick(Math.ceil((releaseAtMs(task) - clock.nowMs) / clock.tickMs));
  columns.priority[row] = template.priority;
  const { objective } = job.spec;
  columns.moveWeight[row] = objective === null ? 1 : objective.moves / defaultObjective.moves;
  if (template.deadlineAtMs === null) return;
  columns.due[row] = dueTick(template.deadlineAtMs, clock);
  columns.tardinessWeight[row] = tardinessWeight(job);
}

function fillMilestone(job: Job, row: number, index: number, columns: Columns, clock: Clock): void {
  columns.ids.push(`${job.id}/`);
  columns.job[row] = index;
  columns.flowWeight[row] = flowWeight(job);
  if (job.spec.deadlineAtMs === null) return;
  columns.due[row] = dueTick(job.spec.deadlineAtMs, clock);
  columns.tardinessWeight[row] = tardinessWeight(job);
}

/** A job's own objective stands in its milestone: its makespan is its flow time. */
function flowWeight({ spec }: Job): number {
  const priority = spec.templates.reduce((max, { priority: p }) => Math.max(max, p), -1_000);
  // Priorities of -1000 to 1000 weigh a job from 1/32 to 32 times the usual.
  const weight = 2 ** (priority / 200);
  if (spec.objective === null) return weight;
  return (weight * (spec.objective.flow + spec.objective.makespan)) / defaultObjective.flow;
}

const tardinessWeight = ({ spec }: Job): number =>
  spec.objective === null ? 1 : spec.objective.tardiness / defaultObjective.tardiness;

const dueTick = (atMs: number, clock: Clock): number =>
  clampTick(Math.floor((atMs - clock.nowMs) / clock.tickMs));

const clampTick = (tick: number): number => Math.max(0, Math.min(horizonMax / 2, tick));

function fillPrevious(
  state: State,
  task: Task,
  row: number,
  columns: Columns,
  workers: WorkerTable,
  clock: Clock,
  mode: "keep" | "free",
): void {
  const entry = state.plan.entries.get(task.id);
  const worker = entry === undefined ? undefined : workers.indexOf.get(entry.worker);
  if (entry === undefined || worker === undefined) return;
  columns.previousWorker[row] = worker;
  columns.previousStart[row] = Math.max(
    previousNever + 1,
    Math.round((entry.startAtMs - clock.nowMs) / clock.tickMs),
  );
  if (mode === "keep") columns.state[row] = taskKept;
}

/** The option a reservation had: the one of its worker's class. Without one it is as good as new. */
function previousOptions(
  columns: Columns,
  options: Problem["options"],
  workers: WorkerTable,
): void {
  for (let row = 0; row < columns.count; row++) {
    const worker = columns.previousWorker[row] ?? none;
    const block = columns.block[row] ?? none;
    if (worker === none || block === none) continue;
    const found = optionOnWorker(options, workers.classOf, block, worker);
    columns.previousOption[row] = found;
    if (found === none) {
      columns.previousWorker[row] = none;
      if (columns.state[row] === taskKept) columns.state[row] = taskFree;
    }
  }
}

function fillLive(
  state: State,
  task: Task,
  attempt: Attempt,
  row: number,
  worker: number,
  columns: Columns,
  workers: WorkerTable,
  clock: Clock,
): void {
  const speed = workers.list[worker]?.facts.speed ?? 1;
  const elapsedMs = Math.max(0, clock.nowMs - attempt.launchedAtMs);
  const { p50Ms } = remainingOn(state, task, speed, elapsedMs);
  columns.state[row] = taskRunning;
  columns.fixedWorker[row] = worker;
  columns.fixedStart[row] = -Math.min(horizonMax / 2, Math.floor(elapsedMs / clock.tickMs));
  columns.fixedEnd[row] = Math.max(1, Math.ceil(p50Ms / clock.tickMs));
  const devices = workers.list[worker]?.facts.devices ?? [];
  devices.forEach((device, bit) => {
    if (!attempt.devices.includes(device.id)) return;
    columns.fixedDevices[row] = ((columns.fixedDevices[row] ?? 0) | (1 << bit)) >>> 0;
  });
}

/** Cluster pools, and one more for each template that limits how many of its tasks run at once. */
function poolColumns(
  state: State,
  tasks: readonly Task[],
  count: number,
): { columns: PoolColumns; uses: Pick<TaskColumns, PoolKeys> } {
  const names = state.settings.pools.map((pool) => pool.name);
  const capacity = state.settings.pools.map((pool) => pool.capacity);
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const first = new Uint32Array(count + 1);
  const index: number[] = [];
  const amounts: number[] = [];
  tasks.forEach((task, row) => {
    for (const [name, amount] of Object.entries(task.template.pools)) {
      index.push(indexOf.get(name) ?? 0);
      amounts.push(amount);
    }
    const { maxConcurrent } = task.template;
    if (maxConcurrent !== null) {
      const name = `${task.job.id} ${task.template.name}`;
      let pool = indexOf.get(name);
      if (pool === undefined) {
        pool = names.push(name) - 1;
        capacity.push(maxConcurrent);
        indexOf.set(name, pool);
      }
      index.push(pool);
      amounts.push(1);
    }
    first[row + 1] = index.length;
  });
  first.fill(index.length, tasks.length + 1);
  return {
    columns: { count: names.length, names, capacity: Int32Array.from(capacity) },
    uses: {
      poolFirst: first,
      poolIndex: Uint16Array.from(index),
      poolAmount: Int32Array.from(amounts),
    },
  };
}
