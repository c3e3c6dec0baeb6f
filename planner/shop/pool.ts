/** A small pool of good and different schedules, and what lies between two of them. */

import { layOut } from "./lay-out.js";
import type { ShopModel } from "./model.js";
import type { Schedule } from "./schedule.js";
import { copySnapshot, createSnapshot, type Snapshot } from "./tabu.js";

/** Schedules that share more are as good as the same: nothing lies between them. */
const likenessMax = 0.7;

export interface Pool {
  readonly sizeMax: number;
  readonly members: Snapshot[];
}

/**
 * Takes a schedule in if it is better than the worst and unlike all others; those that are like it and
 * no better give way. Returns whether it came in.
 */
export function offerToPool(pool: Pool, model: ShopModel, found: Snapshot): boolean {
  const { members, sizeMax } = pool;
  const twins = members.filter((member) => likeness(model, member, found) > likenessMax);
  if (twins.some(({ makespan }) => makespan <= found.makespan)) return false;
  for (const twin of twins.slice(1)) members.splice(members.indexOf(twin), 1);
  const twin = twins[0];
  if (twin !== undefined) {
    copySnapshot(found, twin);
    return true;
  }
  if (members.length < sizeMax) {
    const copy = createSnapshot(model.count);
    copySnapshot(found, copy);
    members.push(copy);
    return true;
  }
  const worst = members.reduce((a, b) => (b.makespan > a.makespan ? b : a));
  if (found.makespan >= worst.makespan) return false;
  copySnapshot(found, worst);
  return true;
}

/**
 * Share of operations that run in the same way behind the same one. Not by start times: a shift of
 * everything by a moment would make strangers of two schedules that differ by one exchange.
 */
function likeness({ count }: ShopModel, a: Snapshot, b: Snapshot): number {
  let same = 0;
  for (let op = 0; op < count; op += 1) {
    if (a.way[op] === b.way[op] && a.previous[op] === b.previous[op]) same += 1;
  }
  return count === 0 ? 1 : same / count;
}

export interface Blend {
  readonly way: Int32Array;
  readonly order: Int32Array;
  readonly key: Float64Array;
}

export const createBlend = (count: number): Blend => ({
  way: new Int32Array(count),
  order: new Int32Array(count),
  key: new Float64Array(count),
});

/**
 * Lays out a schedule on the way from `a` to `b`, `share` of it from `b` (path relinking in the
 * space of start times: Glover; Peng, Lü & Cheng 2015 walk by swaps instead). If one operation comes
 * before another in both it does in between, so no repair is ever needed. Ways are inherited.
 */
export function relink(
  schedule: Schedule,
  blend: Blend,
  a: Snapshot,
  b: Snapshot,
  share: number,
  random: () => number,
): void {
  const { model } = schedule;
  const { way, order, key } = blend;
  for (let op = 0; op < model.count; op += 1) {
    const other = (a.way[op] as number) !== (b.way[op] as number) && random() < share;
    way[op] = (other ? b.way[op] : a.way[op]) as number;
    key[op] = (1 - share) * (a.start[op] as number) + share * (b.start[op] as number);
  }
  // A stable sort: operations that start at once in between stay in the order of `a`.
  order.set(a.order);
  order.sort((x, y) => (key[x] as number) - (key[y] as number));
  layOut(schedule, way, order);
}
