import { propagate } from "./longest-paths.js";
import { chooseWay, type Schedule } from "./schedule.js";
import { shiftBack, shiftForward } from "./topological-order.js";

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
  if (way !== oldWay) chooseWay(schedule, op, way);
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
