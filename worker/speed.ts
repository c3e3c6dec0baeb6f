/**
 * How fast a core of this node is, for plans: half a second of cpu time at the first start after a
 * boot, before the worker says Hello, so that no heartbeat waits for it. An agent that starts again
 * takes what was found, for by then its own attempts may be at work.
 *
 * One number, of one core and its nearest caches. The bandwidth of the memory is left out on purpose:
 * it is shared, so it says more of the neighbours at this moment than of the node.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootId } from "./drivers/process/proc.js";

const measurementMs = 500;
/** Of the way it is measured: figures of another are not taken. */
const method = 1;

/**
 * Iterations per millisecond of `measureLoop` on the reference core of speed 1: an AMD
 * EPYC server core under Node 20 does 82,000. Only ratios between workers matter for plans.
 */
const referenceIterationsPerMs = 80_000;

interface Found {
  readonly method: number;
  readonly boot: string;
  readonly speed: number;
}

/** Measured once per boot and data directory; what cannot be kept is measured again. */
export function nodeSpeed(dataDirectory: string, boot: string = bootId()): number {
  const path = join(dataDirectory, "speed.json");
  const known = readFound(path);
  if (known?.boot === boot && known.method === method) return known.speed;
  const found: Found = { method, boot, speed: measureSpeed(measurementMs) };
  try {
    writeFileSync(`${path}.new`, `${JSON.stringify(found)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // A full disk: the next start measures for itself.
  }
  return found.speed;
}

function readFound(path: string): Found | null {
  try {
    const found: Partial<Found> | null = JSON.parse(readFileSync(path, "utf8"));
    const { method: how, boot, speed } = found ?? {};
    if (typeof how !== "number" || typeof boot !== "string") return null;
    if (typeof speed !== "number" || !(speed > 0)) return null;
    return { method: how, boot, speed };
  } catch {
    return null;
  }
}

const rounds = 10;

/**
 * Single-threaded speed relative to the reference core, to two places. Blocks for `durationMs` of cpu
 * time: a fifth to warm up, then the best of eight rounds, for whatever disturbs one makes it slower.
 */
export function measureSpeed(durationMs: number): number {
  measureLoop((durationMs * 2) / rounds);
  const measured = Array.from({ length: rounds - 2 }, () => measureLoop(durationMs / rounds));
  return Math.max(0.01, Math.round((Math.max(...measured) / referenceIterationsPerMs) * 100) / 100);
}

/**
 * A small loop of integer and floating-point work with a little memory traffic, in the cache. It
 * cannot be optimised away, for each step depends on the one before.
 */
const tableEntries = 4_096;
const batchIterations = 20_000;

/** Iterations per millisecond of cpu time, so that others at work do not make the core look slow. */
function measureLoop(durationMs: number): number {
  const table = new Float64Array(tableEntries);
  let state = 0x9e3779b9;
  let sum = 0;
  let iterations = 0;
  const startedAt = process.cpuUsage();
  let elapsedMs = 0;
  do {
    for (let i = 0; i < batchIterations; i += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const index = state & (tableEntries - 1);
      const value = (table[index] as number) * 0.5 + (state >>> 8);
      table[index] = value;
      sum = (sum + Math.sqrt(value)) % 1e9;
    }
    iterations += batchIterations;
    const { user, system } = process.cpuUsage(startedAt);
    elapsedMs = (user + system) / 1_000;
  } while (elapsedMs < durationMs);
  return sum < 0 ? 0 : iterations / elapsedMs;
}
