/** The task columns of a Problem, filled row by row: tasks that wait, tasks that run, milestones. */
import { defaultObjective } from "../../core/objective.js";
import {
  horizonMax,
  none,
  type OptionColumns,
  previousNever,
  type TaskColumns,
  taskFree,
  taskKept,
  taskRunning,
} from "../../core/problem.js";
import { dueAtMs } from "./due.js";
import { remainingOn } from "./estimates.js";
import { elapsedMs, pauseAheadMs } from "./pausing.js";
import { type OptionModes, type OptionTable, optionOnWorker } from "./problem-options.js";
import type { PoolUses } from "./problem-pools.js";
import { predecessors } from "./problem-tasks.js";
import type { WorkerTable } from "./problem-workers.js";
import { skipPriceOf } from "./skip-price.js";
import { speedOf } from "./speed.js";
import type { Attempt, Job, State, Task } from "./state.js";
import { isEnded, liveAttempt } from "./state.js";

/** Milliseconds of the wall clock as ticks from now. */
export interface TickClock {
  readonly nowMs: number;
  readonly tickMs: number;
}

type Columns = Omit<TaskColumns, keyof PoolUses | "ids"> & { readonly ids: string[] };

export class TaskRows {
  readonly columns: Columns;
  readonly #state: State;
  readonly #workers: WorkerTable;
  readonly #options: OptionTable;
  readonly #clock: TickClock;
  /** Tasks whose live attempts are imagined to be stopped, and when. */
  readonly #stopped: ReadonlyMap<Task, number>;
  readonly #mayBeOut = new Set<Task>();
  /** Of rows that are planned in a mode. */
  readonly #previousMode = new Map<number, string>();
  /** Rows of live attempts, with the place of their option in its block. */
  readonly #live: { readonly row: number; readonly within: number }[] = [];

  constructor(
    count: number,
    place: {
      readonly state: State;
      readonly workers: WorkerTable;
      readonly options: OptionTable;
      readonly clock: TickClock;
      readonly stopped: ReadonlyMap<Task, number>;
    },
  ) {
    this.columns = emptyColumns(count);
    this.#state = place.state;
    this.#workers = place.workers;
    this.#options = place.options;
    this.#clock = place.clock;
    this.#stopped = place.stopped;
  }

