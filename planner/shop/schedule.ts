/**
 * A semi-active schedule of a shop: a way for each operation, a sequence on each machine, and the
 * longest paths to and from each operation, kept up to date under moves.
 */
import type { ShopModel } from "./model.js";

export interface Schedule {
  readonly model: ShopModel;
  /** Way of each operation, an index into the model's ways; -1 for milestones. */
  readonly way: Int32Array;
  /** -1: in no sequence. */
  readonly machine: Int32Array;
  readonly duration: Int32Array;
  /** Earliest start by release and by what runs now. */
  readonly floor: Int32Array;
  /** Neighbours on the machine; `count` where there is none. */
  readonly previous: Int32Array;
  readonly next: Int32Array;
  /** Ends of each machine's sequence; `count` where it is empty. */
  readonly firstOn: Int32Array;
  readonly lastOn: Int32Array;
  /** Place in the machine's sequence. */
  readonly rank: Int32Array;
  readonly order: Int32Array;
  readonly position: Int32Array;
  /** Longest path up to the end of the operation: its earliest end. */
  readonly end: Int32Array;
  /** Longest path from the start of the operation to the end of all. */
  readonly rest: Int32Array;
  /** Earliest start by precedence alone, in this schedule. */
  readonly jobReady: Int32Array;
  /** Longest path after the operation by precedence alone, in this schedule. */
  readonly jobRest: Int32Array;
  makespan: number;
  /** Elementary steps made so far, for counting work. */
  steps: number;
  readonly mark: Uint8Array;
  readonly moved: Int32Array;
}

export function createSchedule(model: ShopModel): Schedule {
  const size = model.count + 1;
  const empty = (): Int32Array => new Int32Array(size);
  return {
    model,
    way: empty().fill(-1),
    machine: empty().fill(-1),
    duration: empty(),
    floor: empty(),
    previous: empty().fill(model.count),
    next: empty().fill(model.count),
    firstOn: new Int32Array(model.machines).fill(model.count),
    lastOn: new Int32Array(model.machines).fill(model.count),
    rank: empty(),
    order: new Int32Array(model.count),
    position: empty(),
    end: empty(),
    rest: empty(),
    jobReady: empty(),
    jobRest: empty(),
    makespan: 0,
    steps: 0,
    mark: new Uint8Array(size),
    moved: empty(),
  };
}

/** Has an operation run in a way; its place in a sequence is not touched. */
export function chooseWay(schedule: Schedule, op: number, way: number): void {
  const { model, floor } = schedule;
  schedule.way[op] = way;
  floor[op] = model.release[op] as number;
  if (way < 0) return;
  schedule.duration[op] = model.wayDuration[way] as number;
  if (model.isInstant[op] === 1) return;
  const machine = model.wayMachine[way] as number;
  schedule.machine[op] = machine;
  floor[op] = Math.max(floor[op] as number, model.ready[machine] as number);
}
