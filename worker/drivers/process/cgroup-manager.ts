/**
 * Finds out by trying what this host lets us do with control groups, because a mounted hierarchy
 * proves nothing: in a container it is often read-only.
 */
import { readFileSync } from "node:fs";
import type { CgroupManager, CgroupMount } from "./cgroup.js";
import { createCgroupsV1 } from "./cgroup-v1.js";
import { createCgroupsV2 } from "./cgroup-v2.js";

/** null: this host lets us make no groups at all. */
export function createCgroupManager(parentName: string): CgroupManager | null {
  const mounts = readCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const own = readOwnGroups(readFileSync("/proc/self/cgroup", "utf8"));
  return createCgroupsV1(mounts, own, parentName) ?? createCgroupsV2(mounts, own, parentName);
}

/** proc(5), mountinfo: fields before ` - ` then type, source, super options. */
export function readCgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before, after] = line.split(" - ");
    const path = before?.split(" ")[4];
    const [type, , options] = after?.split(" ") ?? [];
    if (path === undefined || type === undefined) continue;
    if (type === "cgroup2") mounts.push({ path, version: 2, controllers: [] });
    if (type === "cgroup") {
      mounts.push({ path, version: 1, controllers: (options ?? "").split(",") });
    }
  }
  return mounts;
}

/** cgroups(7), /proc/self/cgroup: path of our own group by controller; "" is version 2. */
export function readOwnGroups(text: string): Map<string, string> {
  const own = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    for (const controller of (match[1] ?? "").split(",")) own.set(controller, match[2] ?? "/");
  }
  return own;
}
