/** How the processes of an attempt are stopped, and how nothing of it is left behind. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DriverIdentity } from "../../driver.js";
import { type Cgroup, type CgroupManager, killCgroup, removeDirectories } from "./cgroup.js";
import { directoryVariable } from "./environment.js";
import { processesWithEnvironment, readProcess, signal } from "./proc.js";

const killDeadlineMs = 5_000;
/** A longer delay would overflow Node's timers and fire at once. */
const timerMsMax = 2 ** 31 - 1;

export interface ProcessStopper {
  stop(graceMs: number): void;
  exited(): void;
  isDone(): boolean;
}

/** Signals the group as long as its leader has not been waited for, so never a stranger's. */
export function createStopper(pid: number, cgroup: Cgroup | null): ProcessStopper {
  let done = false;
  let timer: NodeJS.Timeout | null = null;
  let killAtMs = Number.POSITIVE_INFINITY;
  const kill = (): void => {
    if (done) return;
    signal(-pid, "SIGKILL");
    if (cgroup !== null) void killCgroup(cgroup, killDeadlineMs);
  };
  return {
    stop(graceMs) {
      if (done) return;
      if (killAtMs === Number.POSITIVE_INFINITY) {
        signal(-pid, "SIGTERM");
        // A stopped program gets no signal but this one.
        signal(-pid, "SIGCONT");
      }
      const at = performance.now() + graceMs;
      if (at >= killAtMs) return;
      killAtMs = at;
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(kill, Math.min(graceMs, timerMsMax));
    },
    exited() {
      done = true;
      if (timer !== null) clearTimeout(timer);
    },
    isDone: () => done,
  };
}

/** Kills what the leader has left behind: the rest of its group, and what has left the group. */
export async function clearAttempt(
  pid: number,
  directory: string,
  cgroup: Cgroup | null,
): Promise<void> {
  signal(-pid, "SIGKILL");
  if (cgroup !== null) {
    await killCgroup(cgroup, killDeadlineMs);
    return;
  }
  await killByEnvironment(directory);
}

async function killByEnvironment(directory: string): Promise<void> {
  const deadline = performance.now() + killDeadlineMs;
  for (;;) {
    const pids = processesWithEnvironment(`${directoryVariable}=${directory}`);
    if (pids.length === 0 || performance.now() > deadline) return;
    for (const pid of pids) signal(pid, "SIGKILL");
    await sleep(2);
  }
}

/** Kills what is in the groups that there are now, and removes them. */
export async function clearGroups(cgroups: CgroupManager | null): Promise<void> {
  for (const name of cgroups?.list() ?? []) {
    const group = cgroups?.find(name) ?? null;
    if (group === null) continue;
    await killCgroup(group, killDeadlineMs);
    await removeDirectories(group.directories);
  }
}

export async function reapProcess(
  cgroups: CgroupManager | null,
  cgroupName: string,
  directory: string,
  identity: DriverIdentity | null,
): Promise<void> {
  const leader = identity === null ? null : readProcess(Number(identity.pid));
  if (leader !== null && leader.startTicks === identity?.startTicks) {
    signal(-leader.pid, "SIGKILL");
  }
  const cgroup = cgroups?.find(cgroupName) ?? null;
  if (cgroup !== null) {
    await killCgroup(cgroup, killDeadlineMs);
    await removeDirectories(cgroup.directories);
  }
  // Also where there was a group: the supervisor may have died before the wrapper had joined it.
  await killByEnvironment(directory);
}
