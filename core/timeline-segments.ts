/**
 * The segments of a timeline: sorted typed arrays, a binary search, splits by copyWithin, and joins
 * of neighbours that have become equal, so that the length follows what the schedule looks like,
 * not how many intervals it holds. The first segment begins before every time, the last never ends.
 */
import { deviceThousandths } from "./resources.js";

export interface Timeline {
  readonly dimensions: number;
  /** Interned type and memory (MiB) of each device. */
  readonly deviceType: Int32Array;
  readonly deviceMemory: Int32Array;
  /** Numbers in a row of `free`: D, then thousandths and memory of each device. */
  readonly width: number;
  /** Segments in use; the arrays may be longer. */
  count: number;
  /** [count] begin of each segment. */
  time: Int32Array;
  /** [count × width] */
  free: Int32Array;
}

const beforeEverything = -(2 ** 31);
const segmentsAtFirst = 16;

export function createTimeline(
  capacity: ArrayLike<number>,
  deviceType: ArrayLike<number> = [],
  deviceMemory: ArrayLike<number> = [],
): Timeline {
  const dimensions = capacity.length;
  const devices = deviceType.length;
  const width = dimensions + 2 * devices;
  const timeline: Timeline = {
    dimensions,
    deviceType: Int32Array.from(deviceType),
    deviceMemory: Int32Array.from(deviceMemory),
    width,
    count: 1,
    time: new Int32Array(segmentsAtFirst),
    free: new Int32Array(segmentsAtFirst * width),
  };
  timeline.time[0] = beforeEverything;
  for (let d = 0; d < dimensions; d++) timeline.free[d] = capacity[d] as number;
  for (let device = 0; device < devices; device++) {
    timeline.free[dimensions + 2 * device] = deviceThousandths;
    timeline.free[dimensions + 2 * device + 1] = deviceMemory[device] as number;
  }
  return timeline;
}

/** Makes `target` equal to `source`, a timeline of the same shape, reusing its arrays. */
export function copyTimeline(source: Timeline, target: Timeline): void {
  reserve(target, source.count);
  target.time.set(source.time.subarray(0, source.count));
  target.free.set(source.free.subarray(0, source.count * source.width));
  target.count = source.count;
}

/** The segment that holds `at`. */
export function segmentAt(timeline: Timeline, at: number): number {
  const { time } = timeline;
  let low = 0;
  let high = timeline.count - 1;
  // Most tasks are appended near the end of a schedule: look there first.
  if ((time[high] as number) <= at) return high;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((time[middle] as number) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Makes `at` a breakpoint; returns the segment that begins there. */
export function split(timeline: Timeline, at: number): number {
  const segment = segmentAt(timeline, at);
  if (timeline.time[segment] === at) return segment;
  reserve(timeline, timeline.count + 1);
  const { time, free, width, count } = timeline;
  const inserted = segment + 1;
  time.copyWithin(inserted + 1, inserted, count);
  time[inserted] = at;
  // Copying from the split segment on leaves the new segment as its twin.
  free.copyWithin(inserted * width, segment * width, count * width);
  timeline.count = count + 1;
  return inserted;
}

export function joinIfEqual(timeline: Timeline, segment: number): void {
  const { time, free, width, count } = timeline;
  if (segment <= 0 || segment >= count) return;
  const row = segment * width;
  for (let place = row; place < row + width; place++) {
    if (free[place] !== free[place - width]) return;
  }
  time.copyWithin(segment, segment + 1, count);
  free.copyWithin(row, row + width, count * width);
  timeline.count = count - 1;
}

function reserve(timeline: Timeline, segments: number): void {
  if (segments <= timeline.time.length) return;
  const length = Math.max(segments, 2 * timeline.time.length);
  const time = new Int32Array(length);
  time.set(timeline.time);
  const free = new Int32Array(length * timeline.width);
  free.set(timeline.free);
  timeline.time = time;
  timeline.free = free;
}
