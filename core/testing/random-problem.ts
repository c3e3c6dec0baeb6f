/**
 * Small random problems with every feature of the vocabulary, for laws and oracles: classes of
 * different speed, blocks, devices, pools, lags, releases, due times, milestones, running and kept
 * tasks. A pure function of its seed; `taskCount` and switches keep brute force affordable.
 */
import { none, type Problem, previousNever, taskFree, taskKept, taskRunning } from "../problem.js";
import { randomInteger, seededRandom } from "../random.js";
import { type Extras, noExtras, withExtras } from "./random-extras.js";

export { allExtras, type Extras } from "./random-extras.js";

export interface RandomProblemOptions {
  readonly tasks: number;
  readonly workers?: number;
  /** Running and kept tasks, blocks. */
  readonly facts?: boolean;
  readonly devices?: boolean;
  readonly pools?: boolean;
  /** Longest duration in ticks. */
  readonly durationMax?: number;
  /** Chance of an edge between neighbours in index, falling with distance. */
  readonly edges?: number;
  /** Also drawn, off by default; each may make a problem that has no feasible plan. */
  readonly extras?: Partial<Extras>;
}

export function randomProblem(seed: number, settings: RandomProblemOptions): Problem {
  const draft = new Draft(seed, settings);
  return withExtras(draft.build(), seed, { ...noExtras, ...settings.extras });
}

const dimensions = 2;

interface OptionDraft {
  readonly class: number;
  readonly worker: number;
  readonly duration: number;
  readonly row: number;
  readonly gpu: number;
}

/** Collects columns as lists; the only state is the draft itself. */
class Draft {
  private readonly random: () => number;
  private readonly settings: Required<Omit<RandomProblemOptions, "extras">>;
  private readonly classCapacity: number[][] = [];
  private readonly classDevices: number[][] = [];
  private readonly classSpeed: number[] = [];
  private readonly classOf: number[] = [];
  private readonly blocks: OptionDraft[][] = [];
  private readonly demand: number[] = [];

  constructor(seed: number, settings: RandomProblemOptions) {
    this.random = seededRandom(seed);
    this.settings = {
      workers: 3,
      facts: true,
      devices: true,
      pools: true,
      durationMax: 9,
      edges: 0.5,
      ...settings,
    };
  }

  build(): Problem {
    this.drawClasses();
    this.drawOptions();
    const workers = this.classOf.length;
    const capacity = this.classOf.flatMap((of) => this.classCapacity[of] ?? []);
    const options = this.blocks.flat();
    const devices = this.classOf.flatMap((of, worker) =>
      (this.classDevices[of] ?? []).map((type) => ({ worker, type })),
    );
    return {
      originMs: 1_000_000,
      tickMs: 100,
      horizon: 100_000,
      weights: {
        makespan: this.below(3),
        flow: this.below(3) / 10,
        tardiness: this.below(4),
        moves: this.below(2),
        cost: 0,
      },
      dimensions: ["cpu", "memory"],
      unit: new Float64Array(dimensions).fill(1),
      workers: {
        count: workers,
        ids: this.classOf.map((_, worker) => `w${worker}`),
        classOf: Uint16Array.from(this.classOf),
        capacity: Int32Array.from(capacity),
        link: new Uint16Array(workers),
        domainLevels: [],
        domain: new Uint16Array(0),
      },
      links: { count: 0, latency: new Int32Array(0), perGib: new Int32Array(0) },
      blocks: this.drawBlocks(workers),
      devices: {
        count: devices.length,
        worker: Uint32Array.from(devices, (device) => device.worker),
        type: Uint16Array.from(devices, (device) => device.type),
        memory: Int32Array.from(devices, (device) => memoryOfType(device.type)),
      },
      gpuRequests,
      pools: {
        count: 2,
        names: ["licence", "token"],
        capacity: Int32Array.of(1, 3),
        consumable: new Uint8Array(2),
      },
      tasks: this.drawTasks(options),
      options: {
        count: options.length,
        blockFirst: Uint32Array.from(offsets(this.blocks.map((block) => block.length))),
        class: Uint16Array.from(options, (option) => option.class),
        worker: Int32Array.from(options, (option) => option.worker),
        duration: Int32Array.from(options, (option) => option.duration),
        durationP90: Int32Array.from(options, (option) => option.duration * 2),
        demandRow: Uint32Array.from(options, (option) => option.row),
        demand: Int32Array.from(this.demand),
        gpuRequest: Int32Array.from(options, (option) => option.gpu),
        cost: new Float64Array(options.length),
        poolFirst: new Uint32Array(options.length + 1),
        poolIndex: new Uint16Array(0),
        poolAmount: new Int32Array(0),
      },
      edges: this.drawEdges(),
      groups: {
        count: 0,
        kind: new Uint8Array(0),
        level: new Uint8Array(0),
        first: new Uint32Array(1),
        member: new Uint32Array(0),
      },
    };
  }

