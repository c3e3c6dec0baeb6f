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
  keepLeftOut,
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
import { lookAhead } from "../../schedule/peft.js";
import { type Bandit, createBandit, draw, reward } from "./bandit.js";
import { allowance, type Cooling, cool, createCooling } from "./cooling.js";
import { beginLocal, createLocal, type Local, takeStep } from "./local.js";
import {
  criticalChain,
  type Neighbourhood,
  neighbourhoodsOf,
  type Surroundings,
} from "./neighbourhoods.js";
import {
  createReinsertion,
  freePlaces,
  orderKeys,
  type Reinsertion,
  reinsert,
  styles,
} from "./reinsert.js";
import { clearRelaxed, createRelaxed, type Relaxed } from "./relaxed.js";

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
  return disturbed.filter(
    (task) => tasks.state[task] === taskFree && !isMilestone(kernel.problem, task),
  );
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
  const ahead = lookAhead(kernel);
  if (ahead === null) return;
  search.draft.ahead = ahead.cost;
  yield* decodeAll(search, ahead.order, choice);
  search.draft.ahead = null;
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

/** What the search draws from, how it has gone, and the memory that its steps share. */
interface Wheel {
  readonly neighbourhoods: readonly Neighbourhood[];
  readonly byNeighbourhood: Bandit;
  /** Steps that decode cost about the same whatever their size, others do not. */
  readonly bySizeDecoded: Bandit;
  readonly bySizeLocal: Bandit;
  readonly byStyle: Bandit;
  readonly sizes: readonly number[];
  readonly cooling: Cooling;
  readonly relaxed: Relaxed;
  readonly reinsertion: Reinsertion;
  readonly local: Local;
  readonly trial: Candidate;
  readonly next: Candidate;
  readonly around: Surroundings;
}

function createWheel(search: Search, movable: Int32Array, disturbed: Int32Array): Wheel {
  const { kernel, random, current, draft } = search;
  const { count } = kernel.problem.tasks;
  const neighbourhoods = neighbourhoodsOf(kernel, disturbed);
  const fitting = sizes.filter((size) => size <= Math.max(2, movable.length));
  const reinsertion = createReinsertion(kernel, random);
  const chain = new Int32Array(0);
  return {
    neighbourhoods,
    byNeighbourhood: createBandit(neighbourhoods.map(() => 1)),
    bySizeDecoded: createBandit(fitting.map((size) => count + 40 * size)),
    bySizeLocal: createBandit(fitting),
    byStyle: createBandit(styles.map(() => 1)),
    sizes: fitting,
    cooling: createCooling(count),
    relaxed: createRelaxed(count),
    reinsertion,
    local: createLocal(kernel, draft, reinsertion.key),
    trial: createCandidate(count),
    next: createCandidate(count),
    around: { kernel, current, random, movable, chain, disturbed },
  };
}

/** Batches of steps that decode from the first change on, and of steps that touch a few tasks only. */
function* improve(
  search: Search,
  movable: Int32Array,
  disturbed: Int32Array,
): Generator<void, void, void> {
  const { draft, best, random } = search;
  const wheel = createWheel(search, movable, disturbed);
  const batches = [decodeBatch, localBatch] as const;
  const byBatch = createBandit([1, 1]);
  while (true) {
    if (search.foreign !== null) takeForeign(search);
    refreshChain(search, wheel);
    const arm = draw(byBatch, random);
    const before = draft.workUnits;
    const value = best.value;
    yield* (batches[arm] as typeof decodeBatch)(search, wheel);
    // A gain of a thousandth in one batch is a good one.
    const gain = value > 0 ? Math.min(4, (1000 * (value - best.value)) / value) : 0;
    reward(byBatch, arm, gain, draft.workUnits - before);
  }
}

function refreshChain(search: Search, wheel: Wheel): void {
  if (search.kernel.problem.weights.makespan === 0) return;
  wheel.around.chain = criticalChain(search.kernel, search.current);
}

/** Work of a batch, per task and besides. */
const batchWork = (tasks: number): number => 24 * tasks + 4_000;

