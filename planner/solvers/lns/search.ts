/**
 * Large neighbourhood search over schedules (Shaw 1998; partial-order schedules: Godard, Laborie &
 * Nuijten 2005). Each step takes some tasks out of the schedule, keeps the order and the places of
 * the others, puts the tasks back by one of several rules and decodes what follows the first change,
 * stopping where the value cannot be good enough any more. Neighbourhood, size and rule are drawn by
 * what has paid; worse schedules are accepted as in annealing.
 *
 * A generator: every `yield` is a point where the run may pause.
 */
import { type Choice, choiceOf, freeChoice } from "../../../core/decode.js";
import type { Plan } from "../../../core/plan.js";
import { isMilestone, none, previousNever, taskFree } from "../../../core/problem.js";
import { randomInteger } from "../../../core/random.js";
import { repair } from "../../../core/repair.js";
import {
  adopt,
  adoptNear,
  adoptPlan,
  type Candidate,
  copyCandidate,
  createCandidate,
  planOfDraft,
} from "../../schedule/candidate.js";
import {
  type Checkpoints,
  checkpointBefore,
  createCheckpoints,
  firstChange,
  firstDifference,
  invalidateFrom,
} from "../../schedule/checkpoints.js";
import { createDraft, type Draft, decodeDraft } from "../../schedule/draft.js";
import { justify } from "../../schedule/justify.js";
import type { Kernel } from "../../schedule/kernel.js";
import { orderByKeys, ruleOrders } from "../../schedule/orders.js";
import { type Bandit, createBandit, draw, reward } from "./bandit.js";
import { allowance, cool, createCooling } from "./cooling.js";
import {
  criticalChain,
  type Neighbourhood,
  neighbourhoodsOf,
  type Surroundings,
} from "./neighbourhoods.js";
import { createReinsertion, reinsert, styles } from "./reinsert.js";
import { clearRelaxed, createRelaxed } from "./relaxed.js";

export interface Search {
  readonly kernel: Kernel;
  readonly draft: Draft;
  readonly random: () => number;
  readonly current: Candidate;
  readonly best: Candidate;
  readonly checkpoints: Checkpoints;
  /** The plan of `best`; null before there is one. */
  plan: Plan | null;
  /** A better plan from elsewhere, not yet taken up. */
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
    checkpoints: createCheckpoints(kernel),
    plan: null,
    foreign: null,
  };
}

/** Ends only where there is nothing to choose. */
export function* explore(search: Search): Generator<void, void, void> {
  const disturbed = yield* startFromRepair(search);
  yield* startFromRules(search);
  if (search.best.value === Number.POSITIVE_INFINITY) return;
  const movable = movableOf(search.kernel);
  if (movable.length === 0) return;
  yield* improve(search, movable, disturbed);
}

const movableOf = (kernel: Kernel): Int32Array =>
  kernel.movable.filter((task) => kernel.problem.tasks.state[task] === taskFree);

/** Larger problems leave the repair of a plan to those who make it at once. */
const repairTasksMax = 20_000;

/** The previous plan, repaired; returns the tasks that had lost their place. */
function* startFromRepair(search: Search): Generator<void, Int32Array, void> {
  const { kernel } = search;
  const { tasks } = kernel.problem;
  const nothing = new Int32Array(0);
  const isNew = tasks.previousStart.every((start) => start === previousNever);
  if (isNew || tasks.count > repairTasksMax) return nothing;
  const { plan, disturbed, unplaced } = repair(kernel.problem);
  search.draft.workUnits += 4 * tasks.count;
  if (unplaced === 0) {
    yield* decodeAll(search, orderByKeys(kernel, Float64Array.from(plan.start)), choiceOf(plan));
  }
  // What is new was never anywhere: only lost places are worth a neighbourhood of their own.
  return disturbed.filter((task) => tasks.state[task] === taskFree && !isMilestone(kernel.problem, task));
}

/** How dearly what a place costs is taken against when the task ends there. */
const thrifts = [0, 1, 4] as const;

/** The rules of core, each justified once, as far as they get below the best so far. */
function* startFromRules(search: Search): Generator<void, void, void> {
  const { kernel, draft } = search;
  const choice = freeChoice(kernel.problem);
  for (const order of ruleOrders(kernel)) {
    if (kernel.hasTolls) draft.thrift = thrifts[randomInteger(search.random, 3)] as number;
    yield* decodeAll(search, order, choice);
    takeForeign(search);
  }
}

function* decodeAll(
  search: Search,
  order: Int32Array,
  choice: Choice,
): Generator<void, void, void> {
  const { kernel, draft, best } = search;
  // Justification gains some percent, no more: what is far off is not worth it.
  const value = decodeDraft(kernel, draft, order, choice, best.value * 1.05);
  if (value === Number.POSITIVE_INFINITY) return yield;
  if (value < best.value) keep(search, value);
  yield;
  const justified = justify(kernel, draft, choice, best.value);
  if (justified < best.value) keep(search, justified);
  yield;
}

