/**
 * A partial decision about a task graph on processors: where activities may run, which pairs share
 * a worker or do not, and who goes first where they do. Heads and tails follow from it.
 */
import { never, type ProcessorModel } from "../../processors/model.js";

/** Flags of an ordered pair (i, j). */
export const together = 1;
export const apart = 2;
/** i ends before j begins, by precedence or because they share a worker. */
export const before = 4;
export const after = 8;

export interface Partial {
  /** [n] Bit w: worker w is possible. */
  readonly domain: Int32Array;
  /** [n] On the fastest of them. */
  readonly duration: Int32Array;
  readonly head: Int32Array;
  readonly tail: Int32Array;
  /** [n × n] */
  readonly pair: Uint8Array;
}

/** A domain is a word of bits. */
export const workersMax = 30;

export function emptyPartial({ activities }: ProcessorModel): Partial {
  return {
    domain: new Int32Array(activities),
    duration: new Int32Array(activities),
    head: new Int32Array(activities),
    tail: new Int32Array(activities),
    pair: new Uint8Array(activities * activities),
  };
}

export function copyPartial(from: Partial, to: Partial): void {
  to.domain.set(from.domain);
  to.duration.set(from.duration);
  to.head.set(from.head);
  to.tail.set(from.tail);
  to.pair.set(from.pair);
}

/** Nothing is decided but what the model says. */
export function rootPartial(model: ProcessorModel): Partial {
  const { activities, workers, duration, arcs, delivery } = model;
  const root = emptyPartial(model);
  const { pair } = root;
  root.tail.set(delivery);
  for (let activity = 0; activity < activities; activity++) {
    let domain = 0;
    for (let worker = 0; worker < workers; worker++) {
      if ((duration[activity * workers + worker] as number) < never) domain |= 1 << worker;
    }
    root.domain[activity] = domain;
    root.duration[activity] = model.shortest[activity] as number;
    root.head[activity] = earliestWithin(model, activity, domain);
    for (
      let arc = arcs.into[activity] as number;
      arc < (arcs.into[activity + 1] as number);
      arc++
    ) {
      const from = arcs.from[arc] as number;
      // Activities are numbered topologically: what `from` waits for is complete.
      for (let other = 0; other <= from; other++) {
        if (other !== from && ((pair[other * activities + from] as number) & before) === 0)
          continue;
        pair[other * activities + activity] = before;
        pair[activity * activities + other] = after;
      }
    }
  }
  return root;
}

/** Least `earliest` over a set of workers. */
export function earliestWithin(
  { earliest, workers }: ProcessorModel,
  activity: number,
  domain: number,
): number {
  let least = never;
  for (let rest = domain; rest !== 0; rest &= rest - 1) {
    const worker = 31 - Math.clz32(rest & -rest);
    const at = earliest[activity * workers + worker] as number;
    if (at < least) least = at;
  }
  return least;
}

export function shortestWithin(
  { duration, workers }: ProcessorModel,
  activity: number,
  domain: number,
): number {
  let least = never;
  for (let rest = domain; rest !== 0; rest &= rest - 1) {
    const worker = 31 - Math.clz32(rest & -rest);
    const ticks = duration[activity * workers + worker] as number;
    if (ticks < least) least = ticks;
  }
  return least;
}

export const isDecided = (domain: number): boolean => (domain & (domain - 1)) === 0;
