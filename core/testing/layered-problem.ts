/** A plausible cluster problem of any size, for measuring: a layered graph on equal-sized workers. */
import type { Problem } from "../problem.js";
import { ProblemBuilder } from "../problem-builder.js";
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
  const builder = new ProblemBuilder({
    dimensions: ["cpu", "memory"],
    tickMs: 100,
    weights: { flow: 0.2, tardiness: 5, moves: 0.05 },
  });
  for (let worker = 0; worker < workers; worker++) {
    builder.addWorker({ class: worker % 2, capacity: [8000, 32768] });
  }
  rows.forEach((demand, task) => {
    const slow = work[task] ?? 1;
    const option = (of: number, duration: number) => ({
      class: of,
      duration,
      durationP90: 2 * duration,
      demand,
    });
    const options = [option(0, slow), option(1, 2 * slow)];
    builder.addTask({ id: `job/t${task}`, options, flowWeight: 1 });
  });
  for (const [from = 0, to = 0] of edges) builder.addEdge(from, to);
  return builder.build();
}