  private drawClasses(): void {
    const classes = Math.min(this.settings.workers, 1 + this.below(2));
    for (let of = 0; of < classes; of++) {
      this.classCapacity.push([2 + this.below(3), 2 + this.below(3)]);
      this.classSpeed.push(1 + this.below(3));
      const hasDevices = this.settings.devices && (of === 0 || this.random() < 0.5);
      this.classDevices.push(
        hasDevices ? Array.from({ length: 1 + this.below(3) }, () => this.below(2)) : [],
      );
    }
    for (let worker = 0; worker < this.settings.workers; worker++) {
      this.classOf.push(worker < classes ? worker : this.below(classes));
    }
  }

  /** One block for each task; each holds one option at least that fits an empty worker. */
  private drawOptions(): void {
    for (let task = 0; task < this.settings.tasks; task++) {
      const work = 1 + this.below(this.settings.durationMax);
      const block: OptionDraft[] = [];
      const modes = 1 + this.below(2);
      for (let mode = 0; mode < modes; mode++) {
        const demand = [1 + this.below(2), this.below(3)];
        const gpu = this.drawGpu();
        this.classCapacity.forEach((_, of) => {
          if (!this.runs(of, gpu) || (block.length > 0 && this.random() < 0.3)) return;
          const speed = this.classSpeed[of] ?? 1;
          const member = this.classOf.lastIndexOf(of);
          block.push({
            class: of,
            worker: this.random() < 0.15 ? member : none,
            duration: Math.ceil((work * (mode + 1)) / speed),
            row: this.demand.length / dimensions,
            gpu,
          });
        });
        this.demand.push(...demand);
      }
      this.blocks.push(block);
    }
  }

  private drawGpu(): number {
    if (!this.settings.devices || this.random() < 0.6) return none;
    return this.below(gpuRequests.count);
  }

  private runs(of: number, gpu: number): boolean {
    if (gpu === none) return true;
    const wanted = gpuRequests.type[gpu];
    const needed = Math.max(1, gpuRequests.whole[gpu] ?? 0);
    const memory = gpuRequests.memory[gpu] ?? 0;
    const eligible = (this.classDevices[of] ?? []).filter(
      (type) => (wanted === none || wanted === type) && memoryOfType(type) >= memory,
    );
    return eligible.length >= needed;
  }

  private drawBlocks(workers: number): Problem["blocks"] {
    const count = this.settings.facts ? this.below(3) : 0;
    const from = Int32Array.from({ length: count }, () => this.below(15) - 3);
    return {
      count,
      worker: Uint32Array.from({ length: count }, () => this.below(workers)),
      from,
      to: from.map((at) => at + 1 + this.below(8)),
      use: Int32Array.from({ length: count * dimensions }, () => this.below(5)),
    };
  }

  private drawEdges(): Problem["edges"] {
    const edges: { from: number; to: number; lag: number }[] = [];
    for (let to = 1; to < this.settings.tasks; to++) {
      for (let from = Math.max(0, to - 6); from < to; from++) {
        if (this.random() >= this.settings.edges / (to - from)) continue;
        edges.push({ from, to, lag: this.random() < 0.3 ? this.below(4) : 0 });
      }
    }
    return {
      count: edges.length,
      from: Uint32Array.from(edges, (edge) => edge.from),
      to: Uint32Array.from(edges, (edge) => edge.to),
      lag: Int32Array.from(edges, (edge) => edge.lag),
      fixed: new Int32Array(edges.length),
      kib: new Float64Array(edges.length),
    };
  }

