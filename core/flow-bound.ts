/**
 * A bound on the weighted sum of flow times. By itself a task ends no earlier than its earliest end.
 * Together, tasks share a resource: seen as one machine of the cluster's whole rate that may switch
 * between them at will, their mean busy times M sum up, weighted, to no less than preemptive
 * weighted-shortest-first gives (Goemans, SODA 1997), and each task ends half its duration after its
 * mean busy time, because its usage is even. Using less work than a task needs, or a higher rate
 * than there is, only lowers the result: thin out a schedule evenly and mean busy times stay.
 */
import { cautious, type Energy } from "./energy.js";
import type { Possible } from "./possible.js";
import { type Problem, taskRunning } from "./problem.js";

/** Weighted ticks. Heads and earliest ends as in `bounds.ts`. */
export function flowBound(
  problem: Problem,
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
  for (const energy of energies) {
    const gain = sharedGain(problem, possible, energy, earliestStart, earliestEnd);
    best = Math.max(best, alone + gain);
  }
  return best;
}

/** What the tasks of one resource must wait beyond their earliest ends, weighted. */
function sharedGain(
  problem: Problem,
  possible: Possible,
  energy: Energy,
  earliestStart: Float64Array,
  earliestEnd: Float64Array,
): number {
  const { flowWeight, state } = problem.tasks;
  const members: number[] = [];
  energy.work.forEach((work, task) => {
    const counts = work > 0 && (flowWeight[task] as number) > 0 && state[task] !== taskRunning;
    if (counts) members.push(task);
  });
  if (members.length === 0 || energy.rateMax <= 0) return 0;
  let shared = 0;
  let alone = 0;
  const busy = meanBusyTimes(members, energy, flowWeight, earliestStart);
  members.forEach((task, index) => {
    const weight = flowWeight[task] as number;
    const end = (busy[index] as number) + (possible.shortest[task] as number) / 2;
    shared += weight * end;
    alone += weight * (earliestEnd[task] as number);
  });
  return shared * cautious - alone;
}

/** Preemptive weighted-shortest-first on one machine of rate `rateMax`, tasks arriving at heads. */
function meanBusyTimes(
  members: readonly number[],
  energy: Energy,
  weight: Float64Array,
  head: Float64Array,
): Float64Array {
  const length = Float64Array.from(members, (task) => {
    return (energy.work[task] as number) / energy.rateMax;
  });
  const ratio = length.map((ticks, index) => (weight[members[index] as number] as number) / ticks);
  const arrivals = members
    .map((_, index) => index)
    .sort(
      (a, b) => (head[members[a] as number] as number) - (head[members[b] as number] as number),
    );
  const left = length.slice();
  // Sum over pieces of (piece length × middle of piece), per task.
  const moment = new Float64Array(members.length);
  const waiting = createHeap(ratio);
  let now = 0;
  let arrived = 0;
  const headOf = (place: number): number => {
    const index = arrivals[place];
    return index === undefined
      ? Number.POSITIVE_INFINITY
      : (head[members[index] as number] as number);
  };
  while (arrived < arrivals.length || waiting.size() > 0) {
    if (waiting.size() === 0) now = Math.max(now, headOf(arrived));
    while (headOf(arrived) <= now) waiting.push(arrivals[arrived++] as number);
    const index = waiting.top();
    const piece = Math.min(left[index] as number, headOf(arrived) - now);
    moment[index] = (moment[index] as number) + piece * (now + piece / 2);
    left[index] = (left[index] as number) - piece;
    now += piece;
    if ((left[index] as number) <= 0) waiting.pop();
    else now = Math.max(now, headOf(arrived));
  }
  return moment.map((sum, index) => sum / (length[index] as number));
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
