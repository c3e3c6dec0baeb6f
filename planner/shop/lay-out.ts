/** Schedules from scratch: a way for each operation, and an order that gives the sequences. */
import { makespanOf, refreshEnd, refreshRest } from "./longest-paths.js";
import { chooseWay, type Schedule } from "./schedule.js";

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
    chooseWay(schedule, op, way[op] as number);
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
