/** The edges of a Problem: what waits for what, and the data that travels on the way. */
import { edgeTransferBytes, outputsInputs } from "../../core/data-flow.js";
import type { EdgeColumns } from "../../core/problem.js";
import { sourceOf } from "./data-source.js";
import type { LyingData } from "./problem-data.js";
import { predecessors } from "./problem-tasks.js";
import type { Job, Task } from "./state.js";

/**
 * Edges among the chosen tasks, from each job's last tasks to the job's milestone, and from data
 * that lies on workers, in rows from `firstLying` on, to what takes it in.
 */
export function edgeColumns(
  rows: ReadonlyMap<Task, number>,
  milestones: ReadonlyMap<Job, number>,
  lying: readonly LyingData[],
  firstLying: number,
): EdgeColumns {
  const from: number[] = [];
  const to: number[] = [];
  const kib: number[] = [];
  const hasSuccessor = new Set<Task>();
  for (const [task, row] of rows) {
    const takesData = outputsInputs(task.template.data).length > 0;
    for (const [before] of predecessors(task)) {
      const beforeRow = rows.get(before);
      if (beforeRow === undefined) continue;
      from.push(beforeRow);
      to.push(row);
      kib.push(takesData ? Math.ceil(edgeTransferBytes(sourceOf(before), task) / 1024) : 0);
      hasSuccessor.add(before);
    }
  }
  for (const [task, row] of rows) {
    const milestone = milestones.get(task.job);
    if (milestone === undefined || hasSuccessor.has(task)) continue;
    from.push(row);
    to.push(milestone);
    kib.push(0);
  }
  lying.forEach(({ kibOfRow }, index) => {
    for (const [row, size] of kibOfRow) {
      from.push(firstLying + index);
      to.push(row);
      kib.push(size);
    }
  });
  return {
    count: from.length,
    from: Uint32Array.from(from),
    to: Uint32Array.from(to),
    lag: new Int32Array(from.length),
    fixed: new Int32Array(from.length),
    kib: Float64Array.from(kib),
  };
}
