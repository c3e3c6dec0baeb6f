/**
 * Time-table propagation of one resource (Lahrichi 1982; Beldiceanu & Carlsson 2002): what must run
 * at an instant, whatever the starts, leaves room or pushes others past it. Explanations are
 * pointwise (Schutt, Feydy, Stuckey & Wallace 2013): only who covers one instant is blamed, and only
 * for covering it.
 *
 * Entries are fixed durations and demands from the start of a task on; an entry with a literal counts
 * where that holds. An entry that cannot run beside what must has its literal refuted.
 */
import type { Engine, Propagator } from "./engine.js";
import { beginList, failList, listAtom, listReason, post } from "./trail.js";

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

interface Cumulative {
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

export function cumulativePropagator(
  entries: readonly CumulativeEntry[],
  capacity: number,
  fixed: readonly Fixed[],
): Propagator {
  // Large ones first: explanations that take them as they come need the fewest.
  const sorted = [...entries].sort((a, b) => b.demand - a.demand || a.start - b.start);
  const column = (of: (entry: CumulativeEntry) => number): Int32Array =>
    Int32Array.from(sorted, of);
  const parts = sorted.length + fixed.length;
  const c: Cumulative = {
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
  return { propagate: (engine) => propagateCumulative(engine, c) };
}

/** All sides whose rise may make the propagator draw something. */
export const sidesOf = (entries: readonly CumulativeEntry[]): number[] =>
  entries.flatMap(({ start, presence }) =>
    presence < 0 ? [start, start ^ 1] : [start, start ^ 1, presence],
  );

function propagateCumulative(engine: Engine, c: Cumulative): boolean {
  const highest = buildProfile(engine, c);
  engine.work += c.count >> 1;
  if (highest < 0) return false;
  const room = c.capacity - highest;
  // Entries are sorted by demand: once they fit on the highest part, all the rest do.
  for (let k = 0; k < c.count && (c.demand[k] as number) > room; k += 1) {
    const presence = c.presence[k] as number;
    if (presence >= 0) {
      const { low } = engine;
      if ((low[presence ^ 1] as number) >= (presence & 1)) continue;
      if ((low[presence] as number) < 1 - (presence & 1)) {
        if (!refute(engine, c, k, presence)) return false;
        continue;
      }
    }
    const start = c.start[k] as number;
    const least = engine.low[start] as number;
    const most = -(engine.low[start ^ 1] as number);
    if (least === most) continue;
    if (!pushLater(engine, c, k, start, least, most)) return false;
    if (!pushEarlier(engine, c, k, start, least, most)) return false;
  }
  return true;
}

/** Fills in the profile; returns its greatest height, or -1 where it exceeds the capacity. */
function buildProfile(engine: Engine, c: Cumulative): number {
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
  // From call to call little changes, so insertion hardly moves anything.
  sortBy(c.begins, begin);
  sortBy(c.ends, end);
  return sweep(engine, c);
}

function sortBy(order: Int32Array, key: Int32Array): void {
  for (let k = 1; k < order.length; k += 1) {
    const item = order[k] as number;
    const own = key[item] as number;
    let at = k;
    while (at > 0 && (key[order[at - 1] as number] as number) > own) {
      order[at] = order[at - 1] as number;
      at -= 1;
    }
    order[at] = item;
  }
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
function coverReason(
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
function isHere(engine: Engine, c: Cumulative, list: number, k: number): void {
  const presence = c.presence[k] as number;
  if (presence >= 0) listAtom(engine, list, presence, 1 - (presence & 1));
}

/** First segment that ends after `time`. */
function segmentAt(c: Cumulative, time: number): number {
  let from = 0;
  let to = c.segments;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((c.at[middle] as number) <= time) from = middle + 1;
    else to = middle;
  }
  return Math.max(0, from - 1);
}

/** Past the segments that leave no room; those of its own compulsory part are its own. */
function pushLater(
  engine: Engine,
  c: Cumulative,
  k: number,
  start: number,
  least: number,
  most: number,
): boolean {
  const duration = c.duration[k] as number;
  const demand = c.demand[k] as number;
  let from = least;
  for (let segment = segmentAt(c, least); segment + 1 < c.segments; segment += 1) {
    const begin = c.at[segment] as number;
    if (begin >= from + duration) return true;
    if (begin >= most && begin < least + duration) continue;
    const end = c.at[segment + 1] as number;
    if (end <= from || (c.height[segment] as number) + demand <= c.capacity) continue;
    while (from < end) {
      const time = Math.min(end - 1, from + duration - 1);
      const list = beginList(engine);
      listAtom(engine, list, start, time - duration + 1);
      isHere(engine, c, list, k);
      coverReason(engine, c, list, time, c.capacity + 1 - demand, k);
      if (!post(engine, start, time + 1, listReason(list))) return false;
      from = time + 1;
    }
  }
  return true;
}

function pushEarlier(
  engine: Engine,
  c: Cumulative,
  k: number,
  start: number,
  least: number,
  most: number,
): boolean {
  const duration = c.duration[k] as number;
  const demand = c.demand[k] as number;
  let latest = most;
  for (let segment = segmentAt(c, most + duration - 1); segment >= 0; segment -= 1) {
    if (segment + 1 >= c.segments) continue;
    const begin = c.at[segment] as number;
    const end = c.at[segment + 1] as number;
    if (end <= latest) return true;
    if (begin >= most && begin < least + duration) continue;
    if (begin >= latest + duration) continue;
    if ((c.height[segment] as number) + demand <= c.capacity) continue;
    while (latest + duration > begin) {
      const time = Math.max(begin, latest);
      const list = beginList(engine);
      listAtom(engine, list, start ^ 1, -time);
      isHere(engine, c, list, k);
      coverReason(engine, c, list, time, c.capacity + 1 - demand, k);
      if (!post(engine, start ^ 1, duration - time, listReason(list))) return false;
      latest = time - duration;
    }
  }
  return true;
}

/** Where it would have to run, were it here, there is no room: it is not here. */
function refute(engine: Engine, c: Cumulative, k: number, presence: number): boolean {
  const start = c.start[k] as number;
  const duration = c.duration[k] as number;
  const demand = c.demand[k] as number;
  const from = -(engine.low[start ^ 1] as number);
  const to = (engine.low[start] as number) + duration;
  if (from >= to) return true;
  for (let segment = segmentAt(c, from); segment + 1 < c.segments; segment += 1) {
    const begin = c.at[segment] as number;
    if (begin >= to) return true;
    if ((c.at[segment + 1] as number) <= from) continue;
    if ((c.height[segment] as number) + demand <= c.capacity) continue;
    const time = Math.max(begin, from);
    const list = beginList(engine);
    listAtom(engine, list, start, time - duration + 1);
    listAtom(engine, list, start ^ 1, -time);
    coverReason(engine, c, list, time, c.capacity + 1 - demand, k);
    return post(engine, presence ^ 1, presence & 1, listReason(list));
  }
  return true;
}
