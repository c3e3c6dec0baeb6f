/**
 * Oracles for tiny problems, written for obviousness: feasibility tick by tick, and the least value
 * of any plan by trying every option, worker, set of devices and start.
 */
import { objectiveValue } from "../objective.js";
import { emptyPlan, type Plan } from "../plan.js";
import { none, type Problem, taskKept, taskRunning } from "../problem.js";
import { groupsHold, isLeftOut, transferBetween } from "./oracle-extras.js";
import { blocksAt, capacities, consumedWithin, devicesSuit, usageAt } from "./oracle-usage.js";

export interface Optimum {
  readonly value: number;
  readonly makespanTicks: number;
  readonly plan: Plan;
}

/** Whether nothing is wrong with a plan. */
export function isFeasible(problem: Problem, plan: Plan): boolean {
  const all = new Array<boolean>(problem.tasks.count).fill(true);
  return (
    all.every((_, task) => taskIsFeasible(problem, plan, task, all)) &&
    groupsHold(problem, plan, all)
  );
}

/** The plan of least value of those that end by `upper.end`; null if none is better than `upper`. */
export function bruteForce(
  problem: Problem,
  upper: { readonly value: number; readonly latestEnd: number },
): Optimum | null {
  const { tasks } = problem;
  const plan = emptyPlan(tasks.count);
  const placed = new Array<boolean>(tasks.count).fill(false);
  const order: number[] = [];
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] === taskRunning) {
      placed[task] = true;
      plan.option[task] = tasks.fixedOption[task] ?? none;
      plan.worker[task] = tasks.fixedWorker[task] ?? none;
      plan.start[task] = tasks.fixedStart[task] ?? 0;
      plan.end[task] = tasks.fixedEnd[task] ?? 0;
      plan.devices[task] = tasks.fixedDevices[task] ?? 0;
    } else {
      // Random problems have edges from lower to higher indices only.
      order.push(task);
    }
  }
  let best: Optimum | null = null;
  let limit = upper.value;

  const visit = (depth: number): void => {
    const value = valueOfPlaced(problem, plan, placed);
    if (value > limit + 1e-9 || (best !== null && value > limit - 1e-9)) return;
    const task = order[depth];
    if (task === undefined) {
      limit = value;
      best = { value, makespanTicks: lastEnd(plan, placed), plan: copy(plan) };
      return;
    }
    placed[task] = true;
    if (leaveOut(problem, plan, task, placed)) visit(depth + 1);
    for (const way of waysOf(problem, task)) {
      plan.option[task] = way.option;
      plan.worker[task] = way.worker;
      plan.devices[task] = way.devices;
      const from = Math.max(0, tasks.release[task] ?? 0);
      for (let start = from; start + way.duration <= upper.latestEnd; start++) {
        plan.start[task] = start;
        plan.end[task] = start + way.duration;
        const holds =
          taskIsFeasible(problem, plan, task, placed) && groupsHold(problem, plan, placed);
        if (holds) visit(depth + 1);
      }
    }
    placed[task] = false;
  };
  visit(0);
  return best;
}

/** Leaves the task out, if that is allowed and fits what is placed. */
function leaveOut(problem: Problem, plan: Plan, task: number, placed: readonly boolean[]): boolean {
  plan.option[task] = none;
  plan.worker[task] = none;
  plan.devices[task] = 0;
  plan.start[task] = problem.horizon;
  plan.end[task] = problem.horizon;
  return (
    isLeftOut(problem, plan, task) &&
    groupsHold(problem, plan, placed) &&
    waits(problem, plan, task, placed)
  );
}

interface Way {
  readonly option: number;
  readonly worker: number;
  readonly devices: number;
  readonly duration: number;
}

function waysOf(problem: Problem, task: number): Way[] {
  const block = problem.tasks.block[task] ?? none;
  if (block === none) return [{ option: none, worker: none, devices: 0, duration: 0 }];
  const ways: Way[] = [];
  const after = problem.options.blockFirst[block + 1] ?? 0;
  for (let option = problem.options.blockFirst[block] ?? 0; option < after; option++) {
    const duration = problem.options.duration[option] ?? 0;
    for (let worker = 0; worker < problem.workers.count; worker++) {
      const needsDevices = problem.options.gpuRequest[option] !== none;
      // Random workers have three devices at most.
      for (let devices = 0; devices < (needsDevices ? 8 : 1); devices++) {
        ways.push({ option, worker, devices, duration });
      }
    }
  }
  return ways;
}

