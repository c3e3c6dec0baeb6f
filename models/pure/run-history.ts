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
  succeeded: number;
  logLast: number;
  /** The one before the last. */
  logSecond: number;
  logWeighted: number;
  lastAtMs: number;
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
    succeeded: 0,
    logLast: Number.NaN,
    logSecond: Number.NaN,
    logWeighted: Number.NaN,
    lastAtMs: Number.NaN,
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

/** Takes in one end, in place. `durationMs` is at speed 1, and says nothing if the run failed. */
export function recordRun(
  history: RunHistory,
  groups: readonly string[],
  end: { readonly durationMs: number; readonly succeeded: boolean; readonly atMs: number },
): void {
  const logMs = Math.log(Math.max(1, end.durationMs));
  for (const name of new Set(groups)) {
    const runs = admitTo(history, name, groupsMax, createRuns);
    runs.failureShare = follow(runs.failureShare, end.succeeded ? 0 : 1);
    if (!end.succeeded) continue;
    remember(runs.logs, logMs, recentMax);
    runs.succeeded++;
    runs.logSecond = runs.logLast;
    runs.logLast = logMs;
    runs.logWeighted = follow(runs.logWeighted, logMs);
    runs.lastAtMs = end.atMs;
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
