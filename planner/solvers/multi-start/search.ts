/**
 * Multi-start and local search: all priority rules, each justified twice, the previous plan, then
 * late-acceptance hill climbing (Burke & Bykov 2017) over orders and workers, with restarts. It
 * needs no exponentials, so that a run repeats bit by bit everywhere.
 *
 * A generator: every `yield` is a point where the run may pause.
 */
import { type Choice, freeChoice } from "../../../core/decode.js";
import type { Plan } from "../../../core/plan.js";
import { isMilestone, none, taskRunning } from "../../../core/problem.js";
import { randomInteger } from "../../../core/random.js";
import {
  adopt,
  adoptNear,
  adoptPlan,
  type Candidate,
  copyCandidate,
  createCandidate,
  keepLeftOut,
  planOfDraft,
} from "../../schedule/candidate.js";
import {
  checkpointBefore,
  createCheckpoints,
  firstChange,
  firstDifference,
  invalidateFrom,
} from "../../schedule/checkpoints.js";
import { createDraft, type Draft, decodeDraft } from "../../schedule/draft.js";
import { justify } from "../../schedule/justify.js";
import type { Kernel } from "../../schedule/kernel.js";
import { movesOf } from "../../schedule/moves.js";
import { orderByKeys, previousKeys, ruleOrders } from "../../schedule/orders.js";
import { lookAhead } from "../../schedule/peft.js";

export interface Search {
  readonly kernel: Kernel;
  readonly draft: Draft;
  readonly random: () => number;
  readonly current: Candidate;
  readonly best: Candidate;
  /** The plan of `best`; null before there is one. */
  plan: Plan | null;
  /** A better plan from elsewhere, to be taken up when this search gets nowhere by itself. */
  foreign: { readonly plan: Plan; readonly value: number } | null;
}

export function createSearch(kernel: Kernel, random: () => number): Search {
  const tasks = kernel.problem.tasks.count;
  return {
    kernel,
    draft: createDraft(kernel),
    random,
    current: createCandidate(tasks),
    best: createCandidate(tasks),
    plan: null,
    foreign: null,
  };
}

/** Ends only where there is nothing to choose. */
export function* explore(search: Search): Generator<void, void, void> {
  yield* startFromPrevious(search);
  yield* startFromRules(search);
  const hasSchedule = search.best.value < Number.POSITIVE_INFINITY;
  if (search.kernel.movable.length === 0 || !hasSchedule) return;
  while (true) {
    yield* climb(search);
    restart(search);
  }
}

function* startFromPrevious(search: Search): Generator<void, void, void> {
  const { kernel } = search;
  const keys = previousKeys(kernel);
  if (keys === null) return;
  const order = orderByKeys(kernel, keys);
  yield* justifyTwice(search, order, previousChoice(kernel));
  yield* justifyTwice(search, order, freeChoice(kernel.problem));
}

function previousChoice(kernel: Kernel): Choice {
  const { problem, optionUsable } = kernel;
  const { tasks, options } = problem;
  const choice = freeChoice(problem);
  for (let task = 0; task < tasks.count; task += 1) {
    const option = tasks.previousOption[task] as number;
    const worker = tasks.previousWorker[task] as number;
    const block = tasks.block[task] as number;
    if (option === none || worker === none || isMilestone(problem, task)) continue;
    // The previous plan may be of another problem: take over only what is still on offer.
    const offered =
      option >= (options.blockFirst[block] as number) &&
      option < (options.blockFirst[block + 1] as number) &&
      optionUsable[option] === 1 &&
      problem.workers.classOf[worker] === options.class[option] &&
      (options.worker[option] === none || options.worker[option] === worker);
    if (!offered) continue;
    choice.option[task] = option;
    choice.worker[task] = worker;
  }
  return choice;
}

/** How dearly what a place costs is taken against when the task ends there: not at all, fairly, much. */
const thrifts = [0, 1, 4];

function* startFromRules(search: Search): Generator<void, void, void> {
  const { kernel } = search;
  const choice = freeChoice(kernel.problem);
  for (const thrift of kernel.hasTolls ? thrifts : [1]) {
    search.draft.thrift = thrift;
    for (const order of ruleOrders(kernel)) yield* justifyTwice(search, order, choice);
  }
  const ahead = lookAhead(kernel);
  if (ahead === null) return;
  search.draft.ahead = ahead.cost;
  yield* justifyTwice(search, ahead.order, choice);
  search.draft.ahead = null;
}

