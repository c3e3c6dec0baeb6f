/**
 * The planner's input, as a structure of arrays: one problem that covers the cluster and the
 * textbook families (docs/architecture.md, "One problem"). Every array has a fixed width, so that
 * it crosses the wire and the threads as bytes.
 *
 * Rounding is always to the safe side: durations and demands up, capacities and due times down.
 * Times are ticks from `originMs`; a tick is `tickMs` milliseconds. `none` stands for "no value".
 */
import type { ObjectiveWeights } from "./objective.js";

/** Marks an absent index or time in an Int32Array column. */
export const none = -1;

/** Times stay below this, so that sums of two never leave 32 bits. */
export const horizonMax = 2 ** 30;

export const taskFree = 0;
/** Worker, option and interval are facts: the attempt is running. */
export const taskRunning = 1;
/** The task keeps the worker and option of the previous plan; only its times may move. */
export const taskKept = 2;

export interface Problem {
  readonly originMs: number;
  readonly tickMs: number;
  /** Upper limit of any end, in ticks; at most horizonMax. */
  readonly horizon: number;
  readonly weights: ObjectiveWeights;

  /** Names of the D capacity dimensions, `cpu` first; amounts are multiples of `unit`. */
  readonly dimensions: readonly string[];
  readonly unit: Float64Array;

  readonly workers: WorkerColumns;
  readonly links: LinkColumns;
  readonly blocks: BlockColumns;
  readonly devices: DeviceColumns;
  readonly gpuRequests: GpuRequestColumns;
  readonly pools: PoolColumns;
  readonly tasks: TaskColumns;
  readonly options: OptionColumns;
  readonly edges: EdgeColumns;
  readonly groups: GroupColumns;
}

/** W workers. Workers of one class are alike in capacity, speed, labels and devices. */
export interface WorkerColumns {
  readonly count: number;
  readonly ids: readonly string[];
  readonly classOf: Uint16Array;
  /** [W × D] */
  readonly capacity: Int32Array;
  /** Index of each worker's link: workers that reach the others alike share one. */
  readonly link: Uint16Array;
  /** Names of the L levels at which groups look at workers: rack, site, the worker itself. */
  readonly domainLevels: readonly string[];
  /** [L × W] The domain of each worker at each level. */
  readonly domain: Uint16Array;
}

/**
 * What data pays on its way between workers, by their links; within one worker it pays nothing.
 * K links; none where no edge carries data.
 */
export interface LinkColumns {
  readonly count: number;
  /** [K × K], from row to column: ticks before the first byte. */
  readonly latency: Int32Array;
  /** [K × K] Ticks per GiB. */
  readonly perGib: Int32Array;
}

/** Capacity taken from a worker for a while: drain, maintenance, foreign load. */
export interface BlockColumns {
  readonly count: number;
  readonly worker: Uint32Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** [count × D] */
  readonly use: Int32Array;
}

/** Devices in order of worker, so that bit b of a mask is the b-th device of that worker. */
export interface DeviceColumns {
  readonly count: number;
  readonly worker: Uint32Array;
  /** Interned device type. */
  readonly type: Uint16Array;
  /** MiB, rounded down. */
  readonly memory: Int32Array;
}

/** Distinct requests for devices; options point at them. */
export interface GpuRequestColumns {
  readonly count: number;
  /** Whole devices; 0 for a share. */
  readonly whole: Uint8Array;
  /** Thousandths of one device; 0 for whole devices. */
  readonly share: Uint16Array;
  /** Interned device type, or none. */
  readonly type: Int32Array;
  /** MiB, rounded up: a minimum for whole devices, an amount for a share. */
  readonly memory: Int32Array;
}

/** Resources of the whole cluster. */
export interface PoolColumns {
  readonly count: number;
  readonly names: readonly string[];
  readonly capacity: Int32Array;
  /** 1: what a task takes is gone for good (a budget); 0: it comes back when the task ends. */
  readonly consumable: Uint8Array;
}

