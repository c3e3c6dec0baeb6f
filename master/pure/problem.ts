/**
 * The state as a Problem: a window of tasks that could run, the workers that are there, what runs
 * now and the previous plan. The one way from state to planner, greedy placement and admission.
 */
import { greedy } from "../../core/greedy.js";
import { defaultObjective } from "../../core/objective.js";
import { horizonMax, none, type Problem, taskRunning } from "../../core/problem.js";
import { estimateOf } from "./estimates.js";
import { blockColumns, type ClosedTime, closedTimes, drainDeadlines } from "./problem-blocks.js";
import { releaseAtMs, TaskRows } from "./problem-columns.js";
import { lyingData } from "./problem-data.js";
import { edgeColumns } from "./problem-edges.js";
import { groupColumns } from "./problem-groups.js";
import { describeLinks, linkColumns, longestTransferMs, noLinks } from "./problem-links.js";
import { type OptionModes, OptionTable } from "./problem-options.js";
import { PoolTable, poolUses } from "./problem-pools.js";
import { selectWhole } from "./problem-tasks.js";
import { describeWorkers, type WorkerTable } from "./problem-workers.js";
import { speedOf } from "./speed.js";
import { type Job, liveAttempt, type State, type Task } from "./state.js";

/**
 * A Problem with the tasks that its first rows stand for; a milestone per job follows them, then data
 * that lies on workers.
 */
export interface BuiltProblem {
  readonly problem: Problem;
  readonly modes: OptionModes;
  readonly tasks: readonly Task[];
  readonly jobs: readonly Job[];
  readonly workers: WorkerTable;
  /** Ticks from which workers that are being drained take no more, by index. */
  readonly deadlines: ReadonlyMap<number, number>;
}

/** What has not happened, and is looked at as if it had. */
export interface Imagined {
  /** Jobs that nobody has submitted. */
  readonly jobs?: readonly Job[];
  /** Live tasks whose attempts are stopped, and when: they wait from then on. */
  readonly stopped?: ReadonlyMap<Task, number>;
}

/**
 * `keep`: tasks that have a reservation keep its worker, and only the others are placed.
 * What-if is an edit of the Problem, not of the state.
 *
 * Groups can ask for more than there is: a gang larger than the cluster, more tasks apart than
 * there are domains, company on a worker that is being drained; and what is consumed does not come
 * back. Such tasks wait outside of the Problem until others have ended, so that every problem has a
 * plan.
 */
export function buildProblem(
  state: State,
  nowMs: number,
  mode: "keep" | "free",
  imagined: Imagined = {},
): BuiltProblem {
  const without = new Set<Task>();
  const loose = new Set<Task>();
  for (;;) {
    const modeOf = (task: Task): "keep" | "free" => (loose.has(task) ? "free" : mode);
    const built = build(state, nowMs, { modeOf, imagined, without });
    const { groups, pools } = built.problem;
    if (groups.count === 0 && !pools.consumable.includes(1)) return built;
    const left = unplaced(built);
    if (left.length === 0) return built;
    // What cannot be done as it was planned may be done in another mode.
    const kept = left.filter((task) => task.ways.length > 1 && modeOf(task) === "keep");
    if (kept.length > 0) for (const task of kept) loose.add(task);
    else for (const task of left) without.add(task);
  }
}

interface Choices {
  readonly modeOf: (task: Task) => "keep" | "free";
  readonly imagined: Imagined;
  readonly without: Set<Task>;
}

