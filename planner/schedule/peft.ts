/**
 * PEFT's look-ahead (Arabnejad & Barbosa, IEEE TPDS 25(3), 2014): the optimistic cost table says for
 * each task and worker how long at least all that follows takes once the task has ended there. Tasks
 * are listed by the mean of their row, and go where end and look-ahead together are least.
 */
import { none } from "../../core/problem.js";
import { createReadyQueue } from "../../core/ready-queue.js";
import { meanTransfers } from "../../core/transfer.js";
import { type Kernel, workersOfOption } from "./kernel.js";

export interface LookAhead {
  /** A list schedule's order: of the tasks that wait for nothing the highest rank first. */
  readonly order: Int32Array;
  /** [tasks × workers] in ticks. */
  readonly cost: Float64Array;
}

/** Larger tables cost more than they give. */
const cellsMax = 400_000;

/** null where data takes no time on its way, or the table would be too large. */
export function lookAhead(kernel: Kernel): LookAhead | null {
  const { count } = kernel.problem.tasks;
  const workers = kernel.problem.workers.count;
  if (!kernel.hasTransfers || count * workers > cellsMax) return null;
  const cost = optimisticCosts(kernel);
  const rank = Float64Array.from({ length: count }, (_, task) => {
    let sum = 0;
    for (let worker = 0; worker < workers; worker += 1) {
      sum += cost[task * workers + worker] as number;
    }
    return sum / workers;
  });
  return { order: listOrder(kernel, rank), cost };
}

function optimisticCosts(kernel: Kernel): Float64Array {
  const { problem, prepared } = kernel;
  const { graph } = prepared;
  const workers = problem.workers.count;
  const transfers = meanTransfers(problem);
  const cost = new Float64Array(problem.tasks.count * workers);
  // Of the successor at hand: its own time on each worker and all that follows.
  const rest = new Float64Array(workers);
  for (let at = graph.topological.length - 1; at >= 0; at -= 1) {
    const task = graph.topological[at] as number;
    const last = graph.successorFirst[task + 1] as number;
    for (let k = graph.successorFirst[task] as number; k < last; k += 1) {
      const after = graph.successor[k] as number;
      const least = fillRest(kernel, cost, after, rest);
      const lag = graph.successorLag[k] as number;
      const away = least + (transfers[graph.successorEdge[k] as number] as number);
      for (let worker = 0; worker < workers; worker += 1) {
        const cell = task * workers + worker;
        const ahead = lag + Math.min(rest[worker] as number, away);
        if (ahead > (cost[cell] as number)) cost[cell] = ahead;
      }
    }
  }
  return cost;
}

function fillRest(kernel: Kernel, cost: Float64Array, task: number, rest: Float64Array): number {
  const { problem, prepared, optionUsable } = kernel;
  const { tasks, options, workers } = problem;
  const block = tasks.block[task] as number;
  rest.fill(block === none ? 0 : Number.POSITIVE_INFINITY);
  const after = block === none ? 0 : (options.blockFirst[block + 1] as number);
  for (let option = block === none ? 0 : (options.blockFirst[block] as number); option < after; ) {
    const duration = options.duration[option] as number;
    if (optionUsable[option] === 1) {
      for (const worker of workersOfOption(problem, prepared, option)) {
        if (duration < (rest[worker] as number)) rest[worker] = duration;
      }
    }
    option += 1;
  }
  let least = Number.POSITIVE_INFINITY;
  for (let worker = 0; worker < workers.count; worker += 1) {
    const own = (rest[worker] as number) + (cost[task * workers.count + worker] as number);
    rest[worker] = own;
    if (own < least) least = own;
  }
  // What nothing can run has no look-ahead.
  return least === Number.POSITIVE_INFINITY ? 0 : least;
}

function listOrder({ prepared, problem }: Kernel, rank: Float64Array): Int32Array {
  const { graph } = prepared;
  const { count } = problem.tasks;
  const byRank = Int32Array.from(rank, (_, task) => task).sort(
    (a, b) => (rank[b] as number) - (rank[a] as number) || a - b,
  );
  const place = new Int32Array(count);
  byRank.forEach((task, at) => {
    place[task] = at;
  });
  const queue = createReadyQueue(place);
  const waiting = new Int32Array(count);
  for (let task = 0; task < count; task += 1) {
    waiting[task] =
      (graph.predecessorFirst[task + 1] as number) - (graph.predecessorFirst[task] as number);
    if (waiting[task] === 0) queue.push(task);
  }
  const order = new Int32Array(count);
  let written = 0;
  for (let task = queue.pop(); task !== none; task = queue.pop()) {
    order[written++] = task;
    const last = graph.successorFirst[task + 1] as number;
    for (let k = graph.successorFirst[task] as number; k < last; k += 1) {
      const after = graph.successor[k] as number;
      const left = (waiting[after] as number) - 1;
      waiting[after] = left;
      if (left === 0) queue.push(after);
    }
  }
  return order;
}
