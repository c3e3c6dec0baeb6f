/**
 * Small random problems for the campaign: of a shape, so that the engines made for it take part, and
 * with any features on top. A pure function of its arguments.
 */
import { none, type Problem, taskFree } from "../../core/problem.js";
import { randomInteger, seededRandom } from "../../core/random.js";
import { allExtras, withExtras } from "../../core/testing/random-extras.js";
import { randomProblem } from "../../core/testing/random-problem.js";
import { randomProject } from "../../planner/solvers/project/testing/random-project.js";
import { drawProcessorProblem } from "../../planner/testing/processor-problem.js";
import { shopProblem } from "../../planner/testing/shop-problem.js";
import { unrelatedProblem } from "../../planner/testing/unrelated-problem.js";
import { type Feature, features, keepOnly } from "./features.js";

/** Everything that says which problem it is. */
export interface Draw {
  readonly seed: number;
  readonly shape: Shape;
  readonly tasks: number;
  readonly features: readonly Feature[];
}

type Make = (seed: number, tasks: number) => Problem;

interface ShapeEntry {
  readonly make: Make;
  /** Features with which it keeps its shape, so that its engines still take it. */
  readonly own: readonly Feature[];
  readonly tasksMax: number;
}

const shopFeatures = ["edges", "lags", "running", "kept", "releases"] as const;
const projectFeatures = [...shopFeatures, "pools", "windows"] as const;

const shapes = {
  cluster: {
    make: (seed, tasks) =>
      randomProblem(seed, { tasks, workers: 1 + (seed % 3), durationMax: 1 + (seed % 5) }),
    own: features,
    tasksMax: 5,
  },
  "job-shop": {
    make: (seed, tasks) => shopProblem(seed, tasks, { durationMax: 2 + (seed % 8) }),
    own: shopFeatures,
    tasksMax: 7,
  },
  "flexible-shop": {
    make: (seed, tasks) => shopProblem(seed, tasks, { choices: 2, durationMax: 2 + (seed % 8) }),
    own: [...shopFeatures, "choices"],
    tasksMax: 6,
  },
  project: {
    make: (seed, tasks) => randomProject(seed, { tasks, modesMax: 1, withEverything: true }),
    own: projectFeatures,
    tasksMax: 7,
  },
  "multi-mode": {
    make: (seed, tasks) => randomProject(seed, { tasks, modesMax: 3, withEverything: true }),
    own: [...projectFeatures, "choices", "consumables"],
    tasksMax: 6,
  },
  "task-graph": {
    make: (seed, tasks) =>
      drawProcessorProblem(seed, tasks, {
        unlike: seed % 2 === 0,
        transfers: true,
        links: seed % 3 === 0,
        lags: true,
        releases: true,
        milestones: seed % 5 === 0,
        facts: true,
      }),
    own: [...shopFeatures, "transfers", "choices"],
    tasksMax: 6,
  },
  unrelated: {
    make: (seed, tasks) =>
      unrelatedProblem(seed, tasks, { forbidden: (seed % 3) / 6, facts: true, longest: 12 }),
    own: ["running", "kept", "choices"],
    tasksMax: 7,
  },
} satisfies Readonly<Record<string, ShapeEntry>>;

export type Shape = keyof typeof shapes;

export const shapeNames: readonly Shape[] = Object.keys(shapes).filter(
  (name): name is Shape => name in shapes,
);

export const isShape = (name: string): name is Shape => name in shapes;

/**
 * What a seed stands for. Shapes take turns; half of the problems have features of their shape alone,
 * the others any, few or many.
 */
export function drawOf(seed: number): Draw {
  const random = seededRandom(seed * 13 + 5);
  const shape = shapeNames[seed % shapeNames.length] as Shape;
  const { own, tasksMax }: ShapeEntry = shapes[shape];
  const chance = [0, 0, 0.12, 0.5][randomInteger(random, 4)] ?? 0;
  const chosen = features.filter((feature) => {
    const isOwn = own.includes(feature);
    const draw = random();
    // Without an edge most shapes are another one.
    if (feature === "edges") return draw < 0.9 && (isOwn || chance > 0);
    return isOwn && (shape !== "cluster" || chance > 0.3) ? draw < 0.6 : draw < chance;
  });
  return { seed, shape, tasks: 3 + randomInteger(random, tasksMax - 2), features: chosen };
}

