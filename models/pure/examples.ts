/**
 * What a model is trained on: features as they were when a task was predicted, and what it then
 * took. The newest `rowsMax` are kept, oldest first.
 */

import type { TrainingRows } from "./boost.js";
import { anchorFeature, featureCount } from "./features.js";

export interface Examples {
  readonly rowsMax: number;
  /** A ring: `total` modulo `rowsMax` is the place of the next. */
  readonly matrix: Float32Array;
  readonly logMs: Float32Array;
  /** Ever taken in. */
  total: number;
}

export function createExamples(rowsMax: number): Examples {
  return {
    rowsMax,
    matrix: new Float32Array(rowsMax * featureCount),
    logMs: new Float32Array(rowsMax),
    total: 0,
  };
}

/** `durationMs` is at speed 1. */
export function addExample(examples: Examples, features: Float32Array, durationMs: number): void {
  const place = examples.total % examples.rowsMax;
  examples.matrix.set(features, place * featureCount);
  examples.logMs[place] = Math.log(Math.max(1, durationMs));
  examples.total++;
}

/**
 * The newest rows, oldest first. Labels are logarithms of durations, or what they are more than the
 * anchor's, of the rows that have one.
 */
export function trainingRows(
  examples: Examples,
  rowsMax: number,
  label: "duration" | "residual",
): TrainingRows {
  const held = Math.min(examples.total, examples.rowsMax, rowsMax);
  const matrix = new Float32Array(held * featureCount);
  const labels = new Float32Array(held);
  let rows = 0;
  for (let number = examples.total - held; number < examples.total; number++) {
    const place = number % examples.rowsMax;
    const features = examples.matrix.subarray(place * featureCount, (place + 1) * featureCount);
    const logAnchor = label === "residual" ? (features[anchorFeature] ?? Number.NaN) : 0;
    if (Number.isNaN(logAnchor)) continue;
    matrix.set(features, rows * featureCount);
    labels[rows++] = (examples.logMs[place] ?? 0) - logAnchor;
  }
  return {
    rows,
    features: featureCount,
    matrix: matrix.subarray(0, rows * featureCount),
    labels: labels.subarray(0, rows),
  };
}

const firstAt = 200;
export const trainingGrowth = 1.6;

/** At how many completions a model is trained next, having been trained at `last` (0: never). */
export const nextTrainingAt = (last: number, growth = trainingGrowth): number =>
  last === 0 ? firstAt : Math.ceil(last * growth);
