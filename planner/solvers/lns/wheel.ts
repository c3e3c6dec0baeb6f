/** What the search draws from, how it has gone, and the memory that its steps share. */
import { type Candidate, createCandidate } from "../../schedule/candidate.js";
import { drawThrift, type Search } from "../../schedule/search.js";
import { type Bandit, createBandit, draw, reward } from "./bandit.js";
import { type Cooling, createCooling } from "./cooling.js";
import { createLocal, type Local } from "./local.js";
import {
  type Neighbourhood,
  neighbourhoodsOf,
  type Surroundings,
  weightedOf,
} from "./neighbourhoods.js";
import { createReinsertion, type Reinsertion, styles } from "./reinsert.js";
import { clearRelaxed, createRelaxed, type Relaxed } from "./relaxed.js";

const sizes = [1, 2, 4, 8, 16, 32, 64] as const;

export interface Wheel {
  readonly neighbourhoods: readonly Neighbourhood[];
  readonly byNeighbourhood: Bandit;
  /** Steps that decode cost about the same whatever their size, others do not. */
  readonly bySizeDecoded: Bandit;
  readonly bySizeLocal: Bandit;
  readonly byStyle: Bandit;
  readonly sizes: readonly number[];
  readonly cooling: Cooling;
  readonly relaxed: Relaxed;
  readonly reinsertion: Reinsertion;
  readonly local: Local;
  readonly trial: Candidate;
  readonly next: Candidate;
  readonly around: Surroundings;
}

export function createWheel(search: Search, movable: Int32Array, disturbed: Int32Array): Wheel {
  const { kernel, random, current, draft } = search;
  const { count } = kernel.problem.tasks;
  const neighbourhoods = neighbourhoodsOf(kernel, disturbed);
  const fitting = sizes.filter((size) => size <= Math.max(2, movable.length));
  const reinsertion = createReinsertion(kernel, random);
  const chain = new Int32Array(0);
  return {
    neighbourhoods,
    byNeighbourhood: createBandit(neighbourhoods.map(() => 1)),
    bySizeDecoded: createBandit(fitting.map((size) => count + 40 * size)),
    bySizeLocal: createBandit(fitting),
    byStyle: createBandit(styles.map(() => 1)),
    sizes: fitting,
    cooling: createCooling(count),
    relaxed: createRelaxed(count),
    reinsertion,
    local: createLocal(kernel, draft, reinsertion.key),
    trial: createCandidate(count),
    next: createCandidate(count),
    around: { kernel, current, random, movable, weighted: weightedOf(kernel), chain, disturbed },
  };
}

/** Work of a batch, per task and besides. */
export const batchWork = (tasks: number): number => 24 * tasks + 4_000;

export interface Drawn {
  readonly bySize: Bandit;
  readonly arm: number;
  readonly size: number;
  readonly style: number;
}

/** Fills `wheel.relaxed`; null if the neighbourhood had nothing in it. */
export function drawStep(search: Search, wheel: Wheel, bySize: Bandit): Drawn | null {
  const { draft, random, kernel } = search;
  const { relaxed } = wheel;
  const arm = draw(wheel.byNeighbourhood, random);
  const size = draw(bySize, random);
  const style = draw(wheel.byStyle, random);
  clearRelaxed(relaxed);
  wheel.neighbourhoods[arm]?.(wheel.around, relaxed, wheel.sizes[size] as number);
  draft.workUnits += 1;
  if (kernel.hasTolls) draft.thrift = drawThrift(random);
  return relaxed.count === 0 ? null : { bySize, arm, size, style };
}

export function rewardStep(wheel: Wheel, drawn: Drawn, gain: number, work: number): void {
  const { bySize, arm, size, style } = drawn;
  reward(wheel.byNeighbourhood, arm, gain, work);
  reward(bySize, size, gain, work);
  reward(wheel.byStyle, style, gain, work);
}
