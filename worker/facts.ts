/** What this node has to offer, found out from the system. */
import { existsSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import {
  arch,
  availableParallelism,
  cpus,
  hostname,
  platform,
  release,
  tmpdir,
  totalmem,
} from "node:os";
import { join } from "node:path";
import type { Resources } from "../core/resources.js";
import type { WorkerFacts } from "../core/worker.js";
import packageFile from "../package.json" with { type: "json" };
import { readCgroupMounts, readOwnGroups } from "./drivers/process/cgroup-manager.js";
import { fastestLinkBps, type NetworkLink } from "./pure/network-speed.js";

export interface OfferedFacts {
  readonly name: string;
  readonly capacity: Resources;
  readonly devices: WorkerFacts["devices"];
  readonly labels: WorkerFacts["labels"];
  readonly speed: number;
  readonly throttle: number | null;
  readonly link?: string;
  readonly costPerHour?: number;
}

/** What the supervisor's drivers found out. */
type FoundFacts = Pick<WorkerFacts, "drivers" | "unavailableDrivers" | "labels">;

/** A throttled worker is slower only where the quota that makes it so is enforced. */
export function workerFacts(
  offered: OfferedFacts,
  { drivers, unavailableDrivers, labels }: FoundFacts,
): WorkerFacts {
  const throttled = drivers.some((driver) => driver.cpuLimit !== "not_enforced");
  const factor = throttled ? (offered.throttle ?? 1) : 1;
  return {
    name: offered.name,
    hostname: hostname(),
    capacity: offered.capacity,
    devices: offered.devices,
    labels: { ...offered.labels, ...labels, ...nodeLabels(offered.devices) },
    drivers,
    unavailableDrivers,
    speed: offered.speed * factor,
    softwareVersion: packageFile.version,
    ...(offered.link === undefined ? {} : { link: offered.link }),
    ...(offered.costPerHour === undefined ? {} : { costPerHour: offered.costPerHour }),
  };
}

/** What every node says of itself; nobody can give these another meaning. */
function nodeLabels(devices: WorkerFacts["devices"]): Readonly<Record<string, string>> {
  const types = [...new Set(devices.map(({ type }) => type))];
  const model = cpus()[0]?.model.trim() ?? "";
  return {
    "almanac.os": platform(),
    "almanac.arch": arch(),
    "almanac.kernel": release(),
    ...(model === "" ? {} : { "almanac.cpu.model": model }),
    ...(types.length === 0 ? {} : { "almanac.gpu.type": types.join(",") }),
    ...(types.length === 0 ? {} : { "almanac.gpu.count": String(devices.length) }),
  };
}

/** What the node has, within the limits of our own control group; disk: what is free at `diskPath`. */
export function detectCapacity(diskPath: string = tmpdir()): Resources {
  const disk = statfsSync(diskPath);
  return {
    cpuMillis: detectCpuMillis(),
    memoryBytes: Math.min(totalmem(), groupMemoryBytes()),
    diskBytes: disk.bavail * disk.bsize,
    // 0: not known, as in most containers and virtual machines.
    networkBps: fastestLinkBps(networkLinks()) ?? 0,
    custom: {},
  };
}

function networkLinks(): NetworkLink[] {
  const root = "/sys/class/net";
  if (!existsSync(root)) return [];
  return readdirSync(root).map((name) => ({
    hasDevice: existsSync(join(root, name, "device")),
    state: readText(join(root, name, "operstate")) ?? "",
    speed: readText(join(root, name, "speed")) ?? "",
  }));
}

function detectCpuMillis(): number {
  const coresMillis = availableParallelism() * 1000;
  const shares = ownGroupDirectories("cpu").map((directory) => {
    const [quota, period] = (readText(join(directory, "cpu.max")) ?? "").split(/\s+/);
    if (period !== undefined) return Number(quota) / Number(period);
    const quotaUs = Number(readText(join(directory, "cpu.cfs_quota_us")) ?? "-1");
    const periodUs = Number(readText(join(directory, "cpu.cfs_period_us")) ?? "0");
    return quotaUs / periodUs;
  });
  const limits = shares.filter((share) => Number.isFinite(share) && share > 0);
  return Math.floor(Math.min(coresMillis, ...limits.map((share) => share * 1000)));
}

function groupMemoryBytes(): number {
  const limits = ownGroupDirectories("memory").map((directory) =>
    Number(
      readText(join(directory, "memory.max")) ??
        readText(join(directory, "memory.limit_in_bytes")) ??
        "max",
    ),
  );
  return Math.min(Number.POSITIVE_INFINITY, ...limits.filter((limit) => limit > 0));
}

/** Our own group and those above it: the tightest limit of all counts. In a container, the mount's root. */
function ownGroupDirectories(controller: string): string[] {
  const mounts = readCgroupMounts(readText("/proc/self/mountinfo") ?? "");
  const own = readOwnGroups(readText("/proc/self/cgroup") ?? "");
  return mounts.flatMap((mount) => {
    if (mount.version === 1 && !mount.controllers.includes(controller)) return [];
    const parts = (own.get(mount.version === 1 ? controller : "") ?? "/")
      .split("/")
      .filter(Boolean);
    return parts
      .map((_, index) => join(mount.path, ...parts.slice(0, index + 1)))
      .concat(mount.path);
  });
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
