/**
 * Bounds over sets of activities: those known to share a worker, as one machine with heads and tails
 * (Jackson's preemptive schedule: J. Carlier, European Journal of Operational Research 11, 1982),
 * and all of them, as equal machines that begin no earlier and end no later than the least heads
 * and tails allow (J. Carlier, European Journal of Operational Research 29, 1987).
 */
import { type Partial, together } from "./partial.js";
import type { Propagation } from "./propagation.js";

export function oneWorkerBound(run: Propagation, state: Partial): boolean {
  const { activities: n } = run.model;
  const { pair, head } = state;
  const { list } = run;
  for (let i = 0; i < n; i++) {
    let size = 0;
    let isFirst = true;
    for (let j = 0; j < n; j++) {
      const isMember = j === i || ((pair[i * n + j] as number) & together) !== 0;
      if (!isMember) continue;
      if (j < i) {
        isFirst = false;
        break;
      }
      let place = size++;
      while (place > 0 && (head[list[place - 1] as number] as number) > (head[j] as number)) {
        list[place] = list[place - 1] as number;
        place--;
      }
      list[place] = j;
    }
    if (!isFirst || size < 2) continue;
    if (preemptiveEnd(run, state, size) > run.limit) {
      run.culprit = i;
      return false;
    }
  }
  return true;
}

/** Length of Jackson's preemptive schedule of the first `size` of the list, sorted by head. */
function preemptiveEnd({ list, left }: Propagation, state: Partial, size: number): number {
  const { head, tail, duration } = state;
  let time = 0;
  let next = 0;
  let open = 0;
  let end = 0;
  for (let k = 0; k < size; k++) left[k] = duration[list[k] as number] as number;
  while (next < size || open > 0) {
    if (open === 0) time = Math.max(time, head[list[next] as number] as number);
    while (next < size && (head[list[next] as number] as number) <= time) {
      next++;
      open++;
    }
    let chosen = -1;
    let longest = -1;
    for (let k = 0; k < next; k++) {
      if ((left[k] as number) > 0 && (tail[list[k] as number] as number) > longest) {
        longest = tail[list[k] as number] as number;
        chosen = k;
      }
    }
    const until = next < size ? (head[list[next] as number] as number) : 2 ** 30;
    const run = Math.min(left[chosen] as number, until - time);
    time += run;
    left[chosen] = (left[chosen] as number) - run;
    if (left[chosen] === 0) {
      open--;
      end = Math.max(end, time + longest);
    }
  }
  return end;
}

/** All workers together: the m least heads and tails are times in which one of them must idle. */
export function spreadBound(run: Propagation, { head, tail, duration }: Partial): boolean {
  const { model, limit, list } = run;
  const { workers, activities } = model;
  if (activities < workers) return true;
  let work = 0;
  for (let i = 0; i < activities; i++) work += duration[i] as number;
  const idle = leastSum(head, workers, list) + leastSum(tail, workers, list);
  return idle + work <= workers * limit;
}

function leastSum(values: Int32Array, count: number, list: Int32Array): number {
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (size === count && value >= (list[size - 1] as number)) continue;
    let place = size < count ? size++ : size - 1;
    while (place > 0 && (list[place - 1] as number) > value) {
      list[place] = list[place - 1] as number;
      place--;
    }
    list[place] = value;
  }
  let sum = 0;
  for (let k = 0; k < size; k++) sum += list[k] as number;
  return sum;
}
