/**
 * Serial schedule generation with insertion, in place: tasks are taken in a topological order and
 * each is put at its earliest start on its chosen worker, or where it ends first if none is chosen
 * (Kolisch 1996; HEFT's placement, Topcuoglu et al. 2002). Beside core's decode, which serves
 * everybody, this one allocates nothing, stops as soon as the value cannot get below a limit, and
 * counts its work. What it finds is checked by core before anybody sees it.
 *
 * A task that must be planned and finds no place, or ends past its hard deadline, is a miss: the
 * schedule has a value, with a high price for each of them, and is no plan.
 */
import { leaveOut } from "../../core/choose-place.js";
import type { Choice } from "../../core/decode.js";
import { isMilestone, none, type Problem, taskKept, taskRunning } from "../../core/problem.js";
import { copyTimeline, type Timeline } from "../../core/timeline.js";
import { commit, markUseful } from "./commit.js";
import type { Checkpoint, Draft } from "./draft-state.js";
import { placeGang } from "./gang.js";
import type { Kernel } from "./kernel.js";
import { findBest } from "./place.js";
import { copySide } from "./side.js";

export { type Checkpoint, createDraft, type Draft, sideOf } from "./draft-state.js";
export { gpuOf } from "./place.js";

/**
 * Fills `draft` from `order`, which must be topological. Returns the value, or Infinity if it
 * cannot be below `limit` or a task finds no place before the horizon. With a checkpoint, the draft
 * must hold the tasks that stand before it.
 */
export function decodeDraft(
  kernel: Kernel,
  draft: Draft,
  order: Int32Array,
  choice: Choice,
  limit: number,
  checkpoint: Checkpoint | null = null,
): number {
  const { problem, tail } = kernel;
  const makespanWeight = (problem.weights.makespan * problem.tickMs) / 1000;
  if (checkpoint === null) clearSchedule(kernel);
  else restoreSchedule(kernel, checkpoint);
  if (checkpoint === null) draft.usefulFrom.fill(0);
  else draft.usefulFrom.set(checkpoint.usefulFrom);
  if (kernel.rules !== null) copySide(checkpoint?.side ?? kernel.rules.facts, draft.side);
  draft.misses = checkpoint?.misses ?? missesAtFirst(kernel);
  draft.wantedOption = choice.option;
  draft.wantedWorker = choice.worker;
  let makespan = checkpoint?.makespan ?? 0;
  let critical = checkpoint?.critical ?? 0;
  let sum = checkpoint?.sum ?? 0;
  for (let at = checkpoint?.placed ?? 0; at < order.length; at += 1) {
    const task = order[at] as number;
    if (!placeTask(kernel, draft, task)) return Number.POSITIVE_INFINITY;
    if (draft.option[task] !== leaveOut) {
      const end = draft.end[task] as number;
      const reach = end + (tail[task] as number);
      if (end > makespan) makespan = end;
      if (reach > critical) critical = reach;
    }
    sum += draftValue(kernel, draft, task);
    if (makespanWeight * critical + sum >= limit) return Number.POSITIVE_INFINITY;
  }
  return makespanWeight * makespan + sum;
}

/** Before anything is placed: a miss where no choice keeps to what the pools hold. */
export const missesAtFirst = ({ rules }: Kernel): number => (rules?.isOverdrawn === true ? 1 : 0);

/** The task's own part of the schedule's value, misses included; counts them. */
function draftValue(kernel: Kernel, draft: Draft, task: number): number {
  const price = missesOf(kernel, draft, task);
  if (price > 0) draft.misses += 1;
  return price + partValue(kernel, draft, task);
}

/** What of the value a task of a schedule makes by itself. */
export function partValue(
  { problem }: Kernel,
  { option, worker, end }: Pick<Draft, "option" | "worker" | "end">,
  task: number,
): number {
  const chosen = option[task] as number;
  if (chosen === leaveOut) {
    const price = problem.tasks.skipPrice[task] as number;
    return price < Number.POSITIVE_INFINITY ? price : 0;
  }
  const { weights, options } = problem;
  const own = taskValue(problem, task, end[task] as number, worker[task] as number);
  if (chosen === none || weights.cost === 0) return own;
  return own + weights.cost * (options.cost[chosen] as number);
}

