/**
 * Ranges that nine of ten cases keep, whatever made them: a quantile of how cases have lately fallen
 * against what was claimed (split conformal prediction), at a level that follows the coverage that
 * was reached (adaptive conformal inference: Gibbs & Candès, arXiv 2106.00170), which corrects what
 * drift and late news would cost.
 */
import type { Ring } from "./ring.js";

/** The share of cases that a p90 is to cover, and the level to begin with. */
export const wantedCoverage = 0.9;
const levelMin = 0.5;
const levelMax = 0.995;

/** The level after one case more: it follows a miss by `step`, nine times as fast as a hit. */
export function nextLevel(level: number, wasCovered: boolean, step: number): number {
  const next = level + step * (wasCovered ? wantedCoverage - 1 : wantedCoverage);
  return Math.min(levelMax, Math.max(levelMin, next));
}

/** The ceil(level · (n + 1))-th smallest; `otherwise`, or more, where too few reach that far. */
export function coveringQuantile({ sorted }: Ring, level: number, otherwise: number): number {
  const rank = Math.ceil(level * (sorted.length + 1));
  return sorted[rank - 1] ?? Math.max(otherwise, sorted.at(-1) ?? otherwise);
}
