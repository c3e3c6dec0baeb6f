/**
 * Random shops for tests: workers that hold one task at a time, chains or any graph of tasks with
 * lags, releases and milestones, some tasks running or kept. A pure function of its arguments.
 */
import { type Problem, taskKept, taskRunning } from "../../core/problem.js";
import { type OptionRow, ProblemBuilder, type TaskRow } from "../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../core/random.js";

export interface ShopShape {
  /** Default 3. */
  readonly workers?: number;
  /** The most ways to run a task. Default 1. */
  readonly choices?: number;
  /** Default 9. */
  readonly durationMax?: number;
  /** Jobs as chains, and nothing else that is special. */
  readonly isPlain?: boolean;
}

export function shopProblem(seed: number, tasks: number, shape: ShopShape = {}): Problem {
  const { workers = 3, choices = 1, durationMax = 9, isPlain = false } = shape;
  const random = seededRandom(seed);
  const builder = new ProblemBuilder({ dimensions: ["slot", "other"] });
  for (let worker = 0; worker < workers; worker += 1) builder.addWorker({ capacity: [3, 100] });
  const isBusy = new Set<number>();
  let optionIndex = 0;
  for (let task = 0; task < tasks; task += 1) {
    if (!isPlain && random() < 0.05) {
      builder.addTask({ options: null });
      continue;
    }
    const options = drawOptions(random, workers, choices, durationMax);
    const release = isPlain || random() < 0.7 ? 0 : randomInteger(random, durationMax);
    const fate = isPlain ? {} : drawFate(random, options, optionIndex, isBusy);
    builder.addTask({ options, release, ...fate });
    optionIndex += options.length;
  }
  for (const [from, to] of drawEdges(random, tasks, isPlain)) {
    builder.addEdge(from, to, { lag: isPlain || random() < 0.7 ? 0 : randomInteger(random, 4) });
  }
  return builder.build();
}

/** Most tasks are free; some run, at most one on a worker, and some keep their place. */
function drawFate(
  random: () => number,
  options: readonly OptionRow[],
  option: number,
  isBusy: Set<number>,
): Partial<TaskRow> {
  const worker = options[0]?.class ?? 0;
  const draw = random();
  if (draw < 0.08 && !isBusy.has(worker)) {
    isBusy.add(worker);
    const end = options[0]?.duration ?? 1;
    return { state: taskRunning, fixed: { worker, option, start: -1, end } };
  }
  return draw < 0.2 ? { state: taskKept, previous: { worker, option, start: 0 } } : {};
}

function drawOptions(
  random: () => number,
  workers: number,
  choices: number,
  durationMax: number,
): OptionRow[] {
  const able = new Set<number>();
  const wanted = 1 + randomInteger(random, Math.min(choices, workers));
  while (able.size < wanted) able.add(randomInteger(random, workers));
  return [...able].map((worker) => ({
    class: worker,
    duration: 1 + randomInteger(random, durationMax),
    demand: [2 + randomInteger(random, 2), 1],
  }));
}

/** Chains of five, or one or two of the few tasks before. At least one edge if there can be one. */
function drawEdges(
  random: () => number,
  tasks: number,
  isPlain: boolean,
): (readonly [number, number])[] {
  const edges: (readonly [number, number])[] = [];
  for (let to = 1; to < tasks; to += 1) {
    if (isPlain) {
      if (to % 5 !== 0) edges.push([to - 1, to]);
      continue;
    }
    if (to > 1 && random() < 0.25) continue;
    const from = new Set([Math.max(0, to - 1 - randomInteger(random, 4))]);
    if (random() < 0.3) from.add(Math.max(0, to - 1 - randomInteger(random, 6)));
    for (const predecessor of from) edges.push([predecessor, to]);
  }
  return edges;
}
