/** Places the members of a gang while a schedule is being built: at one instant, or not at all. */
import { none } from "../../core/problem.js";
import { commit, markUseful, takeBack } from "./commit.js";
import type { Draft, Placement, Window } from "./draft-state.js";
import type { Kernel } from "./kernel.js";
import { clearPlacement, earliestOn, findBest, runsOn } from "./place.js";

/** A gang that finds no common start in so many tries is given up. */
const roundsMax = 200;

/**
 * Workers and options that the draft's choice names are preferred, where there is room at the common
 * start; a gang never waits for one of them alone.
 */
export function placeGang(
  kernel: Kernel,
  draft: Draft,
  members: Int32Array,
  from: number,
  endBy: Int32Array,
): boolean {
  const { horizon } = kernel.problem;
  const window: Window = { from, to: from, endBy: horizon };
  for (let round = 0; round < roundsMax; round += 1) {
    let placed = 0;
    let next = none;
    while (placed < members.length && next === none) {
      const task = members[placed] as number;
      window.to = window.from;
      window.endBy = endBy[placed] as number;
      if (preferred(kernel, draft, task, window)) {
        commit(kernel, draft, task);
        placed += 1;
      } else next = earliestStart(kernel, draft, task, window);
    }
    if (placed === members.length) {
      for (const task of members) markUseful(kernel, draft, task);
      return true;
    }
    while (placed > 0) takeBack(kernel, draft, members[--placed] as number);
    if (next > horizon) return false;
    // Room that only the others' places denied: look one tick later.
    window.from = Math.max(next, window.from + 1);
  }
  return false;
}

function preferred(kernel: Kernel, draft: Draft, task: number, window: Window): boolean {
  const option = draft.wantedOption[task] as number;
  const worker = draft.wantedWorker[task] as number;
  if (option >= 0 || worker !== none) {
    findBest(kernel, draft, task, window, option >= 0 ? option : none, worker);
    if (draft.best.start !== none) return true;
  }
  findBest(kernel, draft, task, window, none, none);
  return draft.best.start !== none;
}

/** Earliest start after the window's begin on any worker; past the horizon if there is none. */
function earliestStart(kernel: Kernel, draft: Draft, task: number, window: Window): number {
  const { problem, optionUsable } = kernel;
  const { options, tasks, horizon, workers } = problem;
  const best: Placement = draft.best;
  clearPlacement(best);
  let earliest = horizon + 1;
  const block = tasks.block[task] as number;
  const after = options.blockFirst[block + 1] as number;
  for (let option = options.blockFirst[block] as number; option < after; option += 1) {
    if (optionUsable[option] === 0) continue;
    const latest = Math.min(earliest - 1, window.endBy - (options.duration[option] as number));
    for (let worker = 0; worker < workers.count; worker += 1) {
      if (!runsOn(problem, option, worker)) continue;
      draft.workUnits += 1;
      const start = earliestOn(kernel, draft, task, option, worker, window.from, latest);
      if (start !== none && start < earliest) earliest = start;
    }
  }
  return earliest;
}
