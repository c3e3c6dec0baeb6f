/**
 * Gradient boosting of the pinball loss (Friedman 2001; leaves are refitted to the quantile of what
 * is left, as in LightGBM): each tree sees a share of rows and features, drawn from a seed. The same
 * rows in the same order and the same seed give the same forest, bit for bit.
 */
import { randomInteger, seededRandom } from "../../core/random.js";
import { type Bins, binsOf } from "./bins.js";
import type { Forest } from "./forest.js";
import { createGround, growTree, quantileOfSorted, type TreeNodes } from "./grow-tree.js";

export interface TrainingRows {
  readonly rows: number;
  readonly features: number;
  /** Row by row. */
  readonly matrix: Float32Array;
  readonly labels: Float32Array;
}

export interface BoostSettings {
  readonly trees: number;
  readonly depthMax: number;
  readonly leafRowsMin: number;
  readonly learningRate: number;
  readonly smoothing: number;
  readonly rowShare: number;
  readonly featureShare: number;
  readonly seed: number;
}

export const boostDefaults: BoostSettings = {
  trees: 200,
  depthMax: 6,
  leafRowsMin: 20,
  learningRate: 0.05,
  smoothing: 1,
  rowShare: 0.7,
  featureShare: 0.5,
  seed: 1,
};

/** A forest of one target for each quantile, in their order. Needs at least one row. */
export function boost(
  data: TrainingRows,
  quantiles: readonly number[],
  settings: BoostSettings,
): Forest[] {
  if (data.rows < 1) throw new Error("nothing to learn from: no rows");
  const bins = binsOf(data.matrix, data.rows, data.features);
  return quantiles.map((quantile) => boostOne(data, bins, quantile, settings));
}

function boostOne(
  data: TrainingRows,
  bins: Bins,
  quantile: number,
  settings: BoostSettings,
): Forest {
  const { rows, features, labels } = data;
  const { trees, rowShare, featureShare, learningRate } = settings;
  const random = seededRandom(settings.seed);
  const leafRowsMin = Math.max(1, Math.min(settings.leafRowsMin, Math.floor(rows / 10)));
  const telling = tellingFeatures(bins, features);
  const ground = createGround(bins, { ...settings, quantile, leafRowsMin });
  const base = Math.fround(quantileOfSorted(Float64Array.from(labels).sort(), quantile));
  const residuals = Float64Array.from(labels, (label) => label - base);
  const order = new Int32Array(rows);
  const grown: TreeNodes[] = [];
  for (let tree = 0; tree < trees; tree++) {
    const taken = drawRows(order, rows, rowShare, random);
    const nodes = growTree(
      ground,
      order,
      taken,
      residuals,
      drawFeatures(telling, featureShare, random),
    );
    nodes.feature.forEach((feature, node) => {
      const value = nodes.value[node] ?? 0;
      nodes.value[node] = Math.fround(feature === -1 ? value * learningRate : value);
    });
    settle(nodes, bins, residuals);
    grown.push(nodes);
  }
  return columnsOf(grown, features, base);
}

/** Rows of a tree in the front of `order`, ascending; returns how many. */
function drawRows(order: Int32Array, rows: number, share: number, random: () => number): number {
  let taken = 0;
  for (let row = 0; row < rows; row++) if (random() < share) order[taken++] = row;
  if (taken === 0) order[taken++] = randomInteger(random, rows);
  return taken;
}

/** Those that are not the same in every row: the others cost time and take the places of these. */
function tellingFeatures({ codes, rows }: Bins, features: number): number[] {
  const telling = Array.from({ length: features }, (_, feature) => feature).filter((feature) => {
    const column = codes.subarray(feature * rows, (feature + 1) * rows);
    return column.some((code) => code !== column[0]);
  });
  return telling.length > 0 ? telling : [0];
}

/** Ascending; at least one. */
function drawFeatures(telling: readonly number[], share: number, random: () => number): number[] {
  const drawn = telling.filter(() => random() < share);
  return drawn.length > 0 ? drawn : [telling[randomInteger(random, telling.length)] ?? 0];
}

/** Takes what the tree says off every row's residual, drawn or not. */
function settle(nodes: TreeNodes, { codes, rows }: Bins, residuals: Float64Array): void {
  const { feature, bin, value, left, right } = nodes;
  for (let row = 0; row < rows; row++) {
    let node = 0;
    for (let asked = feature[0] ?? -1; asked >= 0; asked = feature[node] ?? -1) {
      const isLeft = (codes[asked * rows + row] ?? 0) <= (bin[node] ?? 0);
      node = (isLeft ? left[node] : right[node]) ?? 0;
    }
    residuals[row] = (residuals[row] ?? 0) - (value[node] ?? 0);
  }
}

function columnsOf(trees: readonly TreeNodes[], features: number, base: number): Forest {
  const roots = new Int32Array(trees.length + 1);
  trees.forEach(({ feature }, tree) => {
    roots[tree + 1] = (roots[tree] ?? 0) + feature.length;
  });
  const shifted = (of: (nodes: TreeNodes) => number[]): Int32Array =>
    Int32Array.from(trees.flatMap((nodes, tree) => of(nodes).map((to) => to + (roots[tree] ?? 0))));
  return {
    features,
    targets: 1,
    base: Float32Array.of(base),
    roots,
    target: new Uint8Array(trees.length),
    feature: Int16Array.from(trees.flatMap(({ feature }) => feature)),
    value: Float32Array.from(trees.flatMap(({ value }) => value)),
    left: shifted(({ left }) => left),
    right: shifted(({ right }) => right),
  };
}
