/**
 * Clusters drawn from a seed, of any size: workers of eight kinds, some with GPUs, and work of two
 * kinds, graphs of five to two hundred tasks and tasks that stand alone; a milestone ends each job, as
 * it does in the live cluster, and the objective is a cluster's. Tasks of like shape share a
 * block of options, as the tasks of an array do.
 */
import { defaultObjective } from "../../core/objective.js";
import type { Problem } from "../../core/problem.js";
import { type OptionRow, ProblemBuilder } from "../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../core/random.js";

export interface ClusterSettings {
  readonly tasks: number;
  readonly workers: number;
  readonly seed: number;
}

interface WorkerKind {
  /** Of a hundred workers. */
  readonly share: number;
  readonly cpuMillis: number;
  readonly memoryMiB: number;
  readonly speed: number;
  readonly gpus: number;
  readonly gpuType: number;
  readonly gpuMiB: number;
}

const kind = (
  share: number,
  cores: number,
  memoryGiB: number,
  speed: number,
  gpu: { readonly count: number; readonly type: number; readonly gib: number } | null = null,
): WorkerKind => ({
  share,
  cpuMillis: cores * 1_000,
  memoryMiB: memoryGiB * 1_024,
  speed,
  gpus: gpu?.count ?? 0,
  gpuType: gpu?.type ?? 0,
  gpuMiB: (gpu?.gib ?? 0) * 1_024,
});

const kinds: readonly WorkerKind[] = [
  kind(15, 8, 16, 0.7),
  kind(20, 8, 32, 1),
  kind(20, 16, 64, 1.2),
  kind(15, 16, 128, 1),
  kind(5, 16, 256, 0.9),
  kind(10, 32, 128, 1.5),
  kind(10, 16, 64, 1, { count: 4, type: 0, gib: 16 }),
  kind(5, 32, 256, 1.4, { count: 8, type: 1, gib: 80 }),
];

/** A tick is 100 ms. */
const ticksPerSecond = 10;
const graphTasks = { min: 5, max: 200 };
/** Of the tasks, about so many stand in graphs. */
const graphShare = 0.6;

type Draw = (bound: number) => number;

export function clusterProblem({ tasks, workers, seed }: ClusterSettings): Problem {
  const random = seededRandom(seed);
  const below: Draw = (bound) => randomInteger(random, bound);
  const builder = new ProblemBuilder({
    dimensions: ["cpu", "memory"],
    tickMs: 1_000 / ticksPerSecond,
    horizon: 2 ** 28,
    weights: defaultObjective,
  });
  const present = addWorkers(builder, workers, below);
  const shapes = Math.max(10, Math.min(500, Math.floor(tasks / 20)));
  const blocks = Array.from({ length: shapes }, () =>
    builder.addBlock(drawOptions(builder, present, below)),
  );
  let first = 0;
  let planned = 0;
  for (let job = 0; planned < tasks; job++) {
    const size = random() < graphShare / 20 ? drawGraphSize(tasks - planned, below) : 1;
    // Tasks of a job are of a few shapes.
    const own = Array.from({ length: 4 }, () => blocks[below(blocks.length)] ?? 0);
    for (let index = 0; index < size; index++) {
      const options = own[below(own.length)] ?? 0;
      builder.addTask({ id: `job-${job}/task-${index}`, job, options, moveWeight: 1 });
    }
    const edges = size > 1 ? layers(size, below) : [];
    for (const [from, to] of edges) builder.addEdge(first + from, first + to);
    // As in the live cluster, what a job waits for hangs on a milestone behind its last tasks.
    const end = builder.addTask({ id: `job-${job}/`, job, options: null, flowWeight: 1 });
    const followed = new Set(edges.map(([from]) => from));
    for (let index = 0; index < size; index++) {
      if (!followed.has(index)) builder.addEdge(first + index, end);
    }
    first = end + 1;
    planned += size;
  }
  return builder.build();
}

/** Returns the kinds of which there is at least one, by class. */
function addWorkers(builder: ProblemBuilder, workers: number, below: Draw): number[] {
  const present = new Set<number>();
  for (let worker = 0; worker < workers; worker++) {
    let ticket = below(100);
    let of = kinds.findIndex(({ share }) => {
      ticket -= share;
      return ticket < 0;
    });
    // The first workers are one of each kind that every task can do with, GPUs among them.
    if (worker === 0) of = 5;
    if (worker === 1) of = 6;
    const { cpuMillis, memoryMiB, gpus, gpuType, gpuMiB } = kinds[of] as WorkerKind;
    builder.addWorker({ id: `w${worker}`, class: of, capacity: [cpuMillis, memoryMiB] });
    for (let gpu = 0; gpu < gpus; gpu++) builder.addDevice(worker, gpuType, gpuMiB);
    present.add(of);
  }
  return [...present].sort((a, b) => a - b);
}

/** What a task needs, on each kind of worker that has it. */
function drawOptions(
  builder: ProblemBuilder,
  present: readonly number[],
  below: Draw,
): OptionRow[] {
  const cpuMillis = [500, 1_000, 2_000, 2_000, 4_000, 4_000, 8_000][below(7)] ?? 1_000;
  const memoryMiB = Math.floor((cpuMillis / 1_000) * 512 * (1 + below(6)));
  // Every kind of worker can hold every task, but for those that ask for GPUs.
  const demand = [cpuMillis, Math.min(memoryMiB, 16 * 1_024)];
  // Seconds from 5 to 2,000, short ones more often.
  const workS = 5 + below(60) + (below(4) === 0 ? below(500) : 0) + (below(20) === 0 ? 1_500 : 0);
  const gpus = below(100) < 8 ? 1 + below(2) : 0;
  const gpuRequest = gpus > 0 ? builder.addGpuRequest({ whole: gpus, memory: 8 * 1_024 }) : null;
  return present.flatMap((of): OptionRow[] => {
    const { speed, gpus: there } = kinds[of] as WorkerKind;
    if (there < gpus) return [];
    const duration = Math.ceil((workS * ticksPerSecond) / speed);
    const durationP90 = Math.ceil(duration * 1.5);
    return [
      { class: of, duration, durationP90, demand, ...(gpuRequest === null ? {} : { gpuRequest }) },
    ];
  });
}

function drawGraphSize(left: number, below: Draw): number {
  const { min, max } = graphTasks;
  return Math.min(left, min + below(below(3) === 0 ? max - min : 30));
}

/** Layers of up to eight tasks; each task waits for one to three of the layer before. */
function layers(size: number, below: Draw): (readonly [number, number])[] {
  const edges: (readonly [number, number])[] = [];
  let layer = { from: 0, to: 1 };
  while (layer.to < size) {
    const next = { from: layer.to, to: Math.min(size, layer.to + 1 + below(8)) };
    for (let task = next.from; task < next.to; task++) {
      const before = new Set<number>();
      for (let k = below(3); k >= 0; k--) before.add(layer.from + below(layer.to - layer.from));
      for (const one of before) edges.push([one, task]);
    }
    layer = next;
  }
  return edges;
}
