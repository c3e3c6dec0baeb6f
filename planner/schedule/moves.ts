/**
 * Moves of the local search. A move changes a trial order and choice in place, keeping the order
 * topological. Order alone is not enough: placement by earliest end leaves optimal plans out, so
 * most moves also say where a task goes.
 */
import { leaveOut } from "../../core/choose-place.js";
import { none, taskRunning } from "../../core/problem.js";
import { randomInteger } from "../../core/random.js";
import type { Candidate } from "./candidate.js";
import { type Kernel, workersOfOption } from "./kernel.js";
import { runsOn } from "./place.js";

type Move = (kernel: Kernel, trial: Candidate, random: () => number, task: number) => void;

/** Another worker for the task. */
const reassign: Move = (kernel, trial, random, task) => {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const place = randomPlace(kernel, random, task);
    if (place.worker === trial.worker[task] && place.option === trial.option[task]) continue;
    trial.option[task] = place.option;
    trial.worker[task] = place.worker;
    return;
  }
};

/** Another time for the task; half of the times also the worker on which it ends first. */
const shift: Move = (kernel, trial, random, task) => {
  const from = trial.position[task] as number;
  const reach = 3 + randomInteger(random, 24);
  const to =
    random() < 0.5
      ? from - 1 - randomInteger(random, reach)
      : from + 1 + randomInteger(random, reach);
  moveTo(kernel, trial, task, to);
  if (random() < 0.5) free(trial, task);
};

/** Earlier on another worker, or later there. */
const shiftAndReassign: Move = (kernel, trial, random, task) => {
  reassign(kernel, trial, random, task);
  moveTo(kernel, trial, task, (trial.position[task] as number) - 8 + randomInteger(random, 17));
};

/** Trades workers with a task near in time. */
const exchange: Move = (kernel, trial, random, task) => {
  const at = trial.position[task] as number;
  const size = trial.order.length;
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const place = at - 12 + randomInteger(random, 25);
    if (place < 0 || place >= size) continue;
    const other = trial.order[place] as number;
    const mine = trial.worker[task] as number;
    const theirs = trial.worker[other] as number;
    if (other === task || theirs === none || mine === theirs) continue;
    const option = optionOn(kernel, task, theirs);
    const otherOption = optionOn(kernel, other, mine);
    if (option === none || otherOption === none) continue;
    trial.option[task] = option;
    trial.worker[task] = theirs;
    trial.option[other] = otherOption;
    trial.worker[other] = mine;
    if (random() < 0.5) moveTo(kernel, trial, task, place);
    return;
  }
};

/** Frees a run of tasks that are near in time and blurs their order: a small neighbourhood. */
const freeWindow: Move = (kernel, trial, random, task) => {
  const size = trial.order.length;
  const length = Math.min(size, 4 + randomInteger(random, 20));
  const first = Math.max(
    0,
    Math.min(size - length, (trial.position[task] as number) - randomInteger(random, length)),
  );
  const blur = random() < 0.3 ? length : 1 + random() * 4;
  const { predecessorFirst, predecessor } = kernel.prepared.graph;
  const keys = new Map<number, number>();
  for (let at = first; at < first + length; at += 1) {
    const own = trial.order[at] as number;
    let key = at + blur * random();
    const last = predecessorFirst[own + 1] as number;
    for (let k = predecessorFirst[own] as number; k < last; k += 1) {
      key = Math.max(key, keys.get(predecessor[k] as number) ?? 0);
    }
    keys.set(own, key);
    if (random() < 0.7) free(trial, own);
  }
  const rank = kernel.topologicalRank;
  const sorted = [...keys].sort(
    ([a, x], [b, y]) => x - y || (rank[a] as number) - (rank[b] as number),
  );
  sorted.forEach(([own], index) => {
    trial.order[first + index] = own;
    trial.position[own] = first + index;
  });
};

/** Frees the tasks of two workers over a stretch of time: who does what between these two. */
const freePair: Move = (_kernel, trial, random, task) => {
  const size = trial.order.length;
  const mine = trial.worker[task] as number;
  const centre = trial.position[task] as number;
  const reach = 6 + randomInteger(random, 30);
  const partner = trial.worker[
    trial.order[Math.max(0, Math.min(size - 1, centre - 10 + randomInteger(random, 21)))] as number
  ] as number;
  const last = Math.min(size, centre + reach);
  for (let at = Math.max(0, centre - reach); at < last; at += 1) {
    const own = trial.order[at] as number;
    const worker = trial.worker[own] as number;
    if (worker === none || (worker !== mine && worker !== partner)) continue;
    if (random() < 0.6) free(trial, own);
  }
};

/** Leaves the task out at its price, or takes it in again. */
const toggle: Move = (kernel, trial, random, task) => {
  const { prepared, problem } = kernel;
  const gang = prepared.ties?.gangOf[task] ?? none;
  const members = gang === none ? [task] : (prepared.ties?.gangs[gang] ?? []);
  const isOut = trial.option[task] === leaveOut;
  for (const member of members) {
    if ((problem.tasks.skipPrice[member] as number) === Number.POSITIVE_INFINITY) continue;
    free(trial, member);
    if (!isOut) trial.option[member] = leaveOut;
  }
  if (isOut || random() < 0.5) return;
  // Something else that was left out may take its place.
  const { movable } = kernel;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const other = movable[randomInteger(random, movable.length)] as number;
    if (trial.option[other] === leaveOut && other !== task) return free(trial, other);
  }
};