/** Decodes an order, and its justified order with the workers kept, and then with them free. */
function* justifyTwice(
  search: Search,
  order: Int32Array,
  choice: Choice,
): Generator<void, void, void> {
  const { kernel, draft } = search;
  const value = decodeDraft(kernel, draft, order, choice, Number.POSITIVE_INFINITY);
  if (value === Number.POSITIVE_INFINITY) return yield;
  offer(search, value);
  yield;
  const sameWorkers = { option: draft.option.slice(), worker: draft.worker.slice() };
  for (const again of [sameWorkers, choice]) {
    const justified = justify(kernel, draft, again, Number.POSITIVE_INFINITY);
    if (justified === Number.POSITIVE_INFINITY) return yield;
    offer(search, justified);
    yield;
  }
}

/** A plan that was known before the search began. */
export function startFrom(search: Search, plan: Plan, value: number): void {
  adoptPlan(search.kernel, search.best, plan, value);
  copyCandidate(search.best, search.current);
  search.plan = plan;
}

/** By more than sums of the same numbers in another order differ. */
const isBetter = (value: number, than: number): boolean => value * (1 + 1e-12) < than;

/** Keeps the draft as best and current if it is better than the best. */
function offer(search: Search, value: number): void {
  if (!isBetter(value, search.best.value)) return;
  adopt(search.kernel, search.best, search.draft, value);
  copyCandidate(search.best, search.current);
  notePlan(search);
}

/** The draft is the best so far: a plan, if nothing is amiss in it. */
function notePlan(search: Search): void {
  if (search.draft.misses === 0) search.plan = planOfDraft(search.kernel, search.draft);
}

/** Local search until it stagnates. */
function* climb(search: Search): Generator<void, void, void> {
  const { kernel, draft, random, current } = search;
  const tasks = kernel.problem.tasks.count;
  const trial = createCandidate(tasks);
  const next = createCandidate(tasks);
  const checkpoints = createCheckpoints(kernel);
  const historyLength = Math.max(8, Math.min(600, Math.floor(30_000 / tasks)));
  const history = new Float64Array(historyLength).fill(current.value);
  const patience = 40 * historyLength + 2_000;
  const moves = movesOf(kernel);
  const bandit = createBandit(moves.length);
  let chain = criticalChain(kernel, current);
  let sinceBest = 0;
  for (let trials = 0; sinceBest < patience; trials += 1) {
    copyCandidate(current, trial);
    const task = drawTask(search, chain);
    const move = drawMove(bandit, random);
    moves[move]?.(kernel, trial, random, task);
    keepLeftOut(kernel, current, trial);
    const slot = trials % historyLength;
    const limit = Math.max(history[slot] as number, current.value);
    // A value equal to the limit is accepted: plateaus are crossed.
    const place = firstChange(kernel, current, trial);
    const checkpoint = checkpointBefore(kernel, checkpoints, current, place);
    if (checkpoint !== null) takeOver(draft, current);
    if (kernel.hasTolls) draft.thrift = thrifts[randomInteger(random, thrifts.length)] as number;
    const bar = limit * (1 + 1e-12) + 1e-12;
    const value = decodeDraft(kernel, draft, trial.order, trial, bar, checkpoint);
    sinceBest += 1;
    const before = current.value;
    if (value !== Number.POSITIVE_INFINITY) {
      adoptNear(kernel, next, draft, trial.order, value);
      invalidateFrom(checkpoints, firstDifference(kernel, current, next));
      copyCandidate(next, current);
      chain = criticalChain(kernel, current);
      if (isBetter(value, search.best.value)) {
        if (value < search.best.value * (1 - 1e-6)) sinceBest = 0;
        copyCandidate(current, search.best);
        notePlan(search);
      }
    }
    reward(bandit, move, value < before);
    if (current.value < (history[slot] as number)) history[slot] = current.value;
    yield;
    if (search.foreign !== null && sinceBest > patience / 4) return;
  }
}

/** The draft holds the current schedule, of which a decode then changes what comes later. */
function takeOver(draft: Draft, current: Candidate): void {
  draft.option.set(current.option);
  draft.worker.set(current.worker);
  draft.start.set(current.start);
  draft.end.set(current.end);
  draft.devices.set(current.devices);
}

