/** The last few numbers of a sequence, in order of arrival and in order of size. */
export interface Ring {
  /** Oldest first. */
  readonly recent: number[];
  /** The same numbers, ascending. */
  readonly sorted: number[];
}

export function ringOf(recent: readonly number[]): Ring {
  return { recent: [...recent], sorted: [...recent].sort((a, b) => a - b) };
}

/** Appends a number and forgets the oldest beyond `limit`. */
export function remember(ring: Ring, value: number, limit: number): void {
  ring.recent.push(value);
  ring.sorted.splice(placeOf(ring.sorted, value), 0, value);
  while (ring.recent.length > limit) {
    const forgotten = ring.recent.shift();
    if (forgotten !== undefined) ring.sorted.splice(placeOf(ring.sorted, forgotten), 1);
  }
}

/** Linear between the two neighbours of the quantile; the ring must not be empty. */
export function quantileOf(ring: Ring, quantile: number): number {
  const place = quantile * (ring.sorted.length - 1);
  const below = ring.sorted[Math.floor(place)] ?? 0;
  const above = ring.sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

/** Index of the first number that is at least `value`. */
function placeOf(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
