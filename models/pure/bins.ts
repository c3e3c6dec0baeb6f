/**
 * Features cut into at most 255 bins of about equal weight, for histogram trees (Ke et al.,
 * LightGBM, NIPS 2017). The last bin holds what is missing, so that a missing value always goes
 * right, as it does in a TreeEnsembleRegressor.
 */
export interface Bins {
  /** Column by column: bin of each row. */
  readonly codes: Uint8Array;
  /** Of each feature: the highest value of each of its bins but the missing one, ascending. */
  readonly edges: readonly Float32Array[];
  readonly rows: number;
}

const binsMax = 255;
/** Edges are quantiles of a sample of this many rows, evenly spread. */
const sampleMax = 20_000;

/** `matrix` is row by row, `rows` × `features`. */
export function binsOf(matrix: Float32Array, rows: number, features: number): Bins {
  const codes = new Uint8Array(rows * features);
  const edges = Array.from({ length: features }, (_, feature) => {
    const own = edgesOf(matrix, rows, features, feature);
    const column = codes.subarray(feature * rows, (feature + 1) * rows);
    for (let row = 0; row < rows; row++) {
      column[row] = binOf(own, matrix[row * features + feature] ?? Number.NaN);
    }
    return own;
  });
  return { codes, edges, rows };
}

/** Number of the missing bin: the one behind the last edge. */
export const missingBin = (edges: Float32Array): number => edges.length;

function edgesOf(matrix: Float32Array, rows: number, features: number, feature: number) {
  const taken = Math.min(rows, sampleMax);
  const sample = new Float32Array(taken);
  let present = 0;
  for (let place = 0; place < taken; place++) {
    const row = Math.floor((place * rows) / taken);
    const value = matrix[row * features + feature] ?? Number.NaN;
    if (!Number.isNaN(value)) sample[present++] = value;
  }
  const sorted = sample.subarray(0, present).sort();
  const edges: number[] = [];
  const distinct = countDistinct(sorted);
  const wanted = Math.min(distinct, binsMax - 1);
  if (distinct <= wanted) {
    for (let at = 0; at < present; at++)
      if (sorted[at] !== edges.at(-1)) edges.push(sorted[at] ?? 0);
  } else {
    for (let bin = 1; bin <= wanted; bin++) {
      const edge = sorted[Math.ceil((bin * present) / wanted) - 1] ?? 0;
      if (edge !== edges.at(-1)) edges.push(edge);
    }
  }
  return Float32Array.from(edges);
}

function countDistinct(sorted: Float32Array): number {
  let distinct = 0;
  for (let at = 0; at < sorted.length; at++) {
    if (at === 0 || sorted[at] !== sorted[at - 1]) distinct++;
  }
  return distinct;
}

/** What lies above the last edge, unseen in the sample, belongs to the last bin that is not missing. */
function binOf(edges: Float32Array, value: number): number {
  if (Number.isNaN(value)) return edges.length;
  let low = 0;
  let high = Math.max(0, edges.length - 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
