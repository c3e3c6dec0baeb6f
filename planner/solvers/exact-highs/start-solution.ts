/** A known plan as a start for the engine, in the model's columns. */
import type { Plan } from "../../../core/plan.js";
import { none, type Problem } from "../../../core/problem.js";
import { type Activity, demandOf } from "./activities.js";
import type { ExactModel } from "./model.js";

/** The columns' values that a plan stands for: a start for the engine. */
export function solutionOf(model: ExactModel, plan: Plan): Float64Array {
  const { input, rows, startColumn, ticksPerUnit } = model;
  const { problem } = input.kernel;
  const values = new Float64Array(rows.columns);
  const endOf = (activity: Activity): number =>
    activity.fixed?.end ?? (plan.end[activity.task] as number);
  const startOf = (activity: Activity): number =>
    activity.fixed?.start ?? (plan.start[activity.task] as number);
  let makespan = 0;
  for (let task = 0; task < problem.tasks.count; task += 1) {
    const end = plan.end[task] as number;
    makespan = Math.max(makespan, end);
    const column = startColumn[task] as number;
    if (column !== none) values[column] = (plan.start[task] as number) / ticksPerUnit;
    const late = model.tardinessColumn[task] as number;
    if (late !== none)
      values[late] = Math.max(0, end - (problem.tasks.due[task] as number)) / ticksPerUnit;
  }
  values[model.makespanColumn] = makespan / ticksPerUnit;
  model.placeColumns.forEach((columns, index) => {
    const { task, places } = input.activities[index] as Activity;
    const place = places.findIndex(
      ({ worker, option }) =>
        worker === plan.worker[task] && sameUse(problem, option, plan.option[task] as number),
    );
    const column = columns[place];
    if (column !== undefined) values[column] = 1;
  });
  for (const [key, column] of model.beforeColumn) {
    if (column === none) continue;
    const first = input.activities[Math.floor(key / input.activities.length)] as Activity;
    const second = input.activities[key % input.activities.length] as Activity;
    values[column] = endOf(first) <= startOf(second) ? 1 : 0;
  }
  return values;
}

/** A plan may use a longer option of the same demand than the model does: that only wastes time. */
function sameUse(problem: Problem, a: number, b: number): boolean {
  if (a === b || a === none || b === none) return a === b;
  return problem.dimensions.every((_, d) => demandOf(problem, a, d) === demandOf(problem, b, d));
}
