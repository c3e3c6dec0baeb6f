/**
 * A bound on the weighted sum of flow times. By itself an end comes no earlier than its earliest.
 * Together, ends share a resource: seen as one machine of the cluster's whole rate that may switch
 * between them at will, their mean busy times M sum up, weighted, to no less than preemptive
 * weighted-shortest-first gives (Goemans, SODA 1997). What must be done for an end, itself and what it
 * waits for, has its share of the machine; usage of a task is even, so its own mean busy time lies
 * half its duration, and all that follows it, before that end. Using less work than a task needs, or a
 * higher rate than there is, only lowers the result: thin out a schedule evenly and mean busy times
 * stay.
 */
import { cautious, type Energy } from "./energy.js";
import type { Graph } from "./graph.js";
import type { Possible } from "./possible.js";
import { none, type Problem, taskRunning } from "./problem.js";

/** Weighted ticks. Heads and earliest ends as in `bounds.ts`. */
export function flowBound(
  problem: Problem,
  graph: Graph,
  possible: Possible,
  energies: readonly Energy[],
  earliestStart: Float64Array,
  earliestEnd: Float64Array,
): number {
  const { count, flowWeight, release } = problem.tasks;
  let alone = 0;
  for (let task = 0; task < count; task++) {
    const flow = (earliestEnd[task] as number) - (release[task] as number);
    alone += (flowWeight[task] as number) * flow;
  }
  let best = alone;
  const ways = waysToEnds(problem, graph, possible);
  const ascents = energies.map((energy) =>
    beginAscent(fluidOf(problem, possible, ways, energy, earliestStart, earliestEnd)),
  );
  for (const ascent of ascents) {
    climb(ascent, ascent.fluid.weight.length > rowsMax / 16 ? 1 : roundsFirst);
  }
  ascents.sort((a, b) => b.best - a.best);
  for (const ascent of ascents.slice(0, tightenedMax)) {
    const rows = Math.max(1, ascent.fluid.weight.length);
    climb(ascent, Math.min(roundsMax, Math.floor(rowsMax / rows)));
    best = Math.max(best, alone + ascent.best);
  }
  return best;
}

/** Resources whose bounds are tightened: those that say most after a few rounds. */
const tightenedMax = 3;
const roundsFirst = 4;
const roundsMax = 24;
/** Rows that the rounds of one resource may go over. */
const rowsMax = 40_000;

/** Which end a task is done for: one that counts, itself or behind it. */
interface Ways {
  /** [tasks] That end, or none. */
  readonly end: Int32Array;
  /** [tasks] Least time from the end of the task to that end. */
  readonly tail: Float64Array;
}

/** A task that several ends wait for is done for one of them: any partition gives a valid bound. */
function waysToEnds(problem: Problem, graph: Graph, possible: Possible): Ways {
  const { count, flowWeight, state } = problem.tasks;
  const { topological, successorFirst, successor, successorLag } = graph;
  const end = new Int32Array(count).fill(none);
  const tail = new Float64Array(count);
  for (let place = topological.length - 1; place >= 0; place--) {
    const task = topological[place] as number;
    // The end of what runs is a fact, and what it waited for is none of its concern.
    if (state[task] === taskRunning) continue;
    if ((flowWeight[task] as number) > 0) {
      end[task] = task;
      continue;
    }
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k++) {
      const after = successor[k] as number;
      const to = end[after] as number;
      if (to === none || (end[task] !== none && end[task] !== to)) continue;
      end[task] = to;
      const path = (successorLag[k] as number) + (possible.shortest[after] as number);
      tail[task] = Math.max(tail[task] as number, path + (tail[after] as number));
    }
  }
  return { end, tail };
}

/** What is to be done for the ends that share a resource, as one machine of rate 1; by rows. */
interface Fluid {
  readonly weight: Float64Array;
  /** Ticks that it takes the machine. */
  readonly length: Float64Array;
  /** Earliest start of any of it. */
  readonly head: Float64Array;
  /** Least time from the mean busy time to the end. */
  readonly behind: Float64Array;
  /** Earliest end by itself. */
  readonly alone: Float64Array;
}

function fluidOf(
  { tasks }: Problem,
  possible: Possible,
  { end, tail }: Ways,
  { work, rateMax }: Energy,
  earliestStart: Float64Array,
  earliestEnd: Float64Array,
): Fluid {
  const rowOf = new Int32Array(end.length).fill(none);
  const ends: number[] = [];
  const total: number[] = [];
  const head: number[] = [];
  const behind: number[] = [];
  for (let task = 0; task < end.length; task++) {
    const amount = work[task] as number;
    const to = end[task] as number;
    if (amount <= 0 || to === none || rateMax <= 0) continue;
    if (rowOf[to] === none) {
      rowOf[to] = ends.push(to) - 1;
      total.push(0);
      head.push(Number.POSITIVE_INFINITY);
      behind.push(0);
    }
    const row = rowOf[to] as number;
    const fromMiddle = (possible.shortest[task] as number) / 2 + (tail[task] as number);
    total[row] = (total[row] as number) + amount;
    head[row] = Math.min(head[row] as number, earliestStart[task] as number);
    behind[row] = (behind[row] as number) + amount * fromMiddle;
  }
  const length = Float64Array.from(total, (amount) => amount / rateMax);
  return {
    weight: Float64Array.from(ends, (to) => tasks.flowWeight[to] as number),
    length,
    head: Float64Array.from(head),
    // However short the tasks: all of them together take the machine so long.
    behind: Float64Array.from(behind, (sum, row) =>
      Math.max(sum / (total[row] as number), (length[row] as number) / 2),
    ),
    alone: Float64Array.from(ends, (to) => earliestEnd[to] as number),
  };
}

