/**
 * Data that lies on workers already: what finished tasks have left for tasks that wait. In a Problem
 * it is a task of no length that ends now on that worker, and takes nothing; edges from it carry the
 * data as those between open tasks do.
 */
import { edgeTransferBytes, outputsInputs } from "../../core/data-flow.js";
import type { WorkerId } from "../../core/ids.js";
import { lastSuccess, sourceOf } from "./data-source.js";
import { predecessors } from "./problem-tasks.js";
import { isEnded, type Task } from "./state.js";

export interface LyingData {
  /** Index of the worker. */
  readonly worker: number;
  /** Most that one finished task has left there, by the row of the task that takes it in. */
  readonly kibOfRow: ReadonlyMap<number, number>;
}

/** At most one for each worker; what lies on none that is there is as far from all of them. */
export function lyingData(
  rows: ReadonlyMap<Task, number>,
  indexOf: ReadonlyMap<WorkerId, number>,
  isLive: (task: Task) => boolean,
): readonly LyingData[] {
  const found = new Map<number, Map<number, number>>();
  if (indexOf.size < 2) return [];
  for (const [task, row] of rows) {
    if (outputsInputs(task.template.data).length === 0 || isLive(task)) continue;
    for (const [before] of predecessors(task)) {
      const left = isEnded(before) ? lastSuccess(before) : null;
      const worker = left === null ? undefined : indexOf.get(left.worker);
      if (worker === undefined) continue;
      const kib = Math.ceil(edgeTransferBytes(sourceOf(before), task) / 1024);
      if (kib === 0) continue;
      const there = found.get(worker) ?? new Map<number, number>();
      there.set(row, Math.max(kib, there.get(row) ?? 0));
      found.set(worker, there);
    }
  }
  return Array.from(found, ([worker, kibOfRow]) => ({ worker, kibOfRow }));
}
