/** Which devices of a worker an attempt gets, from what live attempts hold. */
import type { Device, GpuRequest } from "../../core/resources.js";
import { deviceThousandths } from "../../core/resources.js";
import { deviceMatches } from "./eligibility.js";
import type { WorkerRecord } from "./state.js";
import { liveAttempt } from "./state.js";

/**
 * Ids of devices that can hold the request now, or null. Whole devices are taken as they stand; a
 * share goes where it leaves least over, so that whole devices stay whole.
 */
export function freeDevices(
  worker: WorkerRecord,
  request: GpuRequest | null,
): readonly string[] | null {
  if (request === null) return [];
  const free = freeOf(worker).filter(({ device }) => deviceMatches(device, request));
  if (request.kind === "whole") {
    const whole = free.filter(({ share }) => share === deviceThousandths);
    if (whole.length < request.count) return null;
    return whole.slice(0, request.count).map(({ device }) => device.id);
  }
  const fitting = free
    .filter((f) => f.share >= request.thousandths && f.memoryBytes >= request.memoryBytes)
    .sort((a, b) => a.share - b.share);
  return fitting[0] === undefined ? null : [fitting[0].device.id];
}

interface FreeDevice {
  readonly device: Device;
  share: number;
  memoryBytes: number;
}

function freeOf(worker: WorkerRecord): FreeDevice[] {
  const free = worker.facts.devices.map((device) => ({
    device,
    share: deviceThousandths,
    memoryBytes: device.memoryBytes,
  }));
  for (const task of worker.live.values()) {
    const request = task.template.gpu;
    const held = liveAttempt(task)?.devices ?? [];
    for (const entry of free) {
      if (request === null || !held.includes(entry.device.id)) continue;
      const whole = request.kind === "whole";
      entry.share -= whole ? deviceThousandths : request.thousandths;
      entry.memoryBytes -= whole ? entry.device.memoryBytes : request.memoryBytes;
    }
  }
  return free;
}
