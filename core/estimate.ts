/**
 * Durations predicted from group statistics: what like tasks took, from the most to the least
 * specific group a task belongs to. Measured on real traces this beats a user's own estimate by far
 * and is the anchor that any learned model has to beat (docs/architecture.md, "Estimates").
 *
 * - A group remembers its last 32 durations (at speed 1). Its p50 is their median, shrunk to the
 *   parent's in logarithms: (n·median + 2·parent) / (n + 2), from the least specific group on.
 * - p90 is p50 times the 90 % quantile of the residuals (actual / predicted when it was observed):
 *   the group's own if it has 20, else those of all groups. Quantiles are conformal, of n + 1, so
 *   few residuals widen the range, and below that many a wide default stands in.
 *
 * The statistics are part of the master's state: plain data, a fold of observations, the same on
 * every machine (V8 computes exp and log in software). At most `groupsMax` groups are remembered,
 * in two generations: when the young one is full it becomes the old one, whose groups are
 * forgotten unless they have been observed since.
 */
import { admitTo, findIn, type Generations } from "./generations.js";
import type { UserEstimate } from "./job.js";
import { quantileOf, type Ring, remember, ringOf } from "./ring.js";
import type { Estimate } from "./views.js";

export { remaining } from "./remaining.js";

export const groupsMax = 20_000;
export const recentMax = 32;
const groupResidualsMin = 20;
const pooledResidualsMax = 512;
/** p90 / p50 where nothing is known of the spread. */
const spreadDefault = 3;
/** A parent counts as this many observations. */
const shrinkage = 2;

export interface GroupStatistics extends Generations<Group> {
  /** Actual over predicted, of all groups. */
  readonly residuals: Ring;
}

interface Group {
  /** Milliseconds at speed 1, at least 1. */
  readonly durations: Ring;
  readonly residuals: Ring;
}

export function emptyStatistics(): GroupStatistics {
  return { young: new Map(), old: new Map(), residuals: ringOf([]) };
}

/**
 * Takes in one successful run, in place. `groups` from the most to the least specific; `durationMs`
 * is what it took times the worker's speed. Failed runs tell nothing about durations: leave them out.
 */
export function observe(
  statistics: GroupStatistics,
  groups: readonly string[],
  durationMs: number,
): void {
  const duration = Math.max(1, Math.round(durationMs));
  const before = anchor(statistics, groups);
  // In 1024ths: the same number after any way of writing it down.
  const residual = before === null ? null : Math.round((duration / before.p50Ms) * 1024) / 1024;
  if (residual !== null) remember(statistics.residuals, residual, pooledResidualsMax);
  for (const name of new Set(groups)) {
    const group = admitTo(statistics, name, groupsMax, createGroup);
    remember(group.durations, duration, recentMax);
    if (residual !== null) remember(group.residuals, residual, recentMax);
  }
}

/** Duration at speed 1; null if no group has been seen. */
export function estimate(statistics: GroupStatistics, groups: readonly string[]): Estimate | null {
  const found = anchor(statistics, groups);
  if (found === null) return null;
  const p50Ms = Math.max(1, Math.round(found.p50Ms));
  const p90Ms = Math.max(p50Ms, Math.ceil(p50Ms * spread(statistics, groups)));
  return { p50Ms, p90Ms, source: "statistics", confidence: found.confidence };
}

/** Above this confidence statistics are believed more than the user: two runs of the very task. */
export const confidenceOfStatistics = 0.6;

/**
 * Whom to believe: statistics once they are sure enough, else the user, else statistics of
 * whatever confidence; null where nobody knows.
 */
export function resolveEstimate(
  user: UserEstimate | null,
  statistics: Estimate | null,
): Estimate | null {
  if (statistics !== null && statistics.confidence >= confidenceOfStatistics) return statistics;
  if (user === null) return statistics;
  const p50Ms = Math.max(1, user.p50Ms);
  return { p50Ms, p90Ms: Math.max(p50Ms, user.p90Ms), source: "user", confidence: userConfidence };
}

const userConfidence = 0.3;

/** For snapshots: only arrays, numbers and strings, so that no name of a group can do harm. */
export interface PlainStatistics {
  readonly young: readonly PlainGroup[];
  readonly old: readonly PlainGroup[];
  readonly residuals: readonly number[];
}

type PlainGroup = readonly [
  name: string,
  durations: readonly number[],
  residuals: readonly number[],
];

export function toPlain(statistics: GroupStatistics): PlainStatistics {
  const plain = (groups: ReadonlyMap<string, Group>): PlainGroup[] =>
    Array.from(groups, ([name, { durations, residuals }]) => [
      name,
      [...durations.recent],
      [...residuals.recent],
    ]);
  return {
    young: plain(statistics.young),
    old: plain(statistics.old),
    residuals: [...statistics.residuals.recent],
  };
}

/** `toPlain` undone: further observations and estimates are those of the original. */
export function fromPlain(plain: PlainStatistics): GroupStatistics {
  const groups = (rows: readonly PlainGroup[]): Map<string, Group> =>
    new Map(
      rows.map(([name, durations, residuals]) => [
        name,
        { durations: ringOf(durations), residuals: ringOf(residuals) },
      ]),
    );
  return {
    young: groups(plain.young),
    old: groups(plain.old),
    residuals: ringOf(plain.residuals),
  };
}

/** Whether something of the group has succeeded, as far back as is remembered. */
export const hasSucceeded = (statistics: GroupStatistics, group: string): boolean =>
  find(statistics, group) !== undefined;

interface Anchor {
  readonly p50Ms: number;
  readonly confidence: number;
}

/** The shrunk median. Confidence follows the same shrinkage, halved at each level without data. */
function anchor(statistics: GroupStatistics, groups: readonly string[]): Anchor | null {
  let logP50: number | null = null;
  let confidence = 0;
  for (let level = groups.length - 1; level >= 0; level--) {
    const group = findIn(statistics, groups[level] ?? "");
    const seen = group?.durations.recent.length ?? 0;
    confidence = (seen + (shrinkage * confidence) / 2) / (seen + shrinkage);
    if (group === undefined) continue;
    const median = Math.log(quantileOf(group.durations, 0.5));
    logP50 = logP50 === null ? median : (seen * median + shrinkage * logP50) / (seen + shrinkage);
  }
  return logP50 === null ? null : { p50Ms: Math.exp(logP50), confidence };
}

function spread(statistics: GroupStatistics, groups: readonly string[]): number {
  const own = groups
    .map((name) => findIn(statistics, name)?.residuals)
    .find((residuals) => residuals !== undefined && residuals.recent.length >= groupResidualsMin);
  const residuals = own ?? statistics.residuals;
  const seen = residuals.recent.length;
  // The conformal quantile: the ceil(0.9·(n + 1))-th smallest, which nine residuals just reach.
  const rank = Math.ceil(0.9 * (seen + 1));
  if (rank <= seen) return Math.max(1, residuals.sorted[rank - 1] ?? spreadDefault);
  return Math.max(spreadDefault, residuals.sorted[seen - 1] ?? 1);
}

const createGroup = (): Group => ({ durations: ringOf([]), residuals: ringOf([]) });
