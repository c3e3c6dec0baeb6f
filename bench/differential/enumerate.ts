/**
 * The least value of any plan of a small problem with every feature, by plain enumeration: which
 * tasks are left out, then tasks one by one in order of their starts, on every worker, in every
 * option, with every set of devices. It is the judge of the engines, so it shares no code with them.
 *
 * Starts are those of semi-active schedules (Sprecher, Kolisch & Drexl 1995): every part of the value
 * falls or stays when a task starts a tick earlier, so in some best plan nothing can, and each start
 * is a release, what precedence allows, or an instant at which something else ends. A gang moves as
 * one, so that what holds any member back may hold all.
 */
import { emptyPlan, type Plan } from "../../core/plan.js";
import { groupGang, none, type Problem, taskRunning } from "../../core/problem.js";
import { createLedger, fits, type Ledger, takesOf } from "./usage.js";
import {
  delaysOf,
  groupsHold,
  membersOf,
  never,
  tailsOf,
  topological,
  travel,
  type Way,
  waysOf,
} from "./ways.js";

/** `plan`: the best one below `below`, or null. `complete`: there is none better. */
export interface Enumeration {
  readonly value: number;
  readonly plan: Plan | null;
  readonly complete: boolean;
  readonly nodes: number;
}

interface Search {
  readonly problem: Problem;
  readonly ledger: Ledger;
  readonly ways: readonly (readonly Way[])[];
  /** Tasks by their place in a topological order. */
  readonly rank: readonly number[];
  readonly tail: readonly number[];
  readonly shortest: readonly number[];
  /** The gang of each task, or none. */
  readonly gang: readonly number[];
  readonly delays: readonly number[];
  readonly plan: Plan;
  readonly placed: boolean[];
  readonly out: boolean[];
  readonly nodesMax: number;
  nodes: number;
  limit: number;
  best: Plan | null;
}

/** Looks for plans of a value below `below`. */
export function enumerate(problem: Problem, below: number, nodesMax = 2_000_000): Enumeration {
  const search = createSearch(problem, below, nodesMax);
  if (search !== null) leaveOut(search, 0);
  if (search === null) return { value: below, plan: null, complete: true, nodes: 0 };
  const complete = search.nodes < nodesMax;
  return { value: search.limit, plan: search.best, complete, nodes: search.nodes };
}

function createSearch(problem: Problem, below: number, nodesMax: number): Search | null {
  const { tasks, groups } = problem;
  const order = topological(problem);
  if (order.length < tasks.count) return null;
  const rank = new Array<number>(tasks.count).fill(0);
  order.forEach((task, place) => {
    rank[task] = place;
  });
  const plan = emptyPlan(tasks.count);
  const ledger = createLedger(problem);
  const placed = new Array<boolean>(tasks.count).fill(false);
  const ways = Array.from({ length: tasks.count }, (_, task) => waysOf(problem, task));
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] !== taskRunning) continue;
    const option = tasks.fixedOption[task] ?? none;
    const worker = tasks.fixedWorker[task] ?? none;
    placed[task] = true;
    plan.option[task] = option;
    plan.worker[task] = worker;
    plan.start[task] = tasks.fixedStart[task] ?? 0;
    plan.end[task] = tasks.fixedEnd[task] ?? 0;
    plan.devices[task] = tasks.fixedDevices[task] ?? 0;
    ledger.takes[task] = takesOf(problem, task, option, worker, plan.devices[task] ?? 0);
  }
  const shortest = ways.map((rows, task) =>
    placed[task] ? 0 : Math.min(never, ...rows.map(({ duration }) => duration)),
  );
  const gang = new Array<number>(tasks.count).fill(none);
  for (let group = 0; group < groups.count; group++) {
    if (groups.kind[group] !== groupGang) continue;
    for (const task of membersOf(problem, group)) gang[task] = group;
  }
  return {
    problem,
    ledger,
    ways,
    rank,
    tail: tailsOf(problem, order, shortest),
    shortest,
    gang,
    delays: delaysOf(problem),
    plan,
    placed,
    out: new Array<boolean>(tasks.count).fill(false),
    nodesMax,
    nodes: 0,
    limit: below,
    best: null,
  };
}

