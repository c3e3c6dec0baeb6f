/**
 * Task graphs on processors: workers that run one task at a time, data that pays only between
 * different workers, and the makespan as the only objective (R|prec, r_j, c_ij|Cmax in the notation
 * of scheduling theory). Everything that such a schedule needs, as typed arrays over *activities*:
 * tasks that still have to be planned and take time. Milestones become lags between activities and
 * delivery times behind them; running tasks become times before which a worker or its data is not
 * at hand.
 */
import { graphOf } from "../../core/graph.js";
import { none, type Problem, taskKept, taskRunning } from "../../core/problem.js";
import { transferTicks } from "../../core/transfer.js";

/** What cannot be: a worker that may not take an activity, a pair of links no two workers have. */
export const never = 2 ** 29;

export interface ProcessorModel {
  readonly problem: Problem;
  readonly activities: number;
  readonly workers: number;
  /** [activities] Index of the task; activities are numbered in a topological order. */
  readonly task: Int32Array;
  /** [activities × workers] `never` where the worker may not take it. */
  readonly duration: Int32Array;
  /** [activities × workers] */
  readonly option: Int32Array;
  /** [activities] On the fastest worker. */
  readonly shortest: Int32Array;
  /** [activities × workers] No start before: release, running work, and data that it sends. */
  readonly earliest: Int32Array;
  /** [activities] Time from the end to that of the last milestone that waits for it. */
  readonly delivery: Int32Array;
  /** No plan ends earlier: what runs, and milestones that wait for nothing planned. */
  readonly floor: number;
  readonly arcs: Arcs;
  /** [workers] Workers of one kind are interchangeable: no schedule can tell them apart. */
  readonly kind: Int32Array;
  /** All workers are of one kind and no data travels. */
  readonly alike: boolean;
  /** In topological order, with the problem's edges that they wait for. */
  readonly milestones: readonly Milestone[];
}

export interface Milestone {
  readonly task: number;
  readonly edges: readonly number[];
}

/** Precedence between activities, sorted by `to`, and an index of it by `from`. */
export interface Arcs {
  readonly count: number;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly lag: Int32Array;
  /** [activities + 1] Offsets of the arcs into an activity. */
  readonly into: Int32Array;
  /** [activities + 1] Offsets into `outArc`. */
  readonly out: Int32Array;
  readonly outArc: Int32Array;
  /** K kinds of link; [workers] that of each worker. */
  readonly links: number;
  readonly linkOf: Int32Array;
  /** [count × K × K] Lag and transfer between different workers. */
  readonly apart: Int32Array;
  /** [count] The least of them. */
  readonly apartMin: Int32Array;
}

interface Draft {
  readonly from: number;
  readonly to: number;
  readonly lag: number;
  /** Edge of the problem whose data travels, or none. */
  readonly edge: number;
}

/** Of a problem that `declinesProcessors` does not decline. */
export function processorModel(problem: Problem): ProcessorModel {
  const { tasks } = problem;
  const workers = problem.workers.count;
  const activityOf = new Int32Array(tasks.count).fill(none);
  const order: number[] = [];
  for (const task of graphOf(problem).topological) {
    if (tasks.state[task] === taskRunning || tasks.block[task] === none) continue;
    activityOf[task] = order.length;
    order.push(task);
  }
  const activities = order.length;
  const task = Int32Array.from(order);
  const { duration, option } = places(problem, task);
  const earliest = new Int32Array(activities * workers);
  const busy = busyUntil(problem);
  task.forEach((of, activity) => {
    for (let worker = 0; worker < workers; worker++) {
      const release = tasks.release[of] as number;
      earliest[activity * workers + worker] = Math.max(0, release, busy[worker] as number);
    }
  });
  const links = linkKinds(problem);
  const { drafts, delivery, floor, milestones } = withoutMilestones(
    problem,
    activityOf,
    earliest,
    activities,
  );
  const arcs = arcsOf(problem, drafts, activities, links);
  const kind = kindsOf(workers, activities, duration, earliest, links, problem);
  return {
    problem,
    activities,
    workers,
    task,
    duration,
    option,
    shortest: Int32Array.from(task, (_, activity) =>
      duration
        .subarray(activity * workers, (activity + 1) * workers)
        .reduce((a, b) => Math.min(a, b), never),
    ),
    earliest,
    delivery,
    floor,
    arcs,
    kind,
    alike:
      kind.every((of) => of === 0) && arcs.apartMin.every((ticks, arc) => ticks === arcs.lag[arc]),
    milestones,
  };
}

