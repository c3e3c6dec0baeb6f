/** cgroups of version 2: one hierarchy for all controllers (kernel: admin-guide/cgroup-v2). */
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
  readText,
  removeDirectories,
} from "./cgroup.js";
import { freezerV2 } from "./freezer.js";

const controllers = ["cpu", "memory", "pids"] as const;

/** null: there is no such hierarchy, or neither cpu nor memory is delegated to us. */
export function createCgroupsV2(
  mounts: readonly CgroupMount[],
  own: ReadonlyMap<string, string>,
  parentName: string,
): CgroupManager | null {
  const mount = mounts.find((one) => one.version === 2);
  if (mount === undefined) return null;
  const candidates = [join(mount.path, own.get("") ?? "/"), mount.path];
  for (const base of candidates) {
    const parent = join(base, parentName);
    if (!existsSync(join(base, "cgroup.procs")) || !makeParent(base, parent)) continue;
    const can = (file: string): boolean => canLimit(parent, file);
    const cpu = can("cpu.max");
    const memory = can("memory.max");
    if (!cpu && !memory) continue;
    return {
      cpuLimit: cpu ? "cgroup_v2" : "not_enforced",
      memoryLimit: memory ? "cgroup_v2" : "not_enforced",
      processLimit: can("pids.max") ? "cgroup_v2" : "not_enforced",
      create(name, limits) {
        const directory = join(parent, name);
        mkdirSync(directory, { recursive: true });
        return limitGroup(directory, limits);
      },
      find: (name) => (existsSync(join(parent, name)) ? groupAt(join(parent, name)) : null),
      list: () => listGroups([parent]),
      close: () => removeDirectories([parent]),
    };
  }
  return null;
}

/**
 * A group with processes of its own may not hand controllers to its children, the root excepted. So
 * below our own group this works only where it is delegated with ourselves in a leaf beside.
 */
function makeParent(base: string, parent: string): boolean {
  try {
    enableControllers(base);
    mkdirSync(parent, { recursive: true });
    enableControllers(parent);
    return true;
  } catch {
    return false;
  }
}

function enableControllers(directory: string): void {
  const offered = readText(join(directory, "cgroup.controllers")).trim().split(/\s+/);
  const enabled = readText(join(directory, "cgroup.subtree_control")).trim().split(/\s+/);
  const missing = controllers.filter((one) => offered.includes(one) && !enabled.includes(one));
  if (missing.length === 0) return;
  const change = missing.map((one) => `+${one}`).join(" ");
  writeFileSync(join(directory, "cgroup.subtree_control"), change);
}

function canLimit(parent: string, file: string): boolean {
  const probe = join(parent, `probe-${process.pid}`);
  try {
    mkdirSync(probe, { recursive: true });
    const there = existsSync(join(probe, file));
    rmdirSync(probe);
    return there;
  } catch {
    return false;
  }
}

/** Of a group that exists. Controllers that are not there are left out. */
export function limitGroup(directory: string, limits: CgroupLimits): Cgroup {
  const write = (file: string, value: string): void => {
    const path = join(directory, file);
    if (existsSync(path)) writeFileSync(path, value);
  };
  if (limits.cpuMillis > 0) {
    const { periodUs, quotaUs } = cpuQuota(limits.cpuMillis, limits.throttle);
    write("cpu.max", `${quotaUs} ${periodUs}`);
  }
  if (limits.memoryBytes > 0) {
    write("memory.max", String(limits.memoryBytes));
    write("memory.swap.max", "0");
  }
  write("pids.max", String(limits.processesMax));
  return groupAt(directory);
}

function groupAt(directory: string): Cgroup {
  return {
    directories: [directory],
    joinFiles: [join(directory, "cgroup.procs")],
    // Since Linux 5.19; before, the peak is not known.
    peakMemoryBytes: () => readNumber(join(directory, "memory.peak")),
    cpuMs: () => {
      const microseconds = readKey(join(directory, "cpu.stat"), "usage_usec");
      return microseconds === null ? null : Math.round(microseconds / 1e3);
    },
    outOfMemoryKills: () => readKey(join(directory, "memory.events"), "oom_kill") ?? 0,
    freezer: freezerV2(directory),
  };
}