/** Another way to run the task, where it is. */
const changeMode: Move = (kernel, trial, random, task) => {
  const { options, tasks } = kernel.problem;
  const worker = trial.worker[task] as number;
  if (worker === none) return;
  const first = options.blockFirst[tasks.block[task] as number] as number;
  const size = (options.blockFirst[(tasks.block[task] as number) + 1] as number) - first;
  const from = randomInteger(random, size);
  for (let k = 0; k < size; k += 1) {
    const option = first + ((from + k) % size);
    if (option === trial.option[task] || kernel.optionUsable[option] === 0) continue;
    if (!runsOn(kernel.problem, option, worker)) continue;
    trial.option[task] = option;
    return;
  }
};

/**
 * Frees the groups of the task: its first member goes to a worker drawn anew, the others follow
 * where the group's domain, or the gang's common start, lets them.
 */
const moveGroup: Move = (kernel, trial, random, task) => {
  const { groups } = kernel.problem;
  if (groups.count === 0) return;
  const entry = randomInteger(random, groups.member.length);
  let group = 0;
  while ((groups.first[group + 1] as number) <= entry) group += 1;
  let leader: number = none;
  const after = groups.first[group + 1] as number;
  for (let at = groups.first[group] as number; at < after; at += 1) {
    const member = groups.member[at] as number;
    if (kernel.problem.tasks.state[member] === taskRunning) continue;
    free(trial, member);
    if (leader === none || (trial.position[member] as number) < (trial.position[leader] as number))
      leader = member;
  }
  if (leader === none) return;
  const place = randomPlace(kernel, random, leader);
  trial.option[leader] = place.option;
  trial.worker[leader] = place.worker;
  const reach = 1 + randomInteger(random, 24);
  const shifted = (trial.position[leader] as number) - reach + randomInteger(random, 2 * reach);
  moveTo(kernel, trial, leader, shifted);
  if (random() < 0.3) free(trial, task);
};

/** The moves that have something to move in this problem. */
export function movesOf(kernel: Kernel): readonly Move[] {
  const { tasks, groups } = kernel.problem;
  const list = [reassign, shift, shiftAndReassign, exchange, freeWindow, freePair];
  if (tasks.skipPrice.some((price) => price < Number.POSITIVE_INFINITY)) list.push(toggle);
  if (kernel.hasTolls || kernel.hasOptionPools) list.push(changeMode);
  if (groups.count > 0) list.push(moveGroup);
  return list;
}

function free(trial: Candidate, task: number): void {
  trial.option[task] = none;
  trial.worker[task] = none;
}

/** Moves the task to a place in the order, as far as its predecessors and successors let it. */
function moveTo(kernel: Kernel, trial: Candidate, task: number, place: number): void {
  const { graph } = kernel.prepared;
  const { order, position } = trial;
  let low = 0;
  let high = order.length - 1;
  const lastPredecessor = graph.predecessorFirst[task + 1] as number;
  for (let k = graph.predecessorFirst[task] as number; k < lastPredecessor; k += 1) {
    low = Math.max(low, (position[graph.predecessor[k] as number] as number) + 1);
  }
  const lastSuccessor = graph.successorFirst[task + 1] as number;
  for (let k = graph.successorFirst[task] as number; k < lastSuccessor; k += 1) {
    high = Math.min(high, (position[graph.successor[k] as number] as number) - 1);
  }
  const from = position[task] as number;
  const to = Math.max(low, Math.min(high, place));
  // Facts may stand before what they wait for; such tasks stay where they are.
  if (low > high) return;
  const step = to > from ? 1 : -1;
  for (let at = from; at !== to; at += step) {
    const neighbour = order[at + step] as number;
    order[at] = neighbour;
    position[neighbour] = at;
  }
  order[to] = task;
  position[task] = to;
}

/** A usable option and worker, the shorter of two draws as a rule. */
function randomPlace(
  kernel: Kernel,
  random: () => number,
  task: number,
): { readonly option: number; readonly worker: number } {
  const { problem, prepared } = kernel;
  const draw = (): number => randomUsableOption(kernel, random, task);
  let option = draw();
  const second = draw();
  const { duration } = problem.options;
  if ((duration[second] as number) < (duration[option] as number) && random() < 0.6)
    option = second;
  const workers = workersOfOption(problem, prepared, option);
  return { option, worker: workers[randomInteger(random, workers.length)] as number };
}

function randomUsableOption(kernel: Kernel, random: () => number, task: number): number {
  const { options, tasks } = kernel.problem;
  const block = tasks.block[task] as number;
  const first = options.blockFirst[block] as number;
  const size = (options.blockFirst[block + 1] as number) - first;
  const from = randomInteger(random, size);
  for (let k = 0; k < size; k += 1) {
    const option = first + ((from + k) % size);
    if (kernel.optionUsable[option] === 1) return option;
  }
  return first;
}

/** A usable option of the task on this worker; none if it has none or may not move. */
function optionOn(kernel: Kernel, task: number, worker: number): number {
  const { options, tasks, workers } = kernel.problem;
  const block = tasks.block[task] as number;
  if (block === none || worker === none) return none;
  const last = options.blockFirst[block + 1] as number;
  for (let option = options.blockFirst[block] as number; option < last; option += 1) {
    const only = options.worker[option] as number;
    if (kernel.optionUsable[option] === 0 || (only !== none && only !== worker)) continue;
    if (options.class[option] === workers.classOf[worker]) return option;
  }
  return none;
}