/** The shortest option of each task on each worker; a kept task has one place. */
function places(problem: Problem, task: Int32Array) {
  const { tasks, options, workers } = problem;
  const duration = new Int32Array(task.length * workers.count).fill(never);
  const option = new Int32Array(task.length * workers.count).fill(none);
  task.forEach((of, activity) => {
    const block = tasks.block[of] as number;
    const last = options.blockFirst[block + 1] as number;
    for (let way = options.blockFirst[block] as number; way < last; way++) {
      const ticks = options.duration[way] as number;
      for (let worker = 0; worker < workers.count; worker++) {
        const at = activity * workers.count + worker;
        if (ticks >= (duration[at] as number) || !mayRun(problem, of, way, worker)) continue;
        duration[at] = ticks;
        option[at] = way;
      }
    }
  });
  return { duration, option };
}

function mayRun(problem: Problem, task: number, way: number, worker: number): boolean {
  const { tasks, options, workers } = problem;
  if (workers.classOf[worker] !== options.class[way]) return false;
  const pinned = options.worker[way] as number;
  if (pinned !== none && pinned !== worker) return false;
  const isKept = tasks.state[task] === taskKept;
  const stays = tasks.previousOption[task] === way && tasks.previousWorker[task] === worker;
  return (!isKept || stays) && fits(problem, way, worker);
}

function fits({ options, workers, dimensions }: Problem, way: number, worker: number): boolean {
  const row = (options.demandRow[way] as number) * dimensions.length;
  return dimensions.every((_, dimension) => {
    const capacity = workers.capacity[worker * dimensions.length + dimension] as number;
    return (options.demand[row + dimension] as number) <= capacity;
  });
}

/** When each worker has ended what runs on it. */
function busyUntil({ tasks, workers }: Problem): Int32Array {
  const busy = new Int32Array(workers.count);
  for (let task = 0; task < tasks.count; task++) {
    const worker = tasks.fixedWorker[task] as number;
    if (tasks.state[task] !== taskRunning || worker === none) continue;
    busy[worker] = Math.max(busy[worker] as number, tasks.fixedEnd[task] as number);
  }
  return busy;
}

interface Wait {
  readonly activity: number;
  readonly lag: number;
}

/** What is known of the graph while it is walked in topological order. */
interface Walk {
  readonly problem: Problem;
  readonly activityOf: Int32Array;
  readonly earliest: Int32Array;
  readonly drafts: Draft[];
  /** [tasks] Activities that a milestone waits for. */
  readonly waits: Wait[][];
  /** [tasks] End of what runs; of a milestone, by releases and what runs alone. */
  readonly endOf: Int32Array;
}

/** Arcs between activities; what milestones and running tasks hold up goes where it is felt. */
function withoutMilestones(
  problem: Problem,
  activityOf: Int32Array,
  earliest: Int32Array,
  activities: number,
) {
  const { tasks, edges } = problem;
  const edgesInto: number[][] = Array.from({ length: tasks.count }, () => []);
  for (let edge = 0; edge < edges.count; edge++) edgesInto[edges.to[edge] as number]?.push(edge);
  const waits: Wait[][] = Array.from({ length: tasks.count }, () => []);
  const endOf = Int32Array.from(tasks.fixedEnd);
  const walk: Walk = { problem, activityOf, earliest, drafts: [], waits, endOf };
  const delivery = new Int32Array(activities);
  const milestones: Milestone[] = [];
  let floor = 0;
  for (const task of graphOf(problem).topological) {
    const into = edgesInto[task] ?? [];
    if (tasks.state[task] === taskRunning) floor = Math.max(floor, endOf[task] as number);
    else if (activityOf[task] !== none) enterActivity(walk, task, into);
    else {
      milestones.push({ task, edges: into });
      enterMilestone(walk, task, into);
      floor = Math.max(floor, endOf[task] as number);
      for (const { activity, lag } of waits[task] ?? []) {
        delivery[activity] = Math.max(delivery[activity] as number, lag);
      }
    }
  }
  return { drafts: walk.drafts, delivery, floor, milestones };
}

function enterActivity(walk: Walk, task: number, into: readonly number[]): void {
  const { problem, activityOf, drafts, waits, endOf } = walk;
  const { tasks, edges } = problem;
  const to = activityOf[task] as number;
  for (const edge of into) {
    const from = edges.from[edge] as number;
    const lag = edges.lag[edge] as number;
    const source = activityOf[from] as number;
    if (source !== none) {
      drafts.push({ from: source, to, lag, edge });
      continue;
    }
    const runsOn = tasks.state[from] === taskRunning ? (tasks.fixedWorker[from] as number) : none;
    const travels = runsOn === none ? none : edge;
    holdUntil(walk, to, (endOf[from] as number) + lag, travels, runsOn);
    for (const wait of waits[from] ?? []) {
      drafts.push({ from: wait.activity, to, lag: wait.lag + lag, edge: none });
    }
  }
}

/** No start before `at`, and the edge's transfer from what runs on `worker`. */
function holdUntil(
  { problem, earliest }: Walk,
  activity: number,
  at: number,
  edge: number,
  runsOn: number,
): void {
  const workers = problem.workers.count;
  for (let worker = 0; worker < workers; worker++) {
    const place = activity * workers + worker;
    const arrival = at + (edge === none ? 0 : transferTicks(problem, edge, runsOn, worker));
    earliest[place] = Math.max(earliest[place] as number, arrival);
  }
}

