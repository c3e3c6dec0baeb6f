/**
 * Moves that exchange a critical operation with one that runs at the same time on another machine.
 * Where machines are full, no operation fits anywhere beside what is there: only exchanges of
 * unlike durations even out the loads.
 */
import { offerExchange, type TabuSearch } from "../../shop/tabu.js";
import { lookAtOtherWays } from "./other-ways.js";

export function exchangeMoves(search: TabuSearch): void {
  lookAtOtherWays(search, exchangeOn);
}

/** Offers all that runs on the machine of `way` while `op` runs. */
function exchangeOn(search: TabuSearch, op: number, way: number): void {
  const { schedule } = search;
  const { model, end, duration, previous, next, lastOn } = schedule;
  const none = model.count;
  const from = (end[op] as number) - (duration[op] as number);
  const to = end[op] as number;
  let x = lastOn[model.wayMachine[way] as number] as number;
  let steps = 1;
  while (x !== none && (end[x] as number) - (duration[x] as number) >= to) {
    x = previous[x] as number;
    steps += 1;
  }
  for (; x !== none && (end[x] as number) > from; x = previous[x] as number) {
    steps += 1;
    if (next[x] === op || previous[x] === op) continue;
    const back = wayOn(search, x, schedule.machine[op] as number);
    if (back < 0) continue;
    const there = lengthOf(search, op, way, x);
    const here = lengthOf(search, x, back, op);
    offerExchange(search, op, way, x, back, there > here ? there : here);
  }
  schedule.steps += steps;
}

/** Longest path through `op` in `way` where `left` is now. */
function lengthOf({ schedule }: TabuSearch, op: number, way: number, left: number): number {
  const { model, end, rest, previous, next, jobReady, jobRest } = schedule;
  let head = Math.max(
    jobReady[op] as number,
    model.ready[model.wayMachine[way] as number] as number,
  );
  const free = end[previous[left] as number] as number;
  if (free > head) head = free;
  const tail = Math.max(jobRest[op] as number, rest[next[left] as number] as number);
  return head + (model.wayDuration[way] as number) + tail;
}

/** The way of an operation on a machine; -1 where it has none there. */
function wayOn({ schedule: { model } }: TabuSearch, op: number, machine: number): number {
  const { wayFirst, wayMachine } = model;
  const last = wayFirst[op + 1] as number;
  for (let way = wayFirst[op] as number; way < last; way += 1) {
    if (wayMachine[way] === machine) return way;
  }
  return -1;
}
