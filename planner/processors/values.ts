/** Between makespans of the model and values and plans of its problem. */
import type { Plan } from "../../core/plan.js";
import { never, type ProcessorModel } from "./model.js";
import type { Schedule } from "./schedule.js";

/** As `core/check` computes it, to the last bit: the makespan is all that counts. */
export function valueOfMakespan({ problem }: ProcessorModel, makespan: number): number {
  if (makespan >= never) return Number.POSITIVE_INFINITY;
  return problem.weights.makespan * (makespan * (problem.tickMs / 1000));
}

/** Order and workers of a plan that someone else found; times are to be computed anew. */
export function takePlan({ task }: ProcessorModel, plan: Plan, schedule: Schedule): void {
  const startOf = (activity: number): number => plan.start[task[activity] as number] as number;
  schedule.order.forEach((_, activity) => {
    schedule.order[activity] = activity;
    schedule.worker[activity] = plan.worker[task[activity] as number] as number;
  });
  schedule.order.sort((a, b) => startOf(a) - startOf(b) || a - b);
}

/** The greatest makespan of a value of at most `value`. */
export function makespanBelow({ problem }: ProcessorModel, value: number): number {
  if (value === Number.POSITIVE_INFINITY) return never;
  const ticks = value / (problem.weights.makespan * (problem.tickMs / 1000));
  return Math.floor(ticks + 1e-6);
}
