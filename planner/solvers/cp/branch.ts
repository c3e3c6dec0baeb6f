/**
 * The next decision: an assumption of the restart, else the most active atom, as the best plan has it,
 * else the task that can start earliest starts.
 */
import type { Plan } from "../../../core/plan.js";
import { type Activity, nextAtom } from "./activity.js";
import type { Lesson } from "./analyze.js";
import { isFalse, isFixed } from "./engine.js";
import type { Model } from "./model.js";
import { chosenPlace, unset } from "./schedule.js";
import { decide } from "./trail.js";
import type { PlacedTask } from "./variables.js";

export interface Search {
  readonly model: Model;
  readonly activity: Activity;
  readonly lesson: Lesson;
  /** Best plan known, whoever found it, and its value. */
  plan: Plan | null;
  value: number;
  /** Of each variable, as in the best plan. */
  phase: Int32Array;
  hasPhase: boolean;
  /** Every plan is worth at least this. */
  bound: number;
  done: boolean;
  restarts: number;
  /** Conflicts until the next restart. */
  patience: number;
  /** Assumed bound of the value in this restart; Infinity: none. */
  probe: number;
  probeStep: number;
  /** Atoms decided before all others in this restart; what they hold back is not searched. */
  assumptions: readonly number[];
  /** An assumption was refuted: nothing better is near. */
  exhausted: boolean;
  /** Tasks that are free where most of the best plan is held. */
  freeTasks: number;
  readonly random: () => number;
  clausesMax: number;
  /** Calls so far: some of them are for the bound alone. */
  steps: number;
}

/** False: nothing is open. */
export function branchActive(search: Search): boolean {
  const { model, activity, phase } = search;
  const { engine } = model;
  const atom = nextAtom(activity, engine);
  if (atom < 0) return branchEarliest(search);
  const side = activity.side[atom] as number;
  const value = activity.value[atom] as number;
  const saved = phase[side >> 1] as number;
  if (saved !== unset && saved >= value) decide(engine, side, value);
  else decide(engine, side ^ 1, 1 - value);
  return true;
}

/** Decides an assumption that is open; where one is refuted, the neighbourhood is searched out. */
export function nextAssumption(search: Search): "none" | "decided" | "exhausted" {
  const { assumptions, model } = search;
  const { engine } = model;
  for (let k = 0; k < assumptions.length; k += 2) {
    const side = assumptions[k] as number;
    const value = assumptions[k + 1] as number;
    if ((engine.low[side] as number) >= value) continue;
    if (-(engine.low[side ^ 1] as number) < value) {
      const { freeTasks } = search;
      search.freeTasks = Math.min(model.problem.tasks.count, freeTasks + 1 + (freeTasks >> 3));
      search.patience = 0;
      search.assumptions = [];
      search.exhausted = true;
      return "exhausted";
    }
    decide(engine, side, value);
    return "decided";
  }
  return "none";
}

function branchEarliest(search: Search): boolean {
  const { model } = search;
  const { low } = model.engine;
  let next: PlacedTask | null = null;
  let earliest = 0;
  let slack = 0;
  for (const placed of model.tasks) {
    if (placed === null) continue;
    const start = low[placed.start] as number;
    const range = -(low[placed.start ^ 1] as number) - start;
    if (range === 0 && (placed.places.length <= 1 || chosenPlace(model, placed) >= 0)) continue;
    if (next !== null && (start > earliest || (start === earliest && range >= slack))) continue;
    next = placed;
    earliest = start;
    slack = range;
  }
  if (next === null) return branchDevice(search);
  if (next.places.length > 1 && chosenPlace(model, next) < 0) return branchPlace(search, next);
  decide(model.engine, next.start ^ 1, -earliest);
  return true;
}

/** With all else settled: a device that is still open, taken. */
function branchDevice({ model }: Search): boolean {
  const { engine } = model;
  for (const { literals } of model.deviceChoices) {
    for (const literal of literals) {
      if (literal < 0 || isFixed(engine, literal)) continue;
      decide(engine, literal, 1);
      return true;
    }
  }
  return false;
}

/** The place of the best plan, or else the shortest. */
function branchPlace(search: Search, placed: PlacedTask): boolean {
  const { engine } = search.model;
  let best = -1;
  let rating = Number.POSITIVE_INFINITY;
  placed.literals.forEach((literal, k) => {
    if (isFalse(engine, literal)) return;
    const isSaved = search.phase[literal >> 1] === 1;
    const own = isSaved ? -1 : (placed.places[k]?.duration ?? 0);
    if (own >= rating) return;
    rating = own;
    best = k;
  });
  const literal = placed.literals[best] as number;
  decide(engine, literal, 1 - (literal & 1));
  return true;
}
