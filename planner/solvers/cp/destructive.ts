/**
 * Destructive lower bounds (Klein & Scholl 1999): assume a value that is too good to be true; what
 * refutes it is a bound. Nothing is lost with the assumption: all that is learned holds without it.
 */
import type { Search } from "./branch.js";
import { valueAt } from "./objective.js";
import { explore, restart } from "./search.js";

/** Looks for a plan of at most `most` units of the objective, for about so many conflicts. */
export function refute(
  search: Search,
  most: number,
  conflictsMax: number,
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
    if (engine.conflicts >= end) return "limit";
    // Small steps of work: the answer is seen as soon as it is there.
    if (explore(search, 1, () => false)) return "better";
  }
}

/**
 * Raises the bound step by step, bolder after each success, more careful after each failure, until
 * not even the next value is refuted in so many conflicts.
 */
export function climb(search: Search, conflictsEach: number, interrupted: () => boolean): void {
  const { engine, objective } = search.model;
  let step = 0;
  while (!search.done && !interrupted()) {
    restart(search);
    const least = engine.low[objective.side] as number;
    const most = -(engine.low[objective.side ^ 1] as number);
    const outcome = refute(search, Math.min(least + step, (least + most) >> 1), conflictsEach);
    if (outcome === "refuted") step = 2 * step + 1;
    else if (outcome === "limit" && step === 0) return;
    else step >>= 1;
  }
}
