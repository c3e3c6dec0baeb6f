/**
 * What a task takes of its worker: what it asks for, and what its driver needs beside that. The
 * master reckons with it, and the worker again when a launch arrives.
 */
import type { DriverName } from "./drivers.js";
import type { Resources } from "./resources.js";

const mebibyte = 1024 ** 2;

/** A machine's own memory where the task says nothing. */
export const machineMemoryBytesDefault = 256 * mebibyte;

/**
 * What QEMU takes beside its guest's memory, at most: its code and buffers, the kernel that it
 * hands to the guest, 32 MiB of translated code. Measured with the default image: 120 MiB.
 */
export const machineOverheadBytes = 192 * mebibyte;

export function chargedResources(asked: {
  readonly driver: DriverName;
  readonly resources: Resources;
}): Resources {
  const { driver, resources } = asked;
  if (driver !== "kvm") return resources;
  const own = resources.memoryBytes === 0 ? machineMemoryBytesDefault : resources.memoryBytes;
  return { ...resources, memoryBytes: own + machineOverheadBytes };
}