/** The price of what no plan may have: a task left out that must not be, or past its deadline. */
export function missesOf(
  kernel: Kernel,
  { option, end }: Pick<Draft, "option" | "end">,
  task: number,
): number {
  if (!kernel.hasOptional) return 0;
  const { tasks } = kernel.problem;
  if (tasks.state[task] === taskRunning) return 0;
  if (option[task] === leaveOut) {
    return tasks.skipPrice[task] === Number.POSITIVE_INFINITY ? 2 * kernel.missPrice : 0;
  }
  const hardDue = tasks.hardDue[task] as number;
  const late = hardDue === none ? 0 : (end[task] as number) - hardDue;
  return late <= 0 ? 0 : kernel.missPrice * (1 + late / (late + 1000));
}

/** Empties the profiles of everything but facts. */
export function clearSchedule(kernel: Kernel): void {
  restoreSchedule(kernel, kernel.prepared);
}

function restoreSchedule(
  kernel: Kernel,
  {
    workers,
    pools,
  }: { readonly workers: readonly Timeline[]; readonly pools: readonly Timeline[] },
): void {
  const { scratchWorkers, scratchPools } = kernel.prepared;
  for (let i = 0; i < workers.length; i += 1) {
    copyTimeline(workers[i] as Timeline, scratchWorkers[i] as Timeline);
  }
  for (let i = 0; i < pools.length; i += 1) {
    copyTimeline(pools[i] as Timeline, scratchPools[i] as Timeline);
  }
}

/** Weighted flow, tardiness and move of a task that is planned; never negative. */
export function taskValue(problem: Problem, task: number, end: number, worker: number): number {
  const { tasks, weights } = problem;
  const tickS = problem.tickMs / 1000;
  const release = tasks.release[task] as number;
  let value = weights.flow * (tasks.flowWeight[task] as number) * (end - release) * tickS;
  const due = tasks.due[task] as number;
  if (due !== none && end > due) {
    value += weights.tardiness * (tasks.tardinessWeight[task] as number) * (end - due) * tickS;
  }
  const previous = tasks.previousWorker[task] as number;
  if (previous !== none && previous !== worker) {
    value += weights.moves * (tasks.moveWeight[task] as number);
  }
  return value;
}

function placeTask(kernel: Kernel, draft: Draft, task: number): boolean {
  const { problem, gangOf } = kernel;
  const { tasks } = problem;
  if (tasks.state[task] === taskRunning) {
    copyFacts(problem, draft, task);
    return true;
  }
  const gang = gangOf === null ? none : (gangOf[task] as number);
  // The whole gang is placed with the first of its members.
  if (gang !== none && draft.side.settled[task] === 1) return true;
  const from = readyTime(kernel, draft, task);
  if (isMilestone(problem, task)) {
    draft.option[task] = none;
    draft.worker[task] = none;
    draft.start[task] = from;
    draft.end[task] = from;
    draft.workUnits += 1;
    return from <= problem.horizon;
  }
  if (gang !== none) {
    settleGang(kernel, draft, gang);
    return true;
  }
  const mustStay = kernel.hasOptional && waitsForLeftOut(kernel, draft, task);
  if (!mustStay && !(isWantedOut(draft, task) && mayBeLeftOut(kernel, task))) {
    if (placeAlone(kernel, draft, task, from)) return true;
    // Nothing but the horizon is in the way of a task that is tied to nobody.
    if (!kernel.hasOptional) return false;
  }
  leave(draft, task, from);
  return true;
}

const isWantedOut = (draft: Draft, task: number): boolean => draft.wantedOption[task] === leaveOut;

const mayBeLeftOut = ({ problem }: Kernel, task: number): boolean =>
  (problem.tasks.skipPrice[task] as number) < Number.POSITIVE_INFINITY;

function leave(draft: Draft, task: number, at: number): void {
  draft.option[task] = leaveOut;
  draft.worker[task] = none;
  draft.start[task] = at;
  draft.end[task] = at;
  draft.devices[task] = 0;
  draft.workUnits += 1;
}

