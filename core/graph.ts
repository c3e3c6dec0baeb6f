/** The precedence edges of a problem in compressed rows, both ways, and a topological order. */
import { none, type Problem, taskRunning } from "./problem.js";

export interface Graph {
  /** [tasks + 1] offsets into `successor` and `successorLag`. */
  readonly successorFirst: Int32Array;
  readonly successor: Int32Array;
  readonly successorLag: Int32Array;
  readonly successorEdge: Int32Array;
  /** [tasks + 1] offsets into `predecessor` and `predecessorLag`. */
  readonly predecessorFirst: Int32Array;
  readonly predecessor: Int32Array;
  readonly predecessorLag: Int32Array;
  /** Index of the edge, for what else it carries. */
  readonly predecessorEdge: Int32Array;
  /** Every task after its predecessors; shorter than the tasks if the edges have a cycle. */
  readonly topological: Int32Array;
}

export const graphOf = ({ tasks, edges }: Problem): Graph => graphOfEdges(tasks.count, edges);

/** The graph of the tasks that do not run yet, by rows of their own. */
export interface OpenGraph extends Graph {
  /** [rows] the origin, the task's release, and what it waits for of what runs: the latest. */
  readonly release: Int32Array;
}

/** `open`: the tasks, by index of the problem, in the order of their rows; none of them runs. */
export function openGraphOf(problem: Problem, open: ArrayLike<number>): OpenGraph {
  const { tasks, edges } = problem;
  const row = new Int32Array(tasks.count).fill(none);
  const release = Int32Array.from(open, (task) => Math.max(0, tasks.release[task] as number));
  for (let index = 0; index < open.length; index++) row[open[index] as number] = index;
  const from: number[] = [];
  const to: number[] = [];
  const lags: number[] = [];
  for (let edge = 0; edge < edges.count; edge++) {
    const before = edges.from[edge] as number;
    const after = row[edges.to[edge] as number] as number;
    // What runs has begun, whatever it waited for.
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
  return { ...graphOfEdges(open.length, { count: from.length, from, to, lag: lags }), release };
}

interface EdgeList {
  readonly count: number;
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  readonly lag: ArrayLike<number>;
}

function graphOfEdges(tasks: number, { count, from, to, lag }: EdgeList): Graph {
  const forward = compress(tasks, from, to, lag, count);
  const backward = compress(tasks, to, from, lag, count);
  return {
    successorFirst: forward.first,
    successor: forward.other,
    successorLag: forward.lag,
    successorEdge: forward.edge,
    predecessorFirst: backward.first,
    predecessor: backward.other,
    predecessorLag: backward.lag,
    predecessorEdge: backward.edge,
    topological: topologicalOrder(tasks, forward, backward.first),
  };
}

interface Rows {
  readonly first: Int32Array;
  readonly other: Int32Array;
  readonly lag: Int32Array;
  readonly edge: Int32Array;
}

function compress(
  tasks: number,
  key: ArrayLike<number>,
  other: ArrayLike<number>,
  lag: ArrayLike<number>,
  edges: number,
): Rows {
  const first = new Int32Array(tasks + 1);
  for (let edge = 0; edge < edges; edge++) {
    const row = (key[edge] as number) + 1;
    first[row] = (first[row] as number) + 1;
  }
  for (let task = 0; task < tasks; task++) {
    first[task + 1] = (first[task + 1] as number) + (first[task] as number);
  }
  const next = first.slice();
  const rows = {
    first,
    other: new Int32Array(edges),
    lag: new Int32Array(edges),
    edge: new Int32Array(edges),
  };
  for (let edge = 0; edge < edges; edge++) {
    const row = key[edge] as number;
    const place = next[row] as number;
    next[row] = place + 1;
    rows.other[place] = other[edge] as number;
    rows.lag[place] = lag[edge] as number;
    rows.edge[place] = edge;
  }
  return rows;
}

/** Kahn's algorithm; tasks that are free at the same moment come in order of index. */
function topologicalOrder(tasks: number, forward: Rows, predecessorFirst: Int32Array): Int32Array {
  const waiting = new Int32Array(tasks);
  const order = new Int32Array(tasks);
  let written = 0;
  for (let task = 0; task < tasks; task++) {
    const count = (predecessorFirst[task + 1] as number) - (predecessorFirst[task] as number);
    waiting[task] = count;
    if (count === 0) order[written++] = task;
  }
  for (let read = 0; read < written; read++) {
    const task = order[read] as number;
    const end = forward.first[task + 1] as number;
    for (let place = forward.first[task] as number; place < end; place++) {
      const after = forward.other[place] as number;
      const left = (waiting[after] as number) - 1;
      waiting[after] = left;
      if (left === 0) order[written++] = after;
    }
  }
  return order.subarray(0, written);
}
