/**
 * Workflow-shaped problems for tests and measurements: a layered graph of tasks of one cpu (some of
 * two) on workers of two cpus and different speeds. A pure function of its arguments.
 */
import type { Problem } from "../../core/problem.js";
import { ProblemBuilder } from "../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../core/random.js";

const speeds = [1, 1.4, 0.7, 2];

export function dagProblem(seed: number, tasks: number, workers = 4): Problem {
  const random = seededRandom(seed);
  const edges = drawEdges(tasks, random);
  const classes = speeds.slice(0, Math.min(workers, speeds.length));
  const builder = new ProblemBuilder({ dimensions: ["cpu", "memory"], tickMs: 10 });
  for (let worker = 0; worker < workers; worker += 1) {
    const capacity = [2_000, 4_096];
    builder.addWorker({ id: `worker-${worker}`, class: worker % classes.length, capacity });
  }
  for (let task = 0; task < tasks; task += 1) {
    // Long-tailed, as runtimes in workflows are.
    const length = 50 + Math.floor(1_000 * random() * random() * (random() < 0.1 ? 5 : 1));
    const demand = random() < 0.15 ? [2_000, 1_024] : [1_000, 512];
    const options = classes.map((speed, of) => {
      const duration = Math.ceil(length / speed);
      return { class: of, duration, durationP90: Math.ceil(duration * 1.5), demand };
    });
    builder.addTask({ id: `job/task-${task}`, options });
  }
  for (const [from, to] of edges) builder.addEdge(from, to);
  return builder.build();
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
