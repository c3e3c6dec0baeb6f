/**
 * Search with restarts, learning from every conflict. Restarts come in two kinds, in turn: one looks
 * for plans better than the best known; the other probes from below, by assuming a value that is too
 * good to be true. What refutes the assumption raises the bound (destructive bounds, Klein & Scholl
 * 1999), and the clauses of either kind serve the other.
 *
 * Decisions: the most active atom, as the best plan has it (solution-guided phase saving: Beck 2007;
 * Demirović, Chu & Stuckey 2018). Where no atom is active, the task that can start earliest starts.
 */
import { evaluate } from "../../../core/check.js";
import type { Plan } from "../../../core/plan.js";
import { seededRandom } from "../../../core/random.js";
import { createActivity, decay, putBack, thinOut } from "./activity.js";
import { analyze, createLesson } from "./analyze.js";
import { branchActive, nextAssumption, type Search } from "./branch.js";
import { reduceClauses, storeClause } from "./clauses.js";
import { reasonClause } from "./engine.js";
import type { Model } from "./model.js";
import { assumptionsAround, tasksInWindow } from "./neighbourhood.js";
import { cutOff, valueAt } from "./objective.js";
import { propagate } from "./propagate.js";
import { planOf, unset, valuesOf } from "./schedule.js";
import { backtrack, decide, post, settle } from "./trail.js";

const patienceUnit = 100;
/** Restarts in turn: freely, from below, near the best plan. */
const kinds = 3;
const freeFirst = 12;
const clausesFirst = 3_000;
const clausesGrowth = 200;
/** Integers of clauses; beyond that half of the learned ones go at the next restart. */
const clauseIntsMax = 1 << 24;

export function createSearch(model: Model, seed: number): Search {
  const search: Search = {
    model,
    activity: createActivity(model.ordersSuffice),
    lesson: createLesson(),
    plan: null,
    value: Number.POSITIVE_INFINITY,
    phase: new Int32Array(model.engine.sides >> 1).fill(unset),
    hasPhase: false,
    bound: 0,
    done: model.impossible,
    restarts: 0,
    patience: 0,
    probe: Number.POSITIVE_INFINITY,
    probeStep: 0,
    assumptions: [],
    exhausted: false,
    freeTasks: freeFirst,
    random: seededRandom(seed),
    clausesMax: clausesFirst,
    steps: 0,
  };
  if (!search.done) begin(search);
  return search;
}

/** Takes up a feasible plan of that value; the search goes on for better ones only. */
export function adopt(search: Search, plan: Plan, value: number): void {
  if (value >= search.value || search.done) return;
  search.plan = plan;
  search.value = value;
  search.phase = valuesOf(search.model, plan);
  search.hasPhase = true;
  restart(search);
  if (!search.done) limit(search, cutOff(search.model.objective, value));
}

/** True: a better plan was found. Returns at the latest when `work` is spent, or on interruption. */
export function explore(search: Search, work: number, interrupted: () => boolean): boolean {
  const { engine } = search.model;
  const end = engine.work + work;
  let steps = 0;
  while (!search.done && engine.work < end) {
    steps += 1;
    if ((steps & 63) === 0 && interrupted()) return false;
    if (!propagate(engine)) {
      learn(search);
      continue;
    }
    if (engine.level === 0) {
      settle(engine);
      noteBound(search);
      if (search.patience <= 0) begin(search);
    } else if (search.patience <= 0) {
      // Too large to be searched in so many conflicts.
      if (search.assumptions.length > 0 && search.freeTasks > freeFirst) search.freeTasks -= 1;
      restart(search);
      begin(search);
      continue;
    }
    if (!branch(search)) {
      takeSolution(search);
      return true;
    }
  }
  return false;
}

/**
 * A sub-problem: only the tasks in `free` (1) may move from where the best plan has them, for at most
 * so many conflicts. "exhausted": no plan near it is better. What is learned stays for later calls.
 */
export function exploreNear(
  search: Search,
  free: Uint8Array,
  conflictsMax: number,
): "better" | "exhausted" | "limit" {
  restart(search);
  if (search.done || search.plan === null) return "exhausted";
  search.probe = Number.POSITIVE_INFINITY;
  search.patience = conflictsMax;
  search.exhausted = false;
  search.assumptions = assumptionsAround(search.model, search.phase, free);
  // Small steps of work, so that the end of the patience is not overrun by a restart's begin.
  while (!search.done && search.patience > 0) {
    if (explore(search, 1, () => false)) return "better";
    if (search.exhausted) return "exhausted";
  }
  return search.done ? "exhausted" : "limit";
}

