/**
 * Tasks that may be left out. One that says at which price is ended as soon as a plan is adopted
 * that pays it. One of a hard deadline waits for as long as that can be met: where a plan has no
 * room for it, a later one may.
 */
import type { Plan } from "../../core/plan.js";
import { none, taskRunning } from "../../core/problem.js";
import { deadlineMissed, endTask, leftOut } from "./endings.js";
import { estimateOf } from "./estimates.js";
import type { Event } from "./events.js";
import type { BuiltProblem } from "./problem.js";
import { predecessors } from "./problem-tasks.js";
import { speedOf } from "./speed.js";
import type { State, Task } from "./state.js";
import { isEnded } from "./state.js";

/** When it must start at the latest, in its fastest mode and on the fastest worker there is; infinite: whenever. */
export function latestStartMs(state: State, task: Task): number {
  const { hardDeadline, deadlineAtMs } = task.template;
  if (hardDeadline !== true || deadlineAtMs === null) return Number.POSITIVE_INFINITY;
  let speed = 0;
  for (const worker of state.workers.values()) {
    if (worker.state !== "lost") speed = Math.max(speed, speedOf(worker));
  }
  const p50Ms = Math.min(...task.ways.map((way) => estimateOf(state, task, way).p50Ms));
  return deadlineAtMs - p50Ms / (speed === 0 ? 1 : speed);
}

/** Ends what can no longer be done by its hard deadline. */
export function* endHopeless(state: State, nowMs: number): Generator<Event, void, void> {
  for (const task of [...state.index.hard]) {
    if (isEnded(task) || latestStartMs(state, task) >= nowMs) continue;
    const at = new Date(task.template.deadlineAtMs ?? 0).toISOString();
    const message = `could no longer be done by its hard deadline of ${at}`;
    yield* endTask(state, task, { state: "skipped", reason: deadlineMissed, message });
  }
}

/** Ends what the adopted plan leaves out at its own price. */
export function* endLeftOut(
  state: State,
  { problem, tasks }: BuiltProblem,
  plan: Plan,
): Generator<Event, void, void> {
  const out = new Set(
    tasks.filter((_, row) => plan.worker[row] === none && problem.tasks.state[row] !== taskRunning),
  );
  for (const task of out) {
    const { skipPrice } = task.template;
    if (skipPrice === undefined || isEnded(task)) continue;
    // What only waits for something that is left out has its own fate, by its edges.
    if ([...predecessors(task)].some(([before]) => out.has(before))) continue;
    const message = `left out by plan ${state.plan.version}: to run it would cost more than its price of ${skipPrice}`;
    yield* endTask(state, task, { state: "skipped", reason: leftOut, message });
  }
}
