/**
 * A feasible plan from the previous one after something went wrong or came new: a worker is gone, an
 * attempt failed or overran, tasks arrived. Tasks whose place still exists keep worker, option and
 * order, and are shifted right as far as they must be; the others are inserted where they finish
 * first, in the order of their previous starts, new ones by upward rank behind what is due before
 * them. Nothing that was not disturbed moves to another worker.
 *
 * This is right-shift rescheduling with reinsertion (Vieira, Herrmann & Lin 2003; Abumaizar & Svestka
 * 1997): linear in the tasks that keep their places. What a worse place costs is then a question for
 * local search, with moves charged.
 */
import { type Choice, decodePartly } from "./decode.js";
import type { Plan } from "./plan.js";
import { type Prepared, prepare } from "./prepare.js";
import { orderByKeyThenRank, rankOrder } from "./priority.js";
import { isMilestone, none, type Problem, previousNever, taskRunning } from "./problem.js";
import { segmentAt } from "./timeline-segments.js";

export interface Repair {
  readonly plan: Plan;
  /** Tasks that had no place left, or never had one: these alone were placed anew. */
  readonly disturbed: Int32Array;
  /** Tasks that fit nowhere; 0 for a whole plan. */
  readonly unplaced: number;
}

/** The previous plan is the problem's own `previous...` columns. */
export function repair(problem: Problem): Repair {
  const { tasks } = problem;
  const choice: Choice = {
    option: new Int32Array(tasks.count).fill(none),
    worker: new Int32Array(tasks.count).fill(none),
  };
  const prepared = prepare(problem);
  const disturbed: number[] = [];
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] === taskRunning || isMilestone(problem, task)) continue;
    if (placeStands(prepared, task)) {
      choice.option[task] = tasks.previousOption[task] as number;
      choice.worker[task] = tasks.previousWorker[task] as number;
    } else disturbed.push(task);
  }
  const { plan, unplaced } = decodePartly(prepared, repairOrder(problem), choice);
  return { plan, disturbed: Int32Array.from(disturbed), unplaced };
}

/** Whether the task could run, at some time, where the previous plan had it. */
function placeStands(prepared: Prepared, task: number): boolean {
  const { tasks, options, workers, dimensions } = prepared.problem;
  const option = tasks.previousOption[task] as number;
  const worker = tasks.previousWorker[task] as number;
  const block = tasks.block[task] as number;
  if (option === none || worker === none) return false;
  const isOffered =
    option >= (options.blockFirst[block] as number) &&
    option < (options.blockFirst[block + 1] as number);
  const pinned = options.worker[option] as number;
  if (!isOffered || workers.classOf[worker] !== options.class[option]) return false;
  if (pinned !== none && pinned !== worker) return false;
  // What does not fit at the horizon does not come back: the worker is gone, or has shrunk for good.
  const timeline = prepared.workers[worker];
  if (timeline === undefined) return false;
  const row = (options.demandRow[option] as number) * dimensions.length;
  const last = segmentAt(timeline, prepared.problem.horizon - 1) * timeline.width;
  for (let d = 0; d < dimensions.length; d++) {
    const needed = options.demand[row + d] as number;
    if (needed > 0 && needed > (timeline.free[last + d] as number)) return false;
  }
  return true;
}

/** By previous start; tasks that never had one come where their rank is among those that had. */
function repairOrder(problem: Problem): Int32Array {
  const { count, previousStart } = problem.tasks;
  const key = Float64Array.from(previousStart);
  let hasNew = false;
  for (let task = 0; task < count; task++) {
    // Milestones have no place to wait for, and what follows them must not wait behind others.
    if (isMilestone(problem, task)) key[task] = previousNever;
    else if (previousStart[task] === previousNever) hasNew = true;
  }
  if (hasNew) placeNew(problem, key);
  return orderByKeyThenRank(problem, key);
}

/** In the order of ranks a new task stands right behind the latest start seen so far. */
function placeNew(problem: Problem, key: Float64Array): void {
  const { previousStart } = problem.tasks;
  let latest = 0;
  for (const task of rankOrder(problem, "bottom_level")) {
    if (isMilestone(problem, task)) continue;
    const start = previousStart[task] as number;
    if (start === previousNever) key[task] = latest;
    else latest = Math.max(latest, start);
  }
}
