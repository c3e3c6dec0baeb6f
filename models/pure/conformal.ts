/**
 * A p90 that nine of ten runs keep, whatever the model thinks: the claimed range is moved by a
 * quantile of how runs have lately fallen against it (split conformal prediction), and the level of
 * that quantile follows the coverage that was reached (adaptive conformal inference: Gibbs & Candès,
 * arXiv 2106.00170), which corrects what drift and late news of long runs would cost.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "../../core/generations.js";
import { type Ring, remember, ringOf } from "../../core/ring.js";

const wanted = 0.9;
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
const levelMin = 0.5;
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
      return conformal.widening + quantile(own, level);
    }
  }
  return conformal.widening + quantile(conformal.pooled, level);
}

const levelOf = ({ levels }: Conformal, depth: number): number =>
  levels.get(depth) ?? Math.min(levelMax, wanted + widerPerDepth * depth);

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
  const level = levelOf(conformal, depth) + step * (wasCovered ? wanted - 1 : wanted);
  conformal.levels.set(depth, Math.min(levelMax, Math.max(levelMin, level)));
  const widening = conformal.widening + pull * (wasCovered ? wanted - 1 : wanted);
  conformal.widening = Math.min(wideningMax, Math.max(0, widening));
  remember(conformal.pooled, logOverClaimed, pooledMax);
  groups.forEach((name, place) => {
    const own = admitTo(conformal.groups, name, groupsMax, () => ringOf([]));
    remember(own, logOverClaimed, place === 0 ? groupMax : pooledMax);
  });
}

/** The ceil(level · (n + 1))-th smallest; 0 where too few were seen to reach that far. */
function quantile({ sorted }: Ring, level: number): number {
  const rank = Math.ceil(level * (sorted.length + 1));
  return sorted[rank - 1] ?? Math.max(0, sorted.at(-1) ?? 0);
}
