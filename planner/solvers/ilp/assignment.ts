/**
 * R||Cmax as a mixed-integer model, on the cells that a better schedule can use: by the prices'
 * reduced costs, a task on a worker where it pays more than (target - bound) is in no schedule of
 * that makespan (reduced-cost fixing; Martello, Soumis & Toth 1997). With a good schedule at hand
 * few cells are left, and the model is small.
 */
import type { Prices } from "../unrelated/prices.js";
import { forbidden, type UnrelatedView } from "../unrelated/view.js";
import { type LinearModel, LinearModelBuilder } from "./linear-model.js";

export interface AssignmentModel {
  readonly model: LinearModel;
  /** Of each column but the first, which is the makespan. */
  readonly row: readonly number[];
  readonly worker: readonly number[];
}

/** The model of all schedules of at most `targetTicks`; null if too many cells are left. */
export function assignmentModel(
  view: UnrelatedView,
  prices: Prices,
  targetTicks: number,
  cellsMax: number,
): AssignmentModel | null {
  const { tasks, workers, time, busyUntil } = view;
  // Reduced costs are sums of floating point: a hair more room keeps the fixing valid.
  const room = (targetTicks - prices.dual) * (1 + 1e-9) + 1e-6;
  const builder = new LinearModelBuilder();
  const makespan = builder.addColumn(1, prices.bound, targetTicks);
  const row: number[] = [];
  const worker: number[] = [];
  const ofWorker: [number, number][][] = Array.from({ length: workers }, () => []);
  for (let task = 0; task < tasks.length; task += 1) {
    const terms: [number, number][] = [];
    for (let at = 0; at < workers; at += 1) {
      const cell = task * workers + at;
      const ticks = time[cell] as number;
      if (ticks === forbidden || (prices.reduced[cell] as number) > room) continue;
      const column = builder.addColumn(0, 0, 1, true);
      row.push(task);
      worker.push(at);
      terms.push([column, 1]);
      ofWorker[at]?.push([column, ticks]);
    }
    if (row.length > cellsMax) return null;
    builder.addRow(1, 1, terms);
  }
  ofWorker.forEach((terms, at) => {
    const busy = busyUntil[at] as number;
    builder.addRow(Number.NEGATIVE_INFINITY, -busy, [...terms, [makespan, -1]]);
  });
  return { model: builder.build(), row, worker };
}

/** The worker of each task in a solution. */
export function assignedIn(
  model: AssignmentModel,
  solution: Float64Array,
  tasks: number,
): Int32Array {
  const assigned = new Int32Array(tasks);
  model.row.forEach((row, index) => {
    if ((solution[index + 1] as number) > 0.5) assigned[row] = model.worker[index] as number;
  });
  return assigned;
}
