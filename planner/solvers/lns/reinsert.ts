/**
 * Where the tasks that were taken out stand in the next order, and what they may choose. The others
 * keep their order and their places, not their times: the schedule that is built again from it is one
 * of the partial-order schedule of what was left (Policella et al. 2004; Godard et al. 2005).
 */
import { leaveOut } from "../../../core/choose-place.js";
import { none } from "../../../core/problem.js";
import { randomInteger } from "../../../core/random.js";
import type { Candidate } from "../../schedule/candidate.js";
import { type Kernel, workersOfOption } from "../../schedule/kernel.js";
import type { Relaxed } from "./relaxed.js";

/** Ways to order what was taken out. */
export const styles = [
  "in place",
  "blurred",
  "early",
  "shuffled",
  "by worth",
  "by tail",
  "by due time",
] as const;

export interface Reinsertion {
  readonly kernel: Kernel;
  readonly random: () => number;
  /** [tasks] Wanted place in the order. */
  readonly key: Float64Array;
  /** [tasks] No later than this, for what waits for the task. */
  readonly high: Float64Array;
  readonly merged: Int32Array;
  /** [tasks] What a tick of delay costs, by what of it is spent on the task or its job. */
  readonly worth: Float64Array;
}

export const createReinsertion = (kernel: Kernel, random: () => number): Reinsertion => ({
  kernel,
  random,
  key: new Float64Array(kernel.problem.tasks.count),
  high: new Float64Array(kernel.problem.tasks.count),
  merged: new Int32Array(kernel.problem.tasks.count),
  worth: worthsOf(kernel),
});

/** Changes `trial`, a copy of the current schedule, into the next one to be decoded. */
export function reinsert(
  reinsertion: Reinsertion,
  trial: Candidate,
  relaxed: Relaxed,
  style: number,
): void {
  const list = orderKeys(reinsertion, trial, relaxed, style);
  merge(reinsertion, trial, list, relaxed.has);
  freePlaces(reinsertion, trial, list);
}

/** Sets the keys of what was taken out; returns it by places. */
export function orderKeys(
  reinsertion: Reinsertion,
  trial: Candidate,
  relaxed: Relaxed,
  style: number,
): Int32Array {
  const list = relaxed.tasks.subarray(0, relaxed.count);
  const { position } = trial;
  list.sort((a, b) => (position[a] as number) - (position[b] as number));
  wantKeys(reinsertion, trial, list, style);
  fitKeys(reinsertion, trial, list, relaxed.has);
  return list;
}

function wantKeys(
  { kernel, random, key, worth }: Reinsertion,
  trial: Candidate,
  list: Int32Array,
  style: number,
): void {
  const { position } = trial;
  const reach = 2 + 2 * list.length;
  switch (styles[style]) {
    case "in place":
      for (const task of list) key[task] = position[task] as number;
      return;
    case "blurred":
      for (const task of list) key[task] = (position[task] as number) + reach * (random() - 0.5);
      return;
    case "early":
      for (const task of list) {
        const back = random() < 0.5 ? 2 * reach * random() : position[task];
        key[task] = (position[task] as number) - (back as number);
      }
      return;
    case "shuffled":
      return assignSlots(trial, list, key, () => random());
    case "by worth":
      return assignSlots(trial, list, key, (task) => -(worth[task] as number) * (0.7 + random()));
    case "by tail": {
      const rank = (task: number): number =>
        (kernel.tail[task] as number) + (kernel.typical[task] as number);
      return assignSlots(trial, list, key, (task) => -rank(task) * (0.9 + 0.2 * random()));
    }
    case "by due time": {
      const { due, hardDue } = kernel.problem.tasks;
      const latest = (task: number): number => {
        const by = hardDue[task] !== none ? hardDue[task] : due[task];
        return by === none ? 2 ** 30 : (by as number) - (kernel.typical[task] as number);
      };
      return assignSlots(trial, list, key, (task) => latest(task) * (0.9 + 0.2 * random()));
    }
  }
}

/** Weight per tick of its length; where only the end of a job counts, that of the job per tick of it. */
function worthsOf({ problem, typical }: Kernel): Float64Array {
  const { tasks, weights } = problem;
  const weightOf = (task: number): number => {
    const flow = weights.flow * (tasks.flowWeight[task] as number);
    const isDue = tasks.due[task] !== none;
    return flow + (isDue ? weights.tardiness * (tasks.tardinessWeight[task] as number) : 0);
  };
  const ofJobs = new Map<number, { weight: number; ticks: number }>();
  for (let task = 0; task < tasks.count; task += 1) {
    const of = tasks.job[task] as number;
    const sums = ofJobs.get(of) ?? { weight: 0, ticks: 0 };
    sums.weight += weightOf(task);
    sums.ticks += typical[task] as number;
    ofJobs.set(of, sums);
  }
  return Float64Array.from({ length: tasks.count }, (_, task) => {
    const own = weightOf(task);
    if (own > 0) return (own + 1e-9) / Math.max(1, typical[task] as number);
    const { weight, ticks } = ofJobs.get(tasks.job[task] as number) ?? { weight: 0, ticks: 0 };
    return (weight + 1e-9) / Math.max(1, ticks);
  });
}