/** Decides for each task that may be left out whether it is; then places the others. */
function leaveOut(search: Search, task: number): void {
  const { problem, out, placed, plan } = search;
  const { tasks } = problem;
  if (task === tasks.count) {
    if (isOutAllowed(search)) place(search, 0, none);
    return;
  }
  leaveOut(search, task + 1);
  const may = Number.isFinite(tasks.skipPrice[task]) && tasks.block[task] !== none && !placed[task];
  if (!may) return;
  out[task] = true;
  plan.option[task] = none;
  plan.worker[task] = none;
  plan.start[task] = problem.horizon;
  plan.end[task] = problem.horizon;
  plan.devices[task] = 0;
  leaveOut(search, task + 1);
  out[task] = false;
}

function isOutAllowed({ problem, out, placed }: Search): boolean {
  const { edges, tasks, groups } = problem;
  for (let edge = 0; edge < edges.count; edge++) {
    const to = edges.to[edge] ?? 0;
    const waits = out[edges.from[edge] ?? 0] && !out[to];
    if (waits && tasks.block[to] !== none && !placed[to]) return false;
  }
  for (let group = 0; group < groups.count; group++) {
    if (groups.kind[group] !== groupGang) continue;
    const members = membersOf(problem, group);
    const isSplit = members.some((task) => out[task]) && !members.every((task) => out[task]);
    if (isSplit) return false;
  }
  return true;
}

/** Places one more task, at `from` or later, among equals behind `last` in the order of ranks. */
function place(search: Search, from: number, last: number): void {
  if (search.nodes >= search.nodesMax) return;
  search.nodes += 1;
  const { placed, out, plan } = search;
  const value = leastValue(search, from);
  if (value >= search.limit) return;
  let isWhole = true;
  for (let task = 0; task < placed.length; task++) {
    if (placed[task] || out[task]) continue;
    isWhole = false;
    if (!isReady(search, task)) continue;
    for (const way of search.ways[task] ?? []) tryWay(search, task, way, from, last);
  }
  if (!isWhole) return;
  search.limit = value;
  search.best = {
    option: plan.option.slice(),
    worker: plan.worker.slice(),
    start: plan.start.slice(),
    end: plan.end.slice(),
    devices: plan.devices.slice(),
  };
}

/** Goes on with the task in this way, at each start that it could have. */
function tryWay(search: Search, task: number, way: Way, from: number, last: number): void {
  const { problem, placed, out, plan, rank, ledger } = search;
  const isBehind = last !== none && (rank[task] ?? 0) < (rank[last] ?? 0);
  plan.option[task] = way.option;
  plan.worker[task] = way.worker;
  plan.devices[task] = way.mask;
  if (!groupsHold(problem, plan, placed, out, task)) return;
  for (const start of startsOf(search, task, from)) {
    if (isBehind && start === from) continue;
    plan.start[task] = start;
    plan.end[task] = start + way.duration;
    if (!isInTime(problem, plan, task) || !fits(ledger, plan, task, way.takes)) continue;
    placed[task] = true;
    ledger.takes[task] = way.takes;
    place(search, start, task);
    ledger.takes[task] = null;
    placed[task] = false;
  }
}

/** Every task that it waits for is placed or left out. */
function isReady({ problem, placed, out }: Search, task: number): boolean {
  const { edges } = problem;
  for (let edge = 0; edge < edges.count; edge++) {
    const before = edges.from[edge] ?? 0;
    if (edges.to[edge] === task && !placed[before] && !out[before]) return false;
  }
  return true;
}

