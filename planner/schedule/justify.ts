/**
 * Double justification (Valls, Ballestín & Quintanilla 2005): push every task of a schedule as far
 * right as it goes, then build it again from the left in the order of the starts that this gave.
 * Here the pass to the right only makes that order, so it leaves pools and devices out and knows
 * time before the origin; the pass to the left is an ordinary decode.
 */

import { leaveOut } from "../../core/choose-place.js";
import type { Choice } from "../../core/decode.js";
import { isMilestone, taskRunning } from "../../core/problem.js";
import { addInterval, type Timeline } from "../../core/timeline.js";
import { clearSchedule, type Draft, decodeDraft } from "./draft.js";
import type { Kernel } from "./kernel.js";
import { type Keys, orderByKeys, sortByKeys } from "./orders.js";

/** Decodes `draft`, which must be complete, once more from its justified order; its new value. */
export function justify(kernel: Kernel, draft: Draft, choice: Choice, limit: number): number {
  const order = orderByKeys(kernel, rightmostStarts(kernel, draft));
  return decodeDraft(kernel, draft, order, choice, limit);
}

function rightmostStarts(kernel: Kernel, draft: Draft): Keys {
  const { problem, prepared } = kernel;
  const { tasks, options } = problem;
  const { successorFirst, successor, successorLag } = prepared.graph;
  const width = problem.dimensions.length;
  clearSchedule(kernel);
  const makespan = draft.end.reduce((a, b) => Math.max(a, b), 0);
  const starts = Float64Array.from(draft.start);
  // By end, latest first. Ties need the reverse of the topological order, which negation gives.
  const byEnd = sortByKeys(kernel, kernel.prepared.graph.topological, draft.end);
  for (let at = byEnd.length - 1; at >= 0; at -= 1) {
    const task = byEnd[at] as number;
    if (tasks.state[task] === taskRunning) continue;
    let until = makespan;
    const last = successorFirst[task + 1] as number;
    for (let k = successorFirst[task] as number; k < last; k += 1) {
      const next = successor[k] as number;
      if (tasks.state[next] === taskRunning || draft.option[next] === leaveOut) continue;
      until = Math.min(until, (starts[next] as number) - (successorLag[k] as number));
    }
    draft.workUnits += 1;
    if (isMilestone(problem, task)) {
      starts[task] = until;
      continue;
    }
    const option = draft.option[task] as number;
    if (option === leaveOut) continue;
    const duration = options.duration[option] as number;
    const row = (options.demandRow[option] as number) * width;
    const timeline = prepared.scratchWorkers[draft.worker[task] as number] as Timeline;
    const start = latestFit(timeline, until, duration, options.demand, row);
    starts[task] = start;
    addInterval(timeline, start, start + duration, options.demand, row, null, 0);
  }
  return starts;
}

/** Latest start that ends by `until`. Before all facts a worker is empty, so there always is one. */
function latestFit(
  timeline: Timeline,
  until: number,
  duration: number,
  demand: Int32Array,
  at: number,
): number {
  const { time, free, width, dimensions } = timeline;
  let end = until;
  let segment = timeline.count - 1;
  while (segment > 0 && (time[segment] as number) >= end) segment -= 1;
  for (; segment > 0; segment -= 1) {
    const row = segment * width;
    let fits = true;
    for (let d = 0; d < dimensions && fits; d += 1) {
      const needed = demand[at + d] as number;
      fits = needed === 0 || needed <= (free[row + d] as number);
    }
    const begin = time[segment] as number;
    if (!fits) end = begin;
    else if (end - begin >= duration) break;
  }
  return end - duration;
}
