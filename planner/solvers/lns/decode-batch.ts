/**
 * Steps that decode from the first change on: each takes tasks out of the order, puts them back by one
 * of several rules, and stops where the value cannot be good enough any more.
 */
import { adoptNear, type Candidate, copyCandidate, keepLeftOut } from "../../schedule/candidate.js";
import {
  checkpointBefore,
  firstChange,
  firstDifference,
  invalidateFrom,
} from "../../schedule/checkpoints.js";
import { decodeDraft } from "../../schedule/draft.js";
import { goBack, offerCurrent, type Search } from "../../schedule/search.js";
import { allowance, cool } from "./cooling.js";
import { reinsert } from "./reinsert.js";
import { batchWork, drawStep, rewardStep, type Wheel } from "./wheel.js";

export function* decodeBatch(search: Search, wheel: Wheel): Generator<void, void, void> {
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
      if (offerCurrent(search)) gain = 4;
    }
    // Orders are copied and compared in whole, whatever little of them is decoded.
    draft.workUnits += tasks >> 4;
    rewardStep(wheel, drawn, gain, draft.workUnits - before);
    if (cool(cooling)) goBack(search);
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
