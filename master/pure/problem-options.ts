/** Ways to run tasks as columns: blocks of options shared by tasks that are alike. */
import { chargedResources } from "../../core/charge.js";
import { byWorker, type TaskTemplate } from "../../core/job.js";
import type { GpuRequestColumns, OptionColumns } from "../../core/problem.js";
import { none } from "../../core/problem.js";
import type { GpuRequest } from "../../core/resources.js";
import { assert } from "../../core/result.js";
import { type Anchor, anchorOf, domainOf } from "./bonds.js";
import { unfitReasons, workerNameLabel } from "./eligibility.js";
import { durationOn } from "./estimates.js";
import { openness } from "./openness.js";
import { poolThatLacks } from "./pool-room.js";
import { type PoolTable, type PoolUse, poolUses } from "./problem-pools.js";
import type { WorkerTable } from "./problem-workers.js";
import { speedOf } from "./speed.js";
import type { Bond, State, Task, Way, WorkerRecord } from "./state.js";
import { wayNow } from "./ways.js";

interface Option {
  readonly class: number;
  readonly worker: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly demandRow: number;
  readonly gpuRequest: number;
  readonly cost: number;
  readonly mode: string | undefined;
  /** What the mode takes; of a task without modes its own columns say it. */
  readonly pools: readonly PoolUse[];
}

/** For each option the mode of the task that it stands for, if the task has modes. */
export type OptionModes = readonly (string | undefined)[];

interface Place {
  readonly way: Way;
  readonly worker: WorkerRecord;
}

const mebibyte = 2 ** 20;
const hourMs = 3_600_000;

export class OptionTable {
  private readonly state: State;
  private readonly workers: WorkerTable;
  private readonly pools: PoolTable;
  private readonly blocks: Option[][] = [];
  private readonly blockOfKey = new Map<string, number>();
  private readonly demandRows: number[][] = [];
  private readonly demandOfKey = new Map<string, number>();
  private readonly gpuRequests: GpuRequest[] = [];
  private readonly gpuOfKey = new Map<string, number>();
  private readonly identities = new Map<object, number>();
  private readonly anchors = new Map<Bond, Anchor | null>();

  constructor(state: State, workers: WorkerTable, pools: PoolTable) {
    this.state = state;
    this.workers = workers;
    this.pools = pools;
  }

  /** Index of the task's block, or none where no worker that is there could run it. */
  blockOf(task: Task): number {
    const estimate = task.entry.estimate;
    const ways = this.identity(task.ways);
    const anchor = this.anchorOf(task);
    const at = anchor === null ? "" : ` ${anchor.by}=${anchor.domain}`;
    const key = `${ways} ${estimate?.p50Ms ?? ""} ${estimate?.p90Ms ?? ""}${at}`;
    const known = this.blockOfKey.get(key);
    if (known !== undefined) return known;
    const options = this.eligible(task).map(({ way, worker }) => this.option(task, way, worker));
    const block = options.length === 0 ? none : this.blocks.push(options) - 1;
    this.blockOfKey.set(key, block);
    return block;
  }

  /** A block that contains the option a live attempt has taken, even if none would take it now. */
  blockOfLive(task: Task, workerIndex: number): { block: number; within: number } {
    const block = this.blockOf(task);
    const way = wayNow(this.state, task);
    const classIndex = this.workers.classOf[workerIndex];
    const within = (this.blocks[block] ?? []).findIndex(
      (option) =>
        option.class === classIndex &&
        option.mode === way.named.mode &&
        (option.worker === none || option.worker === workerIndex),
    );
    if (block !== none && within >= 0) return { block, within };
    const worker = this.workers.list[workerIndex];
    assert(worker !== undefined, `worker ${workerIndex} of a live attempt`);
    return { block: this.blocks.push([this.option(task, way, worker)]) - 1, within: 0 };
  }

  /** A block for what only lies on a worker; its one option would take all of it. */
  blockOfPlace(workerIndex: number): number {
    const worker = this.workers.list[workerIndex];
    assert(worker !== undefined, `worker ${workerIndex} of data`);
    const row = this.workers.row(worker.facts.capacity, Math.floor);
    const place: Option = {
      class: this.workers.classOf[workerIndex] ?? 0,
      worker: workerIndex,
      p50Ms: 1,
      p90Ms: 1,
      // Not less, or engines that know one task at a time would take it for one of several.
      demandRow: intern(this.demandOfKey, row.join(" "), this.demandRows, row),
      gpuRequest: none,
      cost: 0,
      mode: undefined,
      pools: [],
    };
    return this.blocks.push([place]) - 1;
  }

  /** Offsets of the blocks, once all are known. */
  blockFirst(): Uint32Array {
    const first = new Uint32Array(this.blocks.length + 1);
    this.blocks.forEach((options, block) => {
      first[block + 1] = (first[block] ?? 0) + options.length;
    });
    return first;
  }