function* decodeBatch(search: Search, wheel: Wheel): Generator<void, void, void> {
  const { kernel, draft, current, best, checkpoints, random } = search;
  const tasks = kernel.problem.tasks.count;
  const { trial, next, around, relaxed, cooling } = wheel;
  const until = draft.workUnits + batchWork(tasks);
  around.current = current;
  while (draft.workUnits < until && search.foreign === null) {
    const before = draft.workUnits;
    const drawn = drawStep(search, wheel, wheel.bySizeDecoded);
    if (drawn === null) continue;
    copyCandidate(current, trial);
    reinsert(wheel.reinsertion, trial, relaxed, drawn.style);
    keepLeftOut(kernel, current, trial);
    const bar = current.value + best.value * allowance(cooling, random);
    const value = decodeTrial(search, trial, bar * (1 + 1e-12) + 1e-12);
    let gain = 0;
    if (value !== Number.POSITIVE_INFINITY) {
      gain = value < current.value ? 1 : 0;
      adoptNear(kernel, next, draft, trial.order, value);
      invalidateFrom(checkpoints, firstDifference(kernel, current, next));
      copyCandidate(next, current);
      if (noteBest(search)) gain = 4;
    }
    // Orders are copied and compared in whole, whatever little of them is decoded.
    draft.workUnits += tasks >> 4;
    rewardStep(wheel, drawn, gain, draft.workUnits - before);
    if (cool(cooling)) goBack(search);
    yield;
  }
}

/** The draft is what `current` holds: keeps it if it is the best so far. */
function noteBest(search: Search): boolean {
  const { current, best } = search;
  if (current.value * (1 + 1e-12) >= best.value) return false;
  copyCandidate(current, best);
  notePlan(search);
  return true;
}

function goBack({ best, current, checkpoints }: Search): void {
  copyCandidate(best, current);
  checkpoints.valid = 0;
}

interface Drawn {
  readonly bySize: Bandit;
  readonly arm: number;
  readonly size: number;
  readonly style: number;
}

/** Fills `wheel.relaxed`; null if the neighbourhood had nothing in it. */
function drawStep(search: Search, wheel: Wheel, bySize: Bandit): Drawn | null {
  const { draft, random, kernel } = search;
  const { relaxed } = wheel;
  const arm = draw(wheel.byNeighbourhood, random);
  const size = draw(bySize, random);
  const style = draw(wheel.byStyle, random);
  clearRelaxed(relaxed);
  wheel.neighbourhoods[arm]?.(wheel.around, relaxed, wheel.sizes[size] as number);
  draft.workUnits += 1;
  if (kernel.hasTolls) draft.thrift = thrifts[randomInteger(random, 3)] as number;
  return relaxed.count === 0 ? null : { bySize, arm, size, style };
}

function rewardStep(wheel: Wheel, drawn: Drawn, gain: number, work: number): void {
  const { bySize, arm, size, style } = drawn;
  reward(wheel.byNeighbourhood, arm, gain, work);
  reward(bySize, size, gain, work);
  reward(wheel.byStyle, style, gain, work);
}

function* localBatch(search: Search, wheel: Wheel): Generator<void, void, void> {
  const { kernel, draft, current, best, random, checkpoints } = search;
  const { trial, local, around, relaxed, cooling } = wheel;
  const tasks = kernel.problem.tasks.count;
  const until = draft.workUnits + batchWork(tasks);
  copyCandidate(current, trial);
  let value = decodeDraft(kernel, draft, trial.order, trial, Number.POSITIVE_INFINITY);
  if (value === Number.POSITIVE_INFINITY) return;
  beginLocal(local);
  // The draft's own columns are the schedule now; the order is as good as it was.
  around.current = { ...draftColumns(draft), order: trial.order, position: trial.position, value };
  while (draft.workUnits < until && search.foreign === null) {
    const before = draft.workUnits;
    const drawn = drawStep(search, wheel, wheel.bySizeLocal);
    if (drawn === null) continue;
    const list = orderKeys(wheel.reinsertion, around.current, relaxed, drawn.style);
    for (const task of list) {
      trial.option[task] = draft.option[task] as number;
      trial.worker[task] = draft.worker[task] as number;
    }
    freePlaces(wheel.reinsertion, trial, list);
    const change = takeStep(local, {
      list,
      position: trial.position,
      option: trial.option,
      worker: trial.worker,
      allowance: best.value * allowance(cooling, random) + 1e-12,
    });
    let gain = 0;
    if (change !== Number.POSITIVE_INFINITY) {
      value += change;
      if (change < 0) gain = value < best.value ? 4 : 1;
    }
    rewardStep(wheel, drawn, gain, draft.workUnits - before);
    cool(cooling);
    yield;
  }
  closeGaps(search, wheel, value);
  checkpoints.valid = 0;
}

const draftColumns = ({ option, worker, start, end, devices }: Draft) => ({
  option,
  worker,
  start,
  end,
  devices,
});

/** Decodes the order of the present starts, with places as they are: nothing ends later. */
function closeGaps(search: Search, wheel: Wheel, value: number): void {
  const { kernel, draft, current } = search;
  adopt(kernel, wheel.next, draft, value);
  const { order } = wheel.next;
  const decoded = decodeDraft(kernel, draft, order, wheel.next, Number.POSITIVE_INFINITY);
  if (decoded === Number.POSITIVE_INFINITY) return;
  adoptNear(kernel, current, draft, order, decoded);
  noteBest(search);
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
