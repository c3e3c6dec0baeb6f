/**
 * Moves of a critical operation to another machine (k-insertion, Mastrolilli & Gambardella 2000).
 * On each machine only the stretch between what ends before the operation could start and what may
 * begin after it could end needs a look: the best place is there, and it closes no cycle.
 */
import { offer, type TabuSearch } from "../../shop/tabu.js";
import { lookAtOtherWays } from "./other-ways.js";

export function assignmentMoves(search: TabuSearch): void {
  lookAtOtherWays(search, insertOn);
}

function insertOn(search: TabuSearch, op: number, way: number): void {
  const { schedule } = search;
  const { model, end, rest, duration, next, jobReady, jobRest } = schedule;
  const { release, ready } = model;
  const none = model.count;
  const machine = model.wayMachine[way] as number;
  const length = model.wayDuration[way] as number;
  // The floor of the machine at hand may be in `jobReady`; that of the other one counts.
  const floor = Math.max(release[op] as number, ready[machine] as number);
  const from = Math.max(jobReady[op] as number, floor);
  const tail = jobRest[op] as number;
  const earliestLeft = lowestRest(schedule, op);
  const latestRight = highestEnd(schedule, op);
  let left = none;
  let right = schedule.firstOn[machine] as number;
  let steps = 1;
  // Past all that comes before the operation anyway, or ends before it could start.
  while (right !== none) {
    const leads = (rest[right] as number) >= earliestLeft;
    const isOver = (end[right] as number) <= from;
    if (!leads && !isOver) break;
    left = right;
    right = next[right] as number;
    steps += 1;
  }
  for (;;) {
    const start = Math.max(from, end[left] as number);
    const after = Math.max(tail, rest[right] as number);
    offer(search, op, way, left, start + length + after, 0);
    steps += 1;
    // Behind this one nothing gets better: all that follows could wait anyway.
    if (right === none || (rest[right] as number) <= tail) break;
    // What begins this late may wait for the operation.
    if ((end[right] as number) - (duration[right] as number) >= latestRight) break;
    left = right;
    right = next[right] as number;
  }
  schedule.steps += steps;
}

/** What has less of a rest than this leads to no predecessor of the operation. */
function lowestRest({ model, rest }: TabuSearch["schedule"], op: number): number {
  const { before, beforeFirst } = model;
  let lowest = Number.POSITIVE_INFINITY;
  const last = beforeFirst[op + 1] as number;
  for (let k = beforeFirst[op] as number; k < last; k += 1) {
    lowest = Math.min(lowest, rest[before[k] as number] as number);
  }
  return lowest;
}

/** What starts before this follows from no successor of the operation. */
function highestEnd({ model, end, duration }: TabuSearch["schedule"], op: number): number {
  const { after, afterFirst } = model;
  let earliest = Number.POSITIVE_INFINITY;
  const last = afterFirst[op + 1] as number;
  for (let k = afterFirst[op] as number; k < last; k += 1) {
    const x = after[k] as number;
    earliest = Math.min(earliest, (end[x] as number) - (duration[x] as number));
  }
  return earliest;
}
