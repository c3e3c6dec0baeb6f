/**
 * A semi-active schedule of a shop: a way for each operation, a sequence on each machine, and the
 * longest paths to and from each operation, kept up to date under moves.
 *
 * Heads and tails are recomputed along a topological order that is itself repaired within the
 * stretch that a move disturbs (as in Nowicki & Smutnicki 1996; Michel & Van Hentenryck 2003), and
 * only where a value has changed. A move that would close a cycle is found there, and undone.
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

/** Lays the schedule out anew: sequences follow `order`, which must respect the precedence. */
export function layOut(schedule: Schedule, way: Int32Array, order: Int32Array): void {
  const { model, firstOn, lastOn, previous, next, rank } = schedule;
  const none = model.count;
  firstOn.fill(none);
  lastOn.fill(none);
  for (let at = 0; at < none; at += 1) {
    const op = order[at] as number;
    schedule.order[at] = op;
    schedule.position[op] = at;
    previous[op] = none;
    next[op] = none;
    choose(schedule, op, way[op] as number);
    const machine = schedule.machine[op] as number;
    if (machine < 0) continue;
    const last = lastOn[machine] as number;
    previous[op] = last;
    rank[op] = last === none ? 0 : (rank[last] as number) + 1;
    if (last === none) firstOn[machine] = op;
    else next[last] = op;
    lastOn[machine] = op;
  }
  for (let at = 0; at < none; at += 1) refreshEnd(schedule, order[at] as number);
  for (let at = none - 1; at >= 0; at -= 1) refreshRest(schedule, order[at] as number);
  schedule.steps += 2 * none;
  schedule.makespan = makespanOf(schedule);
}

