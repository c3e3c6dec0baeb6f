/**
 * The outside witness. It reads what the tasks of an imported workflow wrote themselves, and the
 * recorded workflow, and nothing else of the system: every task ran to its end, after everything it
 * depends on, and never twice at once.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Testimony {
  readonly tasks: number;
  readonly attempts: number;
  /** First start to last end, by the tasks' own clocks. */
  readonly spanS: number;
  readonly faults: readonly string[];
}

interface Run {
  readonly attempt: string;
  readonly start: number;
  /** NaN: it was cut off. */
  end: number;
}

/** `dependencies`: for each task of the witness directory, the tasks it came after. */
export function hearWitnesses(
  directory: string,
  dependencies: ReadonlyMap<string, readonly string[]>,
): Testimony {
  const faults: string[] = [];
  const runs = new Map<string, Run[]>();
  for (const task of readdirSync(directory)) {
    runs.set(task, readRuns(readFileSync(join(directory, task), "utf8"), task, faults));
  }
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  let attempts = 0;
  for (const [task, before] of dependencies) {
    const own = runs.get(task) ?? [];
    attempts += own.length;
    if (!own.some((run) => !Number.isNaN(run.end))) faults.push(`${task} never ended`);
    first = Math.min(first, ...own.map((run) => run.start));
    last = Math.max(last, ...own.map((run) => run.end).filter((end) => Number.isFinite(end)));
    for (const name of before) {
      const ended = firstEnd(runs.get(name) ?? []);
      if (own.some((run) => run.start < ended)) faults.push(`${task} started before ${name} ended`);
    }
  }
  return { tasks: dependencies.size, attempts, spanS: last - first, faults };
}

/** Infinity where no attempt has ended. */
const firstEnd = (runs: readonly Run[]): number =>
  Math.min(...runs.map((run) => run.end).filter((end) => Number.isFinite(end)));

function readRuns(text: string, task: string, faults: string[]): Run[] {
  const runs: Run[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const [word, time, attempt = ""] = line.split(" ");
    if (word === "start") {
      runs.push({ attempt, start: Number(time), end: Number.NaN });
      continue;
    }
    const run = runs.find((candidate) => candidate.attempt === attempt);
    if (run === undefined) faults.push(`${task} ended attempt ${attempt} that never started`);
    else run.end = Number(time);
  }
  reportOverlaps(runs, task, faults);
  return runs;
}

/**
 * An attempt that was cut off wrote no end, so only a finished one can be seen to overlap: whatever
 * starts between its start and its end ran at the same time.
 */
function reportOverlaps(runs: readonly Run[], task: string, faults: string[]): void {
  const starts = new Set<string>();
  for (const run of runs) {
    if (starts.has(run.attempt)) faults.push(`${task} started attempt ${run.attempt} twice`);
    starts.add(run.attempt);
    for (const other of runs) {
      if (other === run || Number.isNaN(run.end)) continue;
      if (other.start > run.start && other.start < run.end) {
        faults.push(`${task}: attempts ${run.attempt} and ${other.attempt} ran at once`);
      }
    }
  }
}
