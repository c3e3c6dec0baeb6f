/** Which devices of a worker an attempt gets, from what live attempts hold. */
import type { Device, GpuRequest } from "../../core/resources.js";
import { deviceThousandths } from "../../core/resources.js";
import { deviceMatches } from "./eligibility.js";
import type { WorkerRecord } from "./state.js";
import { liveAttempt } from "./state.js";
import { wayNamed } from "./ways.js";

/**
 * Ids of devices that can hold the request now, or null. Whole devices are taken as they stand; a
 * share goes where it leaves least over, so that whole devices stay whole.
 */
export function freeDevices(
  worker: WorkerRecord,
  request: GpuRequest | null,
  promised: readonly DeviceHold[] = [],
): readonly string[] | null {
  if (request === null) return [];
  const free = freeOf(worker, promised).filter(({ device }) => deviceMatches(device, request));
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

/** Devices that a task holds, or is to hold. */
export interface DeviceHold {
  readonly request: GpuRequest | null;
  readonly devices: readonly string[];
}

interface FreeDevice {
  readonly device: Device;
  share: number;
  memoryBytes: number;
}

function freeOf(worker: WorkerRecord, promised: readonly DeviceHold[]): FreeDevice[] {
  const free = worker.facts.devices.map((device) => ({
    device,
    share: deviceThousandths,
    memoryBytes: device.memoryBytes,
  }));
  const live = [...worker.live.values()].map((task) => ({
    request: wayNamed(task, liveAttempt(task)?.mode).template.gpu,
    devices: liveAttempt(task)?.devices ?? [],
  }));
  for (const { request, devices } of [...live, ...promised]) {
    for (const entry of free) {
      if (request === null || !devices.includes(entry.device.id)) continue;
      const whole = request.kind === "whole";
      entry.share -= whole ? deviceThousandths : request.thousandths;
      entry.memoryBytes -= whole ? entry.device.memoryBytes : request.memoryBytes;
    }
  }
  return free;
}
