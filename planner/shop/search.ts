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
  layOutFirst,
  layOutPlan,
} from "./dispatch.js";
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
  };
}

/** Ends only with a proof. */
export function* explore(search: ShopSearch): Generator<void, void, void> {
  const { schedule, dispatcher, pool, random } = search;
  layOutFirst(dispatcher, schedule, random, takeForeign(search));
  const patience = patienceOf(search.model);
  yield* climb(search, patience);
  while (search.best.makespan > search.bound) {
    const foreign = takeForeign(search);
    if (foreign !== null && layOutPlan(dispatcher, schedule, foreign)) {
      yield* climb(search, patience);
    } else if (pool.members.length < pool.sizeMax && random() < 0.7) {
      dispatch(dispatcher, schedule, random, 0.3);
      yield* climb(search, patience);
    } else {
      between(search);
      yield* climb(search, patience);
    }
  }
}

/** Iterations without a better schedule after which a tabu search gives up. */
const patienceOf = (model: ShopModel): number => 2_000 + 10 * Math.min(model.count, 1_000);

function takeForeign(search: ShopSearch): Plan | null {
  const { foreign } = search;
  search.foreign = null;
  return foreign;
}

/** Lays out what lies between two members of the pool. */
function between(search: ShopSearch): void {
  const { schedule, pool, random, dispatcher } = search;
  const { members } = pool;
  const first = randomInteger(random, members.length);
  const a = members[first];
  const b = members[(first + 1 + randomInteger(random, members.length - 1)) % members.length];
  if (a === undefined || b === undefined || a === b) dispatch(dispatcher, schedule, random, 0.3);
  else relink(schedule, search.blend, a, b, 0.2 + 0.6 * random(), random);
}

/** One tabu search from the schedule as it is laid out. */
function* climb(search: ShopSearch, patience: number): Generator<void, void, void> {
  const { tabu, schedule, best, pool, model } = search;
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
  offerToPool(pool, model, tabu.best);
}
