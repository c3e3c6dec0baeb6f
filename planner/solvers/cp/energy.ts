/**
 * Energy of one resource between two instants: time-table edge finding (Vilím 2011), explained as
 * Schutt, Feydy & Stuckey 2013 do it. What must run between them, wholly or with its compulsory part,
 * may need more than there is, or leave too little for another task to begin so early.
 *
 * O(n²), where time-tabling is about O(n): so it rests the longer the less it finds.
 */

import {
  createEnergyView,
  type EnergyView,
  listOverlaps,
  prefixes,
  readEntries,
} from "./energy-view.js";
import type { Engine, Propagator } from "./engine.js";
import type { CumulativeEntry, Fixed } from "./profile.js";
import { beginList, failList, listAtom, listReason, post } from "./trail.js";

interface Energy {
  readonly forth: EnergyView;
  readonly back: EnergyView;
  /** Calls to sleep through, and how many it will be after the next one that finds nothing. */
  rest: number;
  restNext: number;
}

const restMax = 64;

export function energyPropagator(
  entries: readonly CumulativeEntry[],
  capacity: number,
  fixed: readonly Fixed[],
): Propagator {
  const energy: Energy = {
    forth: createEnergyView(entries, capacity, fixed, false),
    back: createEnergyView(entries, capacity, fixed, true),
    rest: 0,
    restNext: 0,
  };
  return { propagate: (engine) => propagateEnergy(engine, energy) };
}

function propagateEnergy(engine: Engine, energy: Energy): boolean {
  if (energy.rest > 0) {
    energy.rest -= 1;
    return true;
  }
  const before = engine.trailLength;
  const holds = sweepIntervals(engine, energy.forth) && sweepIntervals(engine, energy.back);
  const hasFound = !holds || engine.trailLength > before;
  energy.restNext = hasFound ? energy.restNext >> 1 : Math.min(restMax, 2 * energy.restNext + 1);
  energy.rest = energy.restNext;
  return holds;
}

/** All intervals from an earliest start to a latest end. */
function sweepIntervals(engine: Engine, view: EnergyView): boolean {
  readEntries(engine, view);
  const { sure, est, lct, demand, free, capacity, byEst, byLct } = view;
  if (sure < 2) return true;
  prefixes(view);
  const { beforeEst, beforeLct, delay } = view;
  engine.work += (sure * sure) >> 2;
  for (let j = sure - 1; j >= 0; j -= 1) {
    const last = byLct[j] as number;
    const to = lct[last] as number;
    if (j + 1 < sure && lct[byLct[j + 1] as number] === to) continue;
    let inside = 0;
    let best = -1;
    let bestNeed = 0;
    readDelays(view, to);
    for (let i = sure - 1; i >= 0; i -= 1) {
      const k = byEst[i] as number;
      const from = est[k] as number;
      if (from >= to) continue;
      if ((lct[k] as number) <= to) inside += free[k] as number;
      else if ((delay[k] as number) * (demand[k] as number) > bestNeed) {
        best = k;
        bestNeed = (delay[k] as number) * (demand[k] as number);
      }
      const mandatory = (beforeLct[last] as number) - (beforeEst[k] as number);
      const room = capacity * (to - from) - mandatory - inside;
      if (room < 0) return failEnergy(engine, view, from, to);
      if (bestNeed > room && !delayOne(engine, view, best, from, to, room)) return false;
    }
  }
  return true;
}

/** What each task would run before `to` beyond its compulsory part, did it start as early as it can. */
function readDelays(view: EnergyView, to: number): void {
  const { sure, byEst, est, lst, duration, delay } = view;
  for (let i = 0; i < sure; i += 1) {
    const k = byEst[i] as number;
    const end = Math.min(to, (est[k] as number) + (duration[k] as number));
    delay[k] = Math.max(0, Math.min(end, lst[k] as number) - (est[k] as number));
  }
}

function failEnergy(engine: Engine, view: EnergyView, from: number, to: number): boolean {
  const list = beginList(engine);
  const needed = view.capacity * (to - from) + 1;
  return !listOverlaps(engine, view, list, from, to, needed, -1) || failList(engine, list);
}

/** The task has too little room before `to`: most of it runs behind. */
function delayOne(
  engine: Engine,
  view: EnergyView,
  k: number,
  from: number,
  to: number,
  room: number,
): boolean {
  const { est, lst, duration, demand, capacity, side, offset } = view;
  const amount = demand[k] as number;
  const ticks = duration[k] as number;
  const end = Math.min(to, (est[k] as number) + ticks);
  const compulsory = Math.max(0, end - (lst[k] as number));
  const allowed = Math.floor(room / amount) + compulsory;
  const start = to - allowed;
  if (allowed >= ticks || start <= (est[k] as number)) return true;
  const list = beginList(engine);
  const needed = capacity * (to - from) + 1 - amount * (allowed + 1);
  if (!listOverlaps(engine, view, list, from, to, needed, k)) return true;
  const own = side[k] as number;
  listAtom(engine, list, own, from + allowed + 1 - ticks - (offset[k] as number));
  const literal = view.presence[k] as number;
  if (literal >= 0) listAtom(engine, list, literal, 1 - (literal & 1));
  return post(engine, own, start - (offset[k] as number), listReason(list));
}
