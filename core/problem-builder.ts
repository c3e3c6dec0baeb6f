/**
 * Writes a Problem row by row: for readers of benchmark files, tests and anyone who does not want to
 * lay out columns by hand. What is not said stands at its plainest value.
 */
import type { ObjectiveWeights } from "./objective.js";
import {
  type DeviceColumns,
  type GpuRequestColumns,
  type GroupColumns,
  groupColocate,
  groupGang,
  groupSpread,
  none,
  type Problem,
  previousNever,
} from "./problem.js";

export interface ProblemSettings {
  /** Names of the capacity dimensions; amounts are in units of 1. */
  readonly dimensions: readonly string[];
  /** Default 1000: a tick is a second, so that values of the makespan are ticks. */
  readonly tickMs?: number;
  /** Default 2^28 ticks. */
  readonly horizon?: number;
  /** Default: the makespan alone. */
  readonly weights?: Partial<ObjectiveWeights>;
  readonly domainLevels?: readonly string[];
}

export interface WorkerRow {
  readonly id?: string;
  readonly capacity: readonly number[];
  /** Default: a class of its own. */
  readonly class?: number;
  readonly link?: number;
  /** One for each level. */
  readonly domains?: readonly number[];
}

export interface OptionRow {
  /** Of the workers that may take it. */
  readonly class: number;
  readonly worker?: number;
  readonly duration: number;
  /** Default: as `duration`. */
  readonly durationP90?: number;
  readonly demand: readonly number[];
  readonly gpuRequest?: number;
  readonly cost?: number;
  readonly pools?: readonly PoolUse[];
}

export interface PoolUse {
  readonly pool: number;
  readonly amount: number;
}

export interface TaskRow {
  readonly id?: string;
  readonly job?: number;
  /** Ways to run it, an index of `addBlock`, or null for a milestone. */
  readonly options: readonly OptionRow[] | number | null;
  readonly release?: number;
  readonly due?: number;
  readonly hardDue?: number;
  readonly skipPrice?: number;
  readonly tardinessWeight?: number;
  readonly flowWeight?: number;
  readonly moveWeight?: number;
  readonly priority?: number;
  readonly state?: number;
  readonly fixed?: {
    readonly worker: number;
    /** Index among all options, or none. */
    readonly option: number;
    readonly start: number;
    readonly end: number;
    readonly devices?: number;
  };
  readonly previous?: { readonly worker: number; readonly option: number; readonly start: number };
  readonly pools?: readonly PoolUse[];
}

export interface EdgeRow {
  readonly lag?: number;
  readonly fixed?: number;
  readonly kib?: number;
}

export interface BlockRow {
  readonly worker: number;
  readonly from: number;
  readonly to: number;
  readonly use: readonly number[];
}

const groupKinds = { gang: groupGang, spread: groupSpread, colocate: groupColocate } as const;