/** The draft is the best so far, and where the search goes on. */
function keep(search: Search, value: number): void {
  adopt(search.kernel, search.best, search.draft, value);
  copyCandidate(search.best, search.current);
  search.checkpoints.valid = 0;
  notePlan(search);
}

function notePlan(search: Search): void {
  if (search.draft.misses === 0) search.plan = planOfDraft(search.kernel, search.draft);
}

/** Goes on from a plan of others, if it is better than the own best. */
function takeForeign(search: Search): void {
  const { foreign, best, kernel } = search;
  search.foreign = null;
  if (foreign === null || foreign.value >= best.value) return;
  adoptPlan(kernel, best, foreign.plan, foreign.value);
  copyCandidate(best, search.current);
  search.checkpoints.valid = 0;
  search.plan = foreign.plan;
}

const sizes = [1, 2, 4, 8, 16, 32, 64] as const;

/** What the search draws from, and how it has gone. */
interface Wheel {
  readonly neighbourhoods: readonly Neighbourhood[];
  readonly byNeighbourhood: Bandit;
  readonly bySize: Bandit;
  readonly byStyle: Bandit;
  readonly sizes: readonly number[];
}

function createWheel(kernel: Kernel, disturbed: Int32Array, movable: number): Wheel {
  const neighbourhoods = neighbourhoodsOf(kernel, disturbed);
  const fitting = sizes.filter((size) => size <= Math.max(2, movable));
  return {
    neighbourhoods,
    byNeighbourhood: createBandit(neighbourhoods.length),
    bySize: createBandit(fitting.length),
    byStyle: createBandit(styles.length),
    sizes: fitting,
  };
}

function* improve(
  search: Search,
  movable: Int32Array,
  disturbed: Int32Array,
): Generator<void, void, void> {
  const { kernel, draft, random, current, best, checkpoints } = search;
  const tasks = kernel.problem.tasks.count;
  const trial = createCandidate(tasks);
  const next = createCandidate(tasks);
  const relaxed = createRelaxed(tasks);
  const reinsertion = createReinsertion(kernel, random);
  const cooling = createCooling(tasks);
  const wheel = createWheel(kernel, disturbed, movable.length);
  const chain = (): Int32Array =>
    kernel.problem.weights.makespan > 0 ? criticalChain(kernel, current) : new Int32Array(0);
  const around: Surroundings = { kernel, current, random, movable, chain: chain(), disturbed };
  let chainOf = current.value;
  while (true) {
    if (search.foreign !== null) takeForeign(search);
    if (current.value !== chainOf) {
      around.chain = chain();
      chainOf = current.value;
    }
    const arm = draw(wheel.byNeighbourhood, random);
    const size = draw(wheel.bySize, random);
    const style = draw(wheel.byStyle, random);
    clearRelaxed(relaxed);
    wheel.neighbourhoods[arm]?.(around, relaxed, wheel.sizes[size] as number);
    if (relaxed.count === 0) {
      draft.workUnits += 1;
      yield;
      continue;
    }
    const before = draft.workUnits;
    copyCandidate(current, trial);
    reinsert(reinsertion, trial, relaxed, style);
    if (kernel.hasTolls) draft.thrift = thrifts[randomInteger(random, 3)] as number;
    const bar = current.value + best.value * allowance(cooling, random);
    const value = decodeTrial(search, trial, bar * (1 + 1e-12) + 1e-12);
    let gain = 0;
    if (value !== Number.POSITIVE_INFINITY) {
      gain = value < current.value ? 1 : 0;
      adoptNear(kernel, next, draft, trial.order, value);
      invalidateFrom(checkpoints, firstDifference(kernel, current, next));
      copyCandidate(next, current);
      if (value * (1 + 1e-12) < best.value) {
        gain = 4;
        copyCandidate(current, best);
        notePlan(search);
      }
    }
    // Orders are copied and compared in whole, whatever little of them is decoded.
    draft.workUnits += tasks >> 4;
    const work = draft.workUnits - before;
    reward(wheel.byNeighbourhood, arm, gain, work);
    reward(wheel.bySize, size, gain, work);
    reward(wheel.byStyle, style, gain, work);
    if (cool(cooling)) {
      copyCandidate(best, current);
      checkpoints.valid = 0;
    }
    yield;
  }
}

/** Decodes from the checkpoint before the first place at which the trial differs. */
function decodeTrial(search: Search, trial: Candidate, bar: number): number {
  const { kernel, draft, current, checkpoints } = search;
  const place = firstChange(kernel, current, trial);
  const checkpoint = checkpointBefore(kernel, checkpoints, current, place);
  if (checkpoint !== null) {
    draft.option.set(current.option);
    draft.worker.set(current.worker);
    draft.start.set(current.start);
    draft.end.set(current.end);
    draft.devices.set(current.devices);
  }
  return decodeDraft(kernel, draft, trial.order, trial, bar, checkpoint);
}

export const isEmpty = ({ kernel }: Search): boolean =>
  kernel.problem.tasks.count === 0 || kernel.impossible !== none;
