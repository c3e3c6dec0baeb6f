/**
 * What has become of each group's runs, for the features of a model: more than the master's
 * statistics need. A fold of completions in order of their end; bounded like those, in two
 * generations, of which the older is forgotten when the younger is full.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "../../core/generations.js";
import { quantileOf, type Ring, remember, ringOf } from "../../core/ring.js";
import { type Alike, emptyAlike } from "./alike.js";

const recentMax = 32;
const everyoneMax = 512;
const groupsMax = 20_000;
/** Weight of the newest run in the weighted mean, and of the newest end in the share of failures. */
const gain = 0.3;

export interface RunHistory {
  readonly groups: Generations<Runs>;
  /** All runs, for tasks of which nobody has seen the like. */
  readonly everyone: Runs;
}

export interface Runs {
  /** Natural logarithms of milliseconds at speed 1. */
  readonly logs: Ring;
  /** What runs took over what their users had said, in logarithms. */
  readonly ratios: Ring;
  /** By how they began; of the levels for which that is asked. */
  readonly alike: Alike;
  succeeded: number;
  logLast: number;
  /** The one before the last. */
  logSecond: number;
  logWeighted: number;
  lastAtMs: number;
  /** Of the submission before this one; NaN before any. */
  submittedAtMs: number;
  /** Recent ones count most; NaN before any end. */
  failureShare: number;
  /** Made when it is asked for, and again after the next success. */
  summary: Summary | null;
}

/** What the runs that succeeded say together; NaN of none. */
export interface Summary {
  readonly logMedian: number;
  readonly logP90: number;
  /** Median of the last few: follows a change sooner than that of all that are remembered. */
  readonly logRecent: number;
  readonly logRuns: number;
  /** Median of what runs took over what had been said. */
  readonly logRatio: number;
}

function createRuns(): Runs {
  return {
    logs: ringOf([]),
    ratios: ringOf([]),
    alike: emptyAlike(),
    succeeded: 0,
    logLast: Number.NaN,
    logSecond: Number.NaN,
    logWeighted: Number.NaN,
    lastAtMs: Number.NaN,
    submittedAtMs: Number.NaN,
    failureShare: Number.NaN,
    summary: null,
  };
}

export const emptyRuns: Runs = createRuns();

/** Asked for with each task of the group, and changed by each run of it alone. */
export function summaryOf(runs: Runs): Summary {
  runs.summary ??= summarise(runs);
  return runs.summary;
}

const summarise = ({ logs, ratios, succeeded }: Runs): Summary => ({
  logMedian: logs.recent.length === 0 ? Number.NaN : quantileOf(logs, 0.5),
  logP90: logs.recent.length === 0 ? Number.NaN : quantileOf(logs, 0.9),
  logRecent: medianOf(logs.recent.slice(-fewRuns)),
  logRuns: Math.log1p(succeeded),
  logRatio: ratios.recent.length === 0 ? Number.NaN : quantileOf(ratios, 0.5),
});

export const emptyRunHistory = (): RunHistory => ({
  groups: emptyGenerations(),
  everyone: createRuns(),
});

export function runsOf(history: RunHistory, group: string): Runs | undefined {
  return findIn(history.groups, group);
}

/**
 * What a user's word means: ln(actual / said) of the levels' runs, each level's median shrunk to the
 * one above, as the anchor is, and the last to everyone's; that to `before`, what is supposed of a
 * word while nothing is known. NaN of that is "nothing": then the answer may be NaN as well.
 */
export function ratioToWord(
  history: RunHistory,
  levels: readonly (Runs | undefined)[],
  before: number,
): number {
  let ratio = shrunk(history.everyone, before);
  for (let level = levels.length - 1; level >= 0; level--) {
    const runs = levels[level];
    if (runs !== undefined) ratio = shrunk(runs, ratio);
  }
  return ratio;
}

function shrunk(runs: Runs, above: number): number {
  const seen = runs.ratios.recent.length;
  if (seen === 0) return above;
  const median = summaryOf(runs).logRatio;
  return Number.isNaN(above) ? median : (seen * median + shrinkage * above) / (seen + shrinkage);
}

const shrinkage = 2;

export interface RunEnd {
  /** At speed 1; says nothing if the run failed. */
  readonly durationMs: number;
  /** NaN where no user had said anything. */
  readonly userEstimateMs: number;
  readonly succeeded: boolean;
  readonly atMs: number;
}

/** Takes in one end, in place. */
export function recordRun(history: RunHistory, groups: readonly string[], end: RunEnd): void {
  for (const name of new Set(groups)) {
    recordEnd(admitTo(history.groups, name, groupsMax, createRuns), end, recentMax);
  }
  recordEnd(history.everyone, end, everyoneMax);
}

function recordEnd(runs: Runs, end: RunEnd, runsMax: number): void {
  runs.failureShare = follow(runs.failureShare, end.succeeded ? 0 : 1);
  if (!end.succeeded) return;
  const logMs = Math.log(Math.max(1, end.durationMs));
  remember(runs.logs, logMs, runsMax);
  if (end.userEstimateMs > 0) {
    remember(runs.ratios, logMs - Math.log(end.userEstimateMs), runsMax);
  }
  runs.succeeded++;
  runs.summary = null;
  runs.logSecond = runs.logLast;
  runs.logLast = logMs;
  runs.logWeighted = follow(runs.logWeighted, logMs);
  runs.lastAtMs = end.atMs;
}

/** Takes in one submission, in place, once its task is predicted. */
export function recordSubmission(
  history: RunHistory,
  groups: readonly string[],
  atMs: number,
): void {
  for (const name of new Set(groups)) {
    admitTo(history.groups, name, groupsMax, createRuns).submittedAtMs = atMs;
  }
}

const fewRuns = 5;

/** NaN of nothing. */
function medianOf(values: number[]): number {
  const sorted = values.sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

const follow = (mean: number, value: number): number =>
  Number.isNaN(mean) ? value : mean + gain * (value - mean);