function enterMilestone(walk: Walk, task: number, into: readonly number[]): void {
  const { problem, activityOf, waits, endOf } = walk;
  const { edges, tasks } = problem;
  const own = new Map<number, number>();
  const wait = (activity: number, lag: number): void => {
    own.set(activity, Math.max(own.get(activity) ?? 0, lag));
  };
  let at = Math.max(0, tasks.release[task] as number);
  for (const edge of into) {
    const from = edges.from[edge] as number;
    const lag = edges.lag[edge] as number;
    const source = activityOf[from] as number;
    if (source !== none) {
      wait(source, lag);
      continue;
    }
    at = Math.max(at, (endOf[from] as number) + lag);
    for (const before of waits[from] ?? []) wait(before.activity, before.lag + lag);
  }
  endOf[task] = at;
  waits[task] = [...own].map(([activity, lag]) => ({ activity, lag }));
}

/** Links of the problem, or one where no data travels over them. */
function linkKinds({ links, workers }: Problem): {
  readonly count: number;
  readonly of: Int32Array;
} {
  if (links.count === 0) return { count: 1, of: new Int32Array(workers.count) };
  return { count: links.count, of: Int32Array.from(workers.link) };
}

function arcsOf(
  problem: Problem,
  drafts: readonly Draft[],
  activities: number,
  { count: links, of: linkOf }: { readonly count: number; readonly of: Int32Array },
): Arcs {
  const sorted = [...drafts].sort((a, b) => a.to - b.to || a.from - b.from);
  const count = sorted.length;
  const apart = new Int32Array(count * links * links).fill(never);
  const apartMin = new Int32Array(count).fill(never);
  const pairs = linkPairs(linkOf, links);
  sorted.forEach(({ lag, edge }, arc) => {
    for (const { row, from, to } of pairs) {
      const ticks = lag + (edge === none ? 0 : transferTicks(problem, edge, from, to));
      apart[arc * links * links + row] = ticks;
      apartMin[arc] = Math.min(apartMin[arc] as number, ticks);
    }
    if (pairs.length === 0) apartMin[arc] = lag;
  });
  const into = new Int32Array(activities + 1);
  const out = new Int32Array(activities + 1);
  for (const { from, to } of sorted) {
    into[to + 1] = (into[to + 1] as number) + 1;
    out[from + 1] = (out[from + 1] as number) + 1;
  }
  for (let activity = 0; activity < activities; activity++) {
    into[activity + 1] = (into[activity + 1] as number) + (into[activity] as number);
    out[activity + 1] = (out[activity + 1] as number) + (out[activity] as number);
  }
  const next = out.slice();
  const outArc = new Int32Array(count);
  sorted.forEach(({ from }, arc) => {
    outArc[next[from] as number] = arc;
    next[from] = (next[from] as number) + 1;
  });
  return {
    count,
    from: Int32Array.from(sorted, ({ from }) => from),
    to: Int32Array.from(sorted, ({ to }) => to),
    lag: Int32Array.from(sorted, ({ lag }) => lag),
    into,
    out,
    outArc,
    links,
    linkOf,
    apart,
    apartMin,
  };
}

/** Two different workers for each pair of links that has any. */
function linkPairs(linkOf: Int32Array, links: number) {
  const pairs = new Map<number, { row: number; from: number; to: number }>();
  for (let from = 0; from < linkOf.length; from++) {
    for (let to = 0; to < linkOf.length && pairs.size < links * links; to++) {
      const row = (linkOf[from] as number) * links + (linkOf[to] as number);
      if (from !== to && !pairs.has(row)) pairs.set(row, { row, from, to });
    }
  }
  return [...pairs.values()];
}

/** Workers of one kind agree in every column that the model has of them. */
function kindsOf(
  workers: number,
  activities: number,
  duration: Int32Array,
  earliest: Int32Array,
  links: { readonly of: Int32Array },
  problem: Problem,
): Int32Array {
  const kind = new Int32Array(workers);
  const same = (a: number, b: number): boolean => {
    if (links.of[a] !== links.of[b]) return false;
    for (let activity = 0; activity < activities; activity++) {
      const at = activity * workers;
      if (duration[at + a] !== duration[at + b] || earliest[at + a] !== earliest[at + b])
        return false;
    }
    return problem.workers.classOf[a] === problem.workers.classOf[b];
  };
  let kinds = 0;
  for (let worker = 0; worker < workers; worker++) {
    let of = none;
    for (let other = 0; other < worker && of === none; other++) {
      if (same(other, worker)) of = kind[other] as number;
    }
    kind[worker] = of === none ? kinds++ : of;
  }
  return kind;
}
