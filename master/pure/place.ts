/**
 * Gives every runnable task a reservation at once: what is planned keeps its worker, the rest is
 * placed greedily around it. This is why dispatch never waits for a solver.
 */
import { lowerBound } from "../../core/bounds.js";
import type { Decision } from "./commands.js";
import { noReply } from "./commands.js";
import { endLeftOut } from "./leaving-out.js";
import { evaluateAtOnce, placeAtOnce } from "./place-at-once.js";
import { exhaustedPool, poolThatLacks } from "./pool-room.js";
import { buildProblem } from "./problem.js";
import { makespanMs, planDifferences } from "./rebuild.js";
import type { State, Task } from "./state.js";
import { isPaused } from "./state.js";
import { wayNow } from "./ways.js";

export const greedyName = "greedy";

export function* place(state: State, nowMs: number): Decision {
  const built = buildProblem(state, nowMs, "keep");
  if (built.tasks.length === 0) return noReply;
  const plan = placeAtOnce(built.problem);
  const { entries, removed } = planDifferences(state, built, plan);
  if (entries.length === 0 && removed.length === 0) {
    yield* endLeftOut(state, built, plan);
    return noReply;
  }
  const { parts, value } = evaluateAtOnce(built.problem, plan);
  const bound = lowerBound(built.problem);
  yield {
    type: "PlanAdopted",
    version: state.plan.version + 1,
    solver: greedyName,
    value,
    bound: Math.min(value, bound.value),
    parts,
    makespanMs: makespanMs(built, plan),
    makespanBoundMs: bound.makespanTicks * built.problem.tickMs,
    entries,
    removed,
  };
  yield* endLeftOut(state, built, plan);
  return noReply;
}

/**
 * Whether some task could run and has no reservation, or one in a mode that can no longer be had:
 * the shell then asks for a placement.
 */
export function needsPlacement(state: State): boolean {
  for (const task of state.index.ready) {
    if (isPaused(task)) continue;
    if (!state.plan.entries.has(task.id)) return true;
    if (task.ways.length > 1 && isExhausted(state, task)) return true;
  }
  return false;
}

/** Its mode lacks what does not come back, and another does not. */
const isExhausted = (state: State, task: Task): boolean =>
  poolThatLacks(state, wayNow(state, task).template) !== null &&
  exhaustedPool(state, task) === null;
