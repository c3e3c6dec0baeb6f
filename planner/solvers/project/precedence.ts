/** Precedence among the tasks that do not run yet, in compressed rows both ways. */
import { none, type Problem, taskRunning } from "../../../core/problem.js";

export interface Precedence {
  /** [tasks + 1] offsets into `successor` and `successorLag`. */
  readonly successorFirst: Int32Array;
  readonly successor: Int32Array;
  readonly successorLag: Int32Array;
  readonly predecessorFirst: Int32Array;
  readonly predecessor: Int32Array;
  readonly predecessorLag: Int32Array;
  /** Every task after its predecessors; shorter than the tasks if there is a cycle. */
  readonly topological: Int32Array;
  /** The origin, the release, and what runs before it, whichever comes last. */
  readonly release: Int32Array;
}

export function precedenceOf(problem: Problem, free: readonly number[]): Precedence {
  const { tasks, edges } = problem;
  const row = new Int32Array(tasks.count).fill(none);
  const release = Int32Array.from(free, (task) => Math.max(0, tasks.release[task] as number));
  free.forEach((task, index) => {
    row[task] = index;
  });
  const from: number[] = [];
  const to: number[] = [];
  const lags: number[] = [];
  for (let edge = 0; edge < edges.count; edge += 1) {
    const before = edges.from[edge] as number;
    const after = row[edges.to[edge] as number] as number;
    // What runs waits for nothing more.
    if (after === none) continue;
    const lag = edges.lag[edge] as number;
    if (tasks.state[before] === taskRunning) {
      const at = (tasks.fixedEnd[before] as number) + lag;
      release[after] = Math.max(release[after] as number, at);
      continue;
    }
    from.push(row[before] as number);
    to.push(after);
    lags.push(lag);
  }
  const forward = compress(free.length, from, to, lags);
  const backward = compress(free.length, to, from, lags);
  return {
    successorFirst: forward.first,
    successor: forward.other,
    successorLag: forward.lag,
    predecessorFirst: backward.first,
    predecessor: backward.other,
    predecessorLag: backward.lag,
    topological: topologicalOrder(free.length, forward, backward.first),
    release,
  };
}

interface Rows {
  readonly first: Int32Array;
  readonly other: Int32Array;
  readonly lag: Int32Array;
}

function compress(
  tasks: number,
  key: readonly number[],
  other: readonly number[],
  lag: readonly number[],
): Rows {
  const first = new Int32Array(tasks + 1);
  for (const of of key) first[of + 1] = (first[of + 1] as number) + 1;
  for (let task = 0; task < tasks; task += 1) {
    first[task + 1] = (first[task + 1] as number) + (first[task] as number);
  }
  const next = first.slice();
  const rows = { first, other: new Int32Array(key.length), lag: new Int32Array(key.length) };
  key.forEach((of, edge) => {
    const place = next[of] as number;
    next[of] = place + 1;
    rows.other[place] = other[edge] as number;
    rows.lag[place] = lag[edge] as number;
  });
  return rows;
}

/** Kahn's algorithm. */
function topologicalOrder(tasks: number, forward: Rows, predecessorFirst: Int32Array): Int32Array {
  const waiting = new Int32Array(tasks);
  const order = new Int32Array(tasks);
  let written = 0;
  for (let task = 0; task < tasks; task += 1) {
    const count = (predecessorFirst[task + 1] as number) - (predecessorFirst[task] as number);
    waiting[task] = count;
    if (count === 0) order[written++] = task;
  }
  for (let read = 0; read < written; read += 1) {
    const task = order[read] as number;
    const last = forward.first[task + 1] as number;
    for (let place = forward.first[task] as number; place < last; place += 1) {
      const after = forward.other[place] as number;
      const left = (waiting[after] as number) - 1;
      waiting[after] = left;
      if (left === 0) order[written++] = after;
    }
  }
  return order.subarray(0, written);
}
