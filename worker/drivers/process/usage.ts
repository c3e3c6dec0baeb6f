/**
 * Usage of an attempt where no control group counts it: sampled from /proc, so peaks between samples
 * are missed, and a program shorter than one interval may show nothing.
 */
import type { UsageReport } from "../../../core/worker.js";
import { pageBytes, processTree, ticksPerSecond } from "./proc.js";

const sampleIntervalMs = 200;
const processesMax = 256;

export interface UsageSampler {
  stop(): UsageReport;
}

export function sampleUsage(pid: number): UsageSampler {
  let peakPages = 0;
  let cpuTicks = 0;
  const sample = (): void => {
    const tree = processTree(pid, processesMax);
    peakPages = Math.max(peakPages, sum(tree.map((one) => one.residentPages)));
    cpuTicks = Math.max(cpuTicks, sum(tree.map((one) => one.cpuTicks)));
  };
  const timer = setInterval(sample, sampleIntervalMs);
  return {
    stop() {
      clearInterval(timer);
      if (peakPages === 0) return { peakMemoryBytes: null, cpuMs: null };
      return {
        peakMemoryBytes: peakPages * pageBytes,
        cpuMs: Math.round((cpuTicks * 1000) / ticksPerSecond),
      };
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
