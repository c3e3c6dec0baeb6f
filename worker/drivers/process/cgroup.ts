/** Control groups: limits, usage and a sure way to find every process of an attempt. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Enforcement } from "../../../core/worker.js";
import { signal } from "./proc.js";

export interface CgroupLimits {
  /** 0: no limit. */
  readonly cpuMillis: number;
  readonly throttle: number | null;
  /** 0: no limit. */
  readonly memoryBytes: number;
  readonly processesMax: number;
}

export interface Freezer {
  /** False: some process would not stand still, and all go on. */
  freeze(): Promise<boolean>;
  thaw(): void;
}

export interface Cgroup {
  /** A process joins by writing its pid into each of these. */
  readonly joinFiles: readonly string[];
  /** Children first is not needed: attempts have no groups below their own. */
  readonly directories: readonly string[];
  peakMemoryBytes(): number | null;
  cpuMs(): number | null;
  /** Processes of the group that the kernel killed for want of memory. */
  outOfMemoryKills(): number;
  /** null: this host has no freezer for us. */
  readonly freezer: Freezer | null;
}

export interface CgroupManager {
  readonly cpuLimit: Enforcement;
  readonly memoryLimit: Enforcement;
  readonly processLimit: Enforcement;
  /** Throws if the kernel refuses a limit. */
  create(name: string, limits: CgroupLimits): Cgroup;
  /** A group that an earlier supervisor made; null if there is none. */
  find(name: string): Cgroup | null;
  /** Names of the groups that there are. */
  list(): string[];
  /** Removes what is common to all groups; they must have gone. */
  close(): Promise<void>;
}

export interface CgroupMount {
  readonly path: string;
  readonly version: 1 | 2;
  /** Of version 1: the controllers of this hierarchy. */
  readonly controllers: readonly string[];
}

export function cgroupProcesses(group: Cgroup): number[] {
  const pids = new Set<number>();
  for (const path of group.joinFiles) {
    for (const line of readText(path).split("\n")) {
      // 0 stands for a process of another pid namespace.
      if (line !== "" && line !== "0") pids.add(Number(line));
    }
  }
  return [...pids];
}

/** Again and again, because a process may fork while the list is read. False: some would not go. */
export async function killCgroup(group: Cgroup, deadlineMs: number): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    // In a frozen group of version 1 no signal ends anything. Before the look at who is there: what
    // joins only now must not be caught by it.
    group.freezer?.thaw();
    const pids = cgroupProcesses(group);
    if (pids.length === 0) return true;
    for (const pid of pids) signal(pid, "SIGKILL");
    if (performance.now() > deadline) return false;
    await sleep(2);
  }
}

/** A group is busy for a moment after its last process has gone. */
export async function removeDirectories(directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    for (let tries = 0; tries < 50 && existsSync(directory); tries += 1) {
      const removed = await rmdir(directory).then(
        () => true,
        () => false,
      );
      if (removed) break;
      await sleep(10);
    }
  }
}

/** Names of the groups below these. */
export function listGroups(parents: readonly string[]): string[] {
  const names = new Set<string>();
  for (const parent of parents) {
    if (!existsSync(parent)) continue;
    for (const entry of readdirSync(parent, { withFileTypes: true })) {
      if (entry.isDirectory()) names.add(entry.name);
    }
  }
  return [...names];
}

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

export function readNumber(path: string): number | null {
  const text = readText(path).trim();
  return text === "" || !Number.isFinite(Number(text)) ? null : Number(text);
}

/** The value behind `key ` in a file of lines `key value`. */
export function readKey(path: string, key: string): number | null {
  const match = new RegExp(`^${key} (\\d+)$`, "m").exec(readText(path));
  return match === null ? null : Number(match[1]);
}

export interface CpuQuota {
  readonly periodUs: number;
  readonly quotaUs: number;
}

/**
 * The kernel takes periods of 1 ms to 1 s and quotas of 1 ms or more. Throttled attempts get a short
 * period, so that tasks shorter than the usual 100 ms are slowed too.
 */
export function cpuQuota(cpuMillis: number, throttle: number | null): CpuQuota {
  const cores = (cpuMillis / 1000) * (throttle ?? 1);
  const usualUs = throttle === null || throttle === 1 ? 100_000 : 20_000;
  const periodUs = Math.min(1_000_000, Math.max(usualUs, Math.ceil(1_000 / cores)));
  return { periodUs, quotaUs: Math.max(1_000, Math.round(cores * periodUs)) };
}
