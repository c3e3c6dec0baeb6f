/**
 * Durations predicted from group statistics: what like tasks took, from the most to the least
 * specific group a task belongs to. Measured on real traces this beats a user's own estimate by far
 * and is the anchor that any learned model has to beat (docs/architecture.md, "Estimates").
 *
 * - A group remembers its last 32 durations (at speed 1). Its p50 is their median, shrunk to the
 *   parent's in logarithms: (n·median + 2·parent) / (n + 2), from the least specific group on.
 * - p90 is p50 times the 90 % quantile of the residuals (actual / predicted when it was observed):
 *   the very group's own if it has 20, else those of predictions that rested on as much: the same
 *   most specific level that was known, seen seldom or often. So the range is as wide as predictions
 *   of cold tasks were wrong. Quantiles are conformal, of n + 1; until nine are there, those of all
 *   predictions or a wide default stand in, whichever is wider.
 *
 * - Where a user has said how long a task takes, both words are weighed by what each has lost on the
 *   runs of the group, |ln(actual / said)|: exp(-12 · loss), as the predictor's experts are. Before
 *   any run the user is believed; statistics have to earn it, and few runs of a task whose size
 *   varies do not.
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
/** Nine just reach a 90 % quantile. */
const alikeResidualsMin = 9;
const alikeResidualsMax = 128;
/** p90 / p50 where nothing is known of the spread. */
const spreadDefault = 3;
/** A parent counts as this many observations. */
const shrinkage = 2;

export interface GroupStatistics extends Generations<Group> {
  /** Actual over predicted, of all groups. */
  readonly residuals: Ring;
  /** The same of predictions that rested on as much: by `knowledge`. */
  readonly byKnowledge: Ring[];
}

interface Group {
  /** Milliseconds at speed 1, at least 1. */
  readonly durations: Ring;
  readonly residuals: Ring;
  /** |ln(actual / user's p50)|, of runs for which a user had said one. */
  readonly userLosses: Ring;
  /** What share of the belief the statistics have earned: follows from the losses, kept for speed. */
  share: number;
}

export function emptyStatistics(): GroupStatistics {
  return { young: new Map(), old: new Map(), residuals: ringOf([]), byKnowledge: [] };
}

/**
 * Takes in one successful run, in place. `groups` from the most to the least specific; `durationMs`
 * is what it took times the worker's speed, `user` what the user had said of tasks like it. Failed
 * runs tell nothing about durations: leave them out.
 */
export function observe(
  statistics: GroupStatistics,
  groups: readonly string[],
  durationMs: number,
  user: UserEstimate | null = null,
): void {
  const duration = Math.max(1, Math.round(durationMs));
  const before = anchor(statistics, groups);
  // In 1024ths: the same number after any way of writing it down.
  const residual = before === null ? null : Math.round((duration / before.p50Ms) * 1024) / 1024;
  if (before !== null && residual !== null) {
    remember(statistics.residuals, residual, pooledResidualsMax);
    while (statistics.byKnowledge.length <= before.knowledge)
      statistics.byKnowledge.push(ringOf([]));
    const alike = statistics.byKnowledge[before.knowledge] ?? ringOf([]);
    remember(alike, residual, alikeResidualsMax);
  }
  for (const name of new Set(groups)) {
    const group = admitTo(statistics, name, groupsMax, createGroup);
    remember(group.durations, duration, recentMax);
    if (residual !== null) remember(group.residuals, residual, recentMax);
    if (user !== null) remember(group.userLosses, userLoss(user, duration), recentMax);
    group.share = shareEarned(group);
  }
}

/** Duration at speed 1; null if no group has been seen. */
export function estimate(statistics: GroupStatistics, groups: readonly string[]): Estimate | null {
  const found = anchor(statistics, groups);
  if (found === null) return null;
  const p50Ms = Math.max(1, Math.round(found.p50Ms));
  const p90Ms = Math.max(p50Ms, Math.ceil(p50Ms * spread(statistics, groups, found)));
  return { p50Ms, p90Ms, source: "statistics", confidence: found.confidence };
}

