/** A point of the search: an order, a choice of worker for each task, and what they decode to. */

import type { Choice } from "../../../core/decode.js";
import type { Plan } from "../../../core/plan.js";
import { none } from "../../../core/problem.js";
import type { Draft } from "./draft.js";
import type { Kernel } from "./kernel.js";
import { settleOrder, sortByKeys } from "./orders.js";

export interface Candidate extends Choice {
  /** By start, so that neighbours in it are neighbours in time. */
  readonly order: Int32Array;
  /** Place of each task in `order`. */
  readonly position: Int32Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly devices: Uint32Array;
  value: number;
}

export function createCandidate(tasks: number): Candidate {
  return {
    order: new Int32Array(tasks),
    position: new Int32Array(tasks),
    option: new Int32Array(tasks).fill(none),
    worker: new Int32Array(tasks).fill(none),
    start: new Int32Array(tasks),
    end: new Int32Array(tasks),
    devices: new Uint32Array(tasks),
    value: Number.POSITIVE_INFINITY,
  };
}

/** Takes over a schedule, a draft's or a plan's, with the order of its starts. */
export function adopt(
  kernel: Kernel,
  candidate: Candidate,
  schedule: Plan | Draft,
  value: number,
): void {
  candidate.order.set(sortByKeys(kernel, kernel.prepared.graph.topological, schedule.start));
  takeSchedule(candidate, schedule, value);
}

/** As `adopt`, for a schedule that came from `order` by a small change. */
export function adoptNear(
  kernel: Kernel,
  candidate: Candidate,
  schedule: Draft,
  order: Int32Array,
  value: number,
): void {
  candidate.order.set(order);
  settleOrder(kernel, candidate.order, schedule.start);
  takeSchedule(candidate, schedule, value);
}

function takeSchedule(candidate: Candidate, schedule: Plan | Draft, value: number): void {
  const { order, position } = candidate;
  for (let at = 0; at < order.length; at += 1) position[order[at] as number] = at;
  candidate.option.set(schedule.option);
  candidate.worker.set(schedule.worker);
  candidate.start.set(schedule.start);
  candidate.end.set(schedule.end);
  candidate.devices.set(schedule.devices);
  candidate.value = value;
}

export function copyCandidate(from: Candidate, to: Candidate): void {
  to.order.set(from.order);
  to.position.set(from.position);
  to.option.set(from.option);
  to.worker.set(from.worker);
  to.start.set(from.start);
  to.end.set(from.end);
  to.devices.set(from.devices);
  to.value = from.value;
}

export function planOfDraft(draft: Draft): Plan {
  return {
    option: draft.option.slice(),
    worker: draft.worker.slice(),
    start: draft.start.slice(),
    end: draft.end.slice(),
    devices: draft.devices.slice(),
  };
}