/** The places that the tasks left, given out again by ascending rank. */
function assignSlots(
  { position }: Candidate,
  list: Int32Array,
  key: Float64Array,
  rank: (task: number) => number,
): void {
  const ranks = new Map<number, number>();
  for (const task of list) ranks.set(task, rank(task));
  const sorted = list.slice().sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
  // The list is in order of places.
  for (let k = 0; k < sorted.length; k += 1) {
    key[sorted[k] as number] = position[list[k] as number] as number;
  }
}

/** Moves keys behind what a task waits for and before what waits for it. */
function fitKeys(
  { kernel, key, high }: Reinsertion,
  { position, order }: Candidate,
  list: Int32Array,
  has: Uint8Array,
): void {
  const { graph } = kernel.prepared;
  for (let k = list.length - 1; k >= 0; k -= 1) {
    const task = list[k] as number;
    let least = order.length;
    const last = graph.successorFirst[task + 1] as number;
    for (let at = graph.successorFirst[task] as number; at < last; at += 1) {
      const after = graph.successor[at] as number;
      const limit = (has[after] === 1 ? high[after] : position[after]) as number;
      // Facts may stand before what they wait for.
      if (limit < least && limit > (position[task] as number)) least = limit;
    }
    high[task] = least - 0.5;
  }
  for (let k = 0; k < list.length; k += 1) {
    const task = list[k] as number;
    let low = -1;
    const last = graph.predecessorFirst[task + 1] as number;
    for (let at = graph.predecessorFirst[task] as number; at < last; at += 1) {
      const before = graph.predecessor[at] as number;
      const limit = (has[before] === 1 ? key[before] : position[before]) as number;
      if (limit > low) low = limit;
    }
    key[task] = Math.max(low, Math.min(high[task] as number, key[task] as number));
  }
}

/** Rebuilds the stretch of the order that changes. */
function merge(
  { key, merged }: Reinsertion,
  trial: Candidate,
  list: Int32Array,
  has: Uint8Array,
): void {
  const { order, position } = trial;
  let first = order.length - 1;
  let last = 0;
  for (const task of list) {
    const at = position[task] as number;
    first = Math.min(first, at, Math.max(0, Math.floor(key[task] as number)));
    last = Math.max(last, at, Math.min(order.length - 1, Math.ceil(key[task] as number)));
  }
  // Equal keys stay in the order of places, in which predecessors come first.
  const sorted = list
    .slice()
    .sort(
      (a, b) =>
        (key[a] as number) - (key[b] as number) ||
        (position[a] as number) - (position[b] as number),
    );
  let written = first;
  let next = 0;
  for (let at = first; at <= last; at += 1) {
    const task = order[at] as number;
    if (has[task] === 1) continue;
    while (next < sorted.length && (key[sorted[next] as number] as number) < at) {
      merged[written++] = sorted[next++] as number;
    }
    merged[written++] = task;
  }
  while (next < sorted.length) merged[written++] = sorted[next++] as number;
  for (let at = first; at <= last; at += 1) {
    const task = merged[at] as number;
    order[at] = task;
    position[task] = at;
  }
}

/** Most choose their place anew; some keep it, some are sent somewhere, some are left out. */
export function freePlaces(
  { kernel, random }: Reinsertion,
  trial: Pick<Candidate, "option" | "worker">,
  list: Int32Array,
): void {
  const { tasks, options } = kernel.problem;
  const keep = random() < 0.35 ? 0.4 : 0;
  const drawn = random() < 0.3 ? list[randomInteger(random, list.length)] : none;
  const out = kernel.hasOptional && random() < 0.4 ? 0.3 : 0;
  for (const task of list) {
    if (out > 0 && (tasks.skipPrice[task] as number) < Number.POSITIVE_INFINITY) {
      if (random() < out) {
        trial.option[task] = leaveOut;
        trial.worker[task] = none;
        continue;
      }
    }
    if (task !== drawn && trial.option[task] !== leaveOut && random() < keep) continue;
    trial.option[task] = none;
    trial.worker[task] = none;
    if (task !== drawn) continue;
    const block = tasks.block[task] as number;
    const first = options.blockFirst[block] as number;
    const size = (options.blockFirst[block + 1] as number) - first;
    const option = first + randomInteger(random, size);
    if (kernel.optionUsable[option] === 0) continue;
    const workers = workersOfOption(kernel.problem, kernel.prepared, option);
    trial.option[task] = option;
    if (random() < 0.7)
      trial.worker[task] = workers[randomInteger(random, workers.length)] as number;
  }
}
