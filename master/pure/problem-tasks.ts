/** Which tasks stand in a Problem. */
import { none } from "../../core/problem.js";
import { gangFits } from "./gang-fits.js";
import type { OptionTable } from "./problem-options.js";
import type { WorkerTable } from "./problem-workers.js";
import type { Job, Task } from "./state.js";
import { isEnded, isPaused, liveAttempt } from "./state.js";

export interface Selection {
  readonly options: OptionTable;
  readonly workers: WorkerTable;
  /** Its attempt goes on; false also where that is imagined to be stopped. */
  readonly isLive: (task: Task) => boolean;
  readonly window: number;
  /** Tasks that no plan can place now; grows by what is found to be so. */
  readonly without: Set<Task>;
}

/** As `selectTasks`, and of every gang all or nothing. */
export function selectWhole(jobs: readonly Job[], selection: Selection): Map<Task, number> {
  const { without, workers } = selection;
  for (;;) {
    const rows = selectTasks(jobs, selection);
    const before = without.size;
    for (const gang of gangsAmong(rows)) {
      const waiting = gang.filter((task) => !isEnded(task) && task.status.kind !== "live");
      const isWhole = waiting.every((task) => rows.has(task)) && gangFits(waiting, workers.list);
      if (!isWhole) for (const task of waiting) without.add(task);
    }
    if (without.size === before) return rows;
  }
}

function gangsAmong(rows: ReadonlyMap<Task, number>): Set<readonly Task[]> {
  const gangs = new Set<readonly Task[]>();
  for (const task of rows.keys()) {
    for (const { kind, members } of task.bonds) if (kind === "gang") gangs.add(members);
  }
  return gangs;
}

/**
 * At most `window` tasks, jobs in order of submission and each job in topological order: what runs,
 * and what could run on a worker that is there once its predecessors have. Left out are tasks whose
 * fate is not a matter of time: unknown and paused ones, those that run only if something fails,
 * those behind another job, those that fit no worker, and everything that depends on them.
 */
function selectTasks(jobs: readonly Job[], selection: Selection): Map<Task, number> {
  const rows = new Map<Task, number>();
  for (const job of jobs) {
    for (const index of job.topological) {
      if (rows.size >= selection.window) return rows;
      const task = job.tasks[index];
      if (task === undefined || isEnded(task)) continue;
      if (isPlannable(task, rows, selection)) rows.set(task, rows.size);
    }
  }
  return rows;
}

function isPlannable(
  task: Task,
  rows: ReadonlyMap<Task, number>,
  { options, workers, isLive, without }: Selection,
): boolean {
  if (without.has(task)) return false;
  const attempt = liveAttempt(task);
  if (attempt !== null && isLive(task)) {
    return attempt.status.kind !== "unknown" && workers.indexOf.has(attempt.worker);
  }
  if (isPaused(task) || (task.held && task.job.spec.after.length > 0)) return false;
  if (task.job.ending !== null || options.blockOf(task) === none) return false;
  for (const [from, on] of predecessors(task)) {
    if (isEnded(from)) continue;
    if (on === "failure" || !rows.has(from)) return false;
  }
  return true;
}

/** The tasks before this one, with the condition on each. */
export function* predecessors(task: Task): Iterable<[Task, "success" | "failure" | "done"]> {
  const { job } = task;
  for (let i = job.firstIn[task.index] ?? 0; i < (job.firstIn[task.index + 1] ?? 0); i++) {
    const edge = job.spec.edges[job.edgesIn[i] ?? -1];
    const from = edge === undefined ? undefined : job.tasks[edge.from];
    if (edge !== undefined && from !== undefined) yield [from, edge.on];
  }
}
