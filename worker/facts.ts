/** What this node has to offer, found out from the system. */
import { readFileSync, statfsSync } from "node:fs";
import { availableParallelism, hostname, tmpdir, totalmem } from "node:os";
import type { Resources } from "../core/resources.js";
import type { DriverFacts, WorkerFacts } from "../core/worker.js";
import packageFile from "../package.json" with { type: "json" };
import { measureLoop } from "./speed.js";

export interface OfferedFacts {
  readonly name: string;
  readonly capacity: Resources;
  readonly devices: WorkerFacts["devices"];
  readonly labels: WorkerFacts["labels"];
  readonly speed: number;
  readonly throttle: number | null;
}

/** A throttled worker is slower only where the quota that makes it so is enforced. */
export function workerFacts(offered: OfferedFacts, drivers: readonly DriverFacts[]): WorkerFacts {
  const throttled = drivers.some((driver) => driver.cpuLimit !== "not_enforced");
  const factor = throttled ? (offered.throttle ?? 1) : 1;
  return {
    name: offered.name,
    hostname: hostname(),
    capacity: offered.capacity,
    devices: offered.devices,
    labels: offered.labels,
    drivers,
    speed: offered.speed * factor,
    softwareVersion: packageFile.version,
  };
}

/** Without a link whose speed is known, as in most containers and virtual machines. */
const assumedNetworkBps = 1_000_000_000;

/** What the node has, within the limits of our own control group; disk: what is free at `diskPath`. */
export function detectCapacity(diskPath: string = tmpdir()): Resources {
  const disk = statfsSync(diskPath);
  return {
    cpuMillis: detectCpuMillis(),
    memoryBytes: Math.min(totalmem(), groupMemoryBytes()),
    diskBytes: disk.bavail * disk.bsize,
    networkBps: assumedNetworkBps,
    custom: {},
  };
}

function detectCpuMillis(): number {
  const coresMillis = availableParallelism() * 1000;
  const [quota, period] = (readText("/sys/fs/cgroup/cpu.max") ?? "max 100000").split(/\s+/);
  const share = Number(quota) / Number(period);
  return Number.isFinite(share) ? Math.min(coresMillis, Math.floor(share * 1000)) : coresMillis;
}

function groupMemoryBytes(): number {
  const files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
  const limits = files.map((path) => Number(readText(path) ?? "max"));
  return Math.min(...limits.map((limit) => (limit > 0 ? limit : Number.POSITIVE_INFINITY)));
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/**
 * Iterations per millisecond of `measureLoop` on the reference core of speed 1: an AMD
 * EPYC server core under Node 20 does 82,000. Only ratios between workers matter for plans.
 */
const referenceIterationsPerMs = 80_000;

/** Single-threaded speed relative to the reference core, to two places. Blocks for `durationMs`. */
export function measureSpeed(durationMs: number): number {
  measureLoop(durationMs / 4);
  const best = Math.max(...[0, 1, 2].map(() => measureLoop(durationMs / 4)));
  return Math.max(0.01, Math.round((best / referenceIterationsPerMs) * 100) / 100);
}
