/** Which devices of a worker suit an option. */
import { none, type Problem } from "../../../core/problem.js";

/** First device of each worker, and after the last. */
export function firstDevices({ workers, devices }: Problem): Uint32Array {
  const first = new Uint32Array(workers.count + 1);
  for (const worker of devices.worker) first[worker + 1] = (first[worker + 1] as number) + 1;
  for (let worker = 0; worker < workers.count; worker += 1) {
    first[worker + 1] = (first[worker + 1] as number) + (first[worker] as number);
  }
  return first;
}

/** Number of devices that the option takes, at least one. */
export function devicesNeeded({ options, gpuRequests }: Problem, option: number): number {
  const request = options.gpuRequest[option] as number;
  return request === none ? 0 : Math.max(1, gpuRequests.whole[request] as number);
}

/** Bits of the worker's devices that suit the option. */
export function suitableDevices(
  { options, gpuRequests, devices }: Problem,
  first: Uint32Array,
  option: number,
  worker: number,
): number[] {
  const request = options.gpuRequest[option] as number;
  const bits: number[] = [];
  if (request === none) return bits;
  const type = gpuRequests.type[request] as number;
  const from = first[worker] as number;
  for (let device = from; device < (first[worker + 1] as number); device += 1) {
    const hasType = type === none || type === devices.type[device];
    const hasMemory = (devices.memory[device] as number) >= (gpuRequests.memory[request] as number);
    if (hasType && hasMemory) bits.push(device - from);
  }
  return bits;
}
