/** A state that was written down and read again is the same state, and lives on in the same way. */
import { expect } from "vitest";
import type { Recorded } from "../events.js";
import { evolve } from "../evolve.js";
import { genesis } from "../genesis.js";
import { stateHash } from "../hash.js";
import type { State } from "../state.js";
import { decodeState, encodeState } from "../state-codec.js";

/** All that makes a state, but for caches: the queues, and what the hash has already rendered. */
function contentOf({ hash, index: { queues: _queues, ...index }, ...rest }: State) {
  return { ...rest, index, hash: stateHash(hash) };
}

const orders = ({ index, jobs, tasks, workers, plan, poolUse }: State) => [
  Array.from(index.openJobs, ({ id }) => id),
  ...[index.ready, index.held, index.backoff, index.unknown, index.live, index.hard].map((tasks) =>
    Array.from(tasks, ({ id }) => id),
  ),
  [...jobs.keys()],
  [...tasks.keys()],
  [...workers.keys()],
  [...plan.entries.keys()],
  [...poolUse.keys()],
];

export function fold(events: readonly Recorded[]): State {
  const state = genesis();
  for (const event of events) evolve(state, event);
  return state;
}

/** Writes the state down after `cut` events, and compares what becomes of both with the rest. */
export function expectCodecLaw(events: readonly Recorded[], cut: number): void {
  const original = fold(events.slice(0, cut));
  const restored = decodeState(encodeState(original));
  expect(contentOf(restored)).toEqual(contentOf(original));
  expect(orders(restored)).toEqual(orders(original));
  for (const event of events.slice(cut)) {
    evolve(restored, event);
    evolve(original, event);
  }
  expect(stateHash(restored.hash)).toBe(stateHash(original.hash));
  expect(orders(restored)).toEqual(orders(original));
}
