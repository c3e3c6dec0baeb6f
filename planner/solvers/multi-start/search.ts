/**
 * Multi-start: the previous plan, the rules or a plan that is known, then climb after climb from the
 * best one, shaken.
 */
import { type Choice, freeChoice } from "../../../core/decode.js";
import { isMilestone, none } from "../../../core/problem.js";
import type { Kernel } from "../../schedule/kernel.js";
import { orderByKeys, previousKeys } from "../../schedule/orders.js";
import { decodeAll, type Search, startSearch } from "../../schedule/search.js";
import { climb, restart } from "./climb.js";

/** Ends only where there is nothing to choose. */
export function* explore(search: Search): Generator<void, void, void> {
  yield* startFromPrevious(search);
  yield* startSearch(search);
  const hasSchedule = search.best.value < Number.POSITIVE_INFINITY;
  if (search.kernel.movable.length === 0 || !hasSchedule) return;
  while (true) {
    yield* climb(search);
    restart(search);
  }
}

function* startFromPrevious(search: Search): Generator<void, void, void> {
  const { kernel } = search;
  const keys = previousKeys(kernel);
  if (keys === null) return;
  const order = orderByKeys(kernel, keys);
  yield* decodeAll(search, order, previousChoice(kernel));
  yield* decodeAll(search, order, freeChoice(kernel.problem));
}

function previousChoice(kernel: Kernel): Choice {
  const { problem, optionUsable } = kernel;
  const { tasks, options } = problem;
  const choice = freeChoice(problem);
  for (let task = 0; task < tasks.count; task += 1) {
    const option = tasks.previousOption[task] as number;
    const worker = tasks.previousWorker[task] as number;
    const block = tasks.block[task] as number;
    if (option === none || worker === none || isMilestone(problem, task)) continue;
    // The previous plan may be of another problem: take over only what is still on offer.
    const offered =
      option >= (options.blockFirst[block] as number) &&
      option < (options.blockFirst[block + 1] as number) &&
      optionUsable[option] === 1 &&
      problem.workers.classOf[worker] === options.class[option] &&
      (options.worker[option] === none || options.worker[option] === worker);
    if (!offered) continue;
    choice.option[task] = option;
    choice.worker[task] = worker;
  }
  return choice;
}