  columns(ticks: (durationMs: number) => number): OptionColumns {
    const options = this.blocks.flat();
    return {
      count: options.length,
      blockFirst: this.blockFirst(),
      class: Uint16Array.from(options, (option) => option.class),
      worker: Int32Array.from(options, (option) => option.worker),
      duration: Int32Array.from(options, (option) => ticks(option.p50Ms)),
      durationP90: Int32Array.from(options, (option) => ticks(option.p90Ms)),
      demandRow: Uint32Array.from(options, (option) => option.demandRow),
      demand: Int32Array.from(this.demandRows.flat()),
      gpuRequest: Int32Array.from(options, (option) => option.gpuRequest),
      cost: Float64Array.from(options, (option) => option.cost),
      ...poolUses(
        options.map(({ pools }) => pools),
        options.length,
      ),
    };
  }

  /** In the order of the columns. */
  modes(): OptionModes {
    return this.blocks.flatMap((options) => options.map(({ mode }) => mode));
  }

  gpuColumns(): GpuRequestColumns {
    const requests = this.gpuRequests;
    const { deviceTypes } = this.workers;
    return {
      count: requests.length,
      whole: Uint8Array.from(requests, (r) => (r.kind === "whole" ? r.count : 0)),
      share: Uint16Array.from(requests, (r) => (r.kind === "share" ? r.thousandths : 0)),
      type: Int32Array.from(requests, (r) =>
        r.type === null ? none : (deviceTypes.get(r.type) ?? none),
      ),
      memory: Int32Array.from(requests, (r) => Math.ceil(r.memoryBytes / mebibyte)),
    };
  }

  /**
   * One worker per class, with each mode that could run there and for which the pools have enough;
   * each worker by itself where the task asks for workers by name. A worker that is being drained
   * counts only beside one that is not: what its deadline leaves no time for must have another place
   * to go.
   */
  private eligible(task: Task): Place[] {
    const candidates = this.byName(task) ? this.workers.list : this.workers.classes;
    const there = candidates.filter((worker) => openness(worker) !== "closed");
    const fit = task.ways.flatMap((way) => this.fitting(task, way, there));
    const isOpen = ({ worker }: Place): boolean => openness(worker) === "open";
    if (!fit.some(isOpen)) return [];
    const anchor = this.anchorOf(task);
    if (anchor === null) return fit;
    const near = fit.filter(({ worker }) => domainOf(anchor.by, worker) === anchor.domain);
    return near.some(isOpen) ? near : fit;
  }

  private fitting({ ways }: Task, way: Way, there: readonly WorkerRecord[]): Place[] {
    // Without another mode it waits, and is told so.
    if (ways.length > 1 && poolThatLacks(this.state, way.template) !== null) return [];
    return there
      .filter((worker) => unfitReasons(worker.facts, way.template).length === 0)
      .map((worker) => ({ way, worker }));
  }

  /** Workers of one class are not alike for the task. */
  private byName(task: Task): boolean {
    const names = ({ template }: Way): boolean =>
      template.constraints.some(({ label }) => label === workerNameLabel);
    if (task.ways.some(names)) return true;
    return this.anchorOf(task)?.by === byWorker;
  }

  private anchorOf({ bonds }: Task): Anchor | null {
    const bond = bonds.find(({ kind }) => kind === "colocate");
    if (bond === undefined) return null;
    const known = this.anchors.get(bond);
    if (known !== undefined) return known;
    const anchor = anchorOf(this.state, bond);
    this.anchors.set(bond, anchor);
    return anchor;
  }

  private option(task: Task, way: Way, worker: WorkerRecord): Option {
    const { template, named } = way;
    const byName = this.byName(task);
    const index = this.workers.indexOf.get(worker.id) ?? none;
    const duration = durationOn(this.state, task, speedOf(worker), way);
    return {
      class: this.workers.classOf[index] ?? 0,
      worker: byName ? index : none,
      ...duration,
      demandRow: this.demandRow(template),
      gpuRequest: this.gpuRequest(template.gpu),
      cost: ((worker.facts.costPerHour ?? 0) * duration.p50Ms) / hourMs,
      mode: named.mode,
      pools: named.mode === undefined ? [] : this.pools.usesOf(template.pools),
    };
  }

  private demandRow(template: TaskTemplate): number {
    const row = this.workers.row(chargedResources(template), Math.ceil);
    return intern(this.demandOfKey, row.join(" "), this.demandRows, row);
  }

  private gpuRequest(request: GpuRequest | null): number {
    if (request === null) return none;
    return intern(this.gpuOfKey, JSON.stringify(request), this.gpuRequests, request);
  }

  private identity(ways: object): number {
    const known = this.identities.get(ways) ?? this.identities.size;
    this.identities.set(ways, known);
    return known;
  }
}

function intern<T>(index: Map<string, number>, key: string, list: T[], value: T): number {
  const known = index.get(key) ?? list.push(value) - 1;
  index.set(key, known);
  return known;
}

/** The option by which a block's tasks run on a worker, in this mode if one is named, or none. */
export function optionOnWorker(
  built: { readonly workers: Pick<WorkerTable, "classOf">; readonly modes: OptionModes },
  options: OptionColumns,
  block: number,
  place: { readonly worker: number; readonly mode?: string },
): number {
  if (block === none) return none;
  const { worker, mode } = place;
  const { classOf } = built.workers;
  for (let o = options.blockFirst[block] ?? 0; o < (options.blockFirst[block + 1] ?? 0); o++) {
    const only = options.worker[o] ?? none;
    if (mode !== undefined && built.modes[o] !== mode) continue;
    if (options.class[o] === classOf[worker] && (only === none || only === worker)) return o;
  }
  return none;
}