function choose(schedule: Schedule, op: number, way: number): void {
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

function refreshEnd(schedule: Schedule, op: number): boolean {
  const { model, end } = schedule;
  const { beforeFirst, before, beforeLag } = model;
  let ready = schedule.floor[op] as number;
  const last = beforeFirst[op + 1] as number;
  for (let k = beforeFirst[op] as number; k < last; k += 1) {
    const at = (end[before[k] as number] as number) + (beforeLag[k] as number);
    if (at > ready) ready = at;
  }
  schedule.jobReady[op] = ready;
  const free = end[schedule.previous[op] as number] as number;
  const value = (free > ready ? free : ready) + (schedule.duration[op] as number);
  if (end[op] === value) return false;
  end[op] = value;
  return true;
}

function refreshRest(schedule: Schedule, op: number): boolean {
  const { model, rest } = schedule;
  const { afterFirst, after, afterLag } = model;
  let longest = 0;
  const last = afterFirst[op + 1] as number;
  for (let k = afterFirst[op] as number; k < last; k += 1) {
    const path = (rest[after[k] as number] as number) + (afterLag[k] as number);
    if (path > longest) longest = path;
  }
  schedule.jobRest[op] = longest;
  const onMachine = rest[schedule.next[op] as number] as number;
  const value = (onMachine > longest ? onMachine : longest) + (schedule.duration[op] as number);
  if (rest[op] === value) return false;
  rest[op] = value;
  return true;
}

function makespanOf({ model, end }: Schedule): number {
  const { sinks } = model;
  let latest = model.floor;
  for (let k = 0; k < sinks.length; k += 1) {
    const at = end[sinks[k] as number] as number;
    if (at > latest) latest = at;
  }
  return latest;
}

/**
 * Takes `op` out of its sequence and puts it, run in `way`, right after `left` (`count`: in front of
 * all) on the machine of that way. Returns false, with nothing changed, if that closes a cycle.
 */
export function reinsert(schedule: Schedule, op: number, way: number, left: number): boolean {
  const { model, machine, previous, position } = schedule;
  const none = model.count;
  const oldWay = schedule.way[op] as number;
  const oldLeft = previous[op] as number;
  const oldRight = schedule.next[op] as number;
  const oldMachine = machine[op] as number;
  const oldRank = schedule.rank[op] as number;
  unlink(schedule, op);
  const target = model.wayMachine[way] as number;
  link(schedule, op, target, left);
  const right = schedule.next[op] as number;
  const at = position[op] as number;
  let holds = true;
  if (left !== none && (position[left] as number) > at) holds = shiftBack(schedule, op, left);
  else if (right !== none && (position[right] as number) < at) {
    holds = shiftForward(schedule, op, right);
  }
  if (!holds) {
    unlink(schedule, op);
    link(schedule, op, oldMachine, oldLeft);
    return false;
  }
  if (way !== oldWay) choose(schedule, op, way);
  rerank(schedule, op, target, oldMachine, oldRight, oldRank);
  propagate(schedule, op, oldLeft, oldRight, right, left);
  return true;
}

function unlink({ model, machine, previous, next, firstOn, lastOn }: Schedule, op: number): void {
  const none = model.count;
  const left = previous[op] as number;
  const right = next[op] as number;
  const from = machine[op] as number;
  if (left === none) firstOn[from] = right;
  else next[left] = right;
  if (right === none) lastOn[from] = left;
  else previous[right] = left;
}

function link(schedule: Schedule, op: number, target: number, left: number): void {
  const { model, machine, previous, next, firstOn, lastOn } = schedule;
  const none = model.count;
  const right = (left === none ? firstOn[target] : next[left]) as number;
  machine[op] = target;
  previous[op] = left;
  next[op] = right;
  if (left === none) firstOn[target] = op;
  else next[left] = op;
  if (right === none) lastOn[target] = op;
  else previous[right] = op;
}

/** Numbers the sequences again, from the first place that changed. */
function rerank(
  schedule: Schedule,
  op: number,
  target: number,
  oldMachine: number,
  oldRight: number,
  oldRank: number,
): void {
  const { model, rank, next, previous } = schedule;
  const none = model.count;
  const left = previous[op] as number;
  const newRank = left === none ? 0 : (rank[left] as number) + 1;
  if (target !== oldMachine) {
    for (let x = op, r = newRank; x !== none; x = next[x] as number, r += 1) rank[x] = r;
    for (let x = oldRight, r = oldRank; x !== none; x = next[x] as number, r += 1) rank[x] = r;
    return;
  }
  if (left === none || (rank[left] as number) < oldRank) {
    // Forward of its old place: everything between moves back by one.
    for (let x = op, r = newRank; r <= oldRank; x = next[x] as number, r += 1) rank[x] = r;
    return;
  }
  for (let x = oldRight, r = oldRank; x !== op; x = next[x] as number, r += 1) rank[x] = r;
  rank[op] = (rank[left] as number) + 1;
}

/** Moves `op`, and all between that follow it, behind `left` in the topological order. */
function shiftBack(schedule: Schedule, op: number, left: number): boolean {
  const { model, order, position, mark, moved, previous } = schedule;
  const { beforeFirst, before } = model;
  const from = position[op] as number;
  const to = position[left] as number;
  let count = 0;
  mark[op] = 1;
  moved[count++] = op;
  for (let at = from + 1; at <= to; at += 1) {
    const x = order[at] as number;
    let follows = mark[previous[x] as number] as number;
    const last = beforeFirst[x + 1] as number;
    for (let k = beforeFirst[x] as number; k < last; k += 1) {
      follows |= mark[before[k] as number] as number;
    }
    if (follows === 0) continue;
    mark[x] = 1;
    moved[count++] = x;
  }
  schedule.steps += to - from;
  const holds = mark[left] === 0;
  if (holds) {
    let write = from;
    for (let at = from; at <= to; at += 1) {
      const x = order[at] as number;
      if (mark[x] === 1) continue;
      order[write] = x;
      position[x] = write++;
    }
    for (let k = 0; k < count; k += 1) {
      const x = moved[k] as number;
      order[write] = x;
      position[x] = write++;
    }
  }
  for (let k = 0; k < count; k += 1) mark[moved[k] as number] = 0;
  return holds;
}

/** Moves `op`, and all between that it follows, in front of `right` in the topological order. */
function shiftForward(schedule: Schedule, op: number, right: number): boolean {
  const { model, order, position, mark, moved, next } = schedule;
  const { afterFirst, after } = model;
  const from = position[right] as number;
  const to = position[op] as number;
  let count = 0;
  mark[op] = 1;
  moved[count++] = op;
  for (let at = to - 1; at >= from; at -= 1) {
    const x = order[at] as number;
    let leads = mark[next[x] as number] as number;
    const last = afterFirst[x + 1] as number;
    for (let k = afterFirst[x] as number; k < last; k += 1) {
      leads |= mark[after[k] as number] as number;
    }
    if (leads === 0) continue;
    mark[x] = 1;
    moved[count++] = x;
  }
  schedule.steps += to - from;
  const holds = mark[right] === 0;
  if (holds) {
    let write = to;
    for (let at = to; at >= from; at -= 1) {
      const x = order[at] as number;
      if (mark[x] === 1) continue;
      order[write] = x;
      position[x] = write--;
    }
    for (let k = 0; k < count; k += 1) {
      const x = moved[k] as number;
      order[write] = x;
      position[x] = write--;
    }
  }
  for (let k = 0; k < count; k += 1) mark[moved[k] as number] = 0;
  return holds;
}

/** Recomputes heads and tails from the operations whose neighbours changed, as far as they do. */
function propagate(
  schedule: Schedule,
  op: number,
  oldLeft: number,
  oldRight: number,
  right: number,
  left: number,
): void {
  propagateEnds(schedule, op, oldRight, right);
  propagateRests(schedule, op, oldLeft, left);
  schedule.makespan = makespanOf(schedule);
}

function propagateEnds(schedule: Schedule, a: number, b: number, c: number): void {
  const { model, order, position, mark, next } = schedule;
  const { afterFirst, after } = model;
  const none = model.count;
  let pending = 0;
  let at = none;
  for (let k = 0; k < 3; k += 1) {
    const op = k === 0 ? a : k === 1 ? b : c;
    if (op === none || mark[op] === 1) continue;
    mark[op] = 1;
    pending += 1;
    if ((position[op] as number) < at) at = position[op] as number;
  }
  const from = at;
  for (; pending > 0; at += 1) {
    const op = order[at] as number;
    if (mark[op] === 0) continue;
    mark[op] = 0;
    pending -= 1;
    if (!refreshEnd(schedule, op)) continue;
    const onMachine = next[op] as number;
    if (onMachine !== none && mark[onMachine] === 0) {
      mark[onMachine] = 1;
      pending += 1;
    }
    const last = afterFirst[op + 1] as number;
    for (let k = afterFirst[op] as number; k < last; k += 1) {
      const x = after[k] as number;
      if (mark[x] === 1) continue;
      mark[x] = 1;
      pending += 1;
    }
  }
  schedule.steps += at - from;
}

function propagateRests(schedule: Schedule, a: number, b: number, c: number): void {
  const { model, order, position, mark, previous } = schedule;
  const { beforeFirst, before } = model;
  const none = model.count;
  let pending = 0;
  let at = -1;
  for (let k = 0; k < 3; k += 1) {
    const op = k === 0 ? a : k === 1 ? b : c;
    if (op === none || mark[op] === 1) continue;
    mark[op] = 1;
    pending += 1;
    if ((position[op] as number) > at) at = position[op] as number;
  }
  const from = at;
  for (; pending > 0; at -= 1) {
    const op = order[at] as number;
    if (mark[op] === 0) continue;
    mark[op] = 0;
    pending -= 1;
    if (!refreshRest(schedule, op)) continue;
    const onMachine = previous[op] as number;
    if (onMachine !== none && mark[onMachine] === 0) {
      mark[onMachine] = 1;
      pending += 1;
    }
    const last = beforeFirst[op + 1] as number;
    for (let k = beforeFirst[op] as number; k < last; k += 1) {
      const x = before[k] as number;
      if (mark[x] === 1) continue;
      mark[x] = 1;
      pending += 1;
    }
  }
  schedule.steps += from - at;
}