/**
 * What the user says and what the statistics say, weighed by what each has lost on this group; the
 * one of the two that there is; null where nobody knows. The source is whoever weighs more.
 */
export function weigh(
  statistics: GroupStatistics,
  groups: readonly string[],
  user: UserEstimate | null,
): Estimate | null {
  const learned = estimate(statistics, groups);
  if (user === null) return learned;
  const said = fromUser(user);
  if (learned === null) return said;
  const share = shareOfStatistics(statistics, groups);
  if (share <= shareMin) return said;
  if (share >= 1 - shareMin) return learned;
  const between = (a: number, b: number): number =>
    Math.round(Math.exp(share * Math.log(a) + (1 - share) * Math.log(b)));
  const p50Ms = Math.max(1, between(learned.p50Ms, said.p50Ms));
  return {
    p50Ms,
    p90Ms: Math.max(p50Ms, between(learned.p90Ms, said.p90Ms)),
    source: share >= 0.5 ? "statistics" : "user",
    confidence: share * learned.confidence + (1 - share) * said.confidence,
  };
}

/** The user's word as an estimate. */
export function fromUser(user: UserEstimate): Estimate {
  const p50Ms = Math.max(1, user.p50Ms);
  return { p50Ms, p90Ms: Math.max(p50Ms, user.p90Ms), source: "user", confidence: userConfidence };
}

const userConfidence = 0.3;
/** Weight is exp(-sharpness · loss). */
const sharpness = 12;
/** Less than this share is none: then the other's word stands as it was said. */
const shareMin = 0.05;
/** What either is supposed to lose before anything is known, counted as so many runs. */
const priorRuns = 4;
const priorUserLoss = 0.3;
const priorStatisticsLoss = 1;

/** From 0 (the user alone is believed) to 1. */
function shareOfStatistics(statistics: GroupStatistics, groups: readonly string[]): number {
  // What users said of other kinds of tasks, which the least specific group holds, tells nothing.
  const known = groups
    .slice(0, Math.max(1, groups.length - 1))
    .map((name) => findIn(statistics, name))
    .find((group) => group !== undefined && group.userLosses.recent.length > 0);
  return known?.share ?? 0;
}

function shareEarned({ userLosses, residuals }: Omit<Group, "share">): number {
  // Nothing was ever held against the user's word.
  if (userLosses.recent.length === 0) return 0;
  const losses = residuals.recent.map((residual) =>
    Math.abs(Math.log(Math.max(residual, 1 / 1024))),
  );
  const ahead =
    shrunkMean(userLosses.recent, priorUserLoss) - shrunkMean(losses, priorStatisticsLoss);
  return 1 / (1 + Math.exp(-sharpness * ahead));
}

function shrunkMean(losses: readonly number[], prior: number): number {
  const sum = losses.reduce((total, loss) => total + loss, priorRuns * prior);
  return sum / (losses.length + priorRuns);
}

/** In 1024ths, like residuals. */
const userLoss = (user: UserEstimate, durationMs: number): number =>
  Math.round(Math.abs(Math.log(durationMs / Math.max(1, user.p50Ms))) * 1024) / 1024;

/** For snapshots: only arrays, numbers and strings, so that no name of a group can do harm. */
export interface PlainStatistics {
  readonly young: readonly PlainGroup[];
  readonly old: readonly PlainGroup[];
  readonly residuals: readonly number[];
  /** Not there in what was written before it was kept. */
  readonly byKnowledge?: readonly (readonly number[])[];
}

type PlainGroup = readonly [
  name: string,
  durations: readonly number[],
  residuals: readonly number[],
  /** Not there in what was written before it was kept. */
  userLosses?: readonly number[],
];

