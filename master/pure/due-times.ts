/**
 * When each live attempt will have run for longer than was to be expected: a binary heap from which
 * any attempt can be taken out, so that neither a tick nor an end looks at all of them.
 */
import type { AttemptId } from "../../core/ids.js";

export interface Due {
  readonly attempt: AttemptId;
  readonly atMs: number;
}

export interface DueTimes {
  /** None is before its parent, which stands at half its place. */
  readonly heap: Due[];
  readonly placeOf: Map<AttemptId, number>;
}

export const noDueTimes = (): DueTimes => ({ heap: [], placeOf: new Map() });

export const nextDue = ({ heap }: DueTimes): Due | null => heap[0] ?? null;

/** Sets an attempt's time, whether it had one or not. */
export function setDue(times: DueTimes, attempt: AttemptId, atMs: number): void {
  removeDue(times, attempt);
  const { heap } = times;
  heap.push({ attempt, atMs });
  rise(times, heap.length - 1);
}

export function removeDue(times: DueTimes, attempt: AttemptId): void {
  const { heap, placeOf } = times;
  const place = placeOf.get(attempt);
  if (place === undefined) return;
  placeOf.delete(attempt);
  const last = heap.pop();
  if (last === undefined || last.attempt === attempt) return;
  put(times, place, last);
  rise(times, place);
  sink(times, placeOf.get(last.attempt) ?? place);
}

/** As it was: `heap` in its own order. */
export const dueTimesOf = (heap: readonly Due[]): DueTimes => ({
  heap: [...heap],
  placeOf: new Map(heap.map(({ attempt }, place) => [attempt, place])),
});

const timeAt = ({ heap }: DueTimes, place: number): number =>
  heap[place]?.atMs ?? Number.POSITIVE_INFINITY;

function put(times: DueTimes, place: number, due: Due): void {
  times.heap[place] = due;
  times.placeOf.set(due.attempt, place);
}

function rise(times: DueTimes, from: number): void {
  const due = times.heap[from];
  if (due === undefined) return;
  let place = from;
  while (place > 0) {
    const parent = (place - 1) >>> 1;
    const above = times.heap[parent];
    if (above === undefined || above.atMs <= due.atMs) break;
    put(times, place, above);
    place = parent;
  }
  put(times, place, due);
}

function sink(times: DueTimes, from: number): void {
  const due = times.heap[from];
  if (due === undefined) return;
  let place = from;
  for (;;) {
    const left = 2 * place + 1;
    const child = timeAt(times, left + 1) < timeAt(times, left) ? left + 1 : left;
    const below = times.heap[child];
    if (below === undefined || below.atMs >= due.atMs) break;
    put(times, place, below);
    place = child;
  }
  put(times, place, due);
}
