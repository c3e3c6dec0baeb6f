/** One training: rows in, a forest of four outputs and its ONNX model out. */
import { type BoostSettings, boost, type TrainingRows } from "./boost.js";
import { blendFeature, featureCount, schemaText } from "./features.js";
import { type Forest, joinForests } from "./forest.js";
import { onnxOf } from "./onnx.js";

export interface TrainingRequest {
  readonly rows: number;
  /** Row by row, `featureCount` numbers each. */
  readonly matrix: Float32Array;
  /** Logarithms of milliseconds at speed 1. */
  readonly logMs: Float32Array;
  readonly settings: BoostSettings;
}

export interface Trained {
  readonly forest: Forest;
  readonly model: Uint8Array;
}

const quantiles = [0.5, 0.9];

export function train(request: TrainingRequest): Trained {
  const forest = trainForest(request);
  return { forest, model: onnxOf(forest, { schema: schemaText }) };
}

/**
 * Outputs: p50 and p90 of the logarithm of the duration, then p50 and p90 of what it is more than
 * the blend. Throws where there is no row, or none with a blend.
 */
export function trainForest({ rows, matrix, logMs, settings }: TrainingRequest): Forest {
  const own: TrainingRows = { rows, features: featureCount, matrix, labels: logMs };
  return joinForests([
    ...boost(own, quantiles, settings),
    ...boost(residualRows(own), quantiles, settings),
  ]);
}

function residualRows({ rows, features, matrix, labels: logMs }: TrainingRows): TrainingRows {
  const kept = new Float32Array(rows * features);
  const labels = new Float32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const own = matrix.subarray(row * features, (row + 1) * features);
    const blend = own[blendFeature] ?? Number.NaN;
    if (Number.isNaN(blend)) continue;
    kept.set(own, count * features);
    labels[count++] = (logMs[row] ?? 0) - blend;
  }
  return {
    rows: count,
    features,
    matrix: kept.subarray(0, count * features),
    labels: labels.subarray(0, count),
  };
}
