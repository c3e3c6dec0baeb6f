/**
 * A p90 that nine of ten runs keep, whatever the model thinks: the claimed range is moved by a
 * quantile of how runs have lately fallen against it, at a level that follows what was covered
 * (core/coverage), which corrects what drift and late news of long runs would cost.
 */
import { coveringQuantile, nextLevel, wantedCoverage } from "../../core/coverage.js";
import { admitTo, emptyGenerations, findIn, type Generations } from "../../core/generations.js";
import { type Ring, remember, ringOf } from "../../core/ring.js";

const pooledMax = 500;
/** Of the innermost group; of others as many as of all, so that one burst does not fill them. */
const groupMax = 64;
const groupMin = 20;
const groupsMax = 20_000;
/** How fast the level follows a miss. */
const step = 0.01;
/** How much higher the level begins for each step that less is known. */
const widerPerDepth = 0.02;
/** What a miss adds to the widening, in logarithms, times what was not wanted of it. */
const pull = 0.02;
const wideningMax = 2;
/** Where a level begins at most. */
const levelMax = 0.995;

export interface Conformal {
  /** ln(actual / claimed p90), of all runs and of each group. */
  readonly pooled: Ring;
  readonly groups: Generations<Ring>;
  /** By how much is known of a task: tasks of which little is known come, and miss, many at a time. */
  readonly levels: Map<number, number>;
  /** Added to all: misses that come many at a time are more than any level answers. */
  widening: number;
}

export function createConformal(): Conformal {
  return { pooled: ringOf([]), groups: emptyGenerations(), levels: new Map(), widening: 0 };
}

/**
 * What to add to ln(claimed p90), by the first of the groups that has seen enough; `depth` says how
 * little is known of the task (0: most).
 */
export function correction(conformal: Conformal, groups: readonly string[], depth: number): number {
  const level = levelOf(conformal, depth);
  for (const name of groups) {
    const own = findIn(conformal.groups, name);
    if (own !== undefined && own.recent.length >= groupMin) {
      return conformal.widening + coveringQuantile(own, level, 0);
    }
  }
  return conformal.widening + coveringQuantile(conformal.pooled, level, 0);
}

const levelOf = ({ levels }: Conformal, depth: number): number =>
  levels.get(depth) ?? Math.min(levelMax, wantedCoverage + widerPerDepth * depth);

/**
 * Takes in one run: `logOverClaimed` is ln(actual / claimed p90), without any correction;
 * `wasCovered` whether it took at most the p90 that was given out.
 */
export function learnCoverage(
  conformal: Conformal,
  groups: readonly string[],
  depth: number,
  logOverClaimed: number,
  wasCovered: boolean,
): void {
  conformal.levels.set(depth, nextLevel(levelOf(conformal, depth), wasCovered, step));
  const widening = conformal.widening + pull * (wasCovered ? wantedCoverage - 1 : wantedCoverage);
  conformal.widening = Math.min(wideningMax, Math.max(0, widening));
  remember(conformal.pooled, logOverClaimed, pooledMax);
  groups.forEach((name, place) => {
    const own = admitTo(conformal.groups, name, groupsMax, () => ringOf([]));
    remember(own, logOverClaimed, place === 0 ? groupMax : pooledMax);
  });
}
