/**
 * Lower bounds of a shop's makespan: longest paths, and for each machine the preemptive one-machine
 * problem with heads and tails (Jackson 1955; Carlier & Pinson 1989) over the operations that can
 * run nowhere else.
 */
import { createDispatcher } from "./dispatch.js";
import type { ShopModel } from "./model.js";

export function shopBound(model: ShopModel): number {
  const { count, machines, wayFirst, wayMachine, wayDuration, isInstant } = model;
  const { work: rest } = createDispatcher(model);
  const least = leastDurations(model);
  const head = headsOf(model, least);
  const only: number[][] = Array.from({ length: machines }, () => []);
  let bound = model.floor;
  for (let op = 0; op < count; op += 1) {
    bound = Math.max(bound, (head[op] as number) + (rest[op] as number));
    const way = wayFirst[op] as number;
    if (wayFirst[op + 1] === way + 1 && isInstant[op] === 0 && (wayDuration[way] as number) > 0) {
      only[wayMachine[way] as number]?.push(op);
    }
  }
  for (const ops of only) {
    const jobs = ops.map((op) => ({
      head: head[op] as number,
      duration: least[op] as number,
      tail: (rest[op] as number) - (least[op] as number),
    }));
    bound = Math.max(bound, jacksonBound(jobs));
  }
  return bound;
}

export interface OneMachineJob {
  readonly head: number;
  readonly duration: number;
  readonly tail: number;
}

/** Jackson's preemptive schedule: at any time, what is there with the longest tail. */
export function jacksonBound(jobs: readonly OneMachineJob[]): number {
  const byHead = [...jobs].sort((a, b) => a.head - b.head);
  const heap: { tail: number; left: number }[] = [];
  let time = 0;
  let bound = 0;
  let arrived = 0;
  while (arrived < byHead.length || heap.length > 0) {
    if (heap.length === 0) time = Math.max(time, byHead[arrived]?.head ?? time);
    while (arrived < byHead.length && (byHead[arrived]?.head ?? 0) <= time) {
      const { duration, tail } = byHead[arrived] as OneMachineJob;
      push(heap, { tail, left: duration });
      arrived += 1;
    }
    const top = heap[0];
    if (top === undefined) break;
    const next = byHead[arrived]?.head ?? Number.POSITIVE_INFINITY;
    const run = Math.min(top.left, next - time);
    time += run;
    top.left -= run;
    if (top.left > 0) continue;
    bound = Math.max(bound, time + top.tail);
    pop(heap);
  }
  return bound;
}

interface Entry {
  readonly tail: number;
  left: number;
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Entry;
    if (above.tail >= entry.tail) break;
    heap[at] = above;
    heap[parent] = entry;
    at = parent;
  }
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right !== undefined && right.tail > (heap[child] as Entry).tail) child += 1;
    const below = heap[child] as Entry;
    if (below.tail <= last.tail) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}

function leastDurations({ count, wayFirst, wayDuration }: ShopModel): Int32Array {
  const least = new Int32Array(count);
  for (let op = 0; op < count; op += 1) {
    const from = wayFirst[op] as number;
    const to = wayFirst[op + 1] as number;
    if (from === to) continue;
    least[op] = wayDuration.subarray(from, to).reduce((a, b) => Math.min(a, b));
  }
  return least;
}

function headsOf(model: ShopModel, least: Int32Array): Int32Array {
  const { release, ready, topological, beforeFirst, before, beforeLag } = model;
  const { wayFirst, wayMachine, isInstant } = model;
  const head = new Int32Array(model.count);
  for (const op of topological) {
    let earliest = release[op] as number;
    const last = beforeFirst[op + 1] as number;
    for (let k = beforeFirst[op] as number; k < last; k += 1) {
      const x = before[k] as number;
      const at = (head[x] as number) + (least[x] as number) + (beforeLag[k] as number);
      earliest = Math.max(earliest, at);
    }
    const way = wayFirst[op] as number;
    if (wayFirst[op + 1] === way + 1 && isInstant[op] === 0) {
      earliest = Math.max(earliest, ready[wayMachine[way] as number] as number);
    }
    head[op] = earliest;
  }
  return head;
}
