/**
 * Propose, re-verify, commit: a planner's plan was made for a state that has passed. It is rebuilt
 * for the present one, checked by the one checker, and adopted only if it is better than the
 * current plan rebuilt the same way.
 */
import { lowerBound } from "../../core/bounds.js";
import { checkPlan, evaluate } from "../../core/check.js";
import type { TaskId } from "../../core/ids.js";
import { workerId } from "../../core/ids.js";
import { ok, type Result } from "../../core/result.js";
import type { Command, Decision, Reply } from "./commands.js";
import { endLeftOut } from "./leaving-out.js";
import { type BuiltProblem, buildProblem } from "./problem.js";
import {
  makespanMs,
  modeOfOption,
  type Placement,
  planDifferences,
  rebuildPlan,
} from "./rebuild.js";
import type { State } from "./state.js";

/** A plan must be better by this share to be worth the churn. */
export const improvementMin = 0.001;

type Adopt = Extract<Command, { type: "AdoptPlan" }>;

export function* admitPlan(state: State, proposal: Adopt, nowMs: number): Decision {
  const built = buildProblem(state, nowMs, "free");
  if (built.tasks.length === 0) return rejected(state, "nothing is left to plan");
  const proposed = placements(proposal);
  const current = (task: TaskId): Placement | undefined => state.plan.entries.get(task);

  const candidate = rebuildPlan(built, (task) => proposed.get(task) ?? current(task));
  if (candidate === null) return rejected(state, "it does not fit the present state");
  const { violations, evaluation } = checkPlan(built.problem, candidate);
  if (violations.length > 0) {
    return rejected(
      state,
      `it breaks ${violations.length} rules: ${JSON.stringify(violations[0])}`,
    );
  }
  const standing = (task: TaskId) => current(task) ?? "left out";
  const incumbent = coversAll(state, built) ? rebuildPlan(built, standing) : null;
  if (incumbent !== null) {
    const { value } = evaluate(built.problem, incumbent);
    if (!(evaluation.value < value * (1 - improvementMin))) {
      return rejected(state, `its value ${evaluation.value} is no better than ${value}`);
    }
  }
  const { entries, removed } = planDifferences(state, built, candidate);
  if (entries.length + removed.length === 0) return rejected(state, "it changes nothing");
  const bounds = boundsNow(state, proposal, built);
  const version = state.plan.version + 1;
  yield {
    type: "PlanAdopted",
    version,
    solver: proposal.solver,
    value: evaluation.value,
    bound: Math.min(evaluation.value, bounds.value),
    parts: evaluation.parts,
    makespanMs: makespanMs(built, candidate),
    makespanBoundMs: bounds.makespanMs,
    entries,
    removed,
  };
  yield* endLeftOut(state, built, candidate);
  return ok({ kind: "adopt", adopt: { adopted: true, version } });
}

const rejected = (state: State, reason: string): Result<Reply> =>
  ok({ kind: "adopt", adopt: { adopted: false, reason, version: state.plan.version } });

/** Where the planner put each task, by id: rows of its problem mean nothing in ours. */
function placements({ problem, plan, modes }: Adopt): Map<TaskId, Placement | "left out"> {
  const result = new Map<TaskId, Placement | "left out">();
  problem.tasks.ids.forEach((id, row) => {
    const worker = problem.workers.ids[plan.worker[row] ?? -1];
    if (worker === undefined && Number.isFinite(problem.tasks.skipPrice[row])) {
      result.set(id as TaskId, "left out");
    }
    if (worker === undefined) return;
    const startAtMs = problem.originMs + (plan.start[row] ?? 0) * problem.tickMs;
    const named = modeOfOption({ modes }, plan.option[row]);
    result.set(id as TaskId, { worker: workerId(worker), ...named, startAtMs });
  });
  return result;
}

/** Of what it says nothing it leaves out, where that may be. */
const coversAll = (state: State, { tasks, problem }: BuiltProblem): boolean =>
  tasks.every(
    (task, row) =>
      task.status.kind === "live" ||
      state.plan.entries.has(task.id) ||
      Number.isFinite(problem.tasks.skipPrice[row]),
  );

/**
 * The better of the cheap bound of the present problem and the planner's. The planner's was proven
 * for an earlier origin: time that has passed is taken off, and it counts only while no fact has
 * changed since (tasks started as planned keep it valid; an early finish would not). Where another
 * plan was adopted meanwhile, moves are charged against that one, so their whole charge is taken
 * off as well.
 */
function boundsNow(
  state: State,
  proposal: Adopt,
  { problem, jobs }: BuiltProblem,
): { readonly value: number; readonly makespanMs: number } {
  const own = lowerBound(problem);
  const ownMakespanMs = own.makespanTicks * problem.tickMs;
  if (proposal.facts !== state.facts) return { value: own.value, makespanMs: ownMakespanMs };
  const { weights, tasks } = problem;
  const flowWeight = tasks.flowWeight.reduce((sum, weight) => sum + weight, 0);
  const perSecond = weights.makespan + weights.flow * flowWeight;
  const passedS = (problem.originMs - proposal.problem.originMs) / 1_000;
  const replanned = state.plan.version !== proposal.planVersion;
  const movesMax = weights.moves * tasks.moveWeight.reduce((sum, weight) => sum + weight, 0);
  const value = proposal.bound - perSecond * passedS - (replanned ? movesMax : 0);
  const mayLeaveOut = tasks.skipPrice.some((price) => Number.isFinite(price));
  // With one job, nothing due and nothing else to pay for, value = perSecond × makespan + moves, so
  // a bound of one bounds the other.
  const single =
    jobs.length === 1 && weights.cost === 0 && tasks.due.every((due) => due < 0) && !mayLeaveOut;
  // Whole milliseconds, down: times are integers, and a bound may only lose by rounding.
  const fromValueMs = single ? Math.floor(((value - movesMax) / perSecond) * 1_000) : 0;
  return {
    value: Math.max(own.value, value),
    makespanMs: Math.max(ownMakespanMs, fromValueMs),
  };
}