export interface TaskColumns {
  readonly count: number;
  readonly ids: readonly string[];
  /** Index of the task's job among the problem's jobs: for fairness and for reports. */
  readonly job: Uint32Array;
  /** Index of the task's block of options; none makes it a milestone (no time, no worker). */
  readonly block: Int32Array;
  readonly release: Int32Array;
  /** Due time, or none. */
  readonly due: Int32Array;
  readonly tardinessWeight: Float64Array;
  /** Latest end of a feasible plan, or none. */
  readonly hardDue: Int32Array;
  /**
   * What it costs, in units of the value, to leave the task out of the plan; infinite: it must be
   * planned. What waits for a task that is left out is left out too, but for milestones.
   */
  readonly skipPrice: Float64Array;
  readonly flowWeight: Float64Array;
  /** Charge for planning the task on another worker than `previousWorker`. */
  readonly moveWeight: Float64Array;
  /** Ties between otherwise equal tasks go to the higher one. */
  readonly priority: Int32Array;
  /** taskFree, taskRunning or taskKept. */
  readonly state: Uint8Array;
  /** For running tasks: worker, option (index into options), interval and devices; else none. */
  readonly fixedWorker: Int32Array;
  readonly fixedOption: Int32Array;
  readonly fixedStart: Int32Array;
  readonly fixedEnd: Int32Array;
  readonly fixedDevices: Uint32Array;
  readonly previousWorker: Int32Array;
  readonly previousOption: Int32Array;
  /** Start in the previous plan in ticks (may be negative), or `previousNever`. */
  readonly previousStart: Int32Array;
  /** [count + 1] offsets into poolIndex and poolAmount: what the task takes in every option. */
  readonly poolFirst: Uint32Array;
  readonly poolIndex: Uint16Array;
  readonly poolAmount: Int32Array;
}

export const previousNever = -(2 ** 31);

/**
 * Ways to run a task: a mode on a class of workers. Options stand in blocks that tasks of the same
 * shape share, so that ten thousand tasks of an array cost one block.
 */
export interface OptionColumns {
  readonly count: number;
  /** [blocks + 1] offsets into the columns below. */
  readonly blockFirst: Uint32Array;
  readonly class: Uint16Array;
  /** Only this worker of the class, or none for any. */
  readonly worker: Int32Array;
  readonly duration: Int32Array;
  readonly durationP90: Int32Array;
  /** Row of `demand`. */
  readonly demandRow: Uint32Array;
  /** [rows × D] */
  readonly demand: Int32Array;
  /** Row of gpuRequests, or none. */
  readonly gpuRequest: Int32Array;
  /** Price of running the task so, in any one currency: money or energy. */
  readonly cost: Float64Array;
  /** [count + 1] offsets into poolIndex and poolAmount: what the option takes besides its task. */
  readonly poolFirst: Uint32Array;
  readonly poolIndex: Uint16Array;
  readonly poolAmount: Int32Array;
}

/**
 * `start(to) >= end(from) + lag + transfer`, where the transfer is paid only between different
 * workers: `transferTicks` in transfer.ts. Lags are not negative.
 */
export interface EdgeColumns {
  readonly count: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly lag: Int32Array;
  /** Ticks that the transfer takes on any link. */
  readonly fixed: Int32Array;
  /** Data that travels. */
  readonly kib: Float64Array;
}

/** All members start at the same instant. */
export const groupGang = 0;
/** No two members run in the same domain. */
export const groupSpread = 1;
/** All members run in the same domain. */
export const groupColocate = 2;

/** Sets of tasks that are planned with a view to one another. A task is in at most one gang. */
export interface GroupColumns {
  readonly count: number;
  readonly kind: Uint8Array;
  /** Level of the domains; of no meaning for gangs. */
  readonly level: Uint8Array;
  /** [count + 1] offsets into `member`. */
  readonly first: Uint32Array;
  /** Tasks, ascending within a group; no milestones. */
  readonly member: Uint32Array;
}

export const isMilestone = (problem: Problem, task: number): boolean =>
  problem.tasks.block[task] === none;
