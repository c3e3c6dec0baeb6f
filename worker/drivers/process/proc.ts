/** Processes as /proc shows them. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly processGroup: number;
  /** User and system time of the process and of its children already waited for, in ticks. */
  readonly cpuTicks: number;
  /** Ticks after boot; with the pid it names one process, for pids are used again. */
  readonly startTicks: number;
  readonly residentPages: number;
}

/** USER_HZ: 100 on every architecture that Linux distributions ship. */
export const ticksPerSecond = 100;
export const pageBytes = 4096;

export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** null: there is no such process. A zombie counts as none: it runs nothing any more. */
export function readProcess(pid: number): ProcessStat | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // The name is in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields[0] ?? "X";
  if (state === "Z" || state === "X") return null;
  const number = (index: number): number => Number(fields[index] ?? 0);
  return {
    pid,
    state,
    processGroup: number(2),
    cpuTicks: number(11) + number(12) + number(13) + number(14),
    startTicks: number(19),
    residentPages: number(21),
  };
}

/**
 * Processes whose environment holds this entry. It finds what has left the process group, as long
 * as it has kept the environment that it was started with.
 */
export function processesWithEnvironment(entry: string): number[] {
  const wanted = Buffer.from(`\0${entry}\0`);
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    if (environmentOf(pid).includes(wanted) && readProcess(pid) !== null) found.push(pid);
  }
  return found;
}

function environmentOf(pid: number): Buffer {
  try {
    return Buffer.concat([Buffer.from([0]), readFileSync(`/proc/${pid}/environ`)]);
  } catch {
    return Buffer.alloc(0);
  }
}

/** The process and its descendants, at most `countMax`. */
export function processTree(root: number, countMax: number): ProcessStat[] {
  const found: ProcessStat[] = [];
  const waiting = [root];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (found.length >= countMax) break;
    const stat = readProcess(pid);
    if (stat === null) continue;
    found.push(stat);
    waiting.push(...childrenOf(pid));
  }
  return found;
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

/** Sends a signal; a negative pid names a process group. False if nobody was there to get it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
