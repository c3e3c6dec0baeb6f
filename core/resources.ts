/**
 * Amounts of what tasks ask for and workers offer. All are non-negative integers, so that sums are
 * exact and usage recomputed from live attempts equals usage kept incrementally.
 */
export interface Resources {
  /** Thousandths of one cpu core. */
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** Bits per second. */
  readonly networkBps: number;
  /** Named custom amounts of a worker, for example `fpga: 2`. */
  readonly custom: Readonly<Record<string, number>>;
}

export const noResources: Resources = {
  cpuMillis: 0,
  memoryBytes: 0,
  diskBytes: 0,
  networkBps: 0,
  custom: {},
};

/** A GPU. Shares of it are counted in thousandths; a share lies within one device. */
export interface Device {
  /** Name by which the driver makes it visible, unique on its worker (a GPU UUID or index). */
  readonly id: string;
  readonly type: string;
  readonly memoryBytes: number;
}

/** At most this many devices on one worker: a plan names devices by a 32-bit mask. */
export const devicesPerWorkerMax = 32;
export const deviceThousandths = 1000;

/** What a task asks of GPUs: whole ones, counted, or a share of a single one. */
export type GpuRequest =
  | {
      readonly kind: "whole";
      readonly count: number;
      /** null: any type. */
      readonly type: string | null;
      /** Memory that each of the devices must have at least. */
      readonly memoryBytes: number;
    }
  | {
      readonly kind: "share";
      readonly thousandths: number;
      readonly type: string | null;
      /** Memory of the device that is charged to the task. */
      readonly memoryBytes: number;
    };

/** A resource of the whole cluster: licences, rate limits, tokens. */
export interface Pool {
  readonly name: string;
  readonly capacity: number;
  /** What an attempt takes is gone for good, a budget or fuel. Absent: it comes back. */
  readonly consumable?: boolean;
}

export function addResources(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x + y);
}

export function subtractResources(a: Resources, b: Resources): Resources {
  return combine(a, b, (x, y) => x - y);
}

/** True if `demand` is at most `capacity` in every dimension. */
export function fits(demand: Resources, capacity: Resources): boolean {
  return exceeding(demand, capacity).length === 0;
}

/** The dimensions in which `demand` exceeds `capacity`, by name. */
export function exceeding(demand: Resources, capacity: Resources): string[] {
  const names: string[] = [];
  if (demand.cpuMillis > capacity.cpuMillis) names.push("cpu");
  if (demand.memoryBytes > capacity.memoryBytes) names.push("memory");
  if (demand.diskBytes > capacity.diskBytes) names.push("disk");
  if (demand.networkBps > capacity.networkBps) names.push("network");
  for (const [name, amount] of Object.entries(demand.custom)) {
    if (amount > (capacity.custom[name] ?? 0)) names.push(name);
  }
  return names;
}

function combine(a: Resources, b: Resources, f: (x: number, y: number) => number): Resources {
  const custom: Record<string, number> = {};
  for (const name of new Set([...Object.keys(a.custom), ...Object.keys(b.custom)])) {
    custom[name] = f(a.custom[name] ?? 0, b.custom[name] ?? 0);
  }
  return {
    cpuMillis: f(a.cpuMillis, b.cpuMillis),
    memoryBytes: f(a.memoryBytes, b.memoryBytes),
    diskBytes: f(a.diskBytes, b.diskBytes),
    networkBps: f(a.networkBps, b.networkBps),
    custom,
  };
}
