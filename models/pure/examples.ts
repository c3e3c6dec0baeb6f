/**
 * What a model is trained on: features as they were when a task was predicted, and what it then
 * took. The newest `rowsMax` are kept, oldest first.
 */

import { featureCount } from "./features.js";

export interface Examples {
  readonly rowsMax: number;
  /** Numbers in a row. */
  readonly features: number;
  /** A ring: `total` modulo `rowsMax` is the place of the next. */
  readonly matrix: Float32Array;
  readonly logMs: Float32Array;
  /** Ever taken in. */
  total: number;
}

export function createExamples(rowsMax: number, features = featureCount): Examples {
  return {
    rowsMax,
    features,
    matrix: new Float32Array(rowsMax * features),
    logMs: new Float32Array(rowsMax),
    total: 0,
  };
}

/** `durationMs` is at speed 1. */
export function addExample(examples: Examples, row: Float32Array, durationMs: number): void {
  const place = examples.total % examples.rowsMax;
  examples.matrix.set(row, place * examples.features);
  examples.logMs[place] = Math.log(Math.max(1, durationMs));
  examples.total++;
}

/** The newest rows, oldest first: what a training is given. */
export function newestRows(
  { rowsMax, features, matrix, logMs, total }: Examples,
  wanted: number,
): { readonly rows: number; readonly matrix: Float32Array; readonly logMs: Float32Array } {
  const rows = Math.min(total, rowsMax, wanted);
  const newest = {
    rows,
    matrix: new Float32Array(rows * features),
    logMs: new Float32Array(rows),
  };
  for (let row = 0; row < rows; row++) {
    const place = (total - rows + row) % rowsMax;
    newest.matrix.set(matrix.subarray(place * features, (place + 1) * features), row * features);
    newest.logMs[row] = logMs[place] ?? 0;
  }
  return newest;
}

/** When a model is trained again: as runs have grown by a share, or by a number at the latest. */
export interface TrainingPace {
  readonly growth: number;
  readonly runsMax: number;
}

const firstAt = 200;
export const trainingPace: TrainingPace = { growth: 1.25, runsMax: 500 };

/** At how many completions a model is trained next, having been trained at `last` (0: never). */
export const nextTrainingAt = (last: number, { growth, runsMax } = trainingPace): number =>
  last === 0 ? firstAt : Math.min(Math.ceil(last * growth), last + runsMax);

/** How many of the newest rows are left out of a training, to measure by. */
export const sliceOf = (rows: number): number =>
  Math.min(sliceMax, Math.max(sliceMin, Math.floor(rows / 10)));

const sliceMin = 50;
const sliceMax = 200;
