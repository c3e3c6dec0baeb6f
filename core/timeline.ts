/**
 * The profile of one worker over time: a step function of what is free, in D capacity dimensions
 * and, for each of its devices, in thousandths and memory. A pool of the cluster is a timeline of
 * one dimension and no devices.
 *
 * Segments lie in sorted typed arrays: a lookup is a binary search, a new breakpoint a copyWithin,
 * and neighbours that have become equal are joined, so that the length follows what the schedule
 * looks like, not how many intervals it holds. The first segment begins before every time, the last
 * never ends.
 *
 * Facts may over-commit a worker (it shrank under what runs). Then free amounts are negative there
 * and no demand above zero fits in that dimension; demands of zero are not concerned.
 */
import { none } from "./problem.js";
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

/** A row of `GpuRequestColumns`. */
export interface GpuNeed {
  readonly whole: number;
  readonly share: number;
  /** Interned device type, or none. */
  readonly type: number;
  readonly memory: number;
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

/**
 * Earliest start in [from, latest] at which row `demand[at .. at + D)`, and `gpu` if given, fit for
 * `duration` ticks without a gap; `none` if there is no such start. The devices are then chosen by
 * `chooseDevices`. `from` must not be negative, for -1 is the answer "none".
 */
export function earliestFit(
  timeline: Timeline,
  from: number,
  duration: number,
  demand: Int32Array,
  at: number,
  gpu: GpuNeed | null,
  latest: number,
): number {
  const { time, count } = timeline;
  if (from > latest) return none;
  // What does not fit in the last, endless segment never fits: no scan can help.
  if (!rowFits(timeline, count - 1, demand, at)) return none;
  if (gpu !== null) return earliestGpuFit(timeline, from, duration, demand, at, gpu, latest);
  let start = from;
  for (let segment = segmentAt(timeline, from); ; segment++) {
    if (rowFits(timeline, segment, demand, at)) {
      if (segment + 1 >= count || (time[segment + 1] as number) - start >= duration) return start;
    } else {
      start = time[segment + 1] as number;
      if (start > latest) return none;
    }
  }
}

/**
 * As above, with the set of devices that have been free since the start narrowed segment by
 * segment. When it becomes too small the next start is the next breakpoint, not the next segment:
 * other devices may be free from there on.
 */
function earliestGpuFit(
  timeline: Timeline,
  from: number,
  duration: number,
  demand: Int32Array,
  at: number,
  gpu: GpuNeed,
  latest: number,
): number {
  const { time, count } = timeline;
  const needed = gpu.whole > 0 ? gpu.whole : 1;
  const eligible = eligibleDevices(timeline, gpu);
  if (bitCount(freeDevices(timeline, count - 1, gpu, eligible)) < needed) return none;
  let start = from;
  let first = segmentAt(timeline, from);
  while (start <= latest) {
    let mask = eligible;
    let segment = first;
    for (; ; segment++) {
      if (!rowFits(timeline, segment, demand, at)) {
        first = segment;
        break;
      }
      mask = freeDevices(timeline, segment, gpu, mask);
      if (bitCount(mask) < needed) break;
      if (segment + 1 >= count || (time[segment + 1] as number) - start >= duration) return start;
    }
    first += 1;
    if (first >= count) return none;
    start = time[first] as number;
  }
  return none;
}

/**
 * The devices for a start that `earliestFit` gave, as a mask. Best fit: a share goes to the device
 * with the least left over, whole devices are those of least memory; ties to the lower bit. It
 * keeps large devices and untouched ones for requests that need them.
 */
export function chooseDevices(
  timeline: Timeline,
  start: number,
  duration: number,
  gpu: GpuNeed,
): number {
  const last = lastSegment(timeline, start, duration);
  let mask = eligibleDevices(timeline, gpu);
  const first = segmentAt(timeline, start);
  for (let s = first; s <= last; s++) mask = freeDevices(timeline, s, gpu, mask);
  const needed = gpu.whole > 0 ? gpu.whole : 1;
  let chosen = 0;
  for (let picked = 0; picked < needed; picked++) {
    let best = none;
    let bestLeft = Number.POSITIVE_INFINITY;
    for (let device = 0; device < timeline.deviceType.length; device++) {
      if ((mask & ~chosen & (1 << device)) === 0) continue;
      const left =
        gpu.whole > 0
          ? (timeline.deviceMemory[device] as number)
          : leastShare(timeline, device, first, last);
      if (left < bestLeft) {
        best = device;
        bestLeft = left;
      }
    }
    if (best === none) return 0;
    chosen |= 1 << best;
  }
  return chosen >>> 0;
}

/** Takes a row of demand and devices from [start, end). */
export function addInterval(
  timeline: Timeline,
  start: number,
  end: number,
  demand: Int32Array,
  at: number,
  gpu: GpuNeed | null,
  devices: number,
): void {
  change(timeline, start, end, demand, at, gpu, devices, -1);
}

/** Gives back what `addInterval` took with the same arguments. */
export function removeInterval(
  timeline: Timeline,
  start: number,
  end: number,
  demand: Int32Array,
  at: number,
  gpu: GpuNeed | null,
  devices: number,
): void {
  change(timeline, start, end, demand, at, gpu, devices, 1);
}

function change(
  timeline: Timeline,
  start: number,
  end: number,
  demand: Int32Array,
  at: number,
  gpu: GpuNeed | null,
  devices: number,
  sign: number,
): void {
  if (end <= start) return;
  const first = split(timeline, start);
  const after = split(timeline, end);
  const { free, width, dimensions } = timeline;
  for (let segment = first; segment < after; segment++) {
    const row = segment * width;
    for (let d = 0; d < dimensions; d++) {
      free[row + d] = (free[row + d] as number) + sign * (demand[at + d] as number);
    }
    if (gpu !== null) changeDevices(timeline, row + dimensions, gpu, devices, sign);
  }
  joinIfEqual(timeline, after);
  joinIfEqual(timeline, first);
}

/** Bits of devices that the worker does not have (any more) are facts about nothing: left out. */
function changeDevices(
  timeline: Timeline,
  row: number,
  gpu: GpuNeed,
  devices: number,
  sign: number,
): void {
  const { free, deviceType, deviceMemory } = timeline;
  for (let device = 0; device < deviceType.length; device++) {
    if ((devices & (1 << device)) === 0) continue;
    const place = row + 2 * device;
    const share = gpu.whole > 0 ? deviceThousandths : gpu.share;
    const memory = gpu.whole > 0 ? (deviceMemory[device] as number) : gpu.memory;
    free[place] = (free[place] as number) + sign * share;
    free[place + 1] = (free[place + 1] as number) + sign * memory;
  }
}

function rowFits(timeline: Timeline, segment: number, demand: Int32Array, at: number): boolean {
  const { free, dimensions } = timeline;
  const row = segment * timeline.width;
  for (let d = 0; d < dimensions; d++) {
    const needed = demand[at + d] as number;
    if (needed > (free[row + d] as number) && needed > 0) return false;
  }
  return true;
}

function eligibleDevices(timeline: Timeline, gpu: GpuNeed): number {
  let mask = 0;
  for (let device = 0; device < timeline.deviceType.length; device++) {
    if (gpu.type !== none && timeline.deviceType[device] !== gpu.type) continue;
    if ((timeline.deviceMemory[device] as number) >= gpu.memory) mask |= 1 << device;
  }
  return mask;
}

/** The devices of `mask` on which the request fits in this segment. */
function freeDevices(timeline: Timeline, segment: number, gpu: GpuNeed, mask: number): number {
  const { free } = timeline;
  const row = segment * timeline.width + timeline.dimensions;
  const share = gpu.whole > 0 ? deviceThousandths : gpu.share;
  let fitting = 0;
  for (let device = 0; device < timeline.deviceType.length; device++) {
    if ((mask & (1 << device)) === 0) continue;
    const place = row + 2 * device;
    if ((free[place] as number) < share) continue;
    if (gpu.whole === 0 && (free[place + 1] as number) < gpu.memory) continue;
    fitting |= 1 << device;
  }
  return fitting;
}

function leastShare(timeline: Timeline, device: number, first: number, last: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let segment = first; segment <= last; segment++) {
    const place = segment * timeline.width + timeline.dimensions + 2 * device;
    least = Math.min(least, timeline.free[place] as number);
  }
  return least;
}

/** The segment that holds `at`. */
function segmentAt(timeline: Timeline, at: number): number {
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

function lastSegment(timeline: Timeline, start: number, duration: number): number {
  return segmentAt(timeline, start + Math.max(0, duration - 1));
}

/** Makes `at` a breakpoint; returns the segment that begins there. */
function split(timeline: Timeline, at: number): number {
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

function joinIfEqual(timeline: Timeline, segment: number): void {
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

function bitCount(mask: number): number {
  let bits = mask;
  let total = 0;
  while (bits !== 0) {
    bits &= bits - 1;
    total++;
  }
  return total;
}
