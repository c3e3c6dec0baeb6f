/**
 * The one naive checker of plans. It trusts nobody: it shares no code with the timeline, the
 * decoder or any solver, imports core types only, and recomputes the objective itself.
 *
 * Running tasks and blocks are facts, and a plan is not to blame where facts alone over-commit a
 * worker. So a dimension, a device or a pool is violated at an instant if its usage exceeds its
 * capacity there *and* a task that is not running uses it at that instant. Likewise a running task
 * is not held to its release, its predecessors, its deadline or the horizon; only to its fixed
 * place.
 *
 * A task of a finite skip price may be left out: no option, no worker, at the horizon. It then
 * counts with its price alone.
 */

import { checkGroups } from "./check-groups.js";
import { checkTasks, isLeftOut } from "./check-tasks.js";
import { checkUsage } from "./check-usage.js";
import type { ObjectiveParts } from "./objective.js";
import { objectiveValue } from "./objective.js";
import type { Evaluation, Plan } from "./plan.js";
import type { PlanViolation } from "./plan-violation.js";
import { none, type Problem, taskRunning } from "./problem.js";

export type { PlanViolation } from "./plan-violation.js";

export interface Check {
  /** Empty if the plan is feasible; at most `violationsMax`. */
  readonly violations: readonly PlanViolation[];
  readonly evaluation: Evaluation;
}

export const violationsMax = 100;

const infinite = Number.POSITIVE_INFINITY;

export function checkPlan(problem: Problem, plan: Plan): Check {
  const violations: PlanViolation[] = [];
  const report = (violation: PlanViolation): void => {
    if (violations.length < violationsMax) violations.push(violation);
  };
  if (!hasRightLength(problem, plan, report)) return { violations, evaluation: worst };
  // What stands on no real worker or option has been reported, and uses nothing.
  const sound = checkTasks(problem, plan, report);
  checkPrecedence(problem, plan, report);
  checkGroups(problem, plan, sound, report);
  checkUsage(problem, plan, sound, report);
  return { violations, evaluation: evaluate(problem, plan) };
}

/** The objective of a plan, feasible or not. */
export function evaluate(problem: Problem, plan: Plan): Evaluation {
  const { tasks, weights, tickMs } = problem;
  let lastEnd = 0;
  let flow = 0;
  let tardiness = 0;
  let moves = 0;
  let cost = 0;
  let skipped = 0;
  for (let task = 0; task < tasks.count; task++) {
    const end = plan.end[task] as number;
    const due = tasks.due[task] as number;
    const previous = tasks.previousWorker[task] as number;
    const option = plan.option[task] as number;
    if (isLeftOut(problem, plan, task)) {
      skipped += tasks.skipPrice[task] as number;
      continue;
    }
    cost += problem.options.cost[option] ?? 0;
    lastEnd = Math.max(lastEnd, end);
    flow += (tasks.flowWeight[task] as number) * (end - (tasks.release[task] as number));
    if (due !== none) {
      tardiness += (tasks.tardinessWeight[task] as number) * Math.max(0, end - due);
    }
    if (previous !== none && plan.worker[task] !== previous) {
      moves += tasks.moveWeight[task] as number;
    }
  }
  const tickS = tickMs / 1000;
  const parts: ObjectiveParts = {
    makespanS: lastEnd * tickS,
    flowS: flow * tickS,
    tardinessS: tardiness * tickS,
    moves,
    cost,
    skipped,
  };
  return { parts, value: objectiveValue(weights, parts) };
}

const worst: Evaluation = {
  parts: {
    makespanS: infinite,
    flowS: infinite,
    tardinessS: infinite,
    moves: infinite,
    cost: infinite,
    skipped: infinite,
  },
  value: infinite,
};

const columns = ["option", "worker", "start", "end", "devices"] as const;

function hasRightLength(
  problem: Problem,
  plan: Plan,
  report: (violation: PlanViolation) => void,
): boolean {
  const wrong = columns.filter((column) => plan[column].length !== problem.tasks.count);
  for (const column of wrong) {
    report({ kind: "wrong_length", column, length: plan[column].length });
  }
  return wrong.length === 0;
}

function checkPrecedence(
  problem: Problem,
  plan: Plan,
  report: (violation: PlanViolation) => void,
): void {
  const { edges, tasks } = problem;
  for (let edge = 0; edge < edges.count; edge++) {
    const predecessor = edges.from[edge] as number;
    const task = edges.to[edge] as number;
    if (tasks.state[task] === taskRunning) continue;
    if (isLeftOut(problem, plan, task)) continue;
    if (isLeftOut(problem, plan, predecessor)) {
      if (tasks.block[task] !== none) report({ kind: "waits_for_left_out", task, predecessor });
      continue;
    }
    const earliest =
      (plan.end[predecessor] as number) +
      (edges.lag[edge] as number) +
      transferOf(problem, plan, edge);
    if ((plan.start[task] as number) < earliest) {
      report({ kind: "precedence", task, predecessor, earliest });
    }
  }
}

/** Ticks that the edge's data takes from the one worker to the other. */
function transferOf(problem: Problem, plan: Plan, edge: number): number {
  const { edges, links, workers } = problem;
  const here = plan.worker[edges.from[edge] as number] as number;
  const there = plan.worker[edges.to[edge] as number] as number;
  if (here === there || here === none || there === none) return 0;
  const fixed = edges.fixed[edge] as number;
  const kib = edges.kib[edge] as number;
  if (links.count === 0 || kib === 0) return fixed;
  const pair = (workers.link[here] ?? 0) * links.count + (workers.link[there] ?? 0);
  const travel = Math.ceil((kib * (links.perGib[pair] ?? 0)) / 2 ** 20);
  return fixed + (links.latency[pair] ?? 0) + travel;
}