function learn(search: Search): void {
  const { engine } = search.model;
  const { lesson, activity } = search;
  analyze(engine, lesson, activity);
  if (lesson.level < 0) return finish(search);
  backtrack(engine, lesson.level);
  putBack(activity, lesson.level);
  const [side, value] = [lesson.atoms[0] as number, lesson.atoms[1] as number];
  const clause =
    lesson.length > 2 ? storeClause(engine, lesson.atoms, lesson.length, lesson.glue) : 0;
  post(engine, side, value, clause === 0 ? 0 : clause * 4 + reasonClause);
  decay(activity);
  engine.clauseBump += engine.clauseBump >> 6 || 1;
  search.patience -= 1;
}

/** Nothing has a value as low as the variable may have: nothing is better than what is known. */
function finish(search: Search): void {
  const { engine, objective, problem } = search.model;
  search.done = true;
  if (search.plan === null) return;
  const most = -(engine.low[objective.side ^ 1] as number);
  search.bound = Math.max(search.bound, valueAt(objective, most + 1, problem));
}

/** At level 0: the variable stays below what a plan reached. */
function limit(search: Search, most: number): void {
  const { engine, objective } = search.model;
  if (post(engine, objective.side ^ 1, -most, 0)) return;
  noteBound(search);
  search.done = true;
}

function noteBound(search: Search): void {
  const { engine, objective, problem } = search.model;
  const bound = valueAt(objective, engine.low[objective.side] as number, problem);
  search.bound = Math.max(search.bound, bound);
}

/** Back to level 0, with what holds there settled. */
export function restart(search: Search): void {
  const { engine } = search.model;
  backtrack(engine, 0);
  putBack(search.activity, 0);
  if (!propagate(engine)) return finish(search);
  settle(engine);
  noteBound(search);
}

/** Plans the next restart; at level 0. */
function begin(search: Search): void {
  const { engine, objective } = search.model;
  search.restarts += 1;
  search.patience = patienceUnit * luby(search.restarts);
  if (engine.learnedCount > search.clausesMax || engine.clausesLength > clauseIntsMax) {
    reduceClauses(engine);
    search.clausesMax += clausesGrowth;
  }
  thinOut(search.activity);
  noteProbe(search);
  search.assumptions = [];
  const least = engine.low[objective.side] as number;
  const most = -(engine.low[objective.side ^ 1] as number);
  const { plan, model } = search;
  if (plan === null || most === least) return;
  const kind = search.restarts % kinds;
  if (kind === 1) search.probe = Math.min(least + search.probeStep, (least + most) >> 1);
  else if (kind === 2) {
    const free = tasksInWindow(model, plan, search.freeTasks, search.random);
    search.assumptions = assumptionsAround(model, search.phase, free);
    search.patience = patienceUnit;
  }
}

/** A probe that was refuted makes the next one bolder, one that was not makes it more careful. */
function noteProbe(search: Search): void {
  const { engine, objective } = search.model;
  if (search.probe === Number.POSITIVE_INFINITY) return;
  const isRefuted = (engine.low[objective.side] as number) > search.probe;
  search.probeStep = isRefuted ? search.probeStep * 2 + 1 : search.probeStep >> 1;
  search.probe = Number.POSITIVE_INFINITY;
}

/** 1, 1, 2, 1, 1, 2, 4, … (Luby, Sinclair & Zuckerman 1993). */
function luby(index: number): number {
  let i = index;
  for (;;) {
    let size = 1;
    while (size * 2 - 1 < i) size *= 2;
    if (size * 2 - 1 === i) return size;
    i -= size - 1;
  }
}

/** False: nothing is open. */
function branch(search: Search): boolean {
  const { engine, objective } = search.model;
  const assumed = -(engine.low[objective.side ^ 1] as number);
  if (search.probe < assumed) {
    if ((engine.low[objective.side] as number) > search.probe) {
      // Refuted at level 0: the next one, from the new bound.
      search.patience = 0;
      begin(search);
      return true;
    }
    decide(engine, objective.side ^ 1, -search.probe);
    return true;
  }
  if (search.assumptions.length > 0) {
    const next = nextAssumption(search);
    if (next !== "none") return true;
  }
  return branchActive(search);
}

function takeSolution(search: Search): void {
  const { model } = search;
  const { engine, objective } = model;
  const plan = planOf(model);
  const reached = engine.low[objective.side] as number;
  const { value } = evaluate(model.problem, plan);
  if (value < search.value) {
    search.plan = plan;
    search.value = value;
    search.phase = valuesOf(model, plan);
    search.hasPhase = true;
  }
  restart(search);
  if (search.done) return;
  // A coarse unit may hide a difference: then the search still goes on below what it reached.
  limit(search, Math.min(cutOff(objective, search.value), reached - 1));
}
