/**
 * A p90 that nine of ten runs keep, whatever the model thinks: the claimed range is moved by how
 * runs have lately fallen against it (core/coverage).
 */
import { coveringQuantile, nextLevel, wantedCoverage } from "../../core/coverage.js";
import { admitTo, emptyGenerations, findIn, type Generations } from "../../core/generations.js";
import { type Ring, remember, ringOf } from "../../core/ring.js";

const pooledMax = 500;
const groupMax = 64;
const groupMin = 20;
const groupsMax = 20_000;
/** How fast the level follows a miss. */
const step = 0.005;

export interface Conformal {
  /** ln(actual / claimed p90), of all runs and of each group. */
  readonly pooled: Ring;
  readonly groups: Generations<Ring>;
  level: number;
}

export function createConformal(): Conformal {
  return { pooled: ringOf([]), groups: emptyGenerations(), level: wantedCoverage };
}

/** What to add to ln(claimed p90), by the first of the groups that has seen enough. */
export function correction(conformal: Conformal, groups: readonly string[]): number {
  for (const name of groups) {
    const own = findIn(conformal.groups, name);
    if (own !== undefined && own.recent.length >= groupMin)
      return coveringQuantile(own, conformal.level, 0);
  }
  return coveringQuantile(conformal.pooled, conformal.level, 0);
}

/**
 * Takes in one run: `logOverClaimed` is ln(actual / claimed p90), without any correction;
 * `wasCovered` whether it took at most the p90 that was given out.
 */
export function learnCoverage(
  conformal: Conformal,
  groups: readonly string[],
  logOverClaimed: number,
  wasCovered: boolean,
): void {
  conformal.level = nextLevel(conformal.level, wasCovered, step);
  remember(conformal.pooled, logOverClaimed, pooledMax);
  for (const name of new Set(groups)) {
    const own = admitTo(conformal.groups, name, groupsMax, () => ringOf([]));
    remember(own, logOverClaimed, groupMax);
  }
}
