/** The devices of a timeline: which of them suit a request, which have room for it, and when. */
import { none } from "./problem.js";
import { deviceThousandths } from "./resources.js";
import type { Timeline } from "./timeline-segments.js";

/** A row of `GpuRequestColumns`. */
export interface GpuNeed {
  readonly whole: number;
  readonly share: number;
  /** Interned device type, or none. */
  readonly type: number;
  readonly memory: number;
}

export function eligibleDevices(timeline: Timeline, gpu: GpuNeed): number {
  let mask = 0;
  for (let device = 0; device < timeline.deviceType.length; device++) {
    if (gpu.type !== none && timeline.deviceType[device] !== gpu.type) continue;
    if ((timeline.deviceMemory[device] as number) >= gpu.memory) mask |= 1 << device;
  }
  return mask;
}

/** The devices of `mask` on which the request fits in this segment. */
export function freeDevices(
  timeline: Timeline,
  segment: number,
  gpu: GpuNeed,
  mask: number,
): number {
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

export function leastShare(
  timeline: Timeline,
  device: number,
  first: number,
  last: number,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (let segment = first; segment <= last; segment++) {
    const place = segment * timeline.width + timeline.dimensions + 2 * device;
    least = Math.min(least, timeline.free[place] as number);
  }
  return least;
}

/** Bits of devices that the worker does not have (any more) are facts about nothing: left out. */
export function changeDevices(
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

export function bitCount(mask: number): number {
  let bits = mask;
  let total = 0;
  while (bits !== 0) {
    bits &= bits - 1;
    total++;
  }
  return total;
}
