/**
 * Time that passes only because the next thing happens: events in order of their instant, and of
 * their making where instants are the same. Between two events every promise settles that can, so
 * real asynchronous code runs here unchanged, and always in the same order.
 */
import type { Timer } from "../../core/clock.js";

interface Event {
  readonly atMs: number;
  readonly order: number;
  /** null: cleared. */
  action: (() => void) | null;
}

export class VirtualTime {
  nowMs = 0;
  #heap: Event[] = [];
  #made = 0;

  /** Never before now. */
  at(atMs: number, action: () => void): Timer {
    this.#made += 1;
    const event: Event = { atMs: Math.max(atMs, this.nowMs), order: this.#made, action };
    this.#push(event);
    return {
      clear() {
        event.action = null;
      },
    };
  }

  /** Until `done`, or until nothing is left to happen before `untilMs`. Rejects with what is thrown. */
  run(untilMs: number, done: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          if (done()) return resolve();
          const action = this.#next(untilMs);
          if (action === null) {
            this.nowMs = Math.max(this.nowMs, untilMs);
            return resolve();
          }
          action();
        } catch (error) {
          return reject(error);
        }
        // After this turn of Node's own loop no promise is left that could settle by itself.
        setImmediate(turn);
      };
      setImmediate(turn);
    });
  }

  #next(untilMs: number): (() => void) | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > untilMs) return null;
      this.#pop();
      if (first.action === null) continue;
      this.nowMs = first.atMs;
      return first.action;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const smaller =
        right < heap.length && isBefore(heap[right] as Event, heap[left] as Event) ? right : left;
      if (!isBefore(heap[smaller] as Event, last)) break;
      heap[place] = heap[smaller] as Event;
      place = smaller;
    }
    heap[place] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
