/**
 * Workflow-shaped problems for tests and measurements: a layered graph of tasks of one cpu (some of
 * two) on workers of two cpus and different speeds. A pure function of its arguments.
 */
import { none, type Problem, previousNever } from "../../core/problem.js";
import { randomInteger, seededRandom } from "../../core/random.js";

const speeds = [1, 1.4, 0.7, 2];

export function dagProblem(seed: number, tasks: number, workers = 4): Problem {
  const random = seededRandom(seed);
  const edges = drawEdges(tasks, random);
  const classes = speeds.slice(0, Math.min(workers, speeds.length));
  const duration: number[] = [];
  const demandRow: number[] = [];
  for (let task = 0; task < tasks; task += 1) {
    // Long-tailed, as runtimes in workflows are.
    const length = 50 + Math.floor(1_000 * random() * random() * (random() < 0.1 ? 5 : 1));
    const row = random() < 0.15 ? 1 : 0;
    for (const speed of classes) {
      duration.push(Math.ceil(length / speed));
      demandRow.push(row);
    }
  }
  const optionCount = tasks * classes.length;
  const column = (fill: number): Int32Array => new Int32Array(tasks).fill(fill);
  return {
    originMs: 0,
    tickMs: 10,
    horizon: 2 ** 28,
    weights: { makespan: 1, flow: 0, tardiness: 0, moves: 0 },
    dimensions: ["cpu", "memory"],
    unit: Float64Array.of(1, 1024 * 1024),
    workers: {
      count: workers,
      ids: Array.from({ length: workers }, (_, worker) => `worker-${worker}`),
      classOf: Uint16Array.from({ length: workers }, (_, worker) => worker % classes.length),
      capacity: Int32Array.from({ length: workers * 2 }, (_, i) => (i % 2 === 0 ? 2_000 : 4_096)),
    },
    blocks: {
      count: 0,
      worker: new Uint32Array(0),
      from: new Int32Array(0),
      to: new Int32Array(0),
      use: new Int32Array(0),
    },
    devices: {
      count: 0,
      worker: new Uint32Array(0),
      type: new Uint16Array(0),
      memory: new Int32Array(0),
    },
    gpuRequests: {
      count: 0,
      whole: new Uint8Array(0),
      share: new Uint16Array(0),
      type: new Int32Array(0),
      memory: new Int32Array(0),
    },
    pools: { count: 0, names: [], capacity: new Int32Array(0) },
    tasks: {
      count: tasks,
      ids: Array.from({ length: tasks }, (_, task) => `job/task-${task}`),
      job: new Uint32Array(tasks),
      block: Int32Array.from({ length: tasks }, (_, task) => task),
      release: column(0),
      due: column(none),
      tardinessWeight: new Float64Array(tasks),
      flowWeight: new Float64Array(tasks),
      moveWeight: new Float64Array(tasks),
      priority: column(0),
      state: new Uint8Array(tasks),
      fixedWorker: column(none),
      fixedOption: column(none),
      fixedStart: column(none),
      fixedEnd: column(none),
      fixedDevices: new Uint32Array(tasks),
      previousWorker: column(none),
      previousOption: column(none),
      previousStart: column(previousNever),
      poolFirst: new Uint32Array(tasks + 1),
      poolIndex: new Uint16Array(0),
      poolAmount: new Int32Array(0),
    },
    options: {
      count: optionCount,
      blockFirst: Uint32Array.from({ length: tasks + 1 }, (_, task) => task * classes.length),
      class: Uint16Array.from({ length: optionCount }, (_, option) => option % classes.length),
      worker: new Int32Array(optionCount).fill(none),
      duration: Int32Array.from(duration),
      durationP90: Int32Array.from(duration, (ticks) => Math.ceil(ticks * 1.5)),
      demandRow: Uint32Array.from(demandRow),
      demand: Int32Array.of(1_000, 512, 2_000, 1_024),
      gpuRequest: new Int32Array(optionCount).fill(none),
    },
    edges: {
      count: edges.length,
      from: Uint32Array.from(edges, ([from]) => from),
      to: Uint32Array.from(edges, ([, to]) => to),
      lag: new Int32Array(edges.length),
    },
  };
}

/** One to three predecessors for most tasks, drawn from a window of those before them. */
function drawEdges(tasks: number, random: () => number): (readonly [number, number])[] {
  const edges: (readonly [number, number])[] = [];
  const window = Math.max(3, Math.floor(Math.sqrt(tasks) * 2));
  for (let to = 1; to < tasks; to += 1) {
    if (random() < 0.15) continue;
    const from = new Set<number>();
    const wanted = 1 + randomInteger(random, 3);
    for (let k = 0; k < wanted; k += 1) {
      from.add(Math.max(0, to - 1 - randomInteger(random, window)));
    }
    for (const predecessor of from) edges.push([predecessor, to]);
  }
  return edges;
}
