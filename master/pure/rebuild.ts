/** Turns placements into plans of the present state, and plans into what is journalled. */

import { leaveOut } from "../../core/choose-place.js";
import { type Choice, decode } from "../../core/decode.js";
import type { TaskId, WorkerId } from "../../core/ids.js";
import type { Plan } from "../../core/plan.js";
import { none, taskRunning } from "../../core/problem.js";
import type { PlannedEntry } from "./events.js";
import type { BuiltProblem } from "./problem.js";
import { optionOnWorker } from "./problem-options.js";
import type { PlanState, State } from "./state.js";

export interface Placement {
  readonly worker: WorkerId;
  readonly startAtMs: number;
}

/**
 * The plan that these placements give in the present state: same workers, same order, times shifted
 * to what is true now. Tasks without a placement are placed last, by earliest finish. null where a
 * task fits nowhere in the horizon.
 */
export function rebuildPlan(
  built: BuiltProblem,
  placementOf: (task: TaskId) => Placement | "left out" | undefined,
): Plan | null {
  const { problem, tasks, workers } = built;
  const { count } = problem.tasks;
  const worker = new Int32Array(count).fill(none);
  const out = new Set<number>();
  const startAtMs = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  tasks.forEach((task, row) => {
    const placement = placementOf(task.id);
    if (placement === "left out") {
      out.add(row);
      return;
    }
    const index = placement === undefined ? undefined : workers.indexOf.get(placement.worker);
    if (placement === undefined || index === undefined) return;
    worker[row] = optionOn(built, row, index) === none ? none : index;
    startAtMs[row] = placement.startAtMs;
  });
  const option = worker.map((index, row) => {
    if (out.has(row)) return leaveOut;
    return index === none ? none : optionOn(built, row, index);
  });
  const order = Int32Array.from({ length: count }, (_, row) => row).sort(
    (a, b) => compare(startAtMs[a] ?? 0, startAtMs[b] ?? 0) || a - b,
  );
  return decodeInTime(built, order, { option, worker });
}

/** Decoded so that nothing waits on a worker that is being drained for what will never come. */
function decodeInTime(built: BuiltProblem, order: Int32Array, choice: Choice): Plan | null {
  const { problem, deadlines } = built;
  let plan = decode(problem, order, choice);
  for (let round = 0; round < roundsMax && deadlines.size > 0 && plan !== null; round++) {
    const late = tooLate(built, plan, choice.worker);
    if (late.length === 0) return plan;
    for (const row of late) {
      choice.worker[row] = none;
      choice.option[row] = none;
    }
    plan = decode(problem, order, choice);
  }
  return plan;
}

/** What is moved can delay others in its turn, a few times over. */
const roundsMax = 5;

/** Rows whose chosen worker is being drained and cannot have them done by its deadline. */
function tooLate({ problem, deadlines }: BuiltProblem, plan: Plan, chosen: Int32Array): number[] {
  const late: number[] = [];
  for (let row = 0; row < problem.tasks.count; row++) {
    const worker = chosen[row] ?? none;
    if (worker === none || problem.tasks.state[row] === taskRunning) continue;
    const deadline = deadlines.get(worker);
    if (deadline !== undefined && (plan.start[row] ?? 0) >= deadline) late.push(row);
  }
  return late;
}

const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

const optionOn = ({ problem }: BuiltProblem, row: number, worker: number): number =>
  optionOnWorker(
    problem.options,
    problem.workers.classOf,
    problem.tasks.block[row] ?? none,
    worker,
  );

/** What changes in the adopted plan if this one is adopted: entries that differ, and those to go. */
export function planDifferences(
  state: State,
  built: BuiltProblem,
  plan: Plan,
): { readonly entries: PlannedEntry[]; readonly removed: TaskId[] } {
  const { problem, tasks, workers } = built;
  const entries: PlannedEntry[] = [];
  const planned = new Set<TaskId>();
  tasks.forEach((task, row) => {
    planned.add(task.id);
    if (problem.tasks.state[row] === taskRunning) return;
    const worker = workers.list[plan.worker[row] ?? none]?.id;
    if (worker === undefined) return;
    const startAtMs = problem.originMs + (plan.start[row] ?? 0) * problem.tickMs;
    const endAtMs = problem.originMs + (plan.end[row] ?? 0) * problem.tickMs;
    const before = state.plan.entries.get(task.id);
    const same =
      before?.worker === worker && before.startAtMs === startAtMs && before.endAtMs === endAtMs;
    if (!same) entries.push({ task: task.id, worker, startAtMs, endAtMs });
  });
  return { entries, removed: stale(state.plan, planned) };
}

const stale = (plan: PlanState, planned: ReadonlySet<TaskId>): TaskId[] =>
  [...plan.entries.keys()].filter((task) => !planned.has(task));

/** Latest end of the plan's tasks, in milliseconds from its origin. */
export function makespanMs({ problem }: BuiltProblem, plan: Plan): number {
  let end = 0;
  for (const tick of plan.end) end = Math.max(end, tick);
  return end * problem.tickMs;
}
