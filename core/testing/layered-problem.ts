/** A plausible cluster problem of any size, for measuring: a layered graph on equal-sized workers. */
import { none, type Problem, previousNever } from "../problem.js";
import { randomInteger, seededRandom } from "../random.js";

export interface LayeredSettings {
  readonly tasks: number;
  readonly workers: number;
  /** Tasks in a layer; each waits for up to two of the layer before. 0: no edges. */
  readonly layer: number;
  readonly seed: number;
}

/** Workers of two classes, the second half as fast; durations, cpu and memory drawn per task. */
export function layeredProblem(settings: LayeredSettings): Problem {
  const { tasks, workers, layer } = settings;
  const random = seededRandom(settings.seed);
  const below = (bound: number): number => randomInteger(random, bound);
  const rows = Array.from({ length: tasks }, () => [500 * (1 + below(4)), 256 * (1 + below(16))]);
  const work = Array.from({ length: tasks }, () => 10 + below(200));
  const edges = Array.from({ length: layer === 0 ? 0 : tasks }, (_, to) => to)
    .filter((to) => to >= layer)
    .flatMap((to) => {
      const begin = (Math.floor(to / layer) - 1) * layer;
      const first = begin + below(layer);
      const second = begin + below(layer);
      return first === second
        ? [[first, to]]
        : [
            [first, to],
            [second, to],
          ];
    });
  const full = (value: number): Int32Array => new Int32Array(tasks).fill(value);
  const range = Array.from({ length: tasks }, (_, task) => task);
  return {
    originMs: 0,
    tickMs: 100,
    horizon: 2 ** 28,
    weights: { makespan: 1, flow: 0.2, tardiness: 5, moves: 0.05 },
    dimensions: ["cpu", "memory"],
    unit: Float64Array.of(1, 1),
    workers: {
      count: workers,
      ids: Array.from({ length: workers }, (_, worker) => `w${worker}`),
      classOf: Uint16Array.from({ length: workers }, (_, worker) => worker % 2),
      capacity: Int32Array.from({ length: workers * 2 }, (_, at) => (at % 2 === 0 ? 8000 : 32768)),
    },
    ...nothingSpecial,
    tasks: {
      count: tasks,
      ids: range.map((task) => `job/t${task}`),
      job: new Uint32Array(tasks),
      block: Int32Array.from(range),
      release: full(0),
      due: full(none),
      tardinessWeight: new Float64Array(tasks),
      flowWeight: new Float64Array(tasks).fill(1),
      moveWeight: new Float64Array(tasks),
      priority: full(0),
      state: new Uint8Array(tasks),
      fixedWorker: full(none),
      fixedOption: full(none),
      fixedStart: full(none),
      fixedEnd: full(none),
      fixedDevices: new Uint32Array(tasks),
      previousWorker: full(none),
      previousOption: full(none),
      previousStart: full(previousNever),
      poolFirst: new Uint32Array(tasks + 1),
      poolIndex: new Uint16Array(0),
      poolAmount: new Int32Array(0),
    },
    options: {
      count: 2 * tasks,
      blockFirst: Uint32Array.from({ length: tasks + 1 }, (_, block) => 2 * block),
      class: Uint16Array.from({ length: 2 * tasks }, (_, option) => option % 2),
      worker: new Int32Array(2 * tasks).fill(none),
      duration: Int32Array.from(range.flatMap((task) => [work[task] ?? 1, 2 * (work[task] ?? 1)])),
      durationP90: Int32Array.from(
        range.flatMap((task) => [2 * (work[task] ?? 1), 4 * (work[task] ?? 1)]),
      ),
      demandRow: Uint32Array.from({ length: 2 * tasks }, (_, option) => option >> 1),
      demand: Int32Array.from(rows.flat()),
      gpuRequest: new Int32Array(2 * tasks).fill(none),
    },
    edges: {
      count: edges.length,
      from: Uint32Array.from(edges, (edge) => edge[0] ?? 0),
      to: Uint32Array.from(edges, (edge) => edge[1] ?? 0),
      lag: new Int32Array(edges.length),
    },
  };
}

const nothingSpecial: Pick<Problem, "blocks" | "devices" | "gpuRequests" | "pools"> = {
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
};