  private drawTasks(options: readonly OptionDraft[]): Problem["tasks"] {
    const { tasks: count, facts } = this.settings;
    const first = offsets(this.blocks.map((block) => block.length));
    const drafts = Array.from({ length: count }, (_, task) => {
      // A block may be empty where no class has the devices: then the task is a milestone.
      const milestone = (this.blocks[task] ?? []).length === 0 || this.random() < 0.1;
      const chance = this.random();
      const state =
        milestone || !facts
          ? taskFree
          : chance < 0.15
            ? taskRunning
            : chance < 0.3
              ? taskKept
              : taskFree;
      const option = (first[task] ?? 0) + this.below((this.blocks[task] ?? []).length || 1);
      const draft = options[option];
      const worker = draft === undefined ? none : this.memberFor(draft);
      const start = -this.below(6);
      return { task, milestone, state, option, worker, start, draft };
    });
    const isRunning = drafts.map((draft) => draft.state === taskRunning);
    const hasPrevious = drafts.map(
      (draft) => draft.state === taskKept || (!draft.milestone && this.random() < 0.3),
    );
    const pools = drafts.map((draft) =>
      this.settings.pools && !draft.milestone && this.random() < 0.3 ? this.below(2) : none,
    );
    const pick = <T>(flags: boolean[], value: (index: number) => T, other: T): T[] =>
      flags.map((flag, index) => (flag ? value(index) : other));
    const held = pools.filter((pool) => pool !== none);
    return {
      count,
      ids: drafts.map((draft) => `job/t${draft.task}`),
      job: Uint32Array.from(drafts, (draft) => draft.task % 3),
      block: Int32Array.from(drafts, (draft) => (draft.milestone ? none : draft.task)),
      release: Int32Array.from(drafts, () => (this.random() < 0.3 ? this.below(12) - 4 : 0)),
      due: Int32Array.from(drafts, () => (this.random() < 0.4 ? this.below(30) : none)),
      tardinessWeight: Float64Array.from(drafts, () => this.below(3)),
      flowWeight: Float64Array.from(drafts, () => this.below(3)),
      hardDue: new Int32Array(count).fill(none),
      skipPrice: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
      moveWeight: Float64Array.from(drafts, () => this.below(3)),
      priority: Int32Array.from(drafts, () => this.below(3)),
      state: Uint8Array.from(drafts, (draft) => draft.state),
      fixedWorker: Int32Array.from(pick(isRunning, (t) => drafts[t]?.worker ?? none, none)),
      fixedOption: Int32Array.from(pick(isRunning, (t) => drafts[t]?.option ?? none, none)),
      fixedStart: Int32Array.from(pick(isRunning, (t) => drafts[t]?.start ?? 0, none)),
      fixedEnd: Int32Array.from(pick(isRunning, () => 1 + this.below(6), none)),
      fixedDevices: Uint32Array.from(
        pick(isRunning, (t) => ((drafts[t]?.draft?.gpu ?? none) === none ? 0 : 1), 0),
      ),
      previousWorker: Int32Array.from(pick(hasPrevious, (t) => drafts[t]?.worker ?? none, none)),
      previousOption: Int32Array.from(pick(hasPrevious, (t) => drafts[t]?.option ?? none, none)),
      previousStart: Int32Array.from(pick(hasPrevious, () => this.below(20) - 5, previousNever)),
      poolFirst: Uint32Array.from(offsets(pools.map((pool) => (pool === none ? 0 : 1)))),
      poolIndex: Uint16Array.from(held),
      poolAmount: Int32Array.from(held, () => 1),
    };
  }

  private memberFor(option: OptionDraft): number {
    if (option.worker !== none) return option.worker;
    const members = this.classOf.flatMap((of, worker) => (of === option.class ? [worker] : []));
    return members[this.below(members.length)] ?? none;
  }

  private below(bound: number): number {
    return randomInteger(this.random, bound);
  }
}

const memoryOfType = (type: number): number => (type === 0 ? 40 : 80);

/** Two whole ones of any type; one of type 1; half of one; a share with much memory; a fifth. */
const gpuRequests: Problem["gpuRequests"] = {
  count: 5,
  whole: Uint8Array.of(2, 1, 0, 0, 0),
  share: Uint16Array.of(0, 0, 500, 300, 200),
  type: Int32Array.of(none, 1, none, none, 0),
  memory: Int32Array.of(0, 60, 10, 50, 25),
};

function offsets(lengths: readonly number[]): number[] {
  const first = [0];
  for (const length of lengths) first.push((first[first.length - 1] ?? 0) + length);
  return first;
}
