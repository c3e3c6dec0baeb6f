/**
 * Which tasks to take out of a schedule together (after CP-SAT's cp_model_lns and Godard, Laborie &
 * Nuijten 2005): tasks that are near in time, that share workers, that follow one another, that make
 * the makespan, that cost the most, that were moved or disturbed, that are tied by a group.
 */
import { leaveOut } from "../../../core/choose-place.js";
import { isMilestone, none, taskFree } from "../../../core/problem.js";
import { randomInteger } from "../../../core/random.js";
import type { Candidate } from "../../schedule/candidate.js";
import { chainBehind } from "../../schedule/critical-chain.js";
import { missesOf, partValue, taskValue } from "../../schedule/draft.js";
import type { Kernel } from "../../schedule/kernel.js";
import { type Relaxed, relax } from "./relaxed.js";

export interface Surroundings {
  readonly kernel: Kernel;
  current: Candidate;
  readonly random: () => number;
  /** Free tasks: what may be taken out at all. */
  readonly movable: Int32Array;
  /** Tasks and milestones whose ends count by themselves. */
  readonly weighted: Int32Array;
  /** A chain that makes the makespan; empty where the makespan counts for nothing. */
  chain: Int32Array;
  /** Tasks that lost their place, for repairs. */
  readonly disturbed: Int32Array;
}

export type Neighbourhood = (around: Surroundings, relaxed: Relaxed, size: number) => void;

/** Neighbours in the order of starts. */
const interval: Neighbourhood = (around, relaxed, size) => {
  const { current, random } = around;
  const first = randomInteger(random, current.order.length);
  relaxFrom(around, relaxed, first - (size >> 1), size);
};

/** Of two or three workers, what they do around one time. */
const workerWindow: Neighbourhood = (around, relaxed, size) => {
  const { current, random } = around;
  const { order, position, worker } = current;
  const seed = drawMovable(around);
  const mine = worker[seed] as number;
  const near = (): number => {
    const place = (position[seed] as number) - 2 * size + randomInteger(random, 4 * size + 1);
    const task = order[Math.max(0, Math.min(order.length - 1, place))] as number;
    return worker[task] as number;
  };
  const second = near();
  const third = random() < 0.4 ? near() : second;
  relax(relaxed, seed);
  const at = position[seed] as number;
  const reachMax = Math.max(400, 40 * size);
  for (let reach = 1; relaxed.count < size && reach < reachMax; reach += 1) {
    for (const place of [at - reach, at + reach]) {
      if (place < 0 || place >= order.length) continue;
      const task = order[place] as number;
      const on = worker[task] as number;
      if (on !== none && (on === mine || on === second || on === third)) {
        relaxMovable(around, relaxed, task);
      }
    }
  }
};

/** A task and what waits for it or it waits for, breadth first. */
const relatives: Neighbourhood = (around, relaxed, size) => {
  const { kernel, random } = around;
  const { graph } = kernel.prepared;
  relax(relaxed, drawMovable(around));
  for (let read = 0; read < relaxed.count && relaxed.count < size; read += 1) {
    const task = relaxed.tasks[read] as number;
    const lastBefore = graph.predecessorFirst[task + 1] as number;
    for (let k = graph.predecessorFirst[task] as number; k < lastBefore; k += 1) {
      if (random() < 0.7) relaxMovable(around, relaxed, graph.predecessor[k] as number);
    }
    const lastAfter = graph.successorFirst[task + 1] as number;
    for (let k = graph.successorFirst[task] as number; k < lastAfter; k += 1) {
      if (relaxed.count >= size) break;
      if (random() < 0.7) relaxMovable(around, relaxed, graph.successor[k] as number);
    }
  }
  if (relaxed.count < 3) interval(around, relaxed, size);
};

/** A stretch of the chain that makes the makespan, with what stands beside it. */
const critical: Neighbourhood = (around, relaxed, size) => {
  const { chain, random, current } = around;
  if (chain.length === 0) return costliest(around, relaxed, size);
  const length = Math.max(1, Math.min(chain.length, size >> 1));
  const first = randomInteger(random, chain.length - length + 1);
  for (let k = first; k < first + length; k += 1) relax(relaxed, chain[k] as number);
  const middle = chain[first + (length >> 1)] as number;
  relaxFrom(around, relaxed, (current.position[middle] as number) - size, size - relaxed.count);
};

