/**
 * How much longer a running task will take, given that it has run for a while and has not ended.
 *
 * The duration T is taken as log-normal through p50 and p90: ln T has mean ln p50 and deviation
 * s = ln(p90 / p50) / 1.2816. With S the survival function, the quantile q of what remains after e is
 *
 *   r(q) = S⁻¹((1 - q) · S(e)) - e
 *
 * Log-normal tails are heavy: past p90 the remainder grows with the time already spent, so that an
 * overrunning task is never "due now". Deep in the tail, where S(e) is too small to invert, the
 * hazard (z + 1/z) / (s·e) is taken as constant: r(q) = -ln(1 - q) · s·e / (z + 1/z), with
 * z = ln(e / p50) / s.
 */
import { upperTail, zOfP90 } from "./normal.js";

export interface Remaining {
  readonly p50Ms: number;
  readonly p90Ms: number;
}

/** Whole milliseconds, at least 1. `estimate` and `elapsedMs` are on the same worker, so of one speed. */
export function remaining(
  estimate: { readonly p50Ms: number; readonly p90Ms: number },
  elapsedMs: number,
): Remaining {
  if (elapsedMs <= 0) return wholeMs(estimate.p50Ms, estimate.p90Ms);
  const ratio = Math.max(estimate.p90Ms / estimate.p50Ms, spreadMin);
  const deviation = Math.log(ratio) / zOfP90;
  const z = Math.log(elapsedMs / estimate.p50Ms) / deviation;
  if (z > tailBegin) {
    const meanMs = (deviation * elapsedMs) / (z + 1 / z);
    return wholeMs(meanMs * Math.LN2, meanMs * Math.LN10);
  }
  const survival = upperTail(z);
  const remainder = (quantile: number): number =>
    estimate.p50Ms * Math.exp(deviation * inverseUpperTail((1 - quantile) * survival)) - elapsedMs;
  return wholeMs(remainder(0.5), remainder(0.9));
}

/** An estimate that claims to be exact is still taken with a tenth of doubt. */
const spreadMin = 1.1;
const tailBegin = 5;

function wholeMs(p50Ms: number, p90Ms: number): Remaining {
  const p50 = Math.max(1, Math.ceil(p50Ms));
  return { p50Ms: p50, p90Ms: Math.max(p50, Math.ceil(p90Ms)) };
}

/** The z with P(Z > z) = tail, by bisection: 60 halvings of [-8, 8] pass the accuracy of the fit. */
function inverseUpperTail(tail: number): number {
  let low = -8;
  let high = 8;
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (upperTail(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
