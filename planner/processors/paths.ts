/**
 * Longest paths of a task graph before any decision: heads and tails that every schedule keeps.
 * Beside the plain path they know that what feeds one activity either shares its worker, and then
 * queues there, or sends its data.
 */
import type { ProcessorModel } from "./model.js";

export interface Paths {
  /** [activities] No start before. */
  readonly head: Int32Array;
  /** [activities] At least so long from the end to the makespan. */
  readonly tail: Int32Array;
}

export function longestPaths(model: ProcessorModel): Paths {
  const { activities, arcs, delivery, earliest, shortest, workers } = model;
  const head = new Int32Array(activities);
  const tail = new Int32Array(activities);
  const queue = createQueue(arcs.count);
  for (let activity = 0; activity < activities; activity++) {
    let least = earliest[activity * workers] as number;
    for (let worker = 1; worker < workers; worker++) {
      least = Math.min(least, earliest[activity * workers + worker] as number);
    }
    queue.length = 0;
    for (
      let arc = arcs.into[activity] as number;
      arc < (arcs.into[activity + 1] as number);
      arc++
    ) {
      push(queue, arc, arcs.from[arc] as number, head, model);
    }
    head[activity] = Math.max(least, earliestAfter(queue, head, shortest));
  }
  for (let activity = activities - 1; activity >= 0; activity--) {
    queue.length = 0;
    for (let at = arcs.out[activity] as number; at < (arcs.out[activity + 1] as number); at++) {
      const arc = arcs.outArc[at] as number;
      push(queue, arc, arcs.to[arc] as number, tail, model);
    }
    tail[activity] = Math.max(delivery[activity] as number, earliestAfter(queue, tail, shortest));
  }
  return { head, tail };
}

/** Neighbours of one activity: who they are, when their data is there from elsewhere or from here. */
interface Queue {
  length: number;
  readonly who: Int32Array;
  readonly apart: Int32Array;
  readonly together: Int32Array;
  readonly local: Int32Array;
}

const createQueue = (size: number): Queue => ({
  length: 0,
  who: new Int32Array(size),
  apart: new Int32Array(size),
  together: new Int32Array(size),
  local: new Int32Array(size),
});

/** Inserted by falling arrival of data from another worker. */
function push(
  queue: Queue,
  arc: number,
  neighbour: number,
  ready: Int32Array,
  { arcs, shortest }: ProcessorModel,
): void {
  const end = (ready[neighbour] as number) + (shortest[neighbour] as number);
  const apart = end + (arcs.apartMin[arc] as number);
  let place = queue.length++;
  while (place > 0 && (queue.apart[place - 1] as number) < apart) {
    queue.who[place] = queue.who[place - 1] as number;
    queue.apart[place] = queue.apart[place - 1] as number;
    queue.together[place] = queue.together[place - 1] as number;
    place--;
  }
  queue.who[place] = neighbour;
  queue.apart[place] = apart;
  queue.together[place] = end + (arcs.lag[arc] as number);
}

/**
 * The earliest moment at which the data of all can be at hand. If the k-th latest to arrive from
 * elsewhere is on another worker, that is when it arrives; else the first k share the worker, one
 * after the other. The least over k holds whatever is shared.
 */
function earliestAfter(queue: Queue, ready: Int32Array, shortest: Int32Array): number {
  let together = 0;
  for (let k = 0; k < queue.length; k++) {
    together = Math.max(together, queue.together[k] as number);
  }
  let best = Math.max(together, queue.length > 0 ? (queue.apart[0] as number) : 0);
  for (let k = 1; k <= queue.length && best > together; k++) {
    const arrives = k < queue.length ? (queue.apart[k] as number) : 0;
    const queued = queueEnd(queue, k, ready, shortest);
    best = Math.min(best, Math.max(together, arrives, queued));
    if (queued >= best && queued >= arrives) break;
  }
  return best;
}

/** End of the first k, one after the other in the order of their readiness. */
function queueEnd(queue: Queue, k: number, ready: Int32Array, shortest: Int32Array): number {
  const { local, who } = queue;
  const added = who[k - 1] as number;
  let place = k - 1;
  while (place > 0 && (ready[local[place - 1] as number] as number) > (ready[added] as number)) {
    local[place] = local[place - 1] as number;
    place--;
  }
  local[place] = added;
  let end = 0;
  for (let index = 0; index < k; index++) {
    const of = local[index] as number;
    end = Math.max(end, ready[of] as number) + (shortest[of] as number);
  }
  return end;
}
