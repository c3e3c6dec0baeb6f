/** cgroups of version 1: one hierarchy per controller (kernel: admin-guide/cgroup-v1). */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Cgroup,
  type CgroupLimits,
  type CgroupManager,
  type CgroupMount,
  cpuQuota,
  listGroups,
  readKey,
  readNumber,
  removeDirectories,
} from "./cgroup.js";
import { freezerV1 } from "./freezer.js";

const controllers = ["cpu", "cpuacct", "memory", "pids", "freezer"] as const;
type Controller = (typeof controllers)[number];
type Parents = ReadonlyMap<Controller, string>;

/** null: none of the controllers is there for us to use. */
export function createCgroupsV1(
  mounts: readonly CgroupMount[],
  own: ReadonlyMap<string, string>,
  parentName: string,
): CgroupManager | null {
  const parents = new Map<Controller, string>();
  for (const controller of controllers) {
    const parent = parentFor(controller, mounts, own, parentName);
    if (parent !== null) parents.set(controller, parent);
  }
  if (parents.size === 0) return null;
  return {
    cpuLimit: parents.has("cpu") ? "cgroup_v1" : "not_enforced",
    memoryLimit: parents.has("memory") ? "cgroup_v1" : "not_enforced",
    processLimit: parents.has("pids") ? "cgroup_v1" : "not_enforced",
    create(name, limits) {
      for (const parent of new Set(parents.values())) {
        mkdirSync(join(parent, name), { recursive: true });
      }
      setLimits(parents, name, limits);
      return groupAt(parents, name);
    },
    find: (name) => {
      const exists = [...parents.values()].some((parent) => existsSync(join(parent, name)));
      return exists ? groupAt(parents, name) : null;
    },
    list: () => listGroups([...parents.values()]),
    close: () => removeDirectories([...new Set(parents.values())]),
  };
}

/** Below our own group, so that limits on ourselves hold for attempts; else at the mount's root. */
function parentFor(
  controller: Controller,
  mounts: readonly CgroupMount[],
  own: ReadonlyMap<string, string>,
  parentName: string,
): string | null {
  const mount = mounts.find((one) => one.version === 1 && one.controllers.includes(controller));
  if (mount === undefined) return null;
  const candidates = [join(mount.path, own.get(controller) ?? "/"), mount.path];
  for (const base of candidates) {
    const parent = join(base, parentName);
    if (existsSync(join(base, "cgroup.procs")) && canLimit(controller, parent)) return parent;
  }
  return null;
}

/** Found out by doing it. */
function canLimit(controller: Controller, parent: string): boolean {
  const probe = join(parent, `probe-${process.pid}`);
  try {
    mkdirSync(probe, { recursive: true });
    const limits = { cpuMillis: 1000, throttle: null, memoryBytes: 1 << 26, processesMax: 64 };
    setLimits(new Map([[controller, parent]]), `probe-${process.pid}`, limits);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}

function setLimits(parents: Parents, name: string, limits: CgroupLimits): void {
  const write = (controller: Controller, file: string, value: number): void => {
    const parent = parents.get(controller);
    if (parent !== undefined) writeFileSync(join(parent, name, file), String(value));
  };
  if (limits.cpuMillis > 0) {
    const { periodUs, quotaUs } = cpuQuota(limits.cpuMillis, limits.throttle);
    write("cpu", "cpu.cfs_period_us", periodUs);
    write("cpu", "cpu.cfs_quota_us", quotaUs);
  }
  if (limits.memoryBytes > 0) {
    write("memory", "memory.limit_in_bytes", limits.memoryBytes);
    // Memory and swap together: without it, a task would swap instead of staying in its limit.
    const swapFile = "memory.memsw.limit_in_bytes";
    const parent = parents.get("memory");
    if (parent !== undefined && existsSync(join(parent, name, swapFile))) {
      write("memory", swapFile, limits.memoryBytes);
    }
  }
  write("pids", "pids.max", limits.processesMax);
}

function groupAt(parents: Parents, name: string): Cgroup {
  const file = (controller: Controller, entry: string): string =>
    join(parents.get(controller) ?? "/nonexistent", name, entry);
  const directories = [...new Set(parents.values())].map((parent) => join(parent, name));
  return {
    directories,
    joinFiles: directories.map((directory) => join(directory, "cgroup.procs")),
    peakMemoryBytes: () => readNumber(file("memory", "memory.max_usage_in_bytes")),
    cpuMs: () => {
      const nanoseconds = readNumber(file("cpuacct", "cpuacct.usage"));
      return nanoseconds === null ? null : Math.round(nanoseconds / 1e6);
    },
    outOfMemoryKills: () => readKey(file("memory", "memory.oom_control"), "oom_kill") ?? 0,
    freezer: freezerV1(file("freezer", "")),
  };
}
