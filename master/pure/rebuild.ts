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
  /** Absent: in whichever mode; a task without modes has no choice. */
  readonly mode?: string;
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
  const option = new Int32Array(count).fill(none);
  const startAtMs = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  tasks.forEach((task, row) => {
    const placement = placementOf(task.id);
    if (placement === "left out") {
      option[row] = leaveOut;
      return;
    }
    const index = placement === undefined ? undefined : workers.indexOf.get(placement.worker);
    if (placement === undefined || index === undefined) return;
    const block = problem.tasks.block[row] ?? none;
    option[row] = optionOnWorker(built, problem.options, block, { ...placement, worker: index });
    worker[row] = option[row] === none ? none : index;
    startAtMs[row] = placement.startAtMs;
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

/** The mode of an option, to be spread into what remembers it. */
export function modeOfOption(
  { modes }: Pick<BuiltProblem, "modes">,
  option: number | undefined,
): { readonly mode?: string } {
  const mode = modes[option ?? none];
  return mode === undefined ? {} : { mode };
}

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
    const worker = workers.list[plan.worker[row] ?? none]?.id;
    const isRunning = problem.tasks.state[row] === taskRunning;
    // What is left out has no place any more.
    if (isRunning || worker !== undefined) planned.add(task.id);
    if (isRunning || worker === undefined) return;
    const startAtMs = problem.originMs + (plan.start[row] ?? 0) * problem.tickMs;
    const endAtMs = problem.originMs + (plan.end[row] ?? 0) * problem.tickMs;
    const before = state.plan.entries.get(task.id);
    const named = modeOfOption(built, plan.option[row]);
    const same =
      before?.worker === worker &&
      before.mode === named.mode &&
      before.startAtMs === startAtMs &&
      before.endAtMs === endAtMs;
    if (!same) entries.push({ task: task.id, worker, ...named, startAtMs, endAtMs });
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
