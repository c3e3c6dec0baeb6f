/**
 * How fast work can be done at most, over time: the sum over places of what facts leave free, in a
 * step function of rates. Facts that over-commit a place leave nothing of it, not less than nothing.
 */
export interface Availability {
  /** Begin of each piece, ascending from 0; the last piece never ends. */
  readonly time: readonly number[];
  readonly rate: readonly number[];
}

/** Something of one worker (a dimension, a device) or a pool, and the facts that hold part of it. */
export interface Place {
  readonly capacity: number;
  readonly price: number;
  readonly held: readonly Held[];
}

export interface Held {
  readonly start: number;
  readonly end: number;
  readonly amount: number;
}

export function availabilityOf(places: readonly Place[]): Availability {
  const change = new Map<number, number>([[0, 0]]);
  const add = (at: number, rate: number): void => {
    if (rate !== 0) change.set(at, (change.get(at) ?? 0) + rate);
  };
  for (const place of places) {
    if (place.held.length === 0) add(0, place.price * place.capacity);
    else addHeldPlace(place, add);
  }
  const time = [...change.keys()].sort((a, b) => a - b);
  let sum = 0;
  const rate = time.map((at) => {
    sum += change.get(at) ?? 0;
    return Math.max(0, sum);
  });
  return { time, rate };
}

/** Earliest time by which `work` can be done from `from` on; infinite if never. */
export function earliestCompletion(availability: Availability, from: number, work: number): number {
  const { time, rate } = availability;
  let left = work;
  let at = Math.max(0, from);
  if (left <= 0) return at;
  for (let piece = 0; piece < time.length; piece++) {
    const end = time[piece + 1] ?? Number.POSITIVE_INFINITY;
    if (end <= at) continue;
    const speed = rate[piece] ?? 0;
    if (speed > 0 && left <= speed * (end - at)) return at + left / speed;
    left -= speed === 0 ? 0 : speed * (end - at);
    at = end;
  }
  return Number.POSITIVE_INFINITY;
}

function addHeldPlace(place: Place, add: (at: number, rate: number) => void): void {
  const ends = place.held.flatMap(({ start, end }) => [Math.max(0, start), Math.max(0, end)]);
  const times = [...new Set([0, ...ends])].sort((a, b) => a - b);
  let before = 0;
  for (const at of times) {
    let used = 0;
    for (const held of place.held) if (held.start <= at && at < held.end) used += held.amount;
    const free = place.price * Math.max(0, place.capacity - used);
    add(at, free - before);
    before = free;
  }
}
