/**
 * What has become of each group's runs, for the features of a model: more than the master's
 * statistics need. A fold of completions in order of their end; bounded like those, in two
 * generations, of which the older is forgotten when the younger is full.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "../../core/generations.js";
import { quantileOf, type Ring, remember, ringOf } from "../../core/ring.js";

const recentMax = 32;
const groupsMax = 20_000;
/** Weight of the newest run in the weighted mean, and of the newest end in the share of failures. */
const gain = 0.3;

export type RunHistory = Generations<Runs>;

interface Runs {
  /** Natural logarithms of milliseconds at speed 1. */
  readonly logs: Ring;
  /** What runs took over what their users had said, in logarithms. */
  readonly ratios: Ring;
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
  logMedian(): number;
  logP90(): number;
  /** Median of the last few: follows a change sooner than that of all that are remembered. */
  logRecent(): number;
}

function createRuns(): Runs {
  const logs = ringOf([]);
  return {
    logs,
    ratios: ringOf([]),
    succeeded: 0,
    logLast: Number.NaN,
    logSecond: Number.NaN,
    logWeighted: Number.NaN,
    lastAtMs: Number.NaN,
    submittedAtMs: Number.NaN,
    failureShare: Number.NaN,
    logMedian: () => quantileOf(logs, 0.5),
    logP90: () => quantileOf(logs, 0.9),
    logRecent: () => medianOf(logs.recent.slice(-fewRuns)),
  };
}

export const emptyRuns: Readonly<Runs> = createRuns();

export const emptyRunHistory = (): RunHistory => emptyGenerations();

export function runsOf(history: RunHistory, group: string): Readonly<Runs> | undefined {
  return findIn(history, group);
}

/**
 * What a user's word means: ln(actual / said) of the groups' runs, each level's median shrunk to the
 * one above, as the anchor is; 0, the word itself, where nothing is known.
 */
export function ratioToWord(history: RunHistory, groups: readonly string[]): number {
  let ratio = 0;
  for (let level = groups.length - 1; level >= 0; level--) {
    const ratios = runsOf(history, groups[level] ?? "")?.ratios;
    if (ratios === undefined || ratios.recent.length === 0) continue;
    const seen = ratios.recent.length;
    ratio = (seen * quantileOf(ratios, 0.5) + shrinkage * ratio) / (seen + shrinkage);
  }
  return ratio;
}

const shrinkage = 2;

/**
 * Takes in one end, in place. `durationMs` is at speed 1, and says nothing if the run failed;
 * `userEstimateMs` is NaN where no user had said anything.
 */
export function recordRun(
  history: RunHistory,
  groups: readonly string[],
  end: {
    readonly durationMs: number;
    readonly userEstimateMs: number;
    readonly succeeded: boolean;
    readonly atMs: number;
  },
): void {
  const logMs = Math.log(Math.max(1, end.durationMs));
  for (const name of new Set(groups)) {
    const runs = admitTo(history, name, groupsMax, createRuns);
    runs.failureShare = follow(runs.failureShare, end.succeeded ? 0 : 1);
    if (!end.succeeded) continue;
    remember(runs.logs, logMs, recentMax);
    if (end.userEstimateMs > 0) {
      remember(runs.ratios, logMs - Math.log(end.userEstimateMs), recentMax);
    }
    runs.succeeded++;
    runs.logSecond = runs.logLast;
    runs.logLast = logMs;
    runs.logWeighted = follow(runs.logWeighted, logMs);
    runs.lastAtMs = end.atMs;
  }
}

/** Takes in one submission, in place, once its task is predicted. */
export function recordSubmission(
  history: RunHistory,
  groups: readonly string[],
  atMs: number,
): void {
  for (const name of new Set(groups)) {
    admitTo(history, name, groupsMax, createRuns).submittedAtMs = atMs;
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
