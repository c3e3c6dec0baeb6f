/** The freezer of a process that somebody else has put into a group. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Freezer } from "./cgroup.js";
import { readCgroupMounts, readOwnGroups } from "./cgroup-manager.js";
import { freezerV1, freezerV2 } from "./freezer.js";

/** null: it has gone, is in no group of its own, or its group has no freezer. */
export function freezerOfProcess(pid: number): Freezer | null {
  try {
    const groups = readOwnGroups(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    const mounts = readCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
    const version1 = mounts.find(({ controllers }) => controllers.includes("freezer"));
    const version2 = mounts.find(({ version }) => version === 2);
    const group = groups.get("freezer");
    const unified = groups.get("");
    if (version1 !== undefined && group !== undefined && group !== "/") {
      return freezerV1(join(version1.path, group));
    }
    if (version2 === undefined || unified === undefined || unified === "/") return null;
    return freezerV2(join(version2.path, unified));
  } catch {
    return null;
  }
}
