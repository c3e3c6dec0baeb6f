/** A point of the search: an order, a choice of worker for each task, and what they decode to. */

import { leaveOut } from "../../core/choose-place.js";
import type { Choice } from "../../core/decode.js";
import type { Plan } from "../../core/plan.js";
import { isMilestone, none, taskRunning } from "../../core/problem.js";
import type { Draft } from "./draft.js";
import type { Kernel } from "./kernel.js";
import { orderByKeys, raiseKeys, settleOrder, sortByKeys } from "./orders.js";

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

/** A schedule as drafts hold it: what is left out has the option `leaveOut`. */
type Schedule = Plan;

/** Takes over a schedule with the order of its starts. */
export function adopt(
  kernel: Kernel,
  candidate: Candidate,
  schedule: Schedule,
  value: number,
): void {
  const { topological } = kernel.prepared.graph;
  candidate.order.set(
    kernel.hasOptional
      ? orderByKeys(kernel, keysOf(schedule), schedule.option)
      : sortByKeys(kernel, topological, schedule.start),
  );
  takeSchedule(candidate, schedule, value);
}

/** As `adopt`, for a plan. */
export function adoptPlan(kernel: Kernel, candidate: Candidate, plan: Plan, value: number): void {
  const { problem } = kernel;
  const isOut = (task: number): boolean =>
    plan.option[task] === none &&
    !isMilestone(problem, task) &&
    problem.tasks.state[task] !== taskRunning;
  const schedule = {
    ...plan,
    option: plan.option.map((option, task) => (isOut(task) ? leaveOut : option)),
    start: plan.start.map((start, task) => (isOut(task) ? 0 : start)),
    end: plan.end.map((end, task) => (isOut(task) ? 0 : end)),
  };
  adopt(kernel, candidate, schedule, value);
}

/** What is left out stands right behind what it waits for, so that it can come in again there. */
const keysOf = ({ start, option }: Schedule): Float64Array =>
  Float64Array.from(start, (at, task) => (option[task] === leaveOut ? 0 : at));

/** As `adopt`, for a schedule that came from `order` by a small change. */
export function adoptNear(
  kernel: Kernel,
  candidate: Candidate,
  schedule: Draft,
  order: Int32Array,
  value: number,
): void {
  candidate.order.set(order);
  const { hasOptional } = kernel;
  const keys = hasOptional ? raiseKeys(kernel, keysOf(schedule), schedule.option) : schedule.start;
  settleOrder(kernel, candidate.order, keys);
  takeSchedule(candidate, schedule, value);
}

function takeSchedule(candidate: Candidate, schedule: Schedule, value: number): void {
  const { order, position } = candidate;
  for (let at = 0; at < order.length; at += 1) position[order[at] as number] = at;
  candidate.option.set(schedule.option);
  candidate.worker.set(schedule.worker);
  candidate.start.set(schedule.start);
  candidate.end.set(schedule.end);
  candidate.devices.set(schedule.devices);
  candidate.value = value;
}

/**
 * A task that was left out stays so in a trial whose order has milestones that wait for it before it:
 * they stand there because they did not wait. Call before the trial is decoded.
 */
export function keepLeftOut(kernel: Kernel, current: Candidate, trial: Candidate): void {
  if (!kernel.hasOptional) return;
  const { beforeMilestone, prepared, problem } = kernel;
  const { successorFirst, successor } = prepared.graph;
  for (let task = 0; task < beforeMilestone.length; task += 1) {
    if (beforeMilestone[task] === 0 || current.option[task] !== leaveOut) continue;
    if (trial.option[task] === leaveOut) continue;
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k += 1) {
      const after = successor[k] as number;
      if (!isMilestone(problem, after)) continue;
      if ((trial.position[after] as number) > (trial.position[task] as number)) continue;
      trial.option[task] = leaveOut;
      trial.worker[task] = none;
    }
  }
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

/** A draft without misses as a plan: what is left out stands at the horizon. */
export function planOfDraft({ problem }: Kernel, draft: Draft): Plan {
  const isOut = (task: number): boolean => draft.option[task] === leaveOut;
  return {
    option: draft.option.map((option) => (option === leaveOut ? none : option)),
    worker: draft.worker.slice(),
    start: draft.start.map((start, task) => (isOut(task) ? problem.horizon : start)),
    end: draft.end.map((end, task) => (isOut(task) ? problem.horizon : end)),
    devices: draft.devices.slice(),
  };
}
