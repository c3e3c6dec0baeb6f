/** The tasks of one resource with the energy that they must spend, in one direction of time. */
import type { Engine } from "./engine.js";
import type { CumulativeEntry, Fixed } from "./profile.js";
import { sortBy } from "./sort-by.js";
import { listAtom } from "./trail.js";

export interface EnergyView {
  readonly capacity: number;
  readonly duration: Int32Array;
  readonly demand: Int32Array;
  readonly presence: Int32Array;
  /** The start of an entry is the side plus the offset. */
  readonly side: Int32Array;
  readonly offset: Int32Array;
  readonly fixed: readonly Fixed[];
  /** As they were when the propagator began. */
  readonly est: Int32Array;
  readonly lst: Int32Array;
  readonly lct: Int32Array;
  /** Energy beside the compulsory part. */
  readonly free: Float64Array;
  /** Energy of all compulsory parts before the earliest start, and before the latest end. */
  readonly beforeEst: Float64Array;
  readonly beforeLct: Float64Array;
  /** Scratch of the sweep. */
  readonly delay: Int32Array;
  /** Sort keys; what does not run here for sure stands last. */
  readonly key: Int32Array;
  readonly byEst: Int32Array;
  readonly byLct: Int32Array;
  /** Entries that run here for sure: the first ones in both orders. */
  sure: number;
}

const out = 2 ** 31 - 1;

export function createEnergyView(
  entries: readonly CumulativeEntry[],
  capacity: number,
  fixed: readonly Fixed[],
  mirrored: boolean,
): EnergyView {
  const sorted = [...entries].sort((a, b) => a.demand - b.demand || a.start - b.start);
  const column = (of: (entry: CumulativeEntry) => number): Int32Array =>
    Int32Array.from(sorted, of);
  const { length } = sorted;
  const ints = (): Int32Array => new Int32Array(length);
  return {
    capacity,
    duration: column(({ duration }) => duration),
    demand: column(({ demand }) => demand),
    presence: column(({ presence }) => presence),
    side: column(({ start }) => (mirrored ? start ^ 1 : start)),
    offset: column(({ duration }) => (mirrored ? -duration : 0)),
    fixed: mirrored
      ? fixed.map(({ from, to, amount }) => ({ from: -to, to: -from, amount }))
      : fixed,
    est: ints(),
    lst: ints(),
    lct: ints(),
    free: new Float64Array(length),
    beforeEst: new Float64Array(length),
    beforeLct: new Float64Array(length),
    delay: ints(),
    key: ints(),
    byEst: Int32Array.from(sorted, (_, k) => k),
    byLct: Int32Array.from(sorted, (_, k) => k),
    sure: 0,
  };
}

export function readEntries(engine: Engine, view: EnergyView): void {
  const { low } = engine;
  const { side, offset, duration, demand, presence, est, lst, lct, free, key } = view;
  view.sure = 0;
  for (let k = 0; k < side.length; k += 1) {
    const own = side[k] as number;
    const shift = offset[k] as number;
    const ticks = duration[k] as number;
    est[k] = (low[own] as number) + shift;
    lst[k] = -(low[own ^ 1] as number) + shift;
    lct[k] = (lst[k] as number) + ticks;
    const apart = Math.min(ticks, (lst[k] as number) - (est[k] as number));
    free[k] = apart * (demand[k] as number);
    const literal = presence[k] as number;
    const isSure = literal < 0 || (low[literal] as number) >= 1 - (literal & 1);
    key[k] = isSure ? (est[k] as number) : out;
    if (isSure) view.sure += 1;
  }
  sortBy(view.byEst, key);
  for (let k = 0; k < side.length; k += 1) if (key[k] !== out) key[k] = lct[k] as number;
  sortBy(view.byLct, key);
}

/** Energy that must be spent before each of the instants that matter. */
export function prefixes(view: EnergyView): void {
  const { byEst, sure, est, lct } = view;
  for (let i = 0; i < sure; i += 1) {
    const k = byEst[i] as number;
    view.beforeEst[k] = spentBefore(view, est[k] as number);
    view.beforeLct[k] = spentBefore(view, lct[k] as number);
  }
}

function spentBefore(view: EnergyView, time: number): number {
  const { byEst, sure, est, lst, duration, demand } = view;
  let energy = 0;
  for (let i = 0; i < sure; i += 1) {
    const k = byEst[i] as number;
    const from = lst[k] as number;
    const to = Math.min(time, (est[k] as number) + (duration[k] as number));
    if (to > from) energy += (to - from) * (demand[k] as number);
  }
  for (const { from, to, amount } of view.fixed) {
    if (time > from) energy += (Math.min(time, to) - from) * amount;
  }
  return energy;
}

/**
 * Lists why entries other than `except` spend `needed` between two instants: of each how much of it
 * must lie there, wherever it starts. False: they do not.
 */
export function listOverlaps(
  engine: Engine,
  view: EnergyView,
  list: number,
  from: number,
  to: number,
  needed: number,
  except: number,
): boolean {
  let slack = -needed;
  for (const held of view.fixed) {
    slack += Math.max(0, Math.min(to, held.to) - Math.max(from, held.from)) * held.amount;
  }
  for (let k = 0; k < view.side.length; k += 1) {
    if (k !== except) slack += overlapOf(engine, view, k, from, to) * (view.demand[k] as number);
  }
  if (slack < 0) return false;
  // Small demands come first: what is too much leaves out as many as it can.
  for (let k = 0; k < view.side.length; k += 1) {
    if (k === except) continue;
    const demand = view.demand[k] as number;
    let overlap = overlapOf(engine, view, k, from, to);
    const spared = Math.min(overlap, Math.floor(slack / demand));
    overlap -= spared;
    slack -= spared * demand;
    if (overlap === 0) continue;
    const own = view.side[k] as number;
    const shift = view.offset[k] as number;
    listAtom(engine, list, own, from + overlap - (view.duration[k] as number) - shift);
    listAtom(engine, list, own ^ 1, shift - (to - overlap));
    const literal = view.presence[k] as number;
    if (literal >= 0) listAtom(engine, list, literal, 1 - (literal & 1));
  }
  return true;
}

/** Ticks that the entry spends between two instants, wherever it starts. */
function overlapOf(engine: Engine, view: EnergyView, k: number, from: number, to: number): number {
  const { low } = engine;
  const literal = view.presence[k] as number;
  if (literal >= 0 && (low[literal] as number) < 1 - (literal & 1)) return 0;
  const ticks = view.duration[k] as number;
  const ect = (view.est[k] as number) + ticks;
  const overlap = Math.min(to - from, ticks, ect - from, to - (view.lst[k] as number));
  return Math.max(0, overlap);
}
