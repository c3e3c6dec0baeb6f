/**
 * How much memory a task will take at its peak, from what like tasks took: the median of the last 32
 * peaks of each group, shrunk to the group above as durations are (estimate.ts), times the 95 %
 * quantile of what peaks were over such predictions. A task that gets less than it needs dies, one
 * that gets more only waits longer: so a quantile, not the middle, and wide where little is known.
 *
 * A fold of observations, bounded in two generations, the same on every machine.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "./generations.js";
import { quantileOf, type Ring, remember, ringOf } from "./ring.js";

const groupsMax = 20_000;
const recentMax = 32;
const pooledMax = 512;
/** With fewer residuals of its own a group is given those of all. */
const residualsMin = 20;
/** A parent counts as this many observations. */
const shrinkage = 2;
const wanted = 0.95;
/** How far a peak above p95 widens it, times what was not wanted of it. */
const pull = 0.05;
const wideningMax = 2;
/** Logarithms are kept in steps of 0.1 %, so that snapshots stay small. */
const stepsPerUnit = 1_024;
/** p95 / p50 where nothing is known of the spread. */
const spreadDefault = 3;

export interface MemoryStatistics {
  readonly groups: Generations<Group>;
  /** Actual over predicted, of all groups. */
  readonly residuals: Ring;
  /** Added to p95, in logarithms: grows with each peak above it, shrinks with each below. */
  widening: number;
}

interface Group {
  /** Natural logarithms of bytes. */
  readonly peaks: Ring;
  readonly residuals: Ring;
}

export interface MemoryEstimate {
  readonly p50Bytes: number;
  /** At least p50. */
  readonly p95Bytes: number;
  /** Place of the most specific group that was seen. */
  readonly depth: number;
}

export const emptyMemoryStatistics = (): MemoryStatistics => ({
  groups: emptyGenerations(),
  residuals: ringOf([]),
  widening: 0,
});

/** Takes in one run that succeeded, in place; `groups` from the most to the least specific. */
export function observeMemory(
  statistics: MemoryStatistics,
  groups: readonly string[],
  peakBytes: number,
): void {
  // Up: no peak counts as less than it was.
  const logBytes = Math.ceil(Math.log(Math.max(1, peakBytes)) * stepsPerUnit) / stepsPerUnit;
  const before = shrunkMedian(statistics, groups);
  const residualOver = (predicted: number): number =>
    Math.round((logBytes - predicted) * stepsPerUnit) / stepsPerUnit;
  if (before !== null) {
    const isAbove = logBytes > before + spreadOf(statistics, groups);
    const widening = statistics.widening + pull * (isAbove ? wanted : wanted - 1);
    statistics.widening = Math.min(wideningMax, Math.max(0, widening));
    remember(statistics.residuals, residualOver(before), pooledMax);
  }
  for (const name of new Set(groups)) {
    const group = admitTo(statistics.groups, name, groupsMax, createGroup);
    remember(group.peaks, logBytes, recentMax);
    if (before !== null) remember(group.residuals, residualOver(before), recentMax);
  }
}

/** Null if no group has been seen. */
export function estimateMemory(
  statistics: MemoryStatistics,
  groups: readonly string[],
): MemoryEstimate | null {
  const log = shrunkMedian(statistics, groups);
  if (log === null) return null;
  const p50Bytes = Math.max(1, Math.round(Math.exp(log)));
  const p95Bytes = Math.ceil(p50Bytes * Math.exp(spreadOf(statistics, groups)));
  const depth = groups.findIndex((name) => findIn(statistics.groups, name) !== undefined);
  return { p50Bytes, p95Bytes, depth };
}

/** Of how many of its latest runs a group tells. */
export const peaksSeen = (statistics: MemoryStatistics, group: string): number =>
  findIn(statistics.groups, group)?.peaks.recent.length ?? 0;

/** For snapshots: only arrays, numbers and strings. Logarithms in whole steps. */
export interface PlainMemory {
  readonly young: readonly PlainGroup[];
  readonly old: readonly PlainGroup[];
  readonly residuals: readonly number[];
  readonly widening: number;
}

type PlainGroup = readonly [name: string, peaks: readonly number[], residuals: readonly number[]];

export function plainMemory({ groups, residuals, widening }: MemoryStatistics): PlainMemory {
  const steps = ({ recent }: Ring): number[] => recent.map((log) => Math.round(log * stepsPerUnit));
  const plain = (all: ReadonlyMap<string, Group>): PlainGroup[] =>
    Array.from(all, ([name, group]) => [name, steps(group.peaks), steps(group.residuals)]);
  return {
    young: plain(groups.young),
    old: plain(groups.old),
    residuals: steps(residuals),
    widening,
  };
}

/** `plainMemory` undone: further observations and estimates are those of the original. */
export function memoryOfPlain({ young, old, residuals, widening }: PlainMemory): MemoryStatistics {
  const ring = (steps: readonly number[]): Ring => ringOf(steps.map((step) => step / stepsPerUnit));
  const groups = (all: readonly PlainGroup[]): Map<string, Group> =>
    new Map(all.map(([name, peaks, own]) => [name, { peaks: ring(peaks), residuals: ring(own) }]));
  return {
    groups: { young: groups(young), old: groups(old) },
    residuals: ring(residuals),
    widening,
  };
}

/** ln(p95 / p50). */
const spreadOf = (statistics: MemoryStatistics, groups: readonly string[]): number =>
  statistics.widening + Math.max(0, residualOf(statistics, groups));

function shrunkMedian(
  { groups: known }: MemoryStatistics,
  groups: readonly string[],
): number | null {
  let log: number | null = null;
  for (let level = groups.length - 1; level >= 0; level--) {
    const peaks = findIn(known, groups[level] ?? "")?.peaks;
    if (peaks === undefined) continue;
    const seen = peaks.recent.length;
    const median = quantileOf(peaks, 0.5);
    log = log === null ? median : (seen * median + shrinkage * log) / (seen + shrinkage);
  }
  return log;
}

/** The conformal quantile: the ceil(0.95 · (n + 1))-th smallest. */
function residualOf(statistics: MemoryStatistics, groups: readonly string[]): number {
  const own = groups
    .map((name) => findIn(statistics.groups, name)?.residuals)
    .find((residuals) => residuals !== undefined && residuals.recent.length >= residualsMin);
  const { sorted } = own ?? statistics.residuals;
  const rank = Math.ceil(wanted * (sorted.length + 1));
  return sorted[rank - 1] ?? Math.max(Math.log(spreadDefault), sorted.at(-1) ?? 0);
}

const createGroup = (): Group => ({ peaks: ringOf([]), residuals: ringOf([]) });
