/** A critical path of a schedule: a chain of operations that leaves no room from start to end. */
import { randomInteger } from "../../core/random.js";
import type { Schedule } from "./schedule.js";

export interface CriticalPath {
  readonly ops: Int32Array;
  length: number;
}

export const createPath = (count: number): CriticalPath => ({
  ops: new Int32Array(count + 1),
  length: 0,
});

/** One of the critical paths, by chance; empty where what runs now ends last. */
export function tracePath(schedule: Schedule, random: () => number, path: CriticalPath): void {
  const { model, end, previous, duration, jobReady, floor } = schedule;
  const { ops } = path;
  const none = model.count;
  let at = none;
  let op = lastOne(schedule, random);
  while (op !== none) {
    at -= 1;
    ops[at] = op;
    const head = (end[op] as number) - (duration[op] as number);
    const before = previous[op] as number;
    const byMachine = before !== none && end[before] === head;
    const byJob = jobReady[op] === head && head > (floor[op] as number);
    if (byMachine && (!byJob || random() < 0.5)) op = before;
    else op = byJob ? lastBefore(schedule, op, head) : none;
  }
  ops.copyWithin(0, at, none);
  path.length = none - at;
  schedule.steps += path.length;
}

function lastOne({ model, end, makespan }: Schedule, random: () => number): number {
  const { sinks } = model;
  const offset = randomInteger(random, sinks.length);
  for (let k = 0; k < sinks.length; k += 1) {
    const op = sinks[(k + offset) % sinks.length] as number;
    if (end[op] === makespan) return op;
  }
  return model.count;
}

function lastBefore({ model, end }: Schedule, op: number, head: number): number {
  const { before, beforeFirst, beforeLag } = model;
  const last = beforeFirst[op + 1] as number;
  for (let k = beforeFirst[op] as number; k < last; k += 1) {
    const x = before[k] as number;
    if ((end[x] as number) + (beforeLag[k] as number) === head) return x;
  }
  return model.count;
}
