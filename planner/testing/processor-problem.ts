/**
 * Small random task graphs on workers that run one task at a time, with every feature that the
 * engines for them take, and their optima by plain enumeration. Pure functions of their arguments.
 */
import { type Problem, taskFree, taskKept, taskRunning } from "../../core/problem.js";
import { type OptionRow, ProblemBuilder, type TaskRow } from "../../core/problem-builder.js";
import { randomInteger, seededRandom } from "../../core/random.js";
import { transferTicks } from "../../core/transfer.js";

export interface ProcessorSwitches {
  /** Durations of a task differ between workers, and some workers may not take it. */
  readonly unlike: boolean;
  readonly transfers: boolean;
  /** Data over links of different speed as well. */
  readonly links: boolean;
  readonly lags: boolean;
  readonly releases: boolean;
  readonly milestones: boolean;
  /** Running and kept tasks. */
  readonly facts: boolean;
}

const plainSwitches: ProcessorSwitches = {
  unlike: false,
  transfers: true,
  links: false,
  lags: false,
  releases: false,
  milestones: false,
  facts: false,
};

/** Which features a problem has is drawn as well. */
export function processorProblem(seed: number, tasks: number): Problem {
  const random = seededRandom(seed * 7 + 3);
  const chance = (): boolean => randomInteger(random, 3) === 0;
  return drawProcessorProblem(seed, tasks, {
    unlike: chance(),
    transfers: !chance(),
    links: chance(),
    lags: chance(),
    releases: chance(),
    milestones: chance(),
    facts: chance(),
  });
}

/** Alike workers and transfers, nothing else. */
export const plainProcessorProblem = (seed: number, tasks: number): Problem =>
  drawProcessorProblem(seed, tasks, plainSwitches);

export function drawProcessorProblem(
  seed: number,
  tasks: number,
  switches: ProcessorSwitches,
): Problem {
  const random = seededRandom(seed);
  const below = (bound: number): number => randomInteger(random, bound);
  const workers = 1 + below(3);
  const builder = new ProblemBuilder({ dimensions: ["cpu"], tickMs: 100, horizon: 100_000 });
  for (let worker = 0; worker < workers; worker++) {
    const group = switches.unlike ? worker : 0;
    builder.addWorker({ capacity: [1], class: group, link: switches.links ? below(2) : 0 });
  }
  if (switches.links) {
    const latency = Array.from({ length: 4 }, () => below(3));
    const perGib = Array.from({ length: 4 }, () => below(4) * 2 ** 20);
    builder.setLinks(latency, perGib);
  }
  const longest = 1 + below(8);
  let options = 0;
  for (let task = 0; task < tasks; task++) {
    const rows = drawOptions(below, switches.unlike ? workers : 1, longest);
    const isMilestone = switches.milestones && below(4) === 0;
    const release = switches.releases && below(3) === 0 ? below(10) : 0;
    if (isMilestone) builder.addTask({ options: null, release });
    else {
      const facts = drawFacts(below, switches, rows, options);
      builder.addTask({ options: rows, release, ...facts });
      options += rows.length;
    }
  }
  drawArcs(builder, below, tasks, switches);
  return builder.build();
}

/** On the first class, and on most of the others. */
function drawOptions(below: Below, classes: number, longest: number): OptionRow[] {
  const rows: OptionRow[] = [];
  for (let of = 0; of < classes; of++) {
    if (of > 0 && below(5) === 0) continue;
    rows.push({ class: of, duration: 1 + below(longest), demand: [1] });
  }
  return rows;
}

type Below = (bound: number) => number;

function drawFacts(
  below: Below,
  { facts }: ProcessorSwitches,
  rows: readonly OptionRow[],
  first: number,
): Partial<TaskRow> {
  const draw = facts ? below(8) : 7;
  const row = rows[0];
  if (draw > 1 || row === undefined) return { state: taskFree };
  const worker = row.class;
  if (draw === 0) return { state: taskKept, previous: { worker, option: first, start: 0 } };
  const start = -below(3);
  return { state: taskRunning, fixed: { worker, option: first, start, end: start + 1 + below(6) } };
}

