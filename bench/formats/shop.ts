/** Shops as problems: a worker of capacity 1 for each machine, a task for each operation. */
import { ProblemBuilder } from "../../core/problem-builder.js";
import type { Name, Read } from "./instance.js";

export interface Operation {
  readonly name: Name;
  readonly job: number;
  readonly alternatives: readonly Alternative[];
}

export interface Alternative {
  /** From 0. */
  readonly machine: number;
  readonly duration: number;
}

export interface Shop {
  readonly machines: readonly Name[];
  readonly operations: readonly Operation[];
  /** From operation to operation. */
  readonly edges: readonly (readonly [number, number])[];
}

export function shopOf({ machines, operations, edges }: Shop): Read {
  const builder = new ProblemBuilder({ dimensions: ["machine"] });
  for (const machine of machines) builder.addWorker({ id: String(machine), capacity: [1] });
  const mode: number[] = [];
  const milestoneWorkers = new Map<number, readonly number[]>();
  operations.forEach(({ name, job, alternatives }, operation) => {
    // What takes no time occupies no machine, and where that is to be had it is best.
    const free = alternatives.filter(({ duration }) => duration === 0);
    if (free.length > 0) {
      milestoneWorkers.set(
        operation,
        free.map(({ machine }) => machine),
      );
      builder.addTask({ id: String(name), job, options: null });
      return;
    }
    const options = alternatives.map(({ machine, duration }, index) => {
      mode.push(index + 1);
      return { class: machine, duration, demand: [1] };
    });
    builder.addTask({ id: String(name), job, options });
  });
  for (const [from, to] of edges) builder.addEdge(from, to);
  const task = operations.map(({ name }) => name);
  return { problem: builder.build(), names: { task, worker: machines, mode, milestoneWorkers } };
}

/** Operations of a job one after the other. */
export function chainsOf(operations: readonly Operation[]): (readonly [number, number])[] {
  return operations.flatMap((operation, index) =>
    index > 0 && operations[index - 1]?.job === operation.job ? [[index - 1, index] as const] : [],
  );
}
