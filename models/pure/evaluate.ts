/**
 * How good a model would have been on rows that are past: what is said with it, and without any, by
 * two predictors that begin knowing nothing and are told each row's outcome before the next.
 */
import type { ModelMetrics } from "../../core/prediction.js";
import type { ModelWords } from "./experts.js";
import { blendFeature, featureCount } from "./features.js";
import { type Loss, lossOf, type SliceLosses } from "./lifecycle.js";
import { createPredictor, forecast, learnOutcome } from "./predictor.js";
import type { Slice } from "./rows.js";

/** `words`: what the model says of each row. Rows of which nobody knows anything are left out. */
export function evaluate(slice: Slice, words: readonly (ModelWords | null)[]): ModelMetrics {
  const withModel = createPredictor();
  const without = createPredictor();
  const sums = { rows: 0, covered: 0, own50: 0, own90: 0, other50: 0, other90: 0 };
  for (let row = 0; row < slice.rows; row++) {
    const features = slice.matrix.subarray(row * featureCount, (row + 1) * featureCount);
    const groups = slice.groups[row] ?? [];
    const logMs = slice.logMs[row] ?? 0;
    const blend = features[blendFeature] ?? Number.NaN;
    const own = forecast(withModel, features, groups, blend, words[row] ?? null);
    const other = forecast(without, features, groups, blend, null);
    if (own === null || other === null) continue;
    const [ownLoss, otherLoss] = [lossOf(own, logMs), lossOf(other, logMs)];
    sums.rows++;
    sums.own50 += ownLoss.p50;
    sums.own90 += ownLoss.p90;
    sums.other50 += otherLoss.p50;
    sums.other90 += otherLoss.p90;
    if (logMs <= own.logP90) sums.covered++;
    learnOutcome(withModel, own, Math.exp(logMs));
    learnOutcome(without, other, Math.exp(logMs));
  }
  const mean = (sum: number): number => sum / Math.max(1, sums.rows);
  return {
    rows: sums.rows,
    // The pinball loss of a median is half its absolute error.
    meanLogError: 2 * mean(sums.own50),
    pinball50: mean(sums.own50),
    pinball90: mean(sums.own90),
    coverage90: mean(sums.covered),
    statisticsMeanLogError: 2 * mean(sums.other50),
    statisticsPinball50: mean(sums.other50),
    statisticsPinball90: mean(sums.other90),
  };
}

/** For the first gate; `active`: of the version that is served, on the same rows. */
export const slicesOf = (own: ModelMetrics, active: Loss | null): SliceLosses => ({
  runs: own.rows,
  model: { p50: own.pinball50, p90: own.pinball90 },
  statistics: { p50: own.statisticsPinball50, p90: own.statisticsPinball90 },
  active,
});
