/** Numbers for annealing that are the same on every machine: only +, -, × and / make them. */

const tableSize = 4096;

/** Quantiles of the exponential distribution with mean 1, at the middles of equal parts. */
export const exponential: Float64Array = Float64Array.from(
  { length: tableSize },
  (_, place) => -logarithm((place + 0.5) / tableSize),
);

export const exponentialMask = tableSize - 1;

/** The factor that, applied `times` times, makes `ratio` of 1. */
export function coolingFactor(ratio: number, times: number): number {
  let low = ratio;
  let high = 1;
  for (let round = 0; round < 60; round += 1) {
    const middle = (low + high) / 2;
    if (power(middle, times) < ratio) low = middle;
    else high = middle;
  }
  return low;
}

function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/** ln x for 0 < x <= 1: halvings and the series of the inverse hyperbolic tangent. */
function logarithm(x: number): number {
  const ln2 = Math.LN2;
  let mantissa = x;
  let halvings = 0;
  while (mantissa < 0.7) {
    mantissa *= 2;
    halvings += 1;
  }
  const z = (mantissa - 1) / (mantissa + 1);
  let term = z;
  let sum = 0;
  for (let k = 1; k < 40; k += 2) {
    sum += term / k;
    term *= z * z;
  }
  return 2 * sum - halvings * ln2;
}