function build(state: State, nowMs: number, { modeOf, imagined, without }: Choices): BuiltProblem {
  const workers = describeWorkers(state);
  const pools = new PoolTable(state);
  const options = new OptionTable(state, workers, pools);
  const open = [...state.index.openJobs, ...(imagined.jobs ?? [])];
  const stopped = imagined.stopped ?? new Map<Task, number>();
  const isLive = (task: Task): boolean => liveAttempt(task) !== null && !stopped.has(task);
  const window = state.settings.planningWindow;
  const rowOf = selectWhole(open, { options, workers, isLive, window, without });
  const tasks = [...rowOf.keys()];
  const jobs = [...new Set(tasks.map((task) => task.job))];
  const indexOf = new Map(jobs.map((job, index) => [job, index]));
  const firstLying = tasks.length + jobs.length;
  const lying = lyingData(rowOf, workers.indexOf, isLive);
  const count = firstLying + lying.length;

  const milestones = new Map(jobs.map((job, index) => [job, tasks.length + index]));
  const edges = edgeColumns(rowOf, milestones, lying, firstLying);
  const links = describeLinks(state, workers);
  const transferMs = edges.kib.reduce(
    (sum, kib) => (kib === 0 ? sum : sum + longestTransferMs(links, kib)),
    0,
  );
  const span = spanOf(state, workers, tasks, { nowMs, transferMs });
  const clock = { nowMs, tickMs: chooseTick(span) };
  const rows = new TaskRows(count, { state, workers, options, clock, stopped });
  for (const task of tasks) rows.addTask(task, indexOf.get(task.job) ?? 0, modeOf(task));
  for (const [job, index] of indexOf) rows.addMilestone(job, index);
  for (const { worker } of lying) rows.addLying(worker);
  const optionColumns = options.columns((ms) => Math.max(1, Math.ceil(ms / clock.tickMs)));
  const modes = options.modes();
  rows.settleOptions(optionColumns, modes);
  const uses = poolUses(
    tasks.map((task) => pools.usesOfTask(task)),
    count,
  );
  const { groups, workers: workerColumns } = groupColumns(rowOf, workers);
  const problem: Problem = {
    originMs: nowMs,
    tickMs: clock.tickMs,
    horizon: horizonMax,
    weights: state.settings.objective ?? defaultObjective,
    dimensions: workers.dimensions,
    unit: workers.unit,
    workers: workerColumns,
    links: transferMs === 0 ? noLinks : linkColumns(links, clock.tickMs),
    blocks: blockColumns(workers, span.closed, clock),
    devices: workers.devices,
    gpuRequests: options.gpuColumns(),
    pools: pools.columns(),
    tasks: { ...rows.columns, ...uses },
    options: optionColumns,
    edges,
    groups,
  };
  const deadlines = drainDeadlines(span.closed, clock);
  return { problem, modes, tasks, jobs, workers, deadlines };
}

/** Tasks that greedy placement finds no place for, or none before a drain takes their worker away. */
function unplaced({ problem, tasks, deadlines }: BuiltProblem): Task[] {
  const plan = greedy(problem);
  const hasPlace = (row: number): boolean => {
    const worker = plan.worker[row] ?? none;
    if (problem.tasks.state[row] === taskRunning) return true;
    return worker !== none && (plan.start[row] ?? 0) < (deadlines.get(worker) ?? infinite);
  };
  const mustRun = (row: number): boolean => problem.tasks.skipPrice[row] === infinite;
  return tasks.filter((_, row) => !hasPlace(row) && mustRun(row));
}

const infinite = Number.POSITIVE_INFINITY;

/** The last release, or end of a closed time, that matters, and all work after one another. */
interface Span {
  readonly latestMs: number;
  readonly workMs: number;
  readonly closed: readonly ClosedTime[];
}

/** Everything could be done by then, whatever is closed meanwhile; times from now. */
function spanOf(
  state: State,
  workers: WorkerTable,
  tasks: readonly Task[],
  { nowMs, transferMs }: { readonly nowMs: number; readonly transferMs: number },
): Span {
  let speedMin = 1;
  for (const worker of state.workers.values()) speedMin = Math.min(speedMin, speedOf(worker));
  let workMs = transferMs;
  let latestMs = 0;
  for (const task of tasks) {
    const p90Ms = task.ways.map((way) => estimateOf(state, task, way).p90Ms);
    workMs += Math.max(...p90Ms) / speedMin + state.overheadMs;
    latestMs = Math.max(latestMs, releaseAtMs(task) - nowMs);
  }
  const { closed, latestEndMs } = closedTimes(workers, nowMs, latestMs + workMs);
  return { closed, workMs, latestMs: Math.max(latestMs, latestEndMs) };
}

/** A millisecond, or coarser if all tasks one after another would leave the horizon. */
function chooseTick({ latestMs, workMs }: Span): number {
  let tickMs = 1;
  while ((latestMs + workMs) / tickMs > horizonMax / 4) tickMs *= 10;
  return tickMs;
}
