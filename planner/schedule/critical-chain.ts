/** What made a task of a schedule end when it does. */
import { leaveOut } from "../../core/choose-place.js";
import { isMilestone, none, taskFree, taskRunning } from "../../core/problem.js";
import type { Candidate } from "./candidate.js";
import type { Kernel } from "./kernel.js";

/**
 * Free tasks of one chain, from the last end backwards, each waiting for the one before it or for
 * room on its worker.
 */
export function criticalChain(kernel: Kernel, candidate: Candidate): Int32Array {
  const { problem, prepared } = kernel;
  const { order, position, start, end, worker, option } = candidate;
  let task: number = none;
  let latest = -1;
  for (const other of order) {
    if (option[other] === leaveOut || (end[other] as number) <= latest) continue;
    task = other;
    latest = end[other] as number;
  }
  const chain: number[] = [];
  const { predecessorFirst, predecessor, predecessorLag } = prepared.graph;
  while (task !== none && problem.tasks.state[task] !== taskRunning) {
    if (!isMilestone(problem, task) && problem.tasks.state[task] === taskFree) chain.push(task);
    const from = start[task] as number;
    let blocker: number = none;
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last && blocker === none; k += 1) {
      const before = predecessor[k] as number;
      const ready = (end[before] as number) + (predecessorLag[k] as number);
      if (ready === from && option[before] !== leaveOut) blocker = before;
    }
    const stop = Math.max(0, (position[task] as number) - 2_000);
    for (let at = (position[task] as number) - 1; at >= stop && blocker === none; at -= 1) {
      const before = order[at] as number;
      const isBefore = worker[before] === worker[task] && end[before] === from;
      if (isBefore && start[before] !== from) blocker = before;
    }
    task = blocker;
  }
  return Int32Array.from(chain);
}
