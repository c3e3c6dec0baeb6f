/**
 * What one resource must bear at each instant, whatever the starts: the profile of compulsory parts
 * (Lahrichi 1982), rebuilt by a sweep over begins and ends that stay sorted from call to call; and
 * why it is as high as it is at one instant.
 */
import type { Engine } from "./engine.js";
import { sortBy } from "./sort-by.js";
import { beginList, failList, listAtom } from "./trail.js";

export interface CumulativeEntry {
  /** Side of the start. */
  readonly start: number;
  readonly duration: number;
  readonly demand: number;
  /** Literal that it runs here, or -1. */
  readonly presence: number;
}

/** What is taken for good: from, to, amount; at most the capacity, and they do not overlap. */
export interface Fixed {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

const nowhere = -(2 ** 31);
const amountOf = ({ amount }: Fixed): number => amount;

export interface Cumulative {
  readonly count: number;
  readonly capacity: number;
  readonly start: Int32Array;
  readonly duration: Int32Array;
  readonly demand: Int32Array;
  readonly presence: Int32Array;
  readonly fixed: readonly Fixed[];
  /** Compulsory parts, of entries and then of what is fixed; without one `end` is `nowhere`. */
  readonly begin: Int32Array;
  readonly end: Int32Array;
  readonly amount: Int32Array;
  /** All of them by begin and by end. */
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** Profile: from `at[k]` to `at[k + 1]` the height is `height[k]`. */
  readonly at: Int32Array;
  readonly height: Int32Array;
  segments: number;
}

/** Large demands first: explanations that take them as they come need the fewest. */
export function createCumulative(
  entries: readonly CumulativeEntry[],
  capacity: number,
  fixed: readonly Fixed[],
): Cumulative {
  const sorted = [...entries].sort((a, b) => b.demand - a.demand || a.start - b.start);
  const column = (of: (entry: CumulativeEntry) => number): Int32Array =>
    Int32Array.from(sorted, of);
  const parts = sorted.length + fixed.length;
  return {
    count: sorted.length,
    capacity,
    start: column((entry) => entry.start),
    duration: column((entry) => entry.duration),
    demand: column((entry) => entry.demand),
    presence: column((entry) => entry.presence),
    fixed,
    begin: Int32Array.from({ length: parts }, (_, k) => fixed[k - sorted.length]?.from ?? 0),
    end: Int32Array.from({ length: parts }, (_, k) => fixed[k - sorted.length]?.to ?? 0),
    amount: Int32Array.from([...sorted.map(({ demand }) => demand), ...fixed.map(amountOf)]),
    begins: Int32Array.from({ length: parts }, (_, k) => k),
    ends: Int32Array.from({ length: parts }, (_, k) => k),
    at: new Int32Array(2 * parts + 2),
    height: new Int32Array(2 * parts + 2),
    segments: 0,
  };
}

/** Fills in the profile; returns its greatest height, or -1 where it exceeds the capacity. */
export function buildProfile(engine: Engine, c: Cumulative): number {
  const { low } = engine;
  const { begin, end } = c;
  for (let k = 0; k < c.count; k += 1) {
    const start = c.start[k] as number;
    const presence = c.presence[k] as number;
    const from = -(low[start ^ 1] as number);
    const to = (low[start] as number) + (c.duration[k] as number);
    const counts = presence < 0 || (low[presence] as number) >= 1 - (presence & 1);
    begin[k] = from;
    end[k] = counts && from < to ? to : nowhere;
  }
  sortBy(c.begins, begin);
  sortBy(c.ends, end);
  return sweep(engine, c);
}

function sweep(engine: Engine, c: Cumulative): number {
  const { begins, ends, begin, end, amount, at } = c;
  let segments = 0;
  let height = 0;
  let highest = 0;
  let ended = 0;
  // What has no compulsory part ends nowhere; those stand first among the ends.
  while (ended < ends.length && end[ends[ended] as number] === nowhere) ended += 1;
  for (let begun = 0; ended < ends.length; ) {
    while (begun < begins.length && end[begins[begun] as number] === nowhere) begun += 1;
    const nextEnd = end[ends[ended] as number] as number;
    const next = begun < begins.length ? (begin[begins[begun] as number] as number) : nextEnd;
    const time = Math.min(next, nextEnd);
    while (ended < ends.length && end[ends[ended] as number] === time) {
      height -= amount[ends[ended] as number] as number;
      ended += 1;
    }
    while (begun < begins.length && (begin[begins[begun] as number] as number) === time) {
      const k = begins[begun] as number;
      if (end[k] !== nowhere) height += amount[k] as number;
      begun += 1;
    }
    if (height > c.capacity) {
      const list = beginList(engine);
      coverReason(engine, c, list, time, c.capacity + 1, -1);
      failList(engine, list);
      return -1;
    }
    if (height > highest) highest = height;
    at[segments] = time;
    c.height[segments] = height;
    segments += 1;
  }
  c.segments = segments;
  return highest;
}

/** Lists why entries cover `time` with `needed` in sum; all but `except`. */
export function coverReason(
  engine: Engine,
  c: Cumulative,
  list: number,
  time: number,
  needed: number,
  except: number,
): void {
  const { low } = engine;
  let open = needed;
  for (const { from, to, amount } of c.fixed) if (from <= time && time < to) open -= amount;
  for (let k = 0; k < c.count && open > 0; k += 1) {
    if (k === except) continue;
    const presence = c.presence[k] as number;
    if (presence >= 0 && (low[presence] as number) < 1 - (presence & 1)) continue;
    const start = c.start[k] as number;
    const duration = c.duration[k] as number;
    if (-(low[start ^ 1] as number) > time) continue;
    if ((low[start] as number) + duration <= time) continue;
    listAtom(engine, list, start, time - duration + 1);
    listAtom(engine, list, start ^ 1, -time);
    isHere(engine, c, list, k);
    open -= c.demand[k] as number;
  }
}

/** Lists that the entry counts, where that is a choice. */
export function isHere(engine: Engine, c: Cumulative, list: number, k: number): void {
  const presence = c.presence[k] as number;
  if (presence >= 0) listAtom(engine, list, presence, 1 - (presence & 1));
}

/** First segment that ends after `time`. */
export function segmentAt(c: Cumulative, time: number): number {
  let from = 0;
  let to = c.segments;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((c.at[middle] as number) <= time) from = middle + 1;
    else to = middle;
  }
  return Math.max(0, from - 1);
}