/** Where it could start on the worker that the plan has for it, not before `from`. */
function startsOf(search: Search, task: number, from: number): Iterable<number> {
  const { problem, plan, placed, gang } = search;
  const earliest = earliestOf(search, task, from);
  const group = gang[task] ?? none;
  const mates = group === none ? [] : membersOf(problem, group);
  const isPlaced = (other: number): boolean =>
    other !== task && placed[other] === true && problem.tasks.state[other] !== taskRunning;
  const mate = mates.find(isPlaced);
  if (mate !== undefined) {
    const together = plan.start[mate] ?? 0;
    return together >= earliest ? [together] : [];
  }
  const starts = [...problem.blocks.to, ...plan.end.filter((_, other) => placed[other])];
  if (mates.length > 0) starts.push(...startsOfMates(search));
  return new Set([earliest, ...starts.filter((at) => at > earliest)]);
}

/** By its release and by what it waits for. */
function earliestOf({ problem, plan, out }: Search, task: number, from: number): number {
  const { edges, tasks } = problem;
  let earliest = Math.max(from, 0, tasks.release[task] ?? 0);
  for (let edge = 0; edge < edges.count; edge++) {
    const before = edges.from[edge] ?? 0;
    if (edges.to[edge] !== task || out[before]) continue;
    const delay = (edges.lag[edge] ?? 0) + travel(problem, plan, edge);
    earliest = Math.max(earliest, (plan.end[before] ?? 0) + delay);
  }
  return earliest;
}

/** What may hold another member of the gang back: releases, and delays behind what is placed. */
function startsOfMates({ problem, plan, placed, delays }: Search): number[] {
  const ends = [...plan.end.filter((_, other) => placed[other])];
  const behind = ends.flatMap((end) => delays.map((delay) => end + delay));
  return [...problem.tasks.release, ...behind];
}

function isInTime({ tasks, horizon }: Problem, plan: Plan, task: number): boolean {
  const end = plan.end[task] ?? 0;
  const hardDue = tasks.hardDue[task] ?? none;
  return end <= horizon && (hardDue === none || end <= hardDue);
}

/** No plan that goes on from here, with all further starts at `from` or later, has a lower value. */
function leastValue(search: Search, from: number): number {
  const { problem, placed, out, tail } = search;
  const { tasks, weights } = problem;
  let last = 0;
  let flow = 0;
  let tardiness = 0;
  let other = 0;
  for (let task = 0; task < tasks.count; task++) {
    if (out[task]) {
      other += tasks.skipPrice[task] ?? 0;
      continue;
    }
    const end = leastEnd(search, task, from);
    last = Math.max(last, end + (placed[task] ? 0 : (tail[task] ?? 0)));
    flow += (tasks.flowWeight[task] ?? 0) * (end - (tasks.release[task] ?? 0));
    const due = tasks.due[task] ?? none;
    if (due !== none) tardiness += (tasks.tardinessWeight[task] ?? 0) * Math.max(0, end - due);
    if (placed[task]) other += priceOf(search, task);
  }
  const ticks = weights.makespan * last + weights.flow * flow + weights.tardiness * tardiness;
  return (ticks * problem.tickMs) / 1000 + other;
}

function leastEnd({ problem, plan, placed, shortest }: Search, task: number, from: number): number {
  if (placed[task]) return plan.end[task] ?? 0;
  return Math.max(from, 0, problem.tasks.release[task] ?? 0) + (shortest[task] ?? 0);
}

/** Of the move and of the option. */
function priceOf({ problem, plan }: Search, task: number): number {
  const { tasks, weights, options } = problem;
  const previous = tasks.previousWorker[task] ?? none;
  const option = plan.option[task] ?? none;
  const isMoved = previous !== none && previous !== plan.worker[task];
  const cost = option === none ? 0 : (options.cost[option] ?? 0);
  return weights.moves * (isMoved ? (tasks.moveWeight[task] ?? 0) : 0) + weights.cost * cost;
}
