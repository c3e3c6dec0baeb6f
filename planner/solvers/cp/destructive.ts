/**
 * Destructive lower bounds (Klein & Scholl 1999): assume a value that is too good to be true; what
 * refutes it is a bound. Nothing is lost with the assumption: all that is learned holds without it.
 */
import type { Search } from "./branch.js";
import { valueAt } from "./objective.js";
import { explore, restart } from "./search.js";

/** Conflicts for one value: after that the next try is more careful. */
const conflictsEach = 400;

/**
 * Looks for a plan of at most `most` units of the objective, for about so many conflicts, until
 * `interrupted`, which is asked after every few.
 */
export function refute(
  search: Search,
  most: number,
  conflictsMax: number,
  interrupted: () => boolean,
): "refuted" | "better" | "limit" {
  const { engine, objective, problem } = search.model;
  const beyond = valueAt(objective, most + 1, problem);
  restart(search);
  search.assumptions = [];
  search.probe = most;
  search.patience = conflictsMax + 1;
  const end = engine.conflicts + conflictsMax;
  for (;;) {
    if (search.done || search.bound >= beyond) return "refuted";
    if (engine.conflicts >= end || interrupted()) return "limit";
    // Small steps of work: the answer is seen as soon as it is there.
    if (explore(search, 1, never)) return "better";
  }
}

const never = (): boolean => false;

/**
 * Raises the bound step by step, bolder after each success, more careful after each failure. True: a
 * better plan was found on the way.
 */
export function climb(search: Search, interrupted: () => boolean): boolean {
  const { engine, objective } = search.model;
  while (!search.done && !interrupted()) {
    restart(search);
    const least = engine.low[objective.side] as number;
    const most = -(engine.low[objective.side ^ 1] as number);
    const step = search.probeStep;
    const value = Math.min(least + step, (least + most) >> 1);
    const outcome = refute(search, value, conflictsEach, interrupted);
    if (outcome === "better") return true;
    search.probe = Number.POSITIVE_INFINITY;
    search.probeStep = outcome === "refuted" ? step * 2 + 1 : step >> 1;
  }
  return false;
}

/** Whether the bound is so far from the best value that a proof from above is not in sight. */
export function isFarBelow(search: Search): boolean {
  const { value, bound } = search;
  return search.plan !== null && value - bound > Math.abs(value) * farPart;
}

const farPart = 0.01;
