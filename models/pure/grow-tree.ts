/**
 * One regression tree for the pinball loss, grown depth first over histograms. Of two children only
 * the smaller is counted: the larger's histogram is the parent's less the smaller's.
 */
import { type Bins, missingBin } from "./bins.js";
import {
  bestSplit,
  createHistogram,
  fillHistogram,
  type Histogram,
  type Split,
  type SplitRules,
  subtractHistogram,
} from "./histogram.js";

export interface TreeSettings extends SplitRules {
  readonly depthMax: number;
}

export interface TreeNodes {
  readonly feature: number[];
  /** Of a branch the last bin that goes left, of a leaf 0. */
  readonly bin: number[];
  /** Of a branch the threshold, of a leaf its value. */
  readonly value: number[];
  readonly left: number[];
  readonly right: number[];
}

/** What all trees of a forest share: buffers, so that none allocates. */
export interface Ground {
  readonly bins: Bins;
  readonly settings: TreeSettings;
  /** One for each depth: a node's smaller child takes the next, its larger child the node's own. */
  readonly histograms: readonly Histogram[];
  readonly above: Uint8Array;
  readonly scratch: Float64Array;
  readonly moved: Int32Array;
}

export function createGround(bins: Bins, settings: TreeSettings): Ground {
  return {
    bins,
    settings,
    histograms: Array.from({ length: settings.depthMax + 1 }, () => createHistogram(bins)),
    above: new Uint8Array(bins.rows),
    scratch: new Float64Array(bins.rows),
    moved: new Int32Array(bins.rows),
  };
}

interface Growth extends Ground {
  readonly order: Int32Array;
  readonly residuals: Float64Array;
  readonly features: readonly number[];
  readonly nodes: TreeNodes;
}

interface Place {
  readonly begin: number;
  readonly end: number;
  readonly depth: number;
  /** Whose histogram is this node's. */
  readonly level: number;
}

/**
 * The first `count` of `order` are the rows to learn from (they are permuted); `residuals` are label
 * less prediction, by row.
 */
export function growTree(
  ground: Ground,
  order: Int32Array,
  count: number,
  residuals: Float64Array,
  features: readonly number[],
): TreeNodes {
  const nodes: TreeNodes = { feature: [], bin: [], value: [], left: [], right: [] };
  const { above, bins, histograms } = ground;
  for (let at = 0; at < count; at++) {
    const row = order[at] ?? 0;
    above[row] = (residuals[row] ?? 0) > 0 ? 1 : 0;
  }
  const root = histograms[0];
  if (root !== undefined) {
    fillHistogram(root, bins, { order, begin: 0, end: count }, above, features);
  }
  visit(
    { ...ground, order, residuals, features, nodes },
    { begin: 0, end: count, depth: 0, level: 0 },
  );
  return nodes;
}

/** Returns the number of the node that was made. */
function visit(growth: Growth, place: Place): number {
  const { nodes } = growth;
  const split = splitOf(growth, place);
  const node = nodes.feature.length;
  nodes.feature.push(split?.feature ?? -1);
  nodes.bin.push(split?.bin ?? 0);
  nodes.left.push(0);
  nodes.right.push(0);
  nodes.value.push(split === null ? leafValue(growth, place) : thresholdOf(growth.bins, split));
  if (split === null) return node;
  const { begin, end, depth, level } = place;
  const middle = partition(growth, place, split);
  const left = { begin, end: middle, depth: depth + 1 };
  const right = { begin: middle, end, depth: depth + 1 };
  const isLeftSmaller = middle - begin <= end - middle;
  countSmaller(growth, place, isLeftSmaller ? left : right);
  // The smaller child first: it leaves the larger one's histogram alone.
  const smaller = visit(growth, { ...(isLeftSmaller ? left : right), level: level + 1 });
  const larger = visit(growth, { ...(isLeftSmaller ? right : left), level });
  nodes.left[node] = isLeftSmaller ? smaller : larger;
  nodes.right[node] = isLeftSmaller ? larger : smaller;
  return node;
}

function splitOf({ bins, settings, histograms, features }: Growth, place: Place): Split | null {
  const { begin, end, depth, level } = place;
  const histogram = histograms[level];
  const isLeaf = depth === settings.depthMax || end - begin < 2 * settings.leafRowsMin;
  if (isLeaf || histogram === undefined) return null;
  return bestSplit(histogram, bins, settings, features);
}

function countSmaller(
  growth: Growth,
  { level, depth }: Place,
  { begin, end }: { readonly begin: number; readonly end: number },
): void {
  const { bins, settings, histograms, order, above, features } = growth;
  const [own, below] = [histograms[level], histograms[level + 1]];
  if (own === undefined || below === undefined || depth + 1 === settings.depthMax) return;
  fillHistogram(below, bins, { order, begin, end }, above, features);
  subtractHistogram(own, below, bins, features);
}

/** Rows that go left to the front, each side in its old order; returns where the right begins. */
function partition(growth: Growth, { begin, end }: Place, { feature, bin }: Split): number {
  const { order, moved, bins } = growth;
  const column = feature * bins.rows;
  let left = begin;
  let right = 0;
  for (let at = begin; at < end; at++) {
    const row = order[at] ?? 0;
    if ((bins.codes[column + row] ?? 0) <= bin) order[left++] = row;
    else moved[right++] = row;
  }
  order.set(moved.subarray(0, right), left);
  return left;
}

function leafValue(growth: Growth, { begin, end }: Place): number {
  const { scratch, order, residuals, settings } = growth;
  const own = scratch.subarray(0, end - begin);
  for (let at = begin; at < end; at++) own[at - begin] = residuals[order[at] ?? 0] ?? 0;
  own.sort();
  return quantileOfSorted(own, settings.quantile);
}

/** Behind the last edge lies only what is missing; whatever has a value goes left. */
function thresholdOf({ edges }: Bins, { feature, bin }: Split): number {
  const own = edges[feature] ?? new Float32Array(0);
  return bin === missingBin(own) - 1 ? float32Max : (own[bin] ?? 0);
}

const float32Max = 3.4028234663852886e38;

/** Linear between the two neighbours; 0 for nothing. */
export function quantileOfSorted(sorted: Float64Array, quantile: number): number {
  const place = quantile * (sorted.length - 1);
  const below = sorted[Math.max(0, Math.floor(place))] ?? 0;
  const above = sorted[Math.max(0, Math.ceil(place))] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
