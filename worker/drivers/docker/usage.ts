/**
 * Usage of a container, read from its control group while it runs, because the group goes with it:
 * what happened between the last sample and the end is missed, and a container shorter than one
 * interval may show nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { UsageReport } from "../../../core/worker.js";
import { readKey, readNumber } from "../process/cgroup.js";
import { readCgroupMounts, readOwnGroups } from "../process/cgroup-manager.js";

/** Short at first, so that a short container is seen at all. */
const intervalFirstMs = 25;
const intervalMaxMs = 500;

export interface ContainerUsage {
  stop(): UsageReport;
}

interface Sources {
  readonly memory: () => number | null;
  readonly cpuMs: () => number | null;
}

export function sampleContainer(pid: number): ContainerUsage {
  const sources = sourcesOf(pid);
  let peakMemoryBytes: number | null = null;
  let cpuMs: number | null = null;
  let timer: NodeJS.Timeout | null = null;
  let intervalMs = intervalFirstMs;
  const sample = (): void => {
    peakMemoryBytes = largest(peakMemoryBytes, sources?.memory() ?? null);
    cpuMs = largest(cpuMs, sources?.cpuMs() ?? null);
  };
  const again = (): void => {
    sample();
    intervalMs = Math.min(intervalMaxMs, intervalMs * 2);
    timer = setTimeout(again, intervalMs);
  };
  if (sources !== null) again();
  return {
    stop() {
      if (timer !== null) clearTimeout(timer);
      return { peakMemoryBytes, cpuMs };
    },
  };
}

function largest(before: number | null, now: number | null): number | null {
  if (now === null) return before;
  return before === null ? now : Math.max(before, now);
}

/** null: the container's processes are not to be seen from here. */
function sourcesOf(pid: number): Sources | null {
  try {
    const groups = readOwnGroups(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    const mounts = readCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
    const directoryOf = (controller: string): string | null => {
      const group = groups.get(controller);
      const mount = mounts.find(({ version, controllers }) =>
        controller === "" ? version === 2 : controllers.includes(controller),
      );
      if (group === undefined || group === "/" || mount === undefined) return null;
      const directory = join(mount.path, group);
      return existsSync(directory) ? directory : null;
    };
    const [unified, memory, cpu] = [directoryOf(""), directoryOf("memory"), directoryOf("cpuacct")];
    if (memory !== null || cpu !== null) return version1(memory, cpu);
    return unified === null ? null : version2(unified);
  } catch {
    return null;
  }
}

const version1 = (memory: string | null, cpu: string | null): Sources => ({
  memory: () => (memory === null ? null : readNumber(join(memory, "memory.max_usage_in_bytes"))),
  cpuMs: () => (cpu === null ? null : rounded(readNumber(join(cpu, "cpuacct.usage")), 1e6)),
});

const version2 = (directory: string): Sources => ({
  memory: () =>
    readNumber(join(directory, "memory.peak")) ?? readNumber(join(directory, "memory.current")),
  cpuMs: () => rounded(readKey(join(directory, "cpu.stat"), "usage_usec"), 1e3),
});

const rounded = (value: number | null, perMs: number): number | null =>
  value === null ? null : Math.round(value / perMs);
