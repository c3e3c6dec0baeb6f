/**
 * What a model is trained on: features as they were when a task was predicted, and what it then
 * took. The newest `rowsMax` are kept, oldest first.
 */

import { featureCount } from "./features.js";

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

/** The newest rows, oldest first: what a training is given. */
export function newestRows(
  { rowsMax, matrix, logMs, total }: Examples,
  wanted: number,
): { readonly rows: number; readonly matrix: Float32Array; readonly logMs: Float32Array } {
  const rows = Math.min(total, rowsMax, wanted);
  const newest = {
    rows,
    matrix: new Float32Array(rows * featureCount),
    logMs: new Float32Array(rows),
  };
  for (let row = 0; row < rows; row++) {
    const place = (total - rows + row) % rowsMax;
    const features = matrix.subarray(place * featureCount, (place + 1) * featureCount);
    newest.matrix.set(features, row * featureCount);
    newest.logMs[row] = logMs[place] ?? 0;
  }
  return newest;
}

const firstAt = 200;
export const trainingGrowth = 1.25;

/** At how many completions a model is trained next, having been trained at `last` (0: never). */
export const nextTrainingAt = (last: number, growth = trainingGrowth): number =>
  last === 0 ? firstAt : Math.ceil(last * growth);