export class ProblemBuilder {
  readonly #settings: ProblemSettings;
  readonly #workers: WorkerRow[] = [];
  readonly #blocks: BlockRow[] = [];
  readonly #devices: { worker: number; type: number; memory: number }[] = [];
  readonly #gpuRequests: { whole: number; share: number; type: number; memory: number }[] = [];
  readonly #pools: { name: string; capacity: number; consumable: boolean }[] = [];
  readonly #tasks: { row: TaskRow; block: number }[] = [];
  readonly #optionBlocks: (readonly OptionRow[])[] = [];
  readonly #edges: { from: number; to: number; row: EdgeRow }[] = [];
  readonly #groups: { kind: number; level: number; members: readonly number[] }[] = [];
  #links: { latency: readonly number[]; perGib: readonly number[]; count: number } = {
    latency: [],
    perGib: [],
    count: 0,
  };

  constructor(settings: ProblemSettings) {
    this.#settings = settings;
  }

  addWorker(row: WorkerRow): number {
    return this.#workers.push(row) - 1;
  }

  /** Devices must come in order of worker. Memory in MiB. */
  addDevice(worker: number, type: number, memory: number): number {
    return this.#devices.push({ worker, type, memory }) - 1;
  }

  addGpuRequest(row: { whole?: number; share?: number; type?: number; memory?: number }): number {
    const { whole = 0, share = 0, type = none, memory = 0 } = row;
    return this.#gpuRequests.push({ whole, share, type, memory }) - 1;
  }

  addPool(name: string, capacity: number, kind: "renewable" | "consumable" = "renewable"): number {
    return this.#pools.push({ name, capacity, consumable: kind === "consumable" }) - 1;
  }

  /** Capacity taken from a worker for a while. */
  addBlocked(row: BlockRow): void {
    this.#blocks.push(row);
  }

  /** [K × K] matrices, from row to column. */
  setLinks(latency: readonly number[], perGib: readonly number[]): void {
    this.#links = { latency, perGib, count: Math.round(Math.sqrt(latency.length)) };
  }

  /** A block of options that several tasks may share. */
  addBlock(options: readonly OptionRow[]): number {
    return this.#optionBlocks.push(options) - 1;
  }

  addTask(row: TaskRow): number {
    const { options } = row;
    const block =
      options === null ? none : typeof options === "number" ? options : this.addBlock(options);
    return this.#tasks.push({ row, block }) - 1;
  }

  addEdge(from: number, to: number, row: EdgeRow = {}): void {
    this.#edges.push({ from, to, row });
  }

  addGroup(kind: keyof typeof groupKinds, members: readonly number[], level = 0): void {
    this.#groups.push({ kind: groupKinds[kind], level, members });
  }

  build(): Problem {
    const { dimensions, tickMs = 1000, horizon = 2 ** 28, weights } = this.#settings;
    return {
      originMs: 0,
      tickMs,
      horizon,
      weights: { makespan: 1, flow: 0, tardiness: 0, moves: 0, cost: 0, ...weights },
      dimensions,
      unit: new Float64Array(dimensions.length).fill(1),
      workers: this.#workerColumns(),
      links: {
        count: this.#links.count,
        latency: Int32Array.from(this.#links.latency),
        perGib: Int32Array.from(this.#links.perGib),
      },
      blocks: this.#blockColumns(),
      devices: this.#deviceColumns(),
      gpuRequests: this.#gpuColumns(),
      pools: {
        count: this.#pools.length,
        names: this.#pools.map((pool) => pool.name),
        capacity: Int32Array.from(this.#pools, (pool) => pool.capacity),
        consumable: Uint8Array.from(this.#pools, (pool) => (pool.consumable ? 1 : 0)),
      },
      tasks: this.#taskColumns(),
      options: this.#optionColumns(),
      edges: {
        count: this.#edges.length,
        from: Uint32Array.from(this.#edges, (edge) => edge.from),
        to: Uint32Array.from(this.#edges, (edge) => edge.to),
        lag: Int32Array.from(this.#edges, ({ row }) => row.lag ?? 0),
        fixed: Int32Array.from(this.#edges, ({ row }) => row.fixed ?? 0),
        kib: Float64Array.from(this.#edges, ({ row }) => row.kib ?? 0),
      },
      groups: this.#groupColumns(),
    };
  }

  #workerColumns(): Problem["workers"] {
    const rows = this.#workers;
    const { domainLevels = [] } = this.#settings;
    return {
      count: rows.length,
      ids: rows.map((row, worker) => row.id ?? `w${worker}`),
      classOf: Uint16Array.from(rows, (row, worker) => row.class ?? worker),
      capacity: Int32Array.from(rows.flatMap((row) => row.capacity)),
      link: Uint16Array.from(rows, (row) => row.link ?? 0),
      domainLevels,
      domain: Uint16Array.from(
        domainLevels.flatMap((_, level) => rows.map((row) => row.domains?.[level] ?? 0)),
      ),
    };
  }

  #blockColumns(): Problem["blocks"] {
    const rows = this.#blocks;
    return {
      count: rows.length,
      worker: Uint32Array.from(rows, (row) => row.worker),
      from: Int32Array.from(rows, (row) => row.from),
      to: Int32Array.from(rows, (row) => row.to),
      use: Int32Array.from(rows.flatMap((row) => row.use)),
    };
  }

  #deviceColumns(): DeviceColumns {
    const rows = this.#devices;
    return {
      count: rows.length,
      worker: Uint32Array.from(rows, (row) => row.worker),
      type: Uint16Array.from(rows, (row) => row.type),
      memory: Int32Array.from(rows, (row) => row.memory),
    };
  }

  #gpuColumns(): GpuRequestColumns {
    const rows = this.#gpuRequests;
    return {
      count: rows.length,
      whole: Uint8Array.from(rows, (row) => row.whole),
      share: Uint16Array.from(rows, (row) => row.share),
      type: Int32Array.from(rows, (row) => row.type),
      memory: Int32Array.from(rows, (row) => row.memory),
    };
  }

  #taskColumns(): Problem["tasks"] {
    const rows = this.#tasks.map(({ row }) => row);
    const int32 = (of: (row: TaskRow) => number | undefined, other: number): Int32Array =>
      Int32Array.from(rows, (row) => of(row) ?? other);
    const float64 = (of: (row: TaskRow) => number | undefined, other: number): Float64Array =>
      Float64Array.from(rows, (row) => of(row) ?? other);
    return {
      count: rows.length,
      ids: rows.map((row, task) => row.id ?? `t${task}`),
      job: Uint32Array.from(rows, (row) => row.job ?? 0),
      block: Int32Array.from(this.#tasks, ({ block }) => block),
      release: int32((row) => row.release, 0),
      due: int32((row) => row.due, none),
      tardinessWeight: float64((row) => row.tardinessWeight, 0),
      hardDue: int32((row) => row.hardDue, none),
      skipPrice: float64((row) => row.skipPrice, Number.POSITIVE_INFINITY),
      flowWeight: float64((row) => row.flowWeight, 0),
      moveWeight: float64((row) => row.moveWeight, 0),
      priority: int32((row) => row.priority, 0),
      state: Uint8Array.from(rows, (row) => row.state ?? 0),
      fixedWorker: int32((row) => row.fixed?.worker, none),
      fixedOption: int32((row) => row.fixed?.option, none),
      fixedStart: int32((row) => row.fixed?.start, none),
      fixedEnd: int32((row) => row.fixed?.end, none),
      fixedDevices: Uint32Array.from(rows, (row) => row.fixed?.devices ?? 0),
      previousWorker: int32((row) => row.previous?.worker, none),
      previousOption: int32((row) => row.previous?.option, none),
      previousStart: int32((row) => row.previous?.start, previousNever),
      ...poolColumns(rows.map((row) => row.pools ?? [])),
    };
  }

  #optionColumns(): Problem["options"] {
    const rows = this.#optionBlocks.flat();
    const { dimensions } = this.#settings;
    const demand: number[] = [];
    const rowOfKey = new Map<string, number>();
    const demandRow = Uint32Array.from(rows, (row) => {
      const key = row.demand.join(" ");
      const known = rowOfKey.get(key);
      if (known !== undefined) return known;
      const index = demand.length / Math.max(1, dimensions.length);
      for (let d = 0; d < dimensions.length; d++) demand.push(row.demand[d] ?? 0);
      rowOfKey.set(key, index);
      return index;
    });
    return {
      count: rows.length,
      blockFirst: Uint32Array.from(offsets(this.#optionBlocks.map((block) => block.length))),
      class: Uint16Array.from(rows, (row) => row.class),
      worker: Int32Array.from(rows, (row) => row.worker ?? none),
      duration: Int32Array.from(rows, (row) => row.duration),
      durationP90: Int32Array.from(rows, (row) => row.durationP90 ?? row.duration),
      demandRow,
      demand: Int32Array.from(demand),
      gpuRequest: Int32Array.from(rows, (row) => row.gpuRequest ?? none),
      cost: Float64Array.from(rows, (row) => row.cost ?? 0),
      ...poolColumns(rows.map((row) => row.pools ?? [])),
    };
  }

  #groupColumns(): GroupColumns {
    const rows = this.#groups;
    return {
      count: rows.length,
      kind: Uint8Array.from(rows, (row) => row.kind),
      level: Uint8Array.from(rows, (row) => row.level),
      first: Uint32Array.from(offsets(rows.map((row) => row.members.length))),
      member: Uint32Array.from(rows.flatMap((row) => [...row.members].sort((a, b) => a - b))),
    };
  }
}

function poolColumns(uses: readonly (readonly PoolUse[])[]) {
  const flat = uses.flat();
  return {
    poolFirst: Uint32Array.from(offsets(uses.map((list) => list.length))),
    poolIndex: Uint16Array.from(flat, (use) => use.pool),
    poolAmount: Int32Array.from(flat, (use) => use.amount),
  };
}

function offsets(lengths: readonly number[]): number[] {
  const first = [0];
  for (const length of lengths) first.push((first[first.length - 1] ?? 0) + length);
  return first;
}
