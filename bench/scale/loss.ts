/** What is left of a problem and its plan when a worker is gone. */
import type { Plan } from "../../core/plan.js";
import { none, type Problem, previousNever } from "../../core/problem.js";

/** The plan has been adopted, and then the worker went: for good, before anything began. */
export function withoutWorker(problem: Problem, plan: Plan, worker: number): Problem {
  const { blocks, tasks, workers, dimensions, horizon } = problem;
  const d = dimensions.length;
  const whole = workers.capacity.subarray(worker * d, (worker + 1) * d);
  return {
    ...problem,
    tasks: {
      ...tasks,
      previousWorker: plan.worker.slice(),
      previousOption: plan.option.slice(),
      previousStart: plan.start.map((start, task) =>
        plan.worker[task] === none ? previousNever : start,
      ),
    },
    blocks: {
      count: blocks.count + 1,
      worker: Uint32Array.of(...blocks.worker, worker),
      from: Int32Array.of(...blocks.from, 0),
      to: Int32Array.of(...blocks.to, horizon),
      use: Int32Array.of(...blocks.use, ...whole),
    },
  };
}

/** Tasks on other workers than before, of those that the loss did not touch. */
export function movedBesides(before: Plan, after: Plan, lost: number): number {
  let moved = 0;
  for (let task = 0; task < before.worker.length; task++) {
    if (before.worker[task] !== lost && before.worker[task] !== after.worker[task]) moved++;
  }
  return moved;
}