export function problemOf({ seed, shape, tasks, features: kept }: Draw): Problem {
  const made = shapes[shape].make(seed, tasks);
  const whole = withExtras(shape === "cluster" ? made : enrich(made, seed), seed, {
    ...allExtras,
    // What the shape has of these already is more telling.
    transfers: shape !== "task-graph",
    consumables: shape !== "project" && shape !== "multi-mode",
  });
  const tight = { ...whole, horizon: 10 + ((seed * 31) % 30) };
  const left = keepOnly(withTaskPools(withInstants(tight, seed), seed), new Set(kept));
  const { weights } = left;
  const isWeighed = weights.makespan + weights.flow + weights.tardiness + weights.cost > 0;
  return isWeighed ? left : { ...left, weights: { ...weights, makespan: 1 } };
}

/** What a cluster has and a textbook's shape has not: due times, weights, a previous plan, windows. */
function enrich(problem: Problem, seed: number): Problem {
  const random = seededRandom(seed * 17 + 11);
  const below = (bound: number): number => randomInteger(random, bound);
  const { tasks, options, workers, dimensions, blocks } = problem;
  const draws = Array.from({ length: tasks.count }, (_, task) => {
    const block = tasks.block[task] ?? none;
    const [first = 0, after = 0] = [options.blockFirst[block], options.blockFirst[block + 1]];
    const option = first + below(Math.max(1, after - first));
    const pinned = options.worker[option] ?? none;
    const worker = pinned === none ? workers.classOf.indexOf(options.class[option] ?? 0) : pinned;
    const has = block !== none && tasks.state[task] === taskFree && below(2) === 0;
    return { option, worker, has, start: below(12) - 2 };
  });
  const had = (column: Int32Array, of: (task: number) => number): Int32Array =>
    column.map((value, task) => (draws[task]?.has ? of(task) : value));
  const windows = Array.from({ length: below(3) }, () => ({
    worker: below(workers.count),
    from: below(12) - 2,
    length: 1 + below(6),
  }));
  return {
    ...problem,
    weights: {
      makespan: problem.weights.makespan,
      flow: below(3) / 10,
      tardiness: below(4),
      moves: below(3),
      cost: 0,
    },
    tasks: {
      ...tasks,
      due: tasks.due.map(() => (below(2) === 0 ? below(20) : none)),
      tardinessWeight: tasks.tardinessWeight.map(() => below(3)),
      flowWeight: tasks.flowWeight.map(() => below(3)),
      moveWeight: tasks.moveWeight.map(() => below(3)),
      previousWorker: had(tasks.previousWorker, (task) => draws[task]?.worker ?? none),
      previousOption: had(tasks.previousOption, (task) => draws[task]?.option ?? none),
      previousStart: had(tasks.previousStart, (task) => draws[task]?.start ?? 0),
    },
    blocks: {
      count: blocks.count + windows.length,
      worker: Uint32Array.of(...blocks.worker, ...windows.map(({ worker }) => worker)),
      from: Int32Array.of(...blocks.from, ...windows.map(({ from }) => from)),
      to: Int32Array.of(...blocks.to, ...windows.map(({ from, length }) => from + length)),
      use: Int32Array.of(
        ...blocks.use,
        ...windows.flatMap(({ worker }) =>
          dimensions.map((_, d) =>
            below(1 + (workers.capacity[worker * dimensions.length + d] ?? 0)),
          ),
        ),
      ),
    },
  };
}

/** Some options take no time. */
function withInstants(problem: Problem, seed: number): Problem {
  const random = seededRandom(seed * 19 + 3);
  const duration = problem.options.duration.map((ticks) =>
    randomInteger(random, 6) === 0 ? 0 : ticks,
  );
  return { ...problem, options: { ...problem.options, duration } };
}

/** Some tasks take from some pool, whatever their option, which may take from the same one. */
function withTaskPools(problem: Problem, seed: number): Problem {
  const random = seededRandom(seed * 23 + 9);
  const { tasks, pools } = problem;
  if (pools.count === 0) return problem;
  const first = [0];
  const uses: { pool: number; amount: number }[] = [];
  for (let task = 0; task < tasks.count; task++) {
    for (let k = tasks.poolFirst[task] ?? 0; k < (tasks.poolFirst[task + 1] ?? 0); k++) {
      uses.push({ pool: tasks.poolIndex[k] ?? 0, amount: tasks.poolAmount[k] ?? 0 });
    }
    const draw = randomInteger(random, 8);
    const pool = randomInteger(random, pools.count);
    if (draw === 0 && tasks.block[task] !== none) uses.push({ pool, amount: 1 });
    first.push(uses.length);
  }
  return {
    ...problem,
    tasks: {
      ...tasks,
      poolFirst: Uint32Array.from(first),
      poolIndex: Uint16Array.from(uses, ({ pool }) => pool),
      poolAmount: Int32Array.from(uses, ({ amount }) => amount),
    },
  };
}
