/**
 * Prices of workers, and the bound that they prove. With any prices l >= 0 that sum up to 1, no
 * assignment has a makespan below
 *
 *   L(l) = sum over workers of l(worker) · busyUntil(worker)
 *        + sum over tasks of min over workers of l(worker) · time(task, worker),
 *
 * for the makespan is at least the mean of the loads, weighted by l. The best L is the bound of the
 * linear relaxation (Lagrangian duality; Martello, Soumis & Toth 1997 for R||Cmax). It is approached
 * by multiplicative updates towards equal loads. What a task pays beyond its cheapest worker, its
 * reduced cost, tells the search which workers are worth a try: the reduced costs of a schedule of
 * makespan T sum up to T - L at most.
 */
import { forbidden, type UnrelatedView } from "./view.js";

export interface Prices {
  /** [workers] at least 0, with sum 1. */
  readonly price: Float64Array;
  /** Ticks; proven in integers, so that rounding of floating point cannot raise it. */
  readonly bound: number;
  /** L before it is rounded up: what reduced costs are counted from. */
  readonly dual: number;
  /** [tasks × workers] reduced costs; infinite where the task cannot run. */
  readonly reduced: Float64Array;
}

const roundsMax = 3_000;
/** Times looked at, over all rounds, so that large tables do not hold up the search. */
const cellsMax = 60_000_000;
const patience = 15;
const stepMin = 1e-5;

/** Once `interrupted` the best prices so far will do. */
export function pricesOf(view: UnrelatedView, interrupted = (): boolean => false): Prices {
  const best = ascend(view, interrupted);
  return {
    price: best,
    bound: provenBound(view, best),
    dual: dualOf(view, best),
    reduced: reducedCosts(view, best),
  };
}

function ascend(
  { time, workers, tasks, busyUntil }: UnrelatedView,
  interrupted: () => boolean,
): Float64Array {
  const price = new Float64Array(workers).fill(1 / workers);
  const best = price.slice();
  const load = new Float64Array(workers);
  const rounds = Math.min(roundsMax, Math.ceil(cellsMax / time.length));
  let bestValue = 0;
  let step = 0.15;
  let since = 0;
  for (let round = 0; round < rounds && step > stepMin && !interrupted(); round += 1) {
    load.set(busyUntil);
    let value = 0;
    for (let worker = 0; worker < workers; worker += 1) {
      value += (price[worker] as number) * (busyUntil[worker] as number);
    }
    for (let row = 0; row < tasks.length; row += 1) {
      const first = row * workers;
      let cheapest = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let worker = 0; worker < workers; worker += 1) {
        const pays = (price[worker] as number) * (time[first + worker] as number);
        if (pays < least) {
          least = pays;
          cheapest = worker;
        }
      }
      value += least;
      load[cheapest] = (load[cheapest] as number) + (time[first + cheapest] as number);
    }
    since = value > bestValue * (1 + 1e-5) ? 0 : since + 1;
    if (value > bestValue) {
      bestValue = value;
      best.set(price);
    }
    if (since > patience) {
      step *= 0.7;
      since = 0;
      price.set(best);
      continue;
    }
    update(price, load, value, step);
  }
  return best;
}

/** Raises the prices of workers that are asked for too much, and lowers the others'. */
function update(price: Float64Array, load: Float64Array, value: number, step: number): void {
  let sum = 0;
  for (let worker = 0; worker < price.length; worker += 1) {
    const excess = Math.max(-0.9, Math.min(1, (load[worker] as number) / value - 1));
    price[worker] = (price[worker] as number) * (1 + step * excess);
    sum += price[worker] as number;
  }
  for (let worker = 0; worker < price.length; worker += 1) {
    price[worker] = (price[worker] as number) / sum;
  }
}

function dualOf({ time, workers, tasks, busyUntil }: UnrelatedView, price: Float64Array): number {
  let value = busyUntil.reduce((sum, ticks, worker) => sum + ticks * (price[worker] as number), 0);
  for (let row = 0; row < tasks.length; row += 1) {
    let least = Number.POSITIVE_INFINITY;
    for (let worker = 0; worker < workers; worker += 1) {
      const pays = (price[worker] as number) * (time[row * workers + worker] as number);
      if (pays < least) least = pays;
    }
    value += least;
  }
  return value;
}

/** Again, with prices in whole numbers: every sum below is exact. */
function provenBound(view: UnrelatedView, price: Float64Array): number {
  const { time, workers, tasks, busyUntil } = view;
  let longest = 1;
  for (const ticks of busyUntil) if (ticks > longest) longest = ticks;
  for (const ticks of time) if (ticks !== forbidden && ticks > longest) longest = ticks;
  // sum <= scale × longest × (tasks + 1) must stay below 2^53.
  const scale = Math.floor(2 ** 52 / (longest * (tasks.length + 1)));
  const whole = price.map((share) => Math.floor(share * scale));
  const total = whole.reduce((sum, share) => sum + share, 0);
  if (total === 0) return 0;
  let sum = busyUntil.reduce((all, ticks, worker) => all + ticks * (whole[worker] as number), 0);
  for (let row = 0; row < tasks.length; row += 1) {
    let least = Number.POSITIVE_INFINITY;
    for (let worker = 0; worker < workers; worker += 1) {
      const ticks = time[row * workers + worker] as number;
      if (ticks === forbidden) continue;
      const pays = (whole[worker] as number) * ticks;
      if (pays < least) least = pays;
    }
    sum += least;
  }
  let bound = Math.floor(sum / total);
  while (bound * total < sum) bound += 1;
  while ((bound - 1) * total >= sum) bound -= 1;
  return bound;
}

function reducedCosts({ time, workers, tasks }: UnrelatedView, price: Float64Array): Float64Array {
  const reduced = new Float64Array(time.length);
  for (let row = 0; row < tasks.length; row += 1) {
    const first = row * workers;
    let least = Number.POSITIVE_INFINITY;
    for (let worker = 0; worker < workers; worker += 1) {
      const ticks = time[first + worker] as number;
      const pays =
        ticks === forbidden ? Number.POSITIVE_INFINITY : (price[worker] as number) * ticks;
      reduced[first + worker] = pays;
      if (pays < least) least = pays;
    }
    for (let worker = 0; worker < workers; worker += 1) {
      reduced[first + worker] = (reduced[first + worker] as number) - least;
    }
  }
  return reduced;
}
