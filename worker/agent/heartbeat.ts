/** How this node does, for people to see. */
import { readFileSync } from "node:fs";
import { loadavg, totalmem } from "node:os";
import type { Heartbeat } from "../../core/session.js";

export function heartbeat(): Heartbeat {
  return { freeMemoryBytes: availableMemoryBytes(), loadAverage: loadavg()[0] ?? 0 };
}

function availableMemoryBytes(): number {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return match === null ? totalmem() : Number(match[1]) * 1024;
}
