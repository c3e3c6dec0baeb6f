/**
 * Late-acceptance hill climbing (Burke & Bykov 2017) over orders and workers. It needs no
 * exponentials, so that a run repeats bit by bit everywhere.
 */
import { randomInteger } from "../../../core/random.js";
import {
  adoptNear,
  adoptPlan,
  type Candidate,
  copyCandidate,
  createCandidate,
  keepLeftOut,
} from "../../schedule/candidate.js";
import {
  checkpointBefore,
  firstChange,
  firstDifference,
  invalidateFrom,
} from "../../schedule/checkpoints.js";
import { criticalChain } from "../../schedule/critical-chain.js";
import { type Draft, decodeDraft } from "../../schedule/draft.js";
import { movesOf } from "../../schedule/moves.js";
import { drawThrift, offerCurrent, type Search } from "../../schedule/search.js";

/** Local search until it stagnates. */
export function* climb(search: Search): Generator<void, void, void> {
  const { kernel, draft, random, current, checkpoints } = search;
  checkpoints.valid = 0;
  const tasks = kernel.problem.tasks.count;
  const trial = createCandidate(tasks);
  const next = createCandidate(tasks);
  const historyLength = Math.max(8, Math.min(600, Math.floor(30_000 / tasks)));
  const history = new Float64Array(historyLength).fill(current.value);
  const patience = 40 * historyLength + 2_000;
  const moves = movesOf(kernel);
  const bandit = createBandit(moves.length);
  let chain = chainOf(search);
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
    if (kernel.hasTolls) draft.thrift = drawThrift(random);
    const bar = limit * (1 + 1e-12) + 1e-12;
    const value = decodeDraft(kernel, draft, trial.order, trial, bar, checkpoint);
    sinceBest += 1;
    const before = current.value;
    if (value !== Number.POSITIVE_INFINITY) {
      adoptNear(kernel, next, draft, trial.order, value);
      invalidateFrom(checkpoints, firstDifference(kernel, current, next));
      copyCandidate(next, current);
      chain = chainOf(search);
      const bestBefore = search.best.value;
      if (offerCurrent(search) && value < bestBefore * (1 - 1e-6)) sinceBest = 0;
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
export function restart(search: Search): void {
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
  offerCurrent(search);
}

const chainOf = ({ kernel, current }: Search): Int32Array =>
  kernel.problem.weights.makespan === 0 ? new Int32Array(0) : criticalChain(kernel, current);

/**
 * A quarter to a half of the draws fall on a chain that makes the makespan, as the makespan makes the
 * value.
 */
function drawTask(search: Search, chain: Int32Array): number {
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
