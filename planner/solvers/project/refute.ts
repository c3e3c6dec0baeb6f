/**
 * Lower bounds by destruction (Klein & Scholl 1999): a makespan that no schedule can have. The whole
 * project is one window with nothing around it, so an exhausted search in it is a proof. For projects
 * of one mode.
 */
import type { Lns } from "./lns.js";
import { rearrange } from "./lns.js";
import type { Schedule } from "./schedule.js";
import { aim } from "./window.js";
import { refuted } from "./window-search.js";

export interface Refutation {
  /** Proven: no schedule ends by `target`. */
  readonly isProven: boolean;
  /** One that does. */
  readonly schedule: Schedule | null;
}

/** `any` is a schedule of any length; its order matters only for the search. */
export function* refute(
  lns: Lns,
  any: Schedule,
  target: number,
  failsMax: number,
): Generator<void, Refutation, void> {
  aim(lns.windows, any, target);
  const size = any.order.length;
  const schedule = yield* rearrange(lns, any, target, { first: 0, size, failsMax });
  return { schedule, isProven: schedule === null && lns.outcome === refuted };
}
