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
import {
  buildProfile,
  type Cumulative,
  type CumulativeEntry,
  coverReason,
  createCumulative,
  type Fixed,
  isHere,
  segmentAt,
} from "./profile.js";
import { beginList, listAtom, listReason, post } from "./trail.js";

export function cumulativePropagator(
  entries: readonly CumulativeEntry[],
  capacity: number,
  fixed: readonly Fixed[],
): Propagator {
  const c = createCumulative(entries, capacity, fixed);
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