/** A task that is worth much less than if it were alone, and what stands in its way before it. */
const costliest: Neighbourhood = (around, relaxed, size) => {
  const { kernel, current, random } = around;
  let seed = drawMovable(around);
  let loss = lossOf(kernel, current, seed);
  for (let draw = 0; draw < 7; draw += 1) {
    const other = drawMovable(around);
    const theirs = lossOf(kernel, current, other);
    if (theirs <= loss) continue;
    seed = other;
    loss = theirs;
  }
  relax(relaxed, seed);
  const { graph } = kernel.prepared;
  const last = graph.predecessorFirst[seed + 1] as number;
  for (let k = graph.predecessorFirst[seed] as number; k < last; k += 1) {
    if (random() < 0.5) relaxMovable(around, relaxed, graph.predecessor[k] as number);
  }
  const { order, position, worker } = current;
  const on = worker[seed] as number;
  for (let place = (position[seed] as number) - 1; place >= 0 && relaxed.count < size; place -= 1) {
    const task = order[place] as number;
    if (worker[task] === on || random() < 0.15) relaxMovable(around, relaxed, task);
  }
};

/**
 * An end that costs much more than it would alone (the last task of a job, or the milestone behind it)
 * and a stretch of the chain that made it so late, with what stands beside that.
 */
const delayed: Neighbourhood = (around, relaxed, size) => {
  const { kernel, current, random, weighted } = around;
  let seed: number = none;
  let most = 0;
  for (let draw = 0; draw < 4; draw += 1) {
    const other = weighted[randomInteger(random, weighted.length)] as number;
    const loss = lossOf(kernel, current, other);
    if (loss <= most) continue;
    seed = other;
    most = loss;
  }
  if (seed === none) return interval(around, relaxed, size);
  const chain = chainBehind(kernel, current, seed, 3 * size + 4);
  if (chain.length === 0) return interval(around, relaxed, size);
  const length = Math.min(chain.length, (size + 1) >> 1);
  const first = randomInteger(random, chain.length - length + 1);
  for (let k = first; k < first + length; k += 1) relax(relaxed, chain[k] as number);
  const at = current.position[chain[first + length - 1] as number] as number;
  relaxFrom(around, relaxed, at - (size >> 1), size - relaxed.count);
};

/** Of two jobs whose tasks stand near each other, as much as may be taken. */
const jobs: Neighbourhood = (around, relaxed, size) => {
  const { kernel, current, random } = around;
  const { job } = kernel.problem.tasks;
  const { order, position } = current;
  const seed = drawMovable(around);
  const place = (position[seed] as number) + randomInteger(random, 4 * size + 1) - 2 * size;
  const other = order[Math.max(0, Math.min(order.length - 1, place))] as number;
  const mine = job[seed] as number;
  const theirs = job[other] as number;
  relax(relaxed, seed);
  const reachMax = Math.max(400, 40 * size);
  for (let reach = 1; relaxed.count < size && reach < reachMax; reach += 1) {
    for (const at of [(position[seed] as number) - reach, (position[seed] as number) + reach]) {
      if (at < 0 || at >= order.length) continue;
      const task = order[at] as number;
      if (job[task] === mine || job[task] === theirs) relaxMovable(around, relaxed, task);
    }
  }
};

/** Tasks that have nothing to do with one another. */
const scattered: Neighbourhood = (around, relaxed, size) => {
  const count = Math.min(size, 6);
  for (let k = 0; k < count; k += 1) relax(relaxed, drawMovable(around));
};