/** From the best known plan, or from another one if there is, shaken in a few places. */
function restart(search: Search): void {
  const { kernel, foreign, current, best, random } = search;
  if (foreign !== null && foreign.value < best.value) {
    adoptPlan(kernel, current, foreign.plan, foreign.value);
  } else {
    copyCandidate(best, current);
  }
  search.foreign = null;
  const trial = createCandidate(kernel.problem.tasks.count);
  copyCandidate(current, trial);
  const moves = movesOf(kernel);
  const shakes = 2 + randomInteger(random, 1 + Math.floor(kernel.movable.length / 20));
  for (let shake = 0; shake < shakes; shake += 1) {
    const task = kernel.movable[randomInteger(random, kernel.movable.length)] as number;
    moves[randomInteger(random, moves.length)]?.(kernel, trial, random, task);
  }
  keepLeftOut(kernel, current, trial);
  const value = decodeDraft(kernel, search.draft, trial.order, trial, Number.POSITIVE_INFINITY);
  if (value === Number.POSITIVE_INFINITY) return;
  adoptNear(kernel, current, search.draft, trial.order, value);
  if (isBetter(value, best.value)) {
    copyCandidate(current, best);
    notePlan(search);
  }
}

/**
 * A quarter to a half of the draws fall on a chain that makes the makespan, as the makespan makes the
 * value.
 */
function drawTask(search: Search, chain: readonly number[]): number {
  const { kernel, random } = search;
  const task =
    chain.length > 0 && random() < 0.25 + 0.25 * makespanShare(search)
      ? chain[randomInteger(random, chain.length)]
      : kernel.movable[randomInteger(random, kernel.movable.length)];
  return task as number;
}

function makespanShare({ kernel, current }: Search): number {
  const { weights, tickMs } = kernel.problem;
  const last = current.end[current.order[current.order.length - 1] as number] as number;
  if (current.value <= 0) return 0;
  return Math.min(1, (weights.makespan * last * tickMs) / 1000 / current.value);
}

/**
 * Movable tasks of one chain, from the last end backwards, each waiting for the one before it or
 * for room on its worker.
 */
function criticalChain(kernel: Kernel, candidate: Candidate): number[] {
  const { problem, prepared } = kernel;
  if (problem.weights.makespan === 0) return [];
  const { order, position, start, end, worker } = candidate;
  let task = order[0] as number;
  for (const other of order) if ((end[other] as number) > (end[task] as number)) task = other;
  const chain: number[] = [];
  const { predecessorFirst, predecessor, predecessorLag } = prepared.graph;
  while (problem.tasks.state[task] !== taskRunning) {
    if (!isMilestone(problem, task)) chain.push(task);
    const from = start[task] as number;
    let blocker = none;
    const last = predecessorFirst[task + 1] as number;
    for (let k = predecessorFirst[task] as number; k < last && blocker === none; k += 1) {
      const before = predecessor[k] as number;
      if ((end[before] as number) + (predecessorLag[k] as number) === from) blocker = before;
    }
    for (let at = (position[task] as number) - 1; at >= 0 && blocker === none; at -= 1) {
      const before = order[at] as number;
      if (worker[before] === worker[task] && end[before] === from && start[before] !== from) {
        blocker = before;
      }
    }
    if (blocker === none) break;
    task = blocker;
  }
  return chain.filter((member) => problem.tasks.state[member] === 0);
}

/** Moves that paid lately are drawn more often; none is given up. */
interface Bandit {
  readonly weight: Float64Array;
}

const createBandit = (arms: number): Bandit => ({ weight: new Float64Array(arms).fill(0.1) });

function drawMove(bandit: Bandit, random: () => number): number {
  const { weight } = bandit;
  let total = 0;
  for (const value of weight) total += value;
  let draw = random() * total;
  for (let arm = 0; arm < weight.length; arm += 1) {
    draw -= weight[arm] as number;
    if (draw < 0) return arm;
  }
  return weight.length - 1;
}

function reward(bandit: Bandit, arm: number, improved: boolean): void {
  const old = bandit.weight[arm] as number;
  bandit.weight[arm] = Math.max(0.01, 0.99 * old + 0.01 * (improved ? 1 : 0));
}