export function toPlain(statistics: GroupStatistics): PlainStatistics {
  const plain = (groups: ReadonlyMap<string, Group>): PlainGroup[] =>
    Array.from(groups, ([name, { durations, residuals, userLosses }]) => [
      name,
      [...durations.recent],
      [...residuals.recent],
      [...userLosses.recent],
    ]);
  return {
    young: plain(statistics.young),
    old: plain(statistics.old),
    residuals: [...statistics.residuals.recent],
    byKnowledge: statistics.byKnowledge.map(({ recent }) => [...recent]),
  };
}

/** `toPlain` undone: further observations and estimates are those of the original. */
export function fromPlain(plain: PlainStatistics): GroupStatistics {
  const groups = (rows: readonly PlainGroup[]): Map<string, Group> =>
    new Map(
      rows.map(([name, durations, residuals, userLosses = []]) => {
        const rings = {
          durations: ringOf(durations),
          residuals: ringOf(residuals),
          userLosses: ringOf(userLosses),
        };
        return [name, { ...rings, share: shareEarned(rings) }];
      }),
    );
  return {
    young: groups(plain.young),
    old: groups(plain.old),
    residuals: ringOf(plain.residuals),
    byKnowledge: (plain.byKnowledge ?? []).map(ringOf),
  };
}

/** Whether something of the group has succeeded, as far back as is remembered. */
export const hasSucceeded = (statistics: GroupStatistics, group: string): boolean =>
  findIn(statistics, group) !== undefined;

interface Anchor {
  readonly p50Ms: number;
  readonly confidence: number;
  /** The most specific level that has been seen. */
  readonly level: number;
  /** How much it rests on: that level, and how often it has been seen. */
  readonly knowledge: number;
}

/** The shrunk median. Confidence follows the same shrinkage, halved at each level without data. */
function anchor(statistics: GroupStatistics, groups: readonly string[]): Anchor | null {
  let logP50: number | null = null;
  let confidence = 0;
  let level = 0;
  let runs = 0;
  for (let at = groups.length - 1; at >= 0; at--) {
    const group = findIn(statistics, groups[at] ?? "");
    const seen = group?.durations.recent.length ?? 0;
    confidence = (seen + (shrinkage * confidence) / 2) / (seen + shrinkage);
    if (group === undefined) continue;
    level = at;
    runs = seen;
    const median = Math.log(quantileOf(group.durations, 0.5));
    logP50 = logP50 === null ? median : (seen * median + shrinkage * logP50) / (seen + shrinkage);
  }
  if (logP50 === null) return null;
  return { p50Ms: Math.exp(logP50), confidence, level, knowledge: knowledgeOf(level, runs) };
}

/** Levels apart, and at each whether it was seen a few times or often. */
const knowledgeOf = (level: number, runs: number): number => 2 * level + (runs < fewRuns ? 1 : 0);
const fewRuns = 8;

/**
 * p90 / p50: of the very group where that has 20 residuals; else of predictions that rested on as
 * much, for those that rest on less are further off; else of all.
 */
function spread(
  statistics: GroupStatistics,
  groups: readonly string[],
  { level, knowledge }: Anchor,
): number {
  const own = findIn(statistics, groups[level] ?? "")?.residuals;
  if (level === 0 && own !== undefined && own.recent.length >= groupResidualsMin)
    return conformal(own);
  const alike = statistics.byKnowledge[knowledge];
  if (alike !== undefined && alike.recent.length >= alikeResidualsMin) return conformal(alike);
  return Math.max(spreadDefault, conformal(statistics.residuals));
}

/** The ceil(0.9·(n + 1))-th smallest, which nine residuals just reach. */
function conformal({ sorted }: Ring): number {
  const rank = Math.ceil(0.9 * (sorted.length + 1));
  if (rank <= sorted.length) return Math.max(1, sorted[rank - 1] ?? spreadDefault);
  return Math.max(spreadDefault, sorted[sorted.length - 1] ?? 1);
}

const createGroup = (): Group => ({
  durations: ringOf([]),
  residuals: ringOf([]),
  userLosses: ringOf([]),
  share: 0,
});
