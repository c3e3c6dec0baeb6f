/** Projects as problems: one worker holds the renewable resources, pools the non-renewable ones. */
import { ProblemBuilder } from "../../core/problem-builder.js";
import type { Read } from "./instance.js";

export interface Draft {
  readonly modes: readonly Mode[];
  /** From 0. */
  readonly successors: readonly number[];
}

export interface Mode {
  readonly duration: number;
  /** Of each renewable resource. */
  readonly use: readonly number[];
  /** Of each non-renewable resource. */
  readonly spends: readonly number[];
}

export interface Project {
  readonly capacity: readonly number[];
  readonly budget: readonly number[];
  readonly jobs: readonly Draft[];
}

export function projectOf({ capacity, budget, jobs }: Project): Read {
  const builder = new ProblemBuilder({ dimensions: capacity.map((_, index) => `R${index + 1}`) });
  builder.addWorker({ capacity });
  budget.forEach((amount, index) => {
    builder.addPool(`N${index + 1}`, amount, "consumable");
  });
  const mode: number[] = [];
  jobs.forEach(({ modes }, job) => {
    if (modes.length === 1 && modes[0]?.duration === 0) {
      builder.addTask({ id: String(job + 1), options: null });
      return;
    }
    const options = modes.map(({ duration, use, spends }, index) => {
      mode.push(index + 1);
      const pools = spends
        .map((amount, pool) => ({ pool, amount }))
        .filter(({ amount }) => amount > 0);
      return { class: 0, duration, demand: use, pools };
    });
    builder.addTask({ id: String(job + 1), options });
  });
  jobs.forEach(({ successors }, job) => {
    for (const after of successors) builder.addEdge(job, after);
  });
  const names = {
    task: jobs.map((_, job) => job + 1),
    worker: [0],
    mode,
    milestoneWorkers: new Map(),
  };
  return { problem: builder.build(), names };
}
