/**
 * The planner's output. A plan says for each task of a problem which option it takes, on which
 * worker, when and on which devices; its order on a worker is by (start, task index).
 */
import type { ObjectiveParts } from "./objective.js";
import { type Problem, taskRunning } from "./problem.js";

export interface Plan {
  /** Index into the problem's options; none for milestones. */
  readonly option: Int32Array;
  /** none for milestones. */
  readonly worker: Int32Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Bit b: the b-th device of the worker. */
  readonly devices: Uint32Array;
}

/** How good a plan is; "gap" is against the estimated durations of its problem. */
export interface Evaluation {
  readonly parts: ObjectiveParts;
  readonly value: number;
}

/** (value - bound) / value, in [0, 1]; 0 when the plan is proven optimal. */
export function gapOf(value: number, bound: number): number {
  if (value <= 0) return 0;
  return Math.max(0, Math.min(1, (value - bound) / value));
}

export function emptyPlan(tasks: number): Plan {
  return {
    option: new Int32Array(tasks).fill(-1),
    worker: new Int32Array(tasks).fill(-1),
    start: new Int32Array(tasks),
    end: new Int32Array(tasks),
    devices: new Uint32Array(tasks),
  };
}

/** A plan in which what runs stands where it runs, and nothing else stands anywhere yet. */
export function planOfFacts({ tasks }: Problem): Plan {
  const plan = emptyPlan(tasks.count);
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] !== taskRunning) continue;
    plan.option[task] = tasks.fixedOption[task] as number;
    plan.worker[task] = tasks.fixedWorker[task] as number;
    plan.start[task] = tasks.fixedStart[task] as number;
    plan.end[task] = tasks.fixedEnd[task] as number;
    plan.devices[task] = tasks.fixedDevices[task] as number;
  }
  return plan;
}
