/** The part of `core/check` that looks at tasks one by one: option, worker, interval, devices. */
import type { Plan } from "./plan.js";
import type { PlanViolation } from "./plan-violation.js";
import { none, type Problem, taskKept, taskRunning } from "./problem.js";

type Report = (violation: PlanViolation) => void;

/** Returns for each task whether it names a worker and an option that exist. */
export function checkTasks(problem: Problem, plan: Plan, report: Report): Uint8Array {
  const { tasks } = problem;
  const deviceFirst = firstDevices(problem);
  const sound = new Uint8Array(tasks.count);
  for (let task = 0; task < tasks.count; task++) {
    if (tasks.state[task] === taskRunning) {
      checkRunning(problem, plan, task, report);
      sound[task] = 1;
      continue;
    }
    if (isLeftOut(problem, plan, task)) continue;
    checkTimes(problem, plan, task, report);
    if (tasks.block[task] === none) {
      checkMilestone(plan, task, report);
    } else if (namesPlace(problem, plan, task, report)) {
      sound[task] = 1;
      checkPlace(problem, plan, task, report);
      checkDevices(problem, plan, task, deviceFirst, report);
    }
  }
  return sound;
}

/** [workers + 1] index of each worker's first device; devices stand in order of worker. */
export function firstDevices(problem: Problem): Uint32Array {
  const first = new Uint32Array(problem.workers.count + 1);
  for (let device = 0; device < problem.devices.count; device++) {
    const after = (problem.devices.worker[device] as number) + 1;
    first[after] = (first[after] as number) + 1;
  }
  for (let worker = 0; worker < problem.workers.count; worker++) {
    first[worker + 1] = (first[worker + 1] as number) + (first[worker] as number);
  }
  return first;
}

function checkRunning(problem: Problem, plan: Plan, task: number, report: Report): void {
  const { tasks } = problem;
  const same =
    plan.worker[task] === tasks.fixedWorker[task] &&
    plan.option[task] === tasks.fixedOption[task] &&
    plan.start[task] === tasks.fixedStart[task] &&
    plan.end[task] === tasks.fixedEnd[task] &&
    plan.devices[task] === tasks.fixedDevices[task];
  if (!same) report({ kind: "running_moved", task });
}

function checkTimes(problem: Problem, plan: Plan, task: number, report: Report): void {
  const end = plan.end[task] as number;
  const earliest = Math.max(0, problem.tasks.release[task] as number);
  if ((plan.start[task] as number) < earliest) report({ kind: "release", task, earliest });
  if (end > problem.horizon) report({ kind: "horizon", task, end });
  const hardDue = problem.tasks.hardDue[task] as number;
  if (hardDue !== none && end > hardDue) report({ kind: "hard_due", task, end });
}

/** A task that may be left out, and is: no option and no worker. */
export function isLeftOut({ tasks }: Problem, plan: Plan, task: number): boolean {
  if (tasks.state[task] === taskRunning || tasks.block[task] === none) return false;
  const mayBe = (tasks.skipPrice[task] as number) < Number.POSITIVE_INFINITY;
  return mayBe && plan.option[task] === none && plan.worker[task] === none;
}

function checkMilestone(plan: Plan, task: number, report: Report): void {
  const occupies =
    plan.worker[task] !== none ||
    plan.option[task] !== none ||
    plan.devices[task] !== 0 ||
    plan.end[task] !== plan.start[task];
  if (occupies) report({ kind: "milestone_occupies", task });
}

function namesPlace(problem: Problem, plan: Plan, task: number, report: Report): boolean {
  const worker = plan.worker[task] as number;
  const option = plan.option[task] as number;
  if (worker === none || option === none) {
    report({ kind: "unplanned", task });
    return false;
  }
  if (worker < 0 || worker >= problem.workers.count) {
    report({ kind: "no_such_worker", task, worker });
    return false;
  }
  const block = problem.tasks.block[task] as number;
  const first = problem.options.blockFirst[block] as number;
  const after = problem.options.blockFirst[block + 1] as number;
  if (option < first || option >= after) {
    report({ kind: "no_such_option", task, option });
    return false;
  }
  return true;
}

function checkPlace(problem: Problem, plan: Plan, task: number, report: Report): void {
  const { tasks, options, workers } = problem;
  const worker = plan.worker[task] as number;
  const option = plan.option[task] as number;
  if (workers.classOf[worker] !== options.class[option]) {
    report({ kind: "wrong_class", task, worker });
  }
  const pinned = options.worker[option] as number;
  if (pinned !== none && pinned !== worker) report({ kind: "wrong_worker", task, worker });
  const duration = (plan.end[task] as number) - (plan.start[task] as number);
  if (duration !== options.duration[option]) report({ kind: "wrong_duration", task, duration });
  if (tasks.state[task] === taskKept) {
    const keptWorker = tasks.previousWorker[task] as number;
    const keptOption = tasks.previousOption[task] as number;
    const moved =
      (keptWorker !== none && keptWorker !== worker) ||
      (keptOption !== none && keptOption !== option);
    if (moved) report({ kind: "kept_moved", task });
  }
}

function checkDevices(
  problem: Problem,
  plan: Plan,
  task: number,
  deviceFirst: Uint32Array,
  report: Report,
): void {
  const { gpuRequests, devices } = problem;
  const worker = plan.worker[task] as number;
  const mask = plan.devices[task] as number;
  const request = problem.options.gpuRequest[plan.option[task] as number] as number;
  const first = deviceFirst[worker] as number;
  const onWorker = (deviceFirst[worker + 1] as number) - first;
  let count = 0;
  for (let device = 0; device < 32; device++) {
    if (((mask >>> device) & 1) === 0) continue;
    count++;
    if (device >= onWorker) {
      report({ kind: "device_missing", task, device });
      continue;
    }
    if (request === none) continue;
    const wanted = gpuRequests.type[request] as number;
    if (wanted !== none && wanted !== devices.type[first + device]) {
      report({ kind: "device_type", task, device });
    }
    if ((devices.memory[first + device] as number) < (gpuRequests.memory[request] as number)) {
      report({ kind: "device_too_small", task, device });
    }
  }
  const requested = request === none ? 0 : Math.max(1, gpuRequests.whole[request] as number);
  if (count !== requested) report({ kind: "device_count", task, count, requested });
}
