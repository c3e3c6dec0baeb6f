/**
 * Histograms of rows by bin, for the pinball loss. Its gradient knows only which side of the
 * prediction a label lies on, so a bin needs no more than two integers: its rows, and those of them
 * whose label lies above.
 */
import { type Bins, missingBin } from "./bins.js";

/** Two slots for each of 256 bins of each feature. */
export type Histogram = Int32Array;

const slotsOfFeature = 256 * 2;

export const createHistogram = ({ edges }: Bins): Histogram =>
  new Int32Array(edges.length * slotsOfFeature);

/** Rows `order[begin..end)`, counted anew in the features given; `above` is 0 or 1 by row. */
export function fillHistogram(
  histogram: Histogram,
  { codes, rows }: Bins,
  part: { readonly order: Int32Array; readonly begin: number; readonly end: number },
  above: Uint8Array,
  features: readonly number[],
): void {
  const { order, begin, end } = part;
  for (const feature of features) {
    const offset = feature * slotsOfFeature;
    histogram.fill(0, offset, offset + slotsOfFeature);
    const column = feature * rows;
    for (let at = begin; at < end; at++) {
      const row = order[at] ?? 0;
      const slot = offset + 2 * (codes[column + row] ?? 0);
      histogram[slot] = (histogram[slot] ?? 0) + 1;
      histogram[slot + 1] = (histogram[slot + 1] ?? 0) + (above[row] ?? 0);
    }
  }
}

/** Leaves in `from` what is not in `part`: a parent's becomes that of its other child. */
export function subtractHistogram(
  from: Histogram,
  part: Histogram,
  { edges }: Bins,
  features: readonly number[],
): void {
  for (const feature of features) {
    const offset = feature * slotsOfFeature;
    const slots = 2 * (missingBin(edges[feature] ?? noEdges) + 1);
    for (let slot = offset; slot < offset + slots; slot++) {
      from[slot] = (from[slot] ?? 0) - (part[slot] ?? 0);
    }
  }
}

export interface Split {
  readonly feature: number;
  /** The last bin that goes left. */
  readonly bin: number;
  readonly gain: number;
}

export interface SplitRules {
  readonly quantile: number;
  readonly leafRowsMin: number;
  /** Added to the rows of a side when its gain is counted. */
  readonly smoothing: number;
}

/** Null where no split leaves enough rows on both sides and gains anything. */
export function bestSplit(
  histogram: Histogram,
  { edges }: Bins,
  rules: SplitRules,
  features: readonly number[],
): Split | null {
  let best: Split | null = null;
  for (const feature of features) {
    const bins = missingBin(edges[feature] ?? noEdges);
    const found = bestOfFeature(histogram, feature, bins, rules);
    if (found !== null && found.gain > (best?.gain ?? gainMin)) best = found;
  }
  return best;
}

function bestOfFeature(
  histogram: Histogram,
  feature: number,
  bins: number,
  { quantile, leafRowsMin, smoothing }: SplitRules,
): Split | null {
  const offset = feature * slotsOfFeature;
  let count = 0;
  let positive = 0;
  for (let slot = offset; slot <= offset + 2 * bins; slot += 2) {
    count += histogram[slot] ?? 0;
    positive += histogram[slot + 1] ?? 0;
  }
  /** Gradient squared by weight. */
  const score = (rows: number, above: number): number => {
    const gradient = above - (1 - quantile) * rows;
    return (gradient * gradient) / (rows + smoothing);
  };
  let bestBin = -1;
  let bestScore = 0;
  let leftCount = 0;
  let leftPositive = 0;
  for (let bin = 0; bin < bins; bin++) {
    leftCount += histogram[offset + 2 * bin] ?? 0;
    leftPositive += histogram[offset + 2 * bin + 1] ?? 0;
    if (leftCount < leafRowsMin) continue;
    if (count - leftCount < leafRowsMin) break;
    const both = score(leftCount, leftPositive) + score(count - leftCount, positive - leftPositive);
    // Of equals the last: what no row stood for goes with the values below it, not with the missing.
    if (bestBin === -1 || both >= bestScore) {
      bestScore = both;
      bestBin = bin;
    }
  }
  if (bestBin === -1) return null;
  return { feature, bin: bestBin, gain: bestScore - score(count, positive) };
}

const noEdges = new Float32Array(0);
/** Less is rounding. */
const gainMin = 1e-9;
