/**
 * First schedules: Giffler & Thompson's (1960) active schedules with a choice of machine by earliest
 * end, and schedules read from plans.
 */
import { greedy } from "../../core/greedy.js";
import type { Plan } from "../../core/plan.js";
import { layOut } from "./lay-out.js";
import type { ShopModel } from "./model.js";
import type { Schedule } from "./schedule.js";

/** Scanning all available operations for each to be placed is affordable below this. */
const scansMax = 20_000_000;

export interface Dispatcher {
  readonly model: ShopModel;
  /** Longest path after an operation's start, each at its shortest: the priority. */
  readonly work: Int32Array;
  readonly way: Int32Array;
  readonly order: Int32Array;
  readonly waiting: Int32Array;
  readonly ready: Int32Array;
  readonly available: Int32Array;
  readonly free: Int32Array;
}

export function createDispatcher(model: ShopModel): Dispatcher {
  const { count } = model;
  return {
    model,
    work: remainingWork(model),
    way: new Int32Array(count),
    order: new Int32Array(count),
    waiting: new Int32Array(count),
    ready: new Int32Array(count),
    available: new Int32Array(count),
    free: new Int32Array(model.machines),
  };
}

function remainingWork(model: ShopModel): Int32Array {
  const { count, topological, wayFirst, wayDuration, afterFirst, after, afterLag } = model;
  const work = new Int32Array(count);
  for (let at = count - 1; at >= 0; at -= 1) {
    const op = topological[at] as number;
    let longest = 0;
    for (let k = afterFirst[op] as number; k < (afterFirst[op + 1] as number); k += 1) {
      longest = Math.max(longest, (work[after[k] as number] as number) + (afterLag[k] as number));
    }
    let least = Number.POSITIVE_INFINITY;
    for (let way = wayFirst[op] as number; way < (wayFirst[op + 1] as number); way += 1) {
      least = Math.min(least, wayDuration[way] as number);
    }
    work[op] = longest + (least === Number.POSITIVE_INFINITY ? 0 : least);
  }
  return work;
}

/** Who competes for a machine (all that may begin before the first could end, or at once), who wins. */
export interface Rule {
  readonly isDelaying: boolean;
  readonly isByArrival: boolean;
}

/** Most work remaining among active and among non-delay schedules, and first come, first served. */
export const rules: readonly Rule[] = [
  { isDelaying: true, isByArrival: false },
  { isDelaying: false, isByArrival: false },
  { isDelaying: false, isByArrival: true },
];

/** Lays out a schedule by a rule, its priorities blurred by up to `noise` of them. */
export function dispatch(
  dispatcher: Dispatcher,
  schedule: Schedule,
  rule: Rule,
  random: () => number,
  noise: number,
): void {
  const { model, waiting, ready, available, order, way, free } = dispatcher;
  const { count } = model;
  let open = 0;
  for (let op = 0; op < count; op += 1) {
    waiting[op] = (model.beforeFirst[op + 1] as number) - (model.beforeFirst[op] as number);
    ready[op] = model.release[op] as number;
    if (waiting[op] === 0) available[open++] = op;
  }
  free.set(model.ready);
  let scans = 0;
  for (let at = 0; at < count; at += 1) {
    const place = scans > scansMax ? 0 : mostUrgent(dispatcher, open, rule, random, noise);
    scans += open;
    const op = available[place] as number;
    // Keeps the order of arrival, for when the first is taken without a look.
    available.copyWithin(place, place + 1, open);
    open -= 1;
    order[at] = op;
    const end = settle(dispatcher, op);
    for (let k = model.afterFirst[op] as number; k < (model.afterFirst[op + 1] as number); k += 1) {
      const x = model.after[k] as number;
      ready[x] = Math.max(ready[x] as number, end + (model.afterLag[k] as number));
      waiting[x] = (waiting[x] as number) - 1;
      if (waiting[x] === 0) available[open++] = x;
    }
  }
  schedule.steps += Math.min(scans, scansMax);
  layOut(schedule, way, order);
}

