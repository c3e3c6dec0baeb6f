/**
 * A machine that takes one task at a time, seen in one direction of time: from the front (starts are
 * starts) or from the back (the starts of the mirrored tasks are the ends, negated). Propagators are
 * written once and run in both views.
 */
import type { Engine } from "./engine.js";
import { sortBy } from "./sort-by.js";
import { listAtom, post } from "./trail.js";

export interface MachineEntry {
  /** Side of the start. */
  readonly start: number;
  readonly duration: number;
  /** Literal that it runs here, or -1. */
  readonly presence: number;
}

export interface MachineView {
  readonly count: number;
  readonly duration: Int32Array;
  readonly presence: Int32Array;
  /** The start of an entry is the side plus the offset. */
  readonly side: Int32Array;
  readonly offset: Int32Array;
  /** [count × count] Literal that the row goes before the column; see `always` and `unknown`. */
  readonly before: Int32Array;
  /** As they were when the propagator began: earliest start, latest end. */
  readonly est: Int32Array;
  readonly lct: Int32Array;
  /** All entries by earliest start, with the place of each, and by latest end. */
  readonly byEst: Int32Array;
  readonly placeOf: Int32Array;
  readonly byLct: Int32Array;
  /** By latest start, and by earliest end. */
  readonly byLst: Int32Array;
  readonly byEct: Int32Array;
  readonly lst: Int32Array;
  readonly ect: Int32Array;
  /** 1: runs here, 0: open, -1: does not. */
  readonly here: Int8Array;
}

/** The row goes first whatever is decided; no literal says who goes first. */
export const always = -1;
export const unknown = -2;

export function createView(
  entries: readonly MachineEntry[],
  before: Int32Array,
  mirrored: boolean,
): MachineView {
  const count = entries.length;
  const indices = Int32Array.from(entries, (_, k) => k);
  return {
    count,
    duration: Int32Array.from(entries, ({ duration }) => duration),
    presence: Int32Array.from(entries, ({ presence }) => presence),
    side: Int32Array.from(entries, ({ start }) => (mirrored ? start ^ 1 : start)),
    offset: Int32Array.from(entries, ({ duration }) => (mirrored ? -duration : 0)),
    before: mirrored ? transposed(before, count) : before,
    est: new Int32Array(count),
    lct: new Int32Array(count),
    byEst: indices.slice(),
    placeOf: indices.slice(),
    byLct: indices.slice(),
    byLst: indices.slice(),
    byEct: indices.slice(),
    lst: new Int32Array(count),
    ect: new Int32Array(count),
    here: new Int8Array(count),
  };
}

function transposed(matrix: Int32Array, count: number): Int32Array {
  return Int32Array.from(
    matrix,
    (_, k) => matrix[(k % count) * count + Math.floor(k / count)] as number,
  );
}

/**
 * Reads the bounds as they are; returns how many entries run here for sure. Where the times of fewer
 * than `least` entries overlap those of no others, sets have nothing to say, and they are left out.
 */
export function readBounds(engine: Engine, view: MachineView, least: number): number {
  const { low } = engine;
  const { count, side, offset, duration, presence, est, lst, ect, lct, here } = view;
  for (let k = 0; k < count; k += 1) {
    const own = side[k] as number;
    const shift = offset[k] as number;
    est[k] = (low[own] as number) + shift;
    lst[k] = -(low[own ^ 1] as number) + shift;
    ect[k] = (est[k] as number) + (duration[k] as number);
    lct[k] = (lst[k] as number) + (duration[k] as number);
    const literal = presence[k] as number;
    const isSure = literal < 0 || (low[literal] as number) >= 1 - (literal & 1);
    const isOut = !isSure && (low[literal ^ 1] as number) >= (literal & 1);
    here[k] = isSure ? 1 : isOut ? -1 : 0;
  }
  sortBy(view.byEst, est);
  sortBy(view.byLct, lct);
  sortBy(view.byLst, lst);
  sortBy(view.byEct, ect);
  for (let at = 0; at < count; at += 1) view.placeOf[view.byEst[at] as number] = at;
  return leaveOutApart(view, least);
}

function leaveOutApart(view: MachineView, least: number): number {
  const { count, byEst, est, lct, here } = view;
  let sure = 0;
  for (let first = 0; first < count; ) {
    let latest = -(2 ** 30);
    let size = 0;
    let own = 0;
    let next = first;
    for (; next < count; next += 1) {
      const k = byEst[next] as number;
      if (here[k] === -1) continue;
      if (size > 0 && (est[k] as number) >= latest) break;
      latest = Math.max(latest, lct[k] as number);
      size += 1;
      own += here[k] as number;
    }
    if (size >= least) sure += own;
    else for (let at = first; at < next; at += 1) here[byEst[at] as number] = -1;
    first = next;
  }
  return sure;
}

/** Lists that the entry starts at `time` or later. */
export function startsFrom(
  engine: Engine,
  view: MachineView,
  list: number,
  k: number,
  time: number,
) {
  listAtom(engine, list, view.side[k] as number, time - (view.offset[k] as number));
}

/** Lists that the entry starts at `time` or earlier. */
export function startsBy(engine: Engine, view: MachineView, list: number, k: number, time: number) {
  listAtom(engine, list, (view.side[k] as number) ^ 1, (view.offset[k] as number) - time);
}

/** Lists that the entry runs here, where that is a choice. */
export function runsHere(engine: Engine, view: MachineView, list: number, k: number): void {
  const literal = view.presence[k] as number;
  if (literal >= 0) listAtom(engine, list, literal, 1 - (literal & 1));
}

export const postStart = (
  engine: Engine,
  view: MachineView,
  k: number,
  time: number,
  reason: number,
): boolean => post(engine, view.side[k] as number, time - (view.offset[k] as number), reason);

export const postEnd = (
  engine: Engine,
  view: MachineView,
  k: number,
  time: number,
  reason: number,
): boolean => {
  const start = time - (view.duration[k] as number);
  return post(engine, (view.side[k] as number) ^ 1, (view.offset[k] as number) - start, reason);
};

/** Latest start as it is now; a bound beyond that is as good as the first one that fails. */
export const latestStart = (engine: Engine, view: MachineView, k: number): number =>
  -(engine.low[(view.side[k] as number) ^ 1] as number) + (view.offset[k] as number);

export const earliestEnd = (engine: Engine, view: MachineView, k: number): number =>
  (engine.low[view.side[k] as number] as number) +
  (view.offset[k] as number) +
  (view.duration[k] as number);
