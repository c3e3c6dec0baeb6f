/**
 * From when on each worker has room for anything at all, and which worker of a class has it first:
 * so that a task is not tried on every worker of a large class, nor in what has long been full.
 *
 * A worker's mark is a lower bound: no option, whatever it asks, can start there earlier.
 */
import { none, type Problem } from "./problem.js";
import { earliestFit, type Timeline } from "./timeline.js";

export interface OpenWorkers {
  /** [D] Every option takes at least this much: where less is free, nothing can start. */
  readonly leastDemand: Int32Array;
  /** [workers] No task can start earlier there. */
  readonly from: Int32Array;
  /** For each class of more than `probesMax` workers where to look first; null for others. */
  readonly classes: readonly (ClassIndex | null)[];
  /** Place of each worker among the members of its class. */
  readonly place: Int32Array;
}

/** A tree of minima over the marks of a class's members; leaves begin at `leaves`. */
export interface ClassIndex {
  readonly size: number;
  readonly leaves: number;
  readonly tree: Int32Array;
  /** Member at which the next look begins. */
  cursor: number;
}

/** In larger classes only so many workers are tried for a task, besides the first to be open. */
export const probesMax = 16;

/** Marks of the facts alone: [workers]. */
export function openFromFacts(
  problem: Problem,
  timelines: readonly Timeline[],
): { readonly leastDemand: Int32Array; readonly from: Int32Array } {
  const leastDemand = leastDemandOf(problem);
  const from = Int32Array.from(timelines, (timeline) =>
    openFrom(problem, timeline, leastDemand, 0),
  );
  return { leastDemand, from };
}

export function beginOpenWorkers(
  problem: Problem,
  workersOfClass: readonly Int32Array[],
  facts: { readonly leastDemand: Int32Array; readonly from: Int32Array },
): OpenWorkers {
  const from = facts.from.slice();
  const place = new Int32Array(problem.workers.count);
  const classes = workersOfClass.map((members) => {
    for (let index = 0; index < members.length; index++) place[members[index] as number] = index;
    return members.length > probesMax ? classIndex(members, from) : null;
  });
  return { leastDemand: facts.leastDemand, from, classes, place };
}

function classIndex(members: Int32Array, from: Int32Array): ClassIndex {
  let leaves = 1;
  while (leaves < members.length) leaves *= 2;
  const tree = new Int32Array(2 * leaves).fill(2 ** 31 - 1);
  for (let index = 0; index < members.length; index++) {
    tree[leaves + index] = from[members[index] as number] as number;
  }
  for (let node = leaves - 1; node > 0; node--) {
    tree[node] = Math.min(tree[2 * node] as number, tree[2 * node + 1] as number);
  }
  return { size: members.length, leaves, tree, cursor: 0 };
}

/**
 * The next task looks elsewhere. Also where nothing was looked at: the cursor of a class that is slow
 * would stay where the class is full, and find nothing when its turn comes.
 */
export function passBy(index: ClassIndex): void {
  index.cursor = (index.cursor + probesMax) % index.size;
}

/** Place of the member that is open first; the lowest of those. */
export function firstOpen({ leaves, tree }: ClassIndex): number {
  let node = 1;
  while (node < leaves) node = 2 * node + (tree[2 * node] === tree[node] ? 0 : 1);
  return node - leaves;
}

/** The profile has got fuller: moves the mark on, where `start` says that it could. */
export function noteFuller(
  problem: Problem,
  open: OpenWorkers,
  worker: number,
  timeline: Timeline,
  start: number,
): void {
  const before = open.from[worker] as number;
  if (start > before) return;
  setOpen(problem, open, worker, openFrom(problem, timeline, open.leastDemand, before));
}

/** Something was taken back: looks anew from the begin. */
export function noteEmptier(
  problem: Problem,
  open: OpenWorkers,
  worker: number,
  timeline: Timeline,
): void {
  setOpen(problem, open, worker, openFrom(problem, timeline, open.leastDemand, 0));
}

function setOpen(problem: Problem, open: OpenWorkers, worker: number, from: number): void {
  if (open.from[worker] === from) return;
  open.from[worker] = from;
  const index = open.classes[problem.workers.classOf[worker] as number] ?? null;
  if (index === null) return;
  const { tree } = index;
  let node = index.leaves + (open.place[worker] as number);
  tree[node] = from;
  for (node >>>= 1; node > 0; node >>>= 1) {
    const least = Math.min(tree[2 * node] as number, tree[2 * node + 1] as number);
    if (tree[node] === least) return;
    tree[node] = least;
  }
}

function openFrom(
  { horizon }: Problem,
  timeline: Timeline,
  leastDemand: Int32Array,
  from: number,
): number {
  const open = earliestFit(timeline, from, 1, leastDemand, 0, null, horizon);
  return open === none ? horizon + 1 : open;
}

function leastDemandOf({ options, dimensions }: Problem): Int32Array {
  const width = dimensions.length;
  const least = new Int32Array(width).fill(2 ** 31 - 1);
  for (let option = 0; option < options.count; option++) {
    const row = (options.demandRow[option] as number) * width;
    for (let d = 0; d < width; d++) {
      least[d] = Math.min(least[d] as number, options.demand[row + d] as number);
    }
  }
  return options.count === 0 ? least.fill(0) : least;
}
