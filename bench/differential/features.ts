/**
 * The features of a Problem, each with what takes it out again. A random problem is drawn with all of
 * them, and loses those that it is not to have: so a feature is on or off while all else stays, and a
 * failure shrinks by switching features off.
 */
import {
  groupColocate,
  groupGang,
  groupSpread,
  none,
  type Problem,
  previousNever,
  taskFree,
  taskKept,
  taskRunning,
} from "../../core/problem.js";

const longHorizon = 100_000;

type Strip = (problem: Problem) => Problem;

const withTasks = (problem: Problem, change: Partial<Problem["tasks"]>): Problem => ({
  ...problem,
  tasks: { ...problem.tasks, ...change },
});
const withOptions = (problem: Problem, change: Partial<Problem["options"]>): Problem => ({
  ...problem,
  options: { ...problem.options, ...change },
});
const withWeight = (problem: Problem, part: keyof Problem["weights"]): Problem => ({
  ...problem,
  weights: { ...problem.weights, [part]: 0 },
});

function withoutGroups(problem: Problem, kind: number): Problem {
  const { groups } = problem;
  const kept = Array.from(groups.kind.keys()).filter((group) => groups.kind[group] !== kind);
  const members = kept.map((group) =>
    Array.from(groups.member.subarray(groups.first[group], groups.first[group + 1])),
  );
  const first = [0];
  for (const list of members) first.push((first.at(-1) ?? 0) + list.length);
  return {
    ...problem,
    groups: {
      count: kept.length,
      kind: Uint8Array.from(kept, (group) => groups.kind[group] ?? 0),
      level: Uint8Array.from(kept, (group) => groups.level[group] ?? 0),
      first: Uint32Array.from(first),
      member: Uint32Array.from(members.flat()),
    },
  };
}

/** Tasks of this state are free. */
function withoutState(problem: Problem, state: number): Problem {
  const { tasks } = problem;
  const stays = (column: Int32Array): Int32Array =>
    column.map((value, task) => (tasks.state[task] === state ? none : value));
  const freed = tasks.state.map((of) => (of === state ? taskFree : of));
  if (state !== taskRunning) return withTasks(problem, { state: freed });
  return withTasks(problem, {
    state: freed,
    fixedWorker: stays(tasks.fixedWorker),
    fixedOption: stays(tasks.fixedOption),
    fixedStart: stays(tasks.fixedStart),
    fixedEnd: stays(tasks.fixedEnd),
    fixedDevices: tasks.fixedDevices.map((mask, task) => (tasks.state[task] === state ? 0 : mask)),
  });
}

/** What is taken of pools of the kind, by tasks and by options, is nothing. */
function withoutPools(problem: Problem, consumable: number): Problem {
  const { pools, tasks, options } = problem;
  const filter = (rows: Problem["tasks"] | Problem["options"]) => {
    const first = [0];
    const kept: number[] = [];
    for (let row = 0; row < rows.count; row++) {
      for (let k = rows.poolFirst[row] ?? 0; k < (rows.poolFirst[row + 1] ?? 0); k++) {
        if (pools.consumable[rows.poolIndex[k] ?? 0] !== consumable) kept.push(k);
      }
      first.push(kept.length);
    }
    return {
      poolFirst: Uint32Array.from(first),
      poolIndex: Uint16Array.from(kept, (k) => rows.poolIndex[k] ?? 0),
      poolAmount: Int32Array.from(kept, (k) => rows.poolAmount[k] ?? 0),
    };
  };
  return withOptions(withTasks(problem, filter(tasks)), filter(options));
}

function withoutPrevious(problem: Problem): Problem {
  const { tasks } = problem;
  const isKept = (task: number): boolean => tasks.state[task] === taskKept;
  return withWeight(
    withTasks(problem, {
      previousWorker: tasks.previousWorker.map((of, task) => (isKept(task) ? of : none)),
      previousOption: tasks.previousOption.map((of, task) => (isKept(task) ? of : none)),
      previousStart: tasks.previousStart.map((of, task) => (isKept(task) ? of : previousNever)),
    }),
    "moves",
  );
}