/** What stands on another worker than in the previous plan, or lost its place, and what follows. */
const moved: Neighbourhood = (around, relaxed, size) => {
  const { kernel, current, random, disturbed, movable } = around;
  const { previousWorker } = kernel.problem.tasks;
  const list = disturbed.length > 0 && random() < 0.7 ? disturbed : movable;
  for (let attempt = 0; attempt < 4 * size && relaxed.count < (size + 1) >> 1; attempt += 1) {
    const task = list[randomInteger(random, list.length)] as number;
    const was = previousWorker[task] as number;
    if (list === disturbed || (was !== none && was !== current.worker[task])) {
      relaxMovable(around, relaxed, task);
    }
  }
  if (relaxed.count === 0) return interval(around, relaxed, size);
  const seed = relaxed.tasks[0] as number;
  relaxFrom(around, relaxed, (current.position[seed] as number) - 1, size - relaxed.count);
};

/** All of a group, and what stands near its first member. */
const grouped: Neighbourhood = (around, relaxed, size) => {
  const { kernel, random, current } = around;
  const { groups } = kernel.problem;
  const group = randomInteger(random, groups.count);
  const after = groups.first[group + 1] as number;
  for (let at = groups.first[group] as number; at < after; at += 1) {
    relaxMovable(around, relaxed, groups.member[at] as number);
  }
  if (relaxed.count === 0) return interval(around, relaxed, size);
  const seed = relaxed.tasks[randomInteger(random, relaxed.count)] as number;
  relaxFrom(around, relaxed, (current.position[seed] as number) - (size >> 1), size);
};

/** Tasks that are left out, and what stands where they could. */
const leftOut: Neighbourhood = (around, relaxed, size) => {
  const { current } = around;
  for (let attempt = 0; attempt < 30; attempt += 1) {
    const task = drawMovable(around);
    if (current.option[task] !== leaveOut) continue;
    relax(relaxed, task);
    relaxFrom(around, relaxed, current.position[task] as number, size);
    return;
  }
  costliest(around, relaxed, size);
};

/** Tasks and milestones whose ends count by themselves. */
export function weightedOf({ problem }: Kernel): Int32Array {
  const { tasks, weights } = problem;
  const counts = (task: number): boolean =>
    weights.flow * (tasks.flowWeight[task] as number) > 0 ||
    (tasks.due[task] !== none && weights.tardiness * (tasks.tardinessWeight[task] as number) > 0);
  return Int32Array.from({ length: tasks.count }, (_, task) => task).filter(counts);
}

/** Those that have something to take out in this problem. */
export function neighbourhoodsOf(kernel: Kernel, disturbed: Int32Array): readonly Neighbourhood[] {
  const { tasks, groups, weights } = kernel.problem;
  const list = [interval, workerWindow, relatives, costliest, scattered];
  if (weightedOf(kernel).length > 0) list.push(delayed);
  if (tasks.job.some((of) => of !== tasks.job[0])) list.push(jobs);
  if (weights.makespan > 0) list.push(critical);
  if (tasks.previousWorker.some((worker) => worker !== none)) list.push(moved);
  if (disturbed.length > 0) list.push(moved, moved);
  if (groups.count > 0) list.push(grouped);
  if (kernel.hasOptional) list.push(leftOut);
  return list;
}

/** What the task costs beyond what it would at its head. */
function lossOf(kernel: Kernel, current: Candidate, task: number): number {
  const { problem, head, shortest } = kernel;
  const own = partValue(kernel, current, task) + missesOf(kernel, current, task);
  const ideal = (head[task] as number) + (shortest[task] as number);
  return own - taskValue(problem, task, ideal, problem.tasks.previousWorker[task] as number);
}

function relaxFrom(around: Surroundings, relaxed: Relaxed, first: number, count: number): void {
  const { order } = around.current;
  const enough = relaxed.count + count;
  const scanMax = 4 * count + 16;
  let place = Math.max(0, Math.min(order.length - count, first));
  for (let scanned = 0; scanned < scanMax && place < order.length; scanned += 1, place += 1) {
    if (relaxed.count >= enough) return;
    relaxMovable(around, relaxed, order[place] as number);
  }
}

function relaxMovable({ kernel }: Surroundings, relaxed: Relaxed, task: number): void {
  const { problem } = kernel;
  if (problem.tasks.state[task] !== taskFree || isMilestone(problem, task)) return;
  relax(relaxed, task);
}

const drawMovable = ({ movable, random }: Surroundings): number =>
  movable[randomInteger(random, movable.length)] as number;
