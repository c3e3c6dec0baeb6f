/** Finds the processes of a worker by what Linux tells in /proc, to end all of them. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const goneLimitMs = 10_000;
const goneEveryMs = 10;

/** Supervisors that serve this data directory, and all that descends from them. */
export function processesOf(dataDirectory: string): number[] {
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = parentOf(pid);
    if (parent === null) continue;
    parents.set(pid, parent);
    if (isSupervisorOf(pid, dataDirectory)) found.add(pid);
  }
  // Parents may come after their children in the list: go on until nothing is added.
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Supervisors that serve this data directory: one, but for the moment in which one follows another. */
export const supervisorsOf = (dataDirectory: string): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isSupervisorOf(pid, dataDirectory));

export async function waitUntilGone(pids: readonly number[]): Promise<void> {
  const until = Date.now() + goneLimitMs;
  while (pids.some(isAlive) && Date.now() < until) await sleep(goneEveryMs);
}

/** A zombie is gone: nothing of it runs. */
function isAlive(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat !== null && !/^\d+ \(.*\) [ZX] /s.test(stat);
}

function parentOf(pid: number): number | null {
  // The name in brackets may hold anything; the parent is the second field behind it.
  const match = /^\d+ \(.*\) \S (\d+) /s.exec(readText(`/proc/${pid}/stat`) ?? "");
  return match === null ? null : Number(match[1]);
}

function isSupervisorOf(pid: number, dataDirectory: string): boolean {
  const command = readText(`/proc/${pid}/cmdline`) ?? "";
  return (
    command.includes("supervisor") &&
    command.includes(`"dataDirectory":${JSON.stringify(dataDirectory)}`)
  );
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // ended meanwhile, or not ours to read
  }
}
