/** For the enumeration: what stands before it begins, and what one placed task means to others. */
import { emptyPlan, type Plan } from "../../core/plan.js";
import {
  groupGang,
  groupSpread,
  none,
  type Problem,
  taskKept,
  taskRunning,
} from "../../core/problem.js";
import { masksOf, type Takes, takesOf } from "./usage.js";

/** Longer than anything: the time of a task that nothing can run. */
export const never = 2 ** 30;

export interface Way {
  readonly option: number;
  readonly worker: number;
  readonly mask: number;
  readonly duration: number;
  readonly takes: Takes;
}

/** Spread and colocation of one task with those placed. */
export function groupsHold(
  problem: Problem,
  plan: Plan,
  placed: readonly boolean[],
  out: readonly boolean[],
  task: number,
): boolean {
  const { groups, workers } = problem;
  for (let group = 0; group < groups.count; group++) {
    if (groups.kind[group] === groupGang) continue;
    const members = membersOf(problem, group);
    if (!members.includes(task)) continue;
    const row = (groups.level[group] ?? 0) * workers.count;
    const own = workers.domain[row + (plan.worker[task] ?? 0)];
    const isSpread = groups.kind[group] === groupSpread;
    for (const other of members) {
      if (other === task || !placed[other] || out[other]) continue;
      const isSame = workers.domain[row + (plan.worker[other] ?? 0)] === own;
      if (isSame === isSpread) return false;
    }
  }
  return true;
}

export function waysOf(problem: Problem, task: number): Way[] {
  const { tasks, options, workers } = problem;
  const block = tasks.block[task] ?? none;
  if (block === none) {
    const takes = takesOf(problem, task, none, none, 0);
    return [{ option: none, worker: none, mask: 0, duration: 0, takes }];
  }
  const ways: Way[] = [];
  const after = options.blockFirst[block + 1] ?? 0;
  for (let option = options.blockFirst[block] ?? 0; option < after; option++) {
    const duration = options.duration[option] ?? 0;
    for (let worker = 0; worker < workers.count; worker++) {
      if (!mayRun(problem, task, option, worker)) continue;
      for (const mask of masksOf(problem, option, worker)) {
        const takes = takesOf(problem, task, option, worker, mask);
        ways.push({ option, worker, mask, duration, takes });
      }
    }
  }
  return ways;
}

function mayRun(problem: Problem, task: number, option: number, worker: number): boolean {
  const { tasks, options, workers } = problem;
  if (workers.classOf[worker] !== options.class[option]) return false;
  if (options.worker[option] !== none && options.worker[option] !== worker) return false;
  if (tasks.state[task] !== taskKept) return true;
  return tasks.previousWorker[task] === worker && tasks.previousOption[task] === option;
}

/** Ticks from the end of each task to the end of all, at least. A milestone waits for what is in. */
export function tailsOf(
  { edges, tasks }: Problem,
  order: readonly number[],
  shortest: readonly number[],
): number[] {
  const tail = new Array<number>(tasks.count).fill(0);
  for (const task of [...order].reverse()) {
    for (let edge = 0; edge < edges.count; edge++) {
      const to = edges.to[edge] ?? 0;
      if (edges.from[edge] !== task || tasks.state[to] === taskRunning) continue;
      // A successor that may be left out need not come.
      if (Number.isFinite(tasks.skipPrice[to]) && tasks.block[to] !== none) continue;
      const path = (edges.lag[edge] ?? 0) + (shortest[to] ?? 0) + (tail[to] ?? 0);
      tail[task] = Math.max(tail[task] ?? 0, path);
    }
  }
  return tail;
}

/** Every lag with every transfer that there can be. */
export function delaysOf(problem: Problem): number[] {
  const { edges, workers } = problem;
  const delays = new Set<number>();
  const plan = emptyPlan(problem.tasks.count);
  const places = Array.from({ length: workers.count + 1 }, (_, place) => place - 1);
  const pairs = places.flatMap((here) => places.map((there) => [here, there] as const));
  for (let edge = 0; edge < edges.count; edge++) {
    for (const [here, there] of pairs) {
      plan.worker[edges.from[edge] ?? 0] = here;
      plan.worker[edges.to[edge] ?? 0] = there;
      delays.add((edges.lag[edge] ?? 0) + travel(problem, plan, edge));
    }
  }
  return [...delays];
}

export function travel({ edges, links, workers }: Problem, plan: Plan, edge: number): number {
  const here = plan.worker[edges.from[edge] ?? 0] ?? none;
  const there = plan.worker[edges.to[edge] ?? 0] ?? none;
  if (here === there || here === none || there === none) return 0;
  const fixed = edges.fixed[edge] ?? 0;
  const kib = edges.kib[edge] ?? 0;
  if (kib === 0 || links.count === 0) return fixed;
  const pair = (workers.link[here] ?? 0) * links.count + (workers.link[there] ?? 0);
  return (
    fixed + (links.latency[pair] ?? 0) + Math.ceil((kib / 2 ** 20) * (links.perGib[pair] ?? 0))
  );
}

export function topological({ edges, tasks }: Problem): number[] {
  const order: number[] = [];
  const isIn = new Array<boolean>(tasks.count).fill(false);
  for (let grown = true; grown; ) {
    grown = false;
    for (let task = 0; task < tasks.count; task++) {
      if (isIn[task]) continue;
      const waits = edges.to.some((to, edge) => to === task && !isIn[edges.from[edge] ?? 0]);
      if (waits) continue;
      isIn[task] = true;
      order.push(task);
      grown = true;
    }
  }
  return order;
}

export const membersOf = ({ groups }: Problem, group: number): number[] =>
  Array.from(groups.member.subarray(groups.first[group] ?? 0, groups.first[group + 1] ?? 0));
