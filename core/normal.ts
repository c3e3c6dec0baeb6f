/** The standard normal distribution. */

/** The z that nine of ten are below. */
export const zOfP90 = 1.2815515655446004;

/**
 * P(Z > z): half the complementary error function, by the Chebyshev fit of Numerical Recipes
 * (erfcc), whose relative error is below 1.2e-7 everywhere.
 */
export function upperTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const polynomial = chebyshev.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  const tail = (t * Math.exp(-x * x + polynomial)) / 2;
  return z >= 0 ? tail : 1 - tail;
}

const chebyshev = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

/**
 * The z with P(Z > z) = tail, for tails in (0, 1), to nine digits: the rational approximations of
 * P. J. Acklam (2003).
 */
export function fromUpperTail(tail: number): number {
  if (tail > 0.5) return -fromUpperTail(1 - tail);
  if (tail < borderTail) {
    const q = Math.sqrt(-2 * Math.log(tail));
    return -polynomial(farAbove, q) / (polynomial(farBelow, q) * q + 1);
  }
  const q = 0.5 - tail;
  const r = q * q;
  return (polynomial(nearAbove, r) * q) / (polynomial(nearBelow, r) * r + 1);
}

const borderTail = 0.02425;
const nearAbove = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2,
  -3.066479806614716e1, 2.506628277459239,
];
const nearBelow = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
  -1.328068155288572e1,
];
const farAbove = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734,
  4.374664141464968, 2.938163982698783,
];
const farBelow = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

/** Highest power first. */
const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
