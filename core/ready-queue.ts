/** The tasks that wait for nothing, lowest rank first: a binary heap over a fixed table of ranks. */
import { none } from "./problem.js";

export interface ReadyQueue {
  push(task: number): void;
  /** The task of lowest rank, or none if the queue is empty. */
  pop(): number;
}

/** `rank` is [tasks], without ties; a task is in the queue at most once. */
export function createReadyQueue(rank: Int32Array): ReadyQueue {
  const heap = new Int32Array(rank.length);
  let size = 0;
  const rankAt = (place: number): number => rank[heap[place] as number] as number;

  const push = (task: number): void => {
    let place = size++;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (rankAt(parent) <= (rank[task] as number)) break;
      heap[place] = heap[parent] as number;
      place = parent;
    }
    heap[place] = task;
  };

  const pop = (): number => {
    if (size === 0) return none;
    const top = heap[0] as number;
    const moved = heap[--size] as number;
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && rankAt(child + 1) < rankAt(child)) child++;
      if ((rank[moved] as number) <= rankAt(child)) break;
      heap[place] = heap[child] as number;
      place = child;
    }
    heap[place] = moved;
    return top;
  };

  return { push, pop };
}
