/**
 * Reservations as of now: the adopted plan with its workers and order, its times shifted to what is
 * true at this moment, once with median durations and once with p90 durations for every task.
 */
import { type Choice, choiceOf, decode, orderOf } from "../../core/decode.js";
import type { TaskId } from "../../core/ids.js";
import type { Plan } from "../../core/plan.js";
import { none, type Problem, taskRunning } from "../../core/problem.js";
import type { Reservation } from "../../core/views.js";
import { remainingOn } from "./estimates.js";
import { elapsedMs, pauseAheadMs } from "./pausing.js";
import { type BuiltProblem, buildProblem, type Imagined } from "./problem.js";
import type { WorkerTable } from "./problem-workers.js";
import { modeOfOption, rebuildPlan } from "./rebuild.js";
import { speedOf } from "./speed.js";
import type { State, Task } from "./state.js";
import { liveAttempt } from "./state.js";

export type Forecast = ReadonlyMap<TaskId, Reservation>;

export function forecast(state: State, nowMs: number, imagined: Imagined = {}): Forecast {
  const built = buildProblem(state, nowMs, "free", imagined);
  const median = rebuildPlan(built, (task) => state.plan.entries.get(task));
  if (median === null) return new Map();
  return reservations(built, median, pessimistic(state, built, median));
}

/** Reservations of a plan; `late` is the same plan with p90 durations. */
export function reservations(built: BuiltProblem, median: Plan, late: Plan): Forecast {
  const { problem, tasks, workers } = built;
  const at = (tick: number | undefined): number => problem.originMs + (tick ?? 0) * problem.tickMs;
  const result = new Map<TaskId, Reservation>();
  tasks.forEach((task, row) => {
    const index = median.worker[row] ?? none;
    const worker = workers.list[index];
    if (worker === undefined) return;
    // A group can bind a task to a worker that is gone by then: it will be placed anew, who knows where.
    const closedFrom = built.deadlines.get(index) ?? Number.POSITIVE_INFINITY;
    const isRunning = problem.tasks.state[row] === taskRunning;
    if (!isRunning && (median.start[row] ?? 0) >= closedFrom) return;
    result.set(task.id, {
      worker: worker.id,
      ...modeOfOption(built, median.option[row]),
      startP50AtMs: at(median.start[row]),
      endP50AtMs: at(median.end[row]),
      startP90AtMs: Math.max(at(median.start[row]), at(late.start[row])),
      endP90AtMs: Math.max(at(median.end[row]), at(late.end[row])),
    });
  });
  return result;
}

/** Every duration at its p90: a pessimistic end, not a p90 of the end (p90s do not add up). */
export function pessimistic(state: State, built: BuiltProblem, median: Plan): Plan {
  const { problem, tasks, workers } = built;
  const fixedEnd = problem.tasks.fixedEnd.slice();
  tasks.forEach((task, row) => {
    if (problem.tasks.state[row] === taskRunning) {
      const worker = workers.list[problem.tasks.fixedWorker[row] ?? none];
      fixedEnd[row] = lateEnd(state, task, worker === undefined ? 1 : speedOf(worker), problem);
    }
  });
  const slow: Problem = {
    ...problem,
    options: { ...problem.options, duration: problem.options.durationP90 },
    tasks: { ...problem.tasks, fixedEnd },
  };
  return decode(slow, orderOf(median), lastingChoice(workers, median)) ?? median;
}

/** What takes longer may miss the deadline of a drain, so nothing is bound to such a worker. */
export function lastingChoice(workers: WorkerTable, median: Plan): Choice {
  const stays = (row: number): boolean =>
    workers.openness[median.worker[row] ?? none] !== "finishing";
  const { option, worker } = choiceOf(median);
  return {
    option: option.map((chosen, row) => (stays(row) ? chosen : none)),
    worker: worker.map((chosen, row) => (stays(row) ? chosen : none)),
  };
}

function lateEnd(state: State, task: Task, speed: number, problem: Problem): number {
  const { originMs, tickMs } = problem;
  const attempt = liveAttempt(task);
  const ranMs = attempt === null ? 0 : elapsedMs(attempt, originMs);
  const aheadMs = attempt === null ? 0 : pauseAheadMs(attempt, originMs);
  const { p90Ms } = remainingOn(state, task, speed, ranMs);
  return Math.max(1, Math.ceil((p90Ms + aheadMs) / tickMs));
}