  addTask(task: Task, job: number, mode: "keep" | "free"): void {
    const { columns } = this;
    const row = columns.ids.push(task.id) - 1;
    const { template } = task;
    const { objective } = task.job.spec;
    columns.job[row] = job;
    const stoppedAtMs = this.#stopped.get(task);
    columns.release[row] = this.#tick(stoppedAtMs ?? releaseAtMs(task), Math.ceil);
    columns.priority[row] = template.priority;
    columns.moveWeight[row] = objective === null ? 1 : objective.moves / defaultObjective.moves;
    const { deadlineAtMs } = template;
    if (deadlineAtMs !== null) {
      columns.due[row] = this.#tick(dueAtMs(this.#state, task, deadlineAtMs), Math.floor);
      columns.tardinessWeight[row] = tardinessWeight(task.job);
      // At the median: where a plan cannot be sure of it, it is still worth a try.
      if (template.hardDeadline === true)
        columns.hardDue[row] = this.#tick(deadlineAtMs, Math.floor);
    }
    const skipPrice = skipPriceOf(task, this.#waitsForOptional(task));
    columns.skipPrice[row] = skipPrice;
    if (Number.isFinite(skipPrice)) this.#mayBeOut.add(task);
    const attempt = liveAttempt(task);
    if (attempt !== null && stoppedAtMs === undefined) this.#addLive(task, attempt, row);
    else this.#addWaiting(task, row, mode);
  }

  /** Where a job's own weights and deadline hang. */
  addMilestone(job: Job, index: number): void {
    const { columns } = this;
    const row = columns.ids.push(`${job.id}/`) - 1;
    columns.job[row] = index;
    columns.flowWeight[row] = flowWeight(job);
    if (job.spec.deadlineAtMs === null) return;
    columns.due[row] = this.#tick(job.spec.deadlineAtMs, Math.floor);
    columns.tardinessWeight[row] = tardinessWeight(job);
  }

  /** Something that lies on a worker: it has ended now, and has taken no time. */
  addLying(worker: number): void {
    const { columns } = this;
    const row = columns.ids.push(`/${this.#workers.list[worker]?.id ?? worker}`) - 1;
    columns.block[row] = this.#options.blockOfPlace(worker);
    columns.state[row] = taskRunning;
    columns.fixedWorker[row] = worker;
    columns.fixedStart[row] = 0;
    columns.fixedEnd[row] = 0;
    this.#live.push({ row, within: 0 });
  }

  /** Options have their final places only when all blocks are known. */
  settleOptions(options: OptionColumns, modes: OptionModes): void {
    const built = { workers: this.#workers, modes };
    const { columns } = this;
    for (const { row, within } of this.#live) {
      columns.fixedOption[row] = (options.blockFirst[columns.block[row] ?? 0] ?? 0) + within;
    }
    for (let row = 0; row < columns.count; row++) {
      const worker = columns.previousWorker[row] ?? none;
      const block = columns.block[row] ?? none;
      if (worker === none || block === none) continue;
      const mode = this.#previousMode.get(row);
      const place = mode === undefined ? { worker } : { worker, mode };
      const option = optionOnWorker(built, options, block, place);
      columns.previousOption[row] = option;
      if (option !== none) continue;
      // The worker it was planned on could no longer run it: it is as good as new.
      columns.previousWorker[row] = none;
      if (columns.state[row] === taskKept) columns.state[row] = taskFree;
    }
  }

  /** Rows are added in topological order. */
  #waitsForOptional(task: Task): boolean {
    if (this.#mayBeOut.size === 0) return false;
    for (const [before] of predecessors(task)) {
      if (!isEnded(before) && this.#mayBeOut.has(before)) return true;
    }
    return false;
  }

  #addWaiting(task: Task, row: number, mode: "keep" | "free"): void {
    const { columns } = this;
    columns.block[row] = this.#options.blockOf(task);
    const entry = this.#state.plan.entries.get(task.id);
    const worker = entry === undefined ? undefined : this.#workers.indexOf.get(entry.worker);
    if (entry === undefined || worker === undefined) return;
    const { nowMs, tickMs } = this.#clock;
    columns.previousWorker[row] = worker;
    if (entry.mode !== undefined) this.#previousMode.set(row, entry.mode);
    columns.previousStart[row] = Math.max(
      previousNever + 1,
      Math.round((entry.startAtMs - nowMs) / tickMs),
    );
    // On a worker that is being drained it may no longer be done in time.
    const stays = this.#workers.openness[worker] === "open";
    if (mode === "keep" && stays) columns.state[row] = taskKept;
  }

  #addLive(task: Task, attempt: Attempt, row: number): void {
    const { columns } = this;
    const { nowMs, tickMs } = this.#clock;
    const index = this.#workers.indexOf.get(attempt.worker) ?? 0;
    const worker = this.#workers.list[index];
    const { block, within } = this.#options.blockOfLive(task, index);
    this.#live.push({ row, within });
    const ranMs = elapsedMs(attempt, nowMs);
    const left = remainingOn(this.#state, task, worker === undefined ? 1 : speedOf(worker), ranMs);
    const p50Ms = left.p50Ms + pauseAheadMs(attempt, nowMs);
    const sinceMs = Math.max(0, nowMs - attempt.launchedAtMs);
    columns.block[row] = block;
    columns.state[row] = taskRunning;
    columns.fixedWorker[row] = index;
    columns.fixedStart[row] = -Math.min(horizonMax / 2, Math.floor(sinceMs / tickMs));
    columns.fixedEnd[row] = Math.max(1, Math.ceil(p50Ms / tickMs));
    worker?.facts.devices.forEach((device, bit) => {
      if (!attempt.devices.includes(device.id)) return;
      columns.fixedDevices[row] = ((columns.fixedDevices[row] ?? 0) | (1 << bit)) >>> 0;
    });
  }

  #tick(atMs: number, round: (value: number) => number): number {
    const { nowMs, tickMs } = this.#clock;
    return Math.max(0, Math.min(horizonMax / 2, round((atMs - nowMs) / tickMs)));
  }
}

/** Earliest wall-clock time of a start that is not a matter of dependencies; 0: none. */
export function releaseAtMs(task: Task): number {
  if (task.status.kind === "backoff") return task.status.untilMs;
  return task.held ? (task.template.scheduledAtMs ?? 0) : 0;
}

/** A job's own objective stands in its milestone: its makespan is its flow time. */
function flowWeight({ spec }: Job): number {
  const priority = spec.templates.reduce((max, template) => Math.max(max, template.priority), -1e3);
  // Priorities of -1000 to 1000 weigh a job from 1/32 to 32 times the usual.
  const weight = 2 ** (priority / 200);
  if (spec.objective === null) return weight;
  return (weight * (spec.objective.flow + spec.objective.makespan)) / defaultObjective.flow;
}

const tardinessWeight = ({ spec }: Job): number =>
  spec.objective === null ? 1 : spec.objective.tardiness / defaultObjective.tardiness;

const emptyColumns = (count: number): Columns => ({
  count,
  ids: [],
  job: new Uint32Array(count),
  block: new Int32Array(count).fill(none),
  release: new Int32Array(count),
  due: new Int32Array(count).fill(none),
  tardinessWeight: new Float64Array(count),
  hardDue: new Int32Array(count).fill(none),
  skipPrice: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
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
});
