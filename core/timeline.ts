/**
 * The profile of one worker over time: a step function of what is free, in D capacity dimensions
 * and, for each of its devices, in thousandths and memory. A pool of the cluster is a timeline of
 * one dimension and no devices.
 *
 * How the segments are kept is in `timeline-segments.ts`.
 *
 * Facts may over-commit a worker (it shrank under what runs). Then free amounts are negative there
 * and no demand above zero fits in that dimension; demands of zero are not concerned.
 */
import { none } from "./problem.js";
import {
  bitCount,
  changeDevices,
  eligibleDevices,
  freeDevices,
  type GpuNeed,
  leastShare,
} from "./timeline-devices.js";
import { joinIfEqual, segmentAt, split, type Timeline } from "./timeline-segments.js";

export type { GpuNeed } from "./timeline-devices.js";
export { copyTimeline, createTimeline, type Timeline } from "./timeline-segments.js";

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
  // What takes no time holds nothing, so it needs no room either.
  if (duration === 0 && gpu === null) return from;
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

function rowFits(timeline: Timeline, segment: number, demand: Int32Array, at: number): boolean {
  const { free, dimensions } = timeline;
  const row = segment * timeline.width;
  for (let d = 0; d < dimensions; d++) {
    const needed = demand[at + d] as number;
    if (needed > (free[row + d] as number) && needed > 0) return false;
  }
  return true;
}

function lastSegment(timeline: Timeline, start: number, duration: number): number {
  return segmentAt(timeline, start + Math.max(0, duration - 1));
}