/** On the wanted place if there is room in time, else on any, else too late. */
function placeAlone(kernel: Kernel, draft: Draft, task: number, from: number): boolean {
  const { tasks, horizon } = kernel.problem;
  const { window, best } = draft;
  const kept = tasks.state[task] === taskKept;
  const hardDue = tasks.hardDue[task] as number;
  const option = (kept ? tasks.previousOption[task] : draft.wantedOption[task]) as number;
  const worker = (kept ? tasks.previousWorker[task] : draft.wantedWorker[task]) as number;
  const wanted = option >= 0 ? option : none;
  window.from = from;
  window.to = horizon;
  window.endBy = hardDue === none ? horizon : Math.min(horizon, hardDue);
  findBest(kernel, draft, task, window, wanted, worker);
  if (best.start === none && kernel.hasOptional) {
    const isForced = wanted !== none || worker !== none;
    if (isForced && !kept) findBest(kernel, draft, task, window, none, none);
    if (best.start === none && hardDue !== none && !mayBeLeftOut(kernel, task)) {
      window.endBy = horizon;
      findBest(kernel, draft, task, window, kept ? wanted : none, kept ? worker : none);
    }
  }
  if (best.start === none) return false;
  commit(kernel, draft, task);
  markUseful(kernel, draft, task);
  return true;
}

function settleGang(kernel: Kernel, draft: Draft, gang: number): void {
  const { prepared, problem } = kernel;
  const members = prepared.ties?.gangs[gang] as Int32Array;
  const { horizon, tasks } = problem;
  let from = 0;
  let isOut = false;
  let mayBeOut = true;
  for (const task of members) {
    from = Math.max(from, readyTime(kernel, draft, task));
    isOut ||= isWantedOut(draft, task);
    mayBeOut &&= mayBeLeftOut(kernel, task);
    draft.side.settled[task] = 1;
  }
  const mustStay = members.some((task) => waitsForLeftOut(kernel, draft, task));
  if (!mustStay && !(isOut && mayBeOut)) {
    const endBy = members.map((task) => {
      const hardDue = tasks.hardDue[task] as number;
      return hardDue === none ? horizon : Math.min(horizon, hardDue);
    });
    if (placeGang(kernel, draft, members, from, endBy)) return;
    const isLate = endBy.some((by) => by < horizon);
    if (!mayBeOut && isLate && placeGang(kernel, draft, members, from, endBy.fill(horizon))) return;
  }
  for (const task of members) leave(draft, task, from);
}

function copyFacts(problem: Problem, draft: Draft, task: number): void {
  const { tasks } = problem;
  draft.option[task] = tasks.fixedOption[task] as number;
  draft.worker[task] = tasks.fixedWorker[task] as number;
  draft.start[task] = tasks.fixedStart[task] as number;
  draft.end[task] = tasks.fixedEnd[task] as number;
  draft.devices[task] = tasks.fixedDevices[task] as number;
  draft.workUnits += 1;
}

/** By release and predecessors; what is left out is waited for by nobody. */
export function readyTime(kernel: Kernel, draft: Draft, task: number): number {
  const { predecessorFirst, predecessor, predecessorLag } = kernel.prepared.graph;
  let from = Math.max(0, kernel.problem.tasks.release[task] as number);
  const last = predecessorFirst[task + 1] as number;
  for (let k = predecessorFirst[task] as number; k < last; k += 1) {
    const before = predecessor[k] as number;
    const ready = (draft.end[before] as number) + (predecessorLag[k] as number);
    if (ready > from && draft.option[before] !== leaveOut) from = ready;
  }
  return from;
}

export function waitsForLeftOut(kernel: Kernel, draft: Draft, task: number): boolean {
  const { predecessorFirst, predecessor } = kernel.prepared.graph;
  const last = predecessorFirst[task + 1] as number;
  for (let k = predecessorFirst[task] as number; k < last; k += 1) {
    if (draft.option[predecessor[k] as number] === leaveOut) return true;
  }
  return false;
}