function valueOfPlaced(problem: Problem, plan: Plan, placed: readonly boolean[]): number {
  const { tasks, tickMs } = problem;
  let flowS = 0;
  let tardinessS = 0;
  let moves = 0;
  let cost = 0;
  let skipped = 0;
  for (let task = 0; task < tasks.count; task++) {
    if (!placed[task]) continue;
    if (isLeftOut(problem, plan, task)) {
      skipped += tasks.skipPrice[task] ?? 0;
      continue;
    }
    cost += problem.options.cost[plan.option[task] ?? none] ?? 0;
    const endS = ((plan.end[task] ?? 0) * tickMs) / 1000;
    const due = tasks.due[task] ?? none;
    flowS += (tasks.flowWeight[task] ?? 0) * (endS - ((tasks.release[task] ?? 0) * tickMs) / 1000);
    if (due !== none) {
      tardinessS += (tasks.tardinessWeight[task] ?? 0) * Math.max(0, endS - (due * tickMs) / 1000);
    }
    const previous = tasks.previousWorker[task] ?? none;
    if (previous !== none && previous !== plan.worker[task]) moves += tasks.moveWeight[task] ?? 0;
  }
  const counted = placed.map((is, task) => is && !isLeftOut(problem, plan, task));
  const makespanS = (lastEnd(plan, counted) * tickMs) / 1000;
  return objectiveValue(problem.weights, { makespanS, flowS, tardinessS, moves, cost, skipped });
}

const lastEnd = (plan: Plan, placed: readonly boolean[]): number =>
  placed.reduce((last, is, task) => (is ? Math.max(last, plan.end[task] ?? 0) : last), 0);

const copy = (plan: Plan): Plan => ({
  option: plan.option.slice(),
  worker: plan.worker.slice(),
  start: plan.start.slice(),
  end: plan.end.slice(),
  devices: plan.devices.slice(),
});

function taskIsFeasible(
  problem: Problem,
  plan: Plan,
  task: number,
  placed: readonly boolean[],
): boolean {
  const { tasks } = problem;
  if (tasks.state[task] === taskRunning) {
    return (
      plan.option[task] === tasks.fixedOption[task] &&
      plan.worker[task] === tasks.fixedWorker[task] &&
      plan.start[task] === tasks.fixedStart[task] &&
      plan.end[task] === tasks.fixedEnd[task] &&
      plan.devices[task] === tasks.fixedDevices[task]
    );
  }
  if (isLeftOut(problem, plan, task)) return waits(problem, plan, task, placed);
  const start = plan.start[task] ?? 0;
  const end = plan.end[task] ?? 0;
  const hardDue = tasks.hardDue[task] ?? none;
  if (hardDue !== none && end > hardDue) return false;
  if (start < 0 || start < (tasks.release[task] ?? 0) || end > problem.horizon) return false;
  if (!waits(problem, plan, task, placed)) return false;
  if (tasks.block[task] === none) {
    const nowhere = plan.worker[task] === none && plan.option[task] === none;
    return nowhere && start === end && plan.devices[task] === 0;
  }
  return standsWell(problem, plan, task) && hasRoom(problem, plan, task, placed);
}

function waits(problem: Problem, plan: Plan, task: number, placed: readonly boolean[]): boolean {
  const { edges } = problem;
  for (let edge = 0; edge < edges.count; edge++) {
    const from = edges.from[edge] ?? 0;
    if (edges.to[edge] !== task || !placed[from] || isLeftOut(problem, plan, task)) continue;
    if (isLeftOut(problem, plan, from)) {
      if (problem.tasks.block[task] !== none) return false;
      continue;
    }
    const lag = (edges.lag[edge] ?? 0) + transferBetween(problem, plan, edge);
    if ((plan.start[task] ?? 0) < (plan.end[from] ?? 0) + lag) return false;
  }
  return true;
}

function standsWell(problem: Problem, plan: Plan, task: number): boolean {
  const { tasks } = problem;
  const option = plan.option[task] ?? none;
  const worker = plan.worker[task] ?? none;
  const duration = (plan.end[task] ?? 0) - (plan.start[task] ?? 0);
  const isKept = tasks.state[task] === taskKept;
  return (
    isOptionOf(problem, task, option) &&
    mayRunOn(problem, option, worker) &&
    duration === problem.options.duration[option] &&
    (!isKept || (tasks.previousWorker[task] === worker && tasks.previousOption[task] === option)) &&
    devicesSuit(problem, option, worker, plan.devices[task] ?? 0)
  );
}

function isOptionOf(problem: Problem, task: number, option: number): boolean {
  const block = problem.tasks.block[task] ?? none;
  const { blockFirst } = problem.options;
  return option >= (blockFirst[block] ?? 0) && option < (blockFirst[block + 1] ?? 0);
}

function mayRunOn(problem: Problem, option: number, worker: number): boolean {
  const pinned = problem.options.worker[option] ?? none;
  if (pinned !== none && pinned !== worker) return false;
  return worker >= 0 && problem.workers.classOf[worker] === problem.options.class[option];
}

function hasRoom(problem: Problem, plan: Plan, task: number, placed: readonly boolean[]): boolean {
  const capacity = capacities(problem);
  if (!consumedWithin(problem, plan, task, placed)) return false;
  for (let at = plan.start[task] ?? 0; at < (plan.end[task] ?? 0); at++) {
    const own = usageAt(problem, plan, at, (other) => other === task);
    const all = usageAt(problem, plan, at, (other) => placed[other] === true);
    const blocked = blocksAt(problem, at);
    for (const [name, amount] of own) {
      const used = (all.get(name) ?? 0) + (blocked.get(name) ?? 0);
      if (amount > 0 && used > (capacity.get(name) ?? 0)) return false;
    }
  }
  return true;
}
