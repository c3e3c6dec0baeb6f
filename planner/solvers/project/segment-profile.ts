/**
 * A profile as a list of segments of constant free amounts, ascending in time; the last one never
 * ends. For long durations and amounts of any size.
 */
import type { Profile } from "./profile.js";
import type { Project } from "./project.js";

export function createSegmentProfile(project: Project): Profile {
  const { resources, capacity, demand, blocked, tasks } = project;
  const segmentsMax = 2 * (tasks + blocked.length) + 2;
  const from = new Int32Array(segmentsMax);
  const free = new Int32Array(segmentsMax * resources);
  let count = 1;
  free.set(capacity);

  /** Index of the segment that holds the instant. */
  const segmentAt = (at: number): number => {
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((from[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  /** Index of the segment that begins at the instant, which is cut in two where needed. */
  const cutAt = (at: number): number => {
    const segment = segmentAt(at);
    if (from[segment] === at) return segment;
    from.copyWithin(segment + 1, segment, count);
    free.copyWithin((segment + 1) * resources, segment * resources, count * resources);
    count += 1;
    from[segment + 1] = at;
    return segment + 1;
  };
  const covers = (segment: number, row: number): boolean => {
    for (let k = 0; k < resources; k += 1) {
      if ((free[segment * resources + k] as number) < (demand[row + k] as number)) return false;
    }
    return true;
  };

  for (const { from: begin, to, use } of blocked) {
    const first = cutAt(begin);
    const last = cutAt(to);
    for (let segment = first; segment < last; segment += 1) {
      use.forEach((amount, k) => {
        const place = segment * resources + k;
        free[place] = (free[place] as number) - amount;
      });
    }
  }
  const baseFrom = from.slice();
  const baseFree = free.slice();
  const baseCount = count;

  return {
    reset: () => {
      count = baseCount;
      from.set(baseFrom);
      free.set(baseFree);
    },
    earliest: (mode, duration, wanted) => {
      const row = mode * resources;
      let start = wanted;
      for (let segment = segmentAt(start); segment < count; segment += 1) {
        if ((from[segment] as number) >= start + duration) break;
        if (!covers(segment, row)) start = from[segment + 1] as number;
      }
      return start;
    },
    latest: (mode, duration, wanted) => {
      const row = mode * resources;
      let start = wanted;
      for (let segment = segmentAt(start + duration - 1); segment >= 0; segment -= 1) {
        const end = segment + 1 < count ? (from[segment + 1] as number) : start + duration;
        if (end <= start) break;
        if (!covers(segment, row)) start = (from[segment] as number) - duration;
        if (start < 0) break;
      }
      return start;
    },
    take: (mode, start, duration) => {
      const row = mode * resources;
      const first = cutAt(start);
      const last = cutAt(start + duration);
      for (let segment = first; segment < last; segment += 1) {
        const place = segment * resources;
        for (let k = 0; k < resources; k += 1) {
          free[place + k] = (free[place + k] as number) - (demand[row + k] as number);
        }
      }
    },
  };
}
