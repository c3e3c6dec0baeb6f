/** The tasks that a step of the search takes out of the schedule: a set with a list, reused. */
export interface Relaxed {
  readonly tasks: Int32Array;
  count: number;
  /** [tasks] 1 for members. */
  readonly has: Uint8Array;
}

export const createRelaxed = (tasks: number): Relaxed => ({
  tasks: new Int32Array(tasks),
  count: 0,
  has: new Uint8Array(tasks),
});

export function clearRelaxed(relaxed: Relaxed): void {
  for (let k = 0; k < relaxed.count; k += 1) relaxed.has[relaxed.tasks[k] as number] = 0;
  relaxed.count = 0;
}

export function relax(relaxed: Relaxed, task: number): void {
  if (relaxed.has[task] === 1) return;
  relaxed.has[task] = 1;
  relaxed.tasks[relaxed.count] = task;
  relaxed.count += 1;
}