/** One option for each task that is free: its first. */
function withoutChoices(problem: Problem): Problem {
  const { tasks, options } = problem;
  // The first option's worker must be one, too: the first of its class.
  const pinned = options.worker.map((worker, option) =>
    worker === none ? problem.workers.classOf.indexOf(options.class[option] ?? 0) : worker,
  );
  const chosen = Array.from({ length: options.blockFirst.length - 1 }, (_, block) => {
    const of = tasks.block.indexOf(block);
    const known = (tasks.state[of] === taskRunning ? tasks.fixedOption : tasks.previousOption)[of];
    const isHeld = of !== -1 && tasks.state[of] !== taskFree && known !== undefined;
    return isHeld && known !== none ? known : (options.blockFirst[block] ?? 0);
  });
  const moved = (column: Int32Array): Int32Array =>
    column.map((option, task) => (option === none ? none : (tasks.block[task] ?? none)));
  const first = [0];
  const pools = chosen.flatMap((option) => {
    const rows = rangeOf(options.poolFirst[option], options.poolFirst[option + 1]);
    first.push((first.at(-1) ?? 0) + rows.length);
    return rows;
  });
  const workerOf = (option: number): number => {
    const task = tasks.block.findIndex((block) => chosen[block] === option);
    // What runs and what is kept has its worker already.
    if (tasks.state[task] !== taskFree) return options.worker[option] ?? none;
    return pinned[option] ?? none;
  };
  return withOptions(
    withTasks(problem, {
      fixedOption: moved(tasks.fixedOption),
      previousOption: moved(tasks.previousOption),
    }),
    {
      count: chosen.length,
      blockFirst: Uint32Array.from({ length: chosen.length + 1 }, (_, block) => block),
      class: Uint16Array.from(chosen, (option) => options.class[option] ?? 0),
      worker: Int32Array.from(chosen, workerOf),
      duration: Int32Array.from(chosen, (option) => options.duration[option] ?? 0),
      durationP90: Int32Array.from(chosen, (option) => options.durationP90[option] ?? 0),
      demandRow: Uint32Array.from(chosen, (option) => options.demandRow[option] ?? 0),
      gpuRequest: Int32Array.from(chosen, (option) => options.gpuRequest[option] ?? none),
      cost: Float64Array.from(chosen, (option) => options.cost[option] ?? 0),
      poolFirst: Uint32Array.from(first),
      poolIndex: Uint16Array.from(pools, (k) => options.poolIndex[k] ?? 0),
      poolAmount: Int32Array.from(pools, (k) => options.poolAmount[k] ?? 0),
    },
  );
}

const rangeOf = (from = 0, to = 0): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);

const strips = {
  edges: (problem) => ({
    ...problem,
    edges: {
      count: 0,
      from: new Uint32Array(0),
      to: new Uint32Array(0),
      lag: new Int32Array(0),
      fixed: new Int32Array(0),
      kib: new Float64Array(0),
    },
  }),
  lags: (problem) => ({
    ...problem,
    edges: { ...problem.edges, lag: new Int32Array(problem.edges.count) },
  }),
  transfers: (problem) => ({
    ...problem,
    edges: {
      ...problem.edges,
      fixed: new Int32Array(problem.edges.count),
      kib: new Float64Array(problem.edges.count),
    },
  }),
  gangs: (problem) => withoutGroups(problem, groupGang),
  spread: (problem) => withoutGroups(problem, groupSpread),
  colocate: (problem) => withoutGroups(problem, groupColocate),
  deadlines: (problem) =>
    withTasks(problem, { hardDue: new Int32Array(problem.tasks.count).fill(none) }),
  optional: (problem) =>
    withTasks(problem, {
      skipPrice: new Float64Array(problem.tasks.count).fill(Number.POSITIVE_INFINITY),
    }),
  cost: (problem) => withWeight(problem, "cost"),
  pools: (problem) => withoutPools(problem, 0),
  consumables: (problem) => withoutPools(problem, 1),
  choices: withoutChoices,
  devices: (problem) =>
    withOptions(withTasks(problem, { fixedDevices: new Uint32Array(problem.tasks.count) }), {
      gpuRequest: new Int32Array(problem.options.count).fill(none),
    }),
  windows: (problem) => ({
    ...problem,
    blocks: {
      count: 0,
      worker: new Uint32Array(0),
      from: new Int32Array(0),
      to: new Int32Array(0),
      use: new Int32Array(0),
    },
  }),
  running: (problem) => withoutState(problem, taskRunning),
  kept: (problem) => withoutState(problem, taskKept),
  releases: (problem) => withTasks(problem, { release: new Int32Array(problem.tasks.count) }),
  instants: (problem) =>
    withOptions(problem, { duration: problem.options.duration.map((ticks) => Math.max(1, ticks)) }),
  /** Little time for all. */
  horizon: (problem) => ({ ...problem, horizon: longHorizon }),
  previous: withoutPrevious,
  tardiness: (problem) => withWeight(problem, "tardiness"),
  flow: (problem) => withWeight(problem, "flow"),
} satisfies Readonly<Record<string, Strip>>;

export type Feature = keyof typeof strips;

export const features: readonly Feature[] = Object.keys(strips).filter(
  (name): name is Feature => name in strips,
);

export const isFeature = (name: string): name is Feature => name in strips;

/** The problem with these features alone. */
export function keepOnly(problem: Problem, kept: ReadonlySet<Feature>): Problem {
  return features.reduce(
    (left, feature) => (kept.has(feature) ? left : strips[feature](left)),
    problem,
  );
}
