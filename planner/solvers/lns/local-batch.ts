/** Steps that touch a few tasks only, in profiles of the whole schedule (`local.ts`). */
import { adopt, adoptNear, copyCandidate } from "../../schedule/candidate.js";
import { type Draft, decodeDraft } from "../../schedule/draft.js";
import { offerCurrent, type Search } from "../../schedule/search.js";
import { allowance, cool } from "./cooling.js";
import { beginLocal, takeStep } from "./local.js";
import { freePlaces, orderKeys } from "./reinsert.js";
import { batchWork, drawStep, rewardStep, type Wheel } from "./wheel.js";

export function* localBatch(search: Search, wheel: Wheel): Generator<void, void, void> {
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
  offerCurrent(search);
}
