/**
 * Times are whole ticks, so values of plans are whole multiples of some unit if the weights have a
 * common divisor. Then a bound may be rounded up to the next multiple, and a proof ends as soon as
 * less than one unit is open.
 */
import { none, type Problem } from "../../../core/problem.js";

export interface ObjectiveUnit {
  readonly unit: number;
  /** False: no common divisor was found, and `unit` is only a scale. */
  readonly integral: boolean;
}

const divisorsTried = 1_000;
const tolerance = 1e-9;

export function objectiveUnit(problem: Problem): ObjectiveUnit {
  const coefficients = coefficientsOf(problem);
  const least = coefficients.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(least)) return { unit: 1, integral: true };
  for (let divisor = 1; divisor <= divisorsTried; divisor += 1) {
    const unit = least / divisor;
    const whole = coefficients.every((coefficient) => {
      const multiple = coefficient / unit;
      return Math.abs(multiple - Math.round(multiple)) <= tolerance * multiple && multiple < 1e9;
    });
    if (whole) return { unit, integral: true };
  }
  return { unit: least, integral: false };
}

/** What one tick, or one move, of each kind costs; zeros left out, equal ones once. */
function coefficientsOf({ tasks, weights, tickMs }: Problem): number[] {
  const tickS = tickMs / 1_000;
  const found = new Set<number>([weights.makespan * tickS]);
  for (let task = 0; task < tasks.count; task += 1) {
    found.add(weights.flow * (tasks.flowWeight[task] as number) * tickS);
    if (tasks.due[task] !== none) {
      found.add(weights.tardiness * (tasks.tardinessWeight[task] as number) * tickS);
    }
    if (tasks.previousWorker[task] !== none) {
      found.add(weights.moves * (tasks.moveWeight[task] as number));
    }
  }
  found.delete(0);
  return [...found];
}