/**
 * What the ends must wait beyond their earliest, if of each weight only `part` counts for sharing the
 * machine, and the rest for the earliest end: for any parts a valid bound (Lagrange).
 */
function gainOf(
  { length, head, behind, alone }: Fluid,
  part: Float64Array,
): { readonly gain: number; readonly late: Float64Array } {
  const late = meanBusyTimes(length, part, head);
  let shared = 0;
  let unshared = 0;
  for (let row = 0; row < late.length; row++) {
    const least = (late[row] as number) + (behind[row] as number);
    shared += (part[row] as number) * least;
    unshared += (part[row] as number) * (alone[row] as number);
    late[row] = least - (alone[row] as number);
  }
  return { gain: shared * cautious - unshared, late };
}

/** Steps along the subgradient: ends that wait anyway count more, the others less. */
interface Ascent {
  readonly fluid: Fluid;
  readonly part: Float64Array;
  best: number;
  round: number;
}

const beginAscent = (fluid: Fluid): Ascent => ({
  fluid,
  part: fluid.weight.slice(),
  best: 0,
  round: 0,
});

function climb(ascent: Ascent, rounds: number): void {
  const { fluid, part } = ascent;
  const { weight } = fluid;
  for (let k = 0; k < rounds && weight.length > 0; k++) {
    const { gain, late } = gainOf(fluid, part);
    ascent.best = Math.max(ascent.best, gain);
    ascent.round++;
    let scale = 1;
    for (const ticks of late) scale += Math.abs(ticks) / late.length;
    const step = 1 / (1 + ascent.round / 4);
    for (let row = 0; row < part.length; row++) {
      const limit = weight[row] as number;
      const moved = (part[row] as number) + (limit * step * (late[row] as number)) / scale;
      // Never quite 0: it says in which order those that do not count come.
      part[row] = Math.max(limit * 1e-6, Math.min(limit, moved));
    }
  }
}

/** Preemptive weighted-shortest-first on one machine of rate 1, arrivals at heads. */
function meanBusyTimes(
  length: Float64Array,
  weight: Float64Array,
  head: Float64Array,
): Float64Array {
  const ratio = length.map((ticks, row) => (weight[row] as number) / ticks);
  const arrivals = Int32Array.from(length, (_, row) => row).sort(
    (a, b) => (head[a] as number) - (head[b] as number),
  );
  const left = length.slice();
  // Sum over pieces of (piece length × middle of piece), per row.
  const moment = new Float64Array(length.length);
  const waiting = createHeap(ratio);
  let now = 0;
  let arrived = 0;
  const headOf = (place: number): number => {
    const row = arrivals[place];
    return row === undefined ? Number.POSITIVE_INFINITY : (head[row] as number);
  };
  while (arrived < arrivals.length || waiting.size() > 0) {
    if (waiting.size() === 0) now = Math.max(now, headOf(arrived));
    while (headOf(arrived) <= now) waiting.push(arrivals[arrived++] as number);
    const row = waiting.top();
    const piece = Math.min(left[row] as number, headOf(arrived) - now);
    moment[row] = (moment[row] as number) + piece * (now + piece / 2);
    left[row] = (left[row] as number) - piece;
    now += piece;
    if ((left[row] as number) <= 0) waiting.pop();
    else now = Math.max(now, headOf(arrived));
  }
  return moment.map((sum, row) => sum / (length[row] as number));
}

interface Heap {
  size(): number;
  push(index: number): void;
  top(): number;
  pop(): void;
}

/** Indices, highest key first. */
function createHeap(key: Float64Array): Heap {
  const heap: number[] = [];
  const at = (place: number): number => key[heap[place] as number] as number;
  const swap = (a: number, b: number): void => {
    const kept = heap[a] as number;
    heap[a] = heap[b] as number;
    heap[b] = kept;
  };
  return {
    size: () => heap.length,
    top: () => heap[0] as number,
    push(index) {
      heap.push(index);
      for (let place = heap.length - 1; place > 0; ) {
        const parent = (place - 1) >>> 1;
        if (at(parent) >= at(place)) return;
        swap(parent, place);
        place = parent;
      }
    },
    pop() {
      const last = heap.pop() as number;
      if (heap.length === 0) return;
      heap[0] = last;
      for (let place = 0, child = 1; child < heap.length; child = 2 * place + 1) {
        if (child + 1 < heap.length && at(child + 1) > at(child)) child++;
        if (at(place) >= at(child)) return;
        swap(place, child);
        place = child;
      }
    },
  };
}
