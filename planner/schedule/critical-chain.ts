/** What made a task of a schedule end when it does. */
import { leaveOut } from "../../core/choose-place.js";
import { isMilestone, none, taskFree, taskRunning } from "../../core/problem.js";
import type { Candidate } from "./candidate.js";
import type { Kernel } from "./kernel.js";

/**
 * Free tasks of the chain that makes the makespan, from the last end backwards, each waiting for the
 * one before it or for room on its worker.
 */
export function criticalChain(kernel: Kernel, candidate: Candidate): Int32Array {
  const { order, end, option } = candidate;
  let task: number = none;
  let latest = -1;
  for (const other of order) {
    if (option[other] === leaveOut || (end[other] as number) <= latest) continue;
    task = other;
    latest = end[other] as number;
  }
  return chainBehind(kernel, candidate, task, order.length);
}

/** How far before a task what it waited for is looked for on its worker. */
const lookBackMax = 2_000;

/** As above, of what made any one task end when it does; at most so many of them. */
export function chainBehind(
  kernel: Kernel,
  candidate: Candidate,
  from: number,
  lengthMax: number,
): Int32Array {
  const { problem } = kernel;
  const { option } = candidate;
  const chain: number[] = [];
  let task = from;
  while (task !== none && problem.tasks.state[task] !== taskRunning && chain.length < lengthMax) {
    if (option[task] === leaveOut) break;
    if (!isMilestone(problem, task) && problem.tasks.state[task] === taskFree) chain.push(task);
    const before = waitedFor(kernel, candidate, task);
    task = before !== none ? before : roomFrom(candidate, task);
  }
  return Int32Array.from(chain);
}

/** A predecessor whose end is the task's start; none if it waited for none of them. */
function waitedFor(kernel: Kernel, { start, end, option }: Candidate, task: number): number {
  const { predecessorFirst, predecessor, predecessorLag } = kernel.prepared.graph;
  const last = predecessorFirst[task + 1] as number;
  for (let k = predecessorFirst[task] as number; k < last; k += 1) {
    const before = predecessor[k] as number;
    const ready = (end[before] as number) + (predecessorLag[k] as number);
    if (ready === start[task] && option[before] !== leaveOut) return before;
  }
  return none;
}

/** A task of the same worker that ended when this one began; none if there is none nearby. */
function roomFrom({ order, position, start, end, worker }: Candidate, task: number): number {
  if (worker[task] === none) return none;
  const from = start[task] as number;
  const stop = Math.max(0, (position[task] as number) - lookBackMax);
  for (let at = (position[task] as number) - 1; at >= stop; at -= 1) {
    const before = order[at] as number;
    if (worker[before] === worker[task] && end[before] === from && start[before] !== from) {
      return before;
    }
  }
  return none;
}