/** Chooses the way of earliest end, and takes its machine. Returns the end. */
function settle({ model, ready, way, free }: Dispatcher, op: number): number {
  way[op] = fastest(model, ready, free, op);
  const chosen = way[op] as number;
  if (chosen < 0) return ready[op] as number;
  const machine = model.wayMachine[chosen] as number;
  if (model.isInstant[op] === 1) return ready[op] as number;
  const start = Math.max(ready[op] as number, free[machine] as number);
  const end = start + (model.wayDuration[chosen] as number);
  free[machine] = end;
  return end;
}

function fastest(model: ShopModel, ready: Int32Array, free: Int32Array, op: number): number {
  const { wayFirst, wayMachine, wayDuration } = model;
  let best = -1;
  let bestEnd = Number.POSITIVE_INFINITY;
  const last = wayFirst[op + 1] as number;
  for (let way = wayFirst[op] as number; way < last; way += 1) {
    const at = free[wayMachine[way] as number] as number;
    const from = ready[op] as number;
    const end = (at > from ? at : from) + (wayDuration[way] as number);
    if (end >= bestEnd) continue;
    bestEnd = end;
    best = way;
  }
  return best;
}

/** Of what could start before the earliest possible end on its machine, the most urgent. */
function mostUrgent(
  { model, ready, available, free, work }: Dispatcher,
  open: number,
  rule: Rule,
  random: () => number,
  noise: number,
): number {
  let first = 0;
  let firstEnd = Number.POSITIVE_INFINITY;
  let on = -1;
  for (let k = 0; k < open; k += 1) {
    const op = available[k] as number;
    const way = fastest(model, ready, free, op);
    if (way < 0 || model.isInstant[op] === 1) return k;
    const machine = model.wayMachine[way] as number;
    const start = Math.max(ready[op] as number, free[machine] as number);
    const end = start + (model.wayDuration[way] as number);
    if (end >= firstEnd) continue;
    firstEnd = end;
    first = k;
    on = machine;
  }
  let most = Number.NEGATIVE_INFINITY;
  const latest = rule.isDelaying
    ? firstEnd
    : earliestOn(model, ready, free, available, open, on) + 1;
  for (let k = 0; k < open; k += 1) {
    const op = available[k] as number;
    const way = fastest(model, ready, free, op);
    if (model.wayMachine[way] !== on) continue;
    const start = Math.max(ready[op] as number, free[on] as number);
    if (start >= latest) continue;
    const blur = 1 - noise * random();
    const urgency = rule.isByArrival ? -(ready[op] as number) * blur : (work[op] as number) * blur;
    if (urgency <= most) continue;
    most = urgency;
    first = k;
  }
  return first;
}

/** When the first of the available operations could begin on a machine. */
function earliestOn(
  model: ShopModel,
  ready: Int32Array,
  free: Int32Array,
  available: Int32Array,
  open: number,
  on: number,
): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < open; k += 1) {
    const op = available[k] as number;
    if (model.wayMachine[fastest(model, ready, free, op)] !== on) continue;
    earliest = Math.min(earliest, Math.max(ready[op] as number, free[on] as number));
  }
  return earliest;
}

/** Lays out the schedule of a plan; false if it is not one for this shop. */
export function layOutPlan(dispatcher: Dispatcher, schedule: Schedule, plan: Plan): boolean {
  const { model, way, order } = dispatcher;
  const place = new Int32Array(model.count);
  model.topological.forEach((op, at) => {
    place[op] = at;
  });
  for (let op = 0; op < model.count; op += 1) {
    const task = model.taskOf[op] as number;
    way[op] = -1;
    const last = model.wayFirst[op + 1] as number;
    for (let k = model.wayFirst[op] as number; k < last; k += 1) {
      if (model.wayMachine[k] === plan.worker[task]) way[op] = k;
    }
    if (way[op] === -1 && last > (model.wayFirst[op] as number)) return false;
    order[op] = op;
  }
  const start = (op: number): number => plan.start[model.taskOf[op] as number] as number;
  order.sort((a, b) => start(a) - start(b) || (place[a] as number) - (place[b] as number));
  layOut(schedule, way, order);
  return true;
}

/** Whether scanning what is available at every step would take too long to come at once. */
export const isHuge = ({ count }: ShopModel): boolean => count * Math.min(count, 200) >= scansMax;

/** A greedy schedule, by another way than scans. */
export function layOutGreedy(dispatcher: Dispatcher, schedule: Schedule): boolean {
  return layOutPlan(dispatcher, schedule, greedy(dispatcher.model.problem));
}
