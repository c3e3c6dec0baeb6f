/**
 * The outside witness. It reads what tasks wrote themselves, and what it is told of the tasks and of
 * the strikes; it shares no code with the system that it judges. Times are seconds since the machine
 * booted, in hundredths.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Expected {
  /** Name of its file. */
  readonly task: string;
  readonly mayRunTwice: boolean;
  /** It is to be stopped where contact is lost, and run elsewhere. */
  readonly stops: boolean;
  /** Tasks that must have ended with 0 before it begins. */
  readonly after: readonly string[];
}

/** A while in which nobody could stop what ran on a worker: its supervisor was dead, or stood still. */
export interface Gap {
  readonly worker: string;
  readonly fromS: number;
  readonly toS: number;
  readonly killed: boolean;
}

export interface Run {
  readonly attempt: string;
  readonly worker: string;
  readonly startS: number;
  /** When it was last heard of. */
  lastS: number;
  /** null: it never came to its end. */
  exitCode: number | null;
}

/** Seconds since the machine booted, as tasks read them. */
export const uptimeS = (): number => Number(readFileSync("/proc/uptime", "utf8").split(" ", 1)[0]);

/** What the tasks of a directory wrote; a task that has written nothing has no runs. */
export function readRuns(directory: string, tasks: readonly Expected[]): Map<string, Run[]> {
  return new Map(tasks.map(({ task }) => [task, runsIn(textOf(join(directory, task)))]));
}

/** What is wrong, in words; nothing where all is well. */
export function judgeRuns(
  tasks: readonly Expected[],
  runs: ReadonlyMap<string, readonly Run[]>,
  gaps: readonly Gap[],
): string[] {
  return tasks.flatMap((task) => {
    const own = runs.get(task.task) ?? [];
    return [
      ...startedTwice(task, own),
      ...overlapping(task, own, gaps),
      ...repeated(task, own, gaps),
      ...tooEarly(task, own, runs),
    ];
  });
}

function startedTwice({ task }: Expected, runs: readonly Run[]): string[] {
  const seen = new Set<string>();
  return runs.flatMap(({ attempt, worker }) => {
    const again = seen.has(attempt);
    seen.add(attempt);
    return again ? [`${task}: attempt ${attempt} started again, on ${worker}`] : [];
  });
}

function overlapping(
  { task, mayRunTwice, stops }: Expected,
  runs: readonly Run[],
  gaps: readonly Gap[],
): string[] {
  if (mayRunTwice) return [];
  return runs.flatMap((run, index) =>
    runs
      .slice(0, index)
      .filter((before) => before.lastS > run.startS)
      .filter((before) => !(stops && outOfReach(before, run.startS, gaps)))
      .map(
        ({ attempt, lastS }) =>
          `${task}: attempt ${run.attempt} began at ${run.startS} s, ${attempt} ran until ${lastS} s`,
      ),
  );
}

/** As long as a supervisor that is back, or its successor, may take to stop what should be stopped. */
const stoppingS = 5;

function outOfReach({ worker, lastS }: Run, atS: number, gaps: readonly Gap[]): boolean {
  return gaps.some(
    (gap) =>
      gap.worker === worker &&
      gap.fromS <= atS &&
      atS <= gap.toS + stoppingS &&
      lastS <= gap.toS + stoppingS,
  );
}

/**
 * What is kept and has come to a good end is not run again, unless its supervisor was killed before
 * it can have told anybody. What is stopped when contact is lost may have ended unheard.
 */
function repeated(
  { task, mayRunTwice, stops }: Expected,
  runs: readonly Run[],
  gaps: readonly Gap[],
): string[] {
  if (mayRunTwice || stops) return [];
  const done = runs.findIndex(({ exitCode }) => exitCode === 0);
  const [first, next] = [runs[done], runs[done + 1]];
  if (first === undefined || next === undefined) return [];
  const excused = gaps.some(
    ({ worker, killed, fromS }) =>
      killed && worker === first.worker && first.startS <= fromS && fromS <= next.startS,
  );
  if (excused) return [];
  return [`${task}: attempt ${next.attempt} began after ${first.attempt} had succeeded`];
}

function tooEarly(
  { task, after }: Expected,
  runs: readonly Run[],
  all: ReadonlyMap<string, readonly Run[]>,
): string[] {
  return after.flatMap((name) => {
    const ends = (all.get(name) ?? []).filter(({ exitCode }) => exitCode === 0);
    const endedS = Math.min(...ends.map(({ lastS }) => lastS));
    return runs
      .filter(({ startS }) => startS < endedS)
      .map(({ attempt }) => `${task}: attempt ${attempt} began before ${name} had succeeded`);
  });
}

/** Two copies write into one file, so lines of different attempts may stand between one another. */
function runsIn(text: string): Run[] {
  const runs: Run[] = [];
  for (const line of text.split("\n")) {
    const [word = "", time = "", attempt = "", worker = ""] = line.split(" ");
    const atS = Number(time);
    if (word === "start") {
      runs.push({ attempt, worker, startS: atS, lastS: atS, exitCode: null });
      continue;
    }
    const run = runs.findLast((one) => one.attempt === attempt && one.worker === worker);
    if (run === undefined) continue;
    run.lastS = atS;
    if (word.startsWith("end:")) run.exitCode = Number(word.slice("end:".length));
  }
  return runs;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