/** Sparse or dense, wide or deep: by a chance and a reach that are drawn for the whole graph. */
function drawArcs(
  builder: ProblemBuilder,
  below: Below,
  tasks: number,
  { transfers, links, lags }: ProcessorSwitches,
): void {
  const scarcity = 1 + below(4);
  const reach = 1 + below(tasks + 1);
  const size = 1 + below(12);
  for (let to = 1; to < tasks; to++) {
    for (let from = Math.max(0, to - reach); from < to; from++) {
      if (below(scarcity + 1) > 0) continue;
      builder.addEdge(from, to, {
        lag: lags && below(3) === 0 ? below(4) : 0,
        fixed: transfers ? below(size) : 0,
        kib: links ? below(3) : 0,
      });
    }
  }
}

/**
 * The least makespan in ticks: every order in which tasks can be appended, every worker for each.
 * Written for obviousness; no more than about seven tasks.
 */
export function leastMakespan(problem: Problem): number {
  const { tasks, edges, options, workers } = problem;
  const end = new Map<number, number>();
  const on = new Map<number, number>();
  const free = new Array<number>(workers.count).fill(0);
  let fixedEnd = 0;
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] !== taskRunning) continue;
    const worker = tasks.fixedWorker[task] ?? 0;
    end.set(task, tasks.fixedEnd[task] ?? 0);
    on.set(task, worker);
    free[worker] = Math.max(free[worker] ?? 0, end.get(task) ?? 0);
    fixedEnd = Math.max(fixedEnd, end.get(task) ?? 0);
  }
  const before = (task: number): number[] =>
    Array.from(edges.to.keys()).filter((edge) => edges.to[edge] === task);
  const startOn = (task: number, worker: number): number => {
    let start = Math.max(0, tasks.release[task] ?? 0, free[worker] ?? 0);
    for (const edge of before(task)) {
      const from = edges.from[edge] ?? 0;
      const transfer = transferTicks(problem, edge, on.get(from) ?? -1, worker);
      start = Math.max(start, (end.get(from) ?? 0) + (edges.lag[edge] ?? 0) + transfer);
    }
    return start;
  };
  let best = Number.POSITIVE_INFINITY;
  const visit = (makespan: number): void => {
    if (makespan >= best) return;
    if (end.size === tasks.count) best = makespan;
    for (let task = 0; task < tasks.count; task++) {
      const isReady = before(task).every((edge) => end.has(edges.from[edge] ?? 0));
      if (!end.has(task) && isReady) tryAll(task, makespan);
    }
  };
  const tryAll = (task: number, makespan: number): void => {
    for (const { option, worker } of waysOf(problem, task)) {
      const until = startOn(task, worker) + (options.duration[option] ?? 0);
      const freeBefore = free[worker] ?? 0;
      end.set(task, until);
      on.set(task, worker);
      if (worker >= 0) free[worker] = until;
      visit(Math.max(makespan, until));
      end.delete(task);
      on.delete(task);
      if (worker >= 0) free[worker] = freeBefore;
    }
  };
  visit(fixedEnd);
  return best;
}

function waysOf(problem: Problem, task: number): { option: number; worker: number }[] {
  const { tasks, options, workers } = problem;
  const block = tasks.block[task] ?? 0;
  // A milestone is nowhere.
  if (block === -1) return [{ option: -1, worker: -1 }];
  const ways: { option: number; worker: number }[] = [];
  for (
    let way = options.blockFirst[block] ?? 0;
    way < (options.blockFirst[block + 1] ?? 0);
    way++
  ) {
    for (let worker = 0; worker < workers.count; worker++) {
      if (workers.classOf[worker] !== options.class[way]) continue;
      const keeps = tasks.previousWorker[task] === worker && tasks.previousOption[task] === way;
      if (tasks.state[task] !== taskKept || keeps) ways.push({ option: way, worker });
    }
  }
  return ways;
}
