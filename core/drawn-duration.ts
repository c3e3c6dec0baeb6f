/**
 * Durations drawn from an estimate: log-normal through p50 and p90, as `remaining` takes them, at a
 * given place `z` of the standard normal distribution.
 */
import { fromUpperTail, upperTail, zOfP90 } from "./normal.js";

/** Nothing is drawn further out: one case in 740 on either side. */
const zMax = 3;
/** An estimate that claims to be exact is still taken with a tenth of doubt. */
const spreadMin = 1.1;
/** Behind this the tail is too thin to invert, and what is left is drawn with a constant hazard. */
const tailBegin = 5;

export interface Doubted {
  readonly p50: number;
  readonly p90: number;
}

/** In the unit of the estimate. */
export function drawDuration(estimate: Doubted, z: number): number {
  return estimate.p50 * Math.exp(deviationOf(estimate) * clamped(z));
}

/** What is left of one that has run for so long and has not ended; in the unit of the estimate. */
export function drawRemaining(estimate: Doubted, ranFor: number, z: number): number {
  if (ranFor <= 0) return drawDuration(estimate, z);
  const deviation = deviationOf(estimate);
  const reached = Math.log(ranFor / estimate.p50) / deviation;
  // The same place among those that last longer than it has: what is long stays long.
  const tail = upperTail(clamped(z));
  if (reached > tailBegin) {
    return (-Math.log(tail) * deviation * ranFor) / (reached + 1 / reached);
  }
  const place = fromUpperTail(tail * upperTail(reached));
  return Math.max(0, estimate.p50 * Math.exp(deviation * place) - ranFor);
}

const deviationOf = ({ p50, p90 }: Doubted): number =>
  Math.log(Math.max(p90 / p50, spreadMin)) / zOfP90;

const clamped = (z: number): number => Math.min(zMax, Math.max(-zMax, z));
