/**
 * The search of both shop engines: tabu searches from active schedules, then from what lies between
 * two members of a pool of elites (TS/PR: Peng, Lü & Cheng 2015; González, Vela & Varela 2015 for
 * flexible shops). A generator: every `yield` is a point where the run may pause.
 */
import type { Plan } from "../../core/plan.js";
import { randomInteger } from "../../core/random.js";
import {
  createDispatcher,
  type Dispatcher,
  dispatch,
  isHuge,
  layOutGreedy,
  layOutPlan,
  type Rule,
  rules,
} from "./dispatch.js";
import { layOut } from "./lay-out.js";
import type { ShopModel } from "./model.js";
import { type Blend, createBlend, offerToPool, type Pool, relink } from "./pool.js";
import { createSchedule, type Schedule } from "./schedule.js";
import {
  beginTabu,
  copySnapshot,
  createSnapshot,
  createTabuSearch,
  type Neighbourhood,
  type Snapshot,
  saveSnapshot,
  type TabuSearch,
  tabuStep,
} from "./tabu.js";

export interface ShopSearch {
  readonly model: ShopModel;
  readonly schedule: Schedule;
  readonly dispatcher: Dispatcher;
  readonly tabu: TabuSearch;
  readonly pool: Pool;
  readonly blend: Blend;
  readonly random: () => number;
  /** Best of all. */
  readonly best: Snapshot;
  /** Proven: no schedule ends earlier. */
  readonly bound: number;
  /** A plan from elsewhere, not yet looked at. */
  foreign: Plan | null;
  /** The best of the rules. */
  rule: Rule;
  /** Tabu searches in a row that gave nothing to the pool. */
  vain: number;
  /** Pools that have converged. */
  rounds: number;
}

/** Elementary steps between two pauses. */
const pauseSteps = 4_096;
const poolSize = 8;

export function createShopSearch(
  model: ShopModel,
  random: () => number,
  neighbourhood: Neighbourhood,
  bound: number,
): ShopSearch {
  const schedule = createSchedule(model);
  return {
    model,
    schedule,
    dispatcher: createDispatcher(model),
    tabu: createTabuSearch(schedule, random, neighbourhood),
    pool: { sizeMax: poolSize, members: [] },
    blend: createBlend(model.count),
    random,
    best: createSnapshot(model.count),
    bound,
    foreign: null,
    rule: rules[0] as Rule,
    vain: 0,
    rounds: 0,
  };
}

/** Ends only with a proof. */
export function* explore(search: ShopSearch): Generator<void, void, void> {
  const { schedule, dispatcher, pool, random } = search;
  yield* begin(search);
  while (true) {
    yield* climb(search);
    if (search.best.makespan <= search.bound) return;
    adoptForeign(search);
    if (search.vain > 2 * pool.sizeMax) startAnew(search);
    const isFull = pool.members.length >= pool.sizeMax;
    if (pool.members.length < 2 || (!isFull && random() < 0.7)) {
      dispatch(dispatcher, schedule, ruleOf(search), random, 0.3);
    } else {
      between(search);
    }
  }
}

/** First schedules: by the rules, or greedily where there are too many tasks for that; the best stays. */
function* begin(search: ShopSearch): Generator<void, void, void> {
  const { schedule, dispatcher, random, model, best } = search;
  if (isHuge(model)) {
    const foreign = takeForeign(search);
    if (foreign !== null && layOutPlan(dispatcher, schedule, foreign)) return;
    if (layOutGreedy(dispatcher, schedule)) return;
  }
  for (const rule of rules) {
    dispatch(dispatcher, schedule, rule, random, 0);
    if (schedule.makespan < best.makespan) {
      saveSnapshot(schedule, best);
      search.rule = rule;
    }
    yield;
  }
  const foreign = takeForeign(search);
  // A plan that was repaired, or improved before, may be far better than what the rules make.
  if (foreign !== null && layOutPlan(dispatcher, schedule, foreign)) {
    if (schedule.makespan < best.makespan) saveSnapshot(schedule, best);
  }
  layOut(schedule, best.way, best.order);
}

/** For another schedule to begin with: mostly the rule that was best. */
function ruleOf({ rule, random }: ShopSearch): Rule {
  return random() < 0.5 ? rule : (rules[randomInteger(random, rules.length)] as Rule);
}

/**
 * Iterations without a better schedule after which a tabu search gives up: few at first, for many
 * starts and a pool soon, more each time that a pool has converged.
 */
function patienceOf({ model, rounds }: ShopSearch): number {
  return (600 + 4 * Math.min(model.count, 1_000)) * 2 ** Math.min(rounds, 4);
}

function takeForeign(search: ShopSearch): Plan | null {
  const { foreign } = search;
  search.foreign = null;
  return foreign;
}

/** What others found is a partner for relinking, not a place to search from: they do that. */
function adoptForeign(search: ShopSearch): void {
  const { schedule, dispatcher, tabu, pool, model, best } = search;
  const foreign = takeForeign(search);
  if (foreign === null || !layOutPlan(dispatcher, schedule, foreign)) return;
  saveSnapshot(schedule, tabu.best);
  if (tabu.best.makespan < best.makespan) copySnapshot(tabu.best, best);
  offerToPool(pool, model, tabu.best);
}

/** A pool that nothing new enters has converged: only the best of all stays. */
function startAnew(search: ShopSearch): void {
  const { pool, model, best } = search;
  pool.members.length = 0;
  offerToPool(pool, model, best);
  search.vain = 0;
  search.rounds += 1;
}

/** Lays out what lies between two members of the pool. */
function between({ schedule, pool, random, blend }: ShopSearch): void {
  const { members } = pool;
  const first = randomInteger(random, members.length);
  const second = (first + 1 + randomInteger(random, members.length - 1)) % members.length;
  const a = members[first] as Snapshot;
  const b = members[second] as Snapshot;
  relink(schedule, blend, a, b, 0.2 + 0.6 * random(), random);
}

/** One tabu search from the schedule as it is laid out. */
function* climb(search: ShopSearch): Generator<void, void, void> {
  const { tabu, schedule, best, pool, model } = search;
  const patience = patienceOf(search);
  beginTabu(tabu);
  if (tabu.best.makespan < best.makespan) copySnapshot(tabu.best, best);
  yield;
  let since = tabu.iteration;
  let known = tabu.best.makespan;
  let pausedAt = schedule.steps;
  while (tabu.iteration - since < patience && best.makespan > search.bound) {
    if (!tabuStep(tabu)) break;
    if (tabu.best.makespan < known) {
      known = tabu.best.makespan;
      since = tabu.iteration;
      if (known < best.makespan) copySnapshot(tabu.best, best);
    }
    if (schedule.steps - pausedAt < pauseSteps) continue;
    yield;
    pausedAt = schedule.steps;
  }
  search.vain = offerToPool(pool, model, tabu.best) ? 0 : search.vain + 1;
}
