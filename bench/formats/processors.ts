/** Task graphs on processors: alike and numbered from 0, or each with durations of its own. */
import { ProblemBuilder } from "../../core/problem-builder.js";
import type { Name, Read } from "./instance.js";

export interface GraphTask {
  readonly name: Name;
  /** On any processor, or on each. */
  readonly duration: number | readonly number[];
}

export interface GraphEdge {
  readonly from: number;
  readonly to: number;
  /** Ticks, between different processors. */
  readonly transfer: number;
}

export interface TaskGraph {
  readonly tasks: readonly GraphTask[];
  readonly edges: readonly GraphEdge[];
  readonly processors: number;
}

export function graphProblem({ tasks, edges, processors }: TaskGraph): Read {
  const alike = tasks.every(({ duration }) => typeof duration === "number");
  const builder = new ProblemBuilder({ dimensions: ["processor"] });
  for (let processor = 0; processor < processors; processor++) {
    builder.addWorker({ id: String(processor), capacity: [1], ...(alike ? { class: 0 } : {}) });
  }
  let options = 0;
  // A task without duration stands on a processor all the same where its data has to travel.
  const travels = edges.some(({ transfer }) => transfer > 0);
  for (const { name, duration } of tasks) {
    const durations = typeof duration === "number" ? [duration] : duration;
    if (!travels && durations.every((ticks) => ticks === 0)) {
      builder.addTask({ id: String(name), options: null });
      continue;
    }
    options += durations.length;
    builder.addTask({
      id: String(name),
      options: durations.map((ticks, of) => ({ class: of, duration: ticks, demand: [1] })),
    });
  }
  for (const { from, to, transfer } of edges) builder.addEdge(from, to, { fixed: transfer });
  const names = {
    task: tasks.map(({ name }) => name),
    worker: Array.from({ length: processors }, (_, processor) => processor),
    mode: new Array<number>(options).fill(1),
    milestoneWorkers: new Map(),
  };
  return { problem: builder.build(), names };
}
