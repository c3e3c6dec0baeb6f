/**
 * How fast a worker is beside its benchmark, learnt from what its runs took against what was
 * predicted: the median of ln(predicted at speed 1 / (actual · benchmark)) over its last 32 runs,
 * shrunk towards its class, which is shrunk towards 0. Lotaru (arXiv 2309.06918) shows that one
 * factor per machine is most of what there is to know.
 *
 * - The noisier a worker's runs, the more they are shrunk: n·median + k·class, over n + k, with k
 *   the variance of a median of one over that of benchmarks.
 * - A worker that has become slower (or faster) is not held up by what it was: if the last 8 runs
 *   all lie on one side of the median of those before, and far off, those before are dropped.
 * - The durations that predictions are made of are learnt with these very speeds, so what all
 *   workers have in common cannot be told from the work having changed, and would feed on itself.
 *   It is the work's: of what a run is beyond what its worker is known for, the part that the latest
 *   runs on other workers were beyond theirs as well is taken off. Of work that no other worker has
 *   run nobody can say, so small differences are the work's, and only what goes beyond them is the
 *   worker's. And every run pulls a little towards corrections without a mean.
 *
 * All numbers are whole 1024ths of a natural logarithm, so the same after any way of writing them
 * down. Part of the master's state: plain data, a fold of observations.
 */
import { admitTo, emptyGenerations, findIn, type Generations } from "./generations.js";
import type { Estimate } from "./views.js";

export interface WorkerSpeed {
  /** Latest runs, oldest first; above 0: faster than the benchmark says. */
  readonly residuals: number[];
  /** What the benchmark is corrected by in plans. It moves in steps, for plans hang on it. */
  correction: number;
}

/** What workers are compared by: the latest runs of all, and who has run which kind of task. */
export interface Comparison {
  /** Oldest first. */
  readonly latest: LatestRun[];
  /** The last two workers that have run it. */
  readonly ranBy: Generations<string[]>;
}

export interface LatestRun {
  readonly worker: string;
  /** What it was faster by than its worker was known for. */
  readonly beyond: number;
  /** What it was known for. */
  readonly correction: number;
}

/** What the workers of a class say together, in sums that can be taken apart again. */
export interface SpeedClass {
  readonly sum: number;
  readonly runs: number;
}

export interface SpeedRun {
  readonly worker: string;
  /** Of the task, as fine as its runs are alike. */
  readonly kind: string;
  /** At speed 1, by statistics; a user's word about a task says nothing of a worker. */
  readonly predictedMs: number;
  readonly ranMs: number;
  readonly benchmark: number;
}

const unit = 1_024;
export const residualsMax = 32;
export const kindsMax = 10_000;
const latestMax = 64;

export const emptySpeed = (): WorkerSpeed => ({ residuals: [], correction: 0 });
export const emptyComparison = (): Comparison => ({ latest: [], ranBy: emptyGenerations() });
export const emptyClass: SpeedClass = { sum: 0, runs: 0 };

/** Whether a prediction rests on enough runs of the very kind to judge a worker by. */
export const isTelling = (predicted: Estimate | null): predicted is Estimate =>
  predicted !== null && predicted.source === "statistics" && predicted.confidence >= 0.6;

/** By which the benchmark is to be multiplied. */
export const factorOf = ({ correction }: Pick<WorkerSpeed, "correction">): number =>
  correction === 0 ? 1 : Math.exp(correction / unit);

/** Takes in one successful run, in place. `others` are those of its worker's class without it. */
export function observeSpeed(
  comparison: Comparison,
  speed: WorkerSpeed,
  run: SpeedRun,
  others: SpeedClass,
): void {
  const { worker, kind, predictedMs, ranMs, benchmark } = run;
  const residual = inUnits(predictedMs / (Math.max(1, ranMs) * benchmark));
  const beyond = residual - speed.correction;
  const { residuals } = speed;
  residuals.push(residual - partOfWork(comparison, run, beyond) - pull(comparison, run));
  if (residuals.length > residualsMax) residuals.shift();
  if (hasChanged(residuals)) residuals.splice(0, residuals.length - recentRuns);
  settle(speed, others);
  const { latest, ranBy } = comparison;
  latest.push({ worker, beyond, correction: speed.correction });
  if (latest.length > latestMax) latest.shift();
  const by = admitTo(ranBy, kind, kindsMax, () => []);
  if (by.includes(worker)) return;
  by.push(worker);
  if (by.length > 2) by.shift();
}

/** Brings the correction up to date, if it is worth a step. */
export function settle(speed: WorkerSpeed, others: SpeedClass): void {
  const fresh = levelOf(speed.residuals, others);
  const isBenchmark = speed.correction === 0;
  if (Math.abs(fresh - speed.correction) < (isBenchmark ? leaveMin : moveMin)) return;
  speed.correction = whole(fresh / step) * step;
}

/** Few steps, so that workers that are alike stay so: those of one speed are one class in plans. */
const step = unit / 16;
const moveMin = (3 / 4) * step;
/** What noise makes of workers that are all as they say. */
const leaveMin = (3 / 2) * step;

/** A worker says so of itself to its class; one that is in trouble does not say it of the others. */
export function sayOf({ residuals }: Pick<WorkerSpeed, "residuals">): SpeedClass {
  const runs = Math.min(residuals.length, recentRuns);
  return { sum: runs * clamp(medianOf(residuals), saidMax), runs };
}

const saidMax = Math.round(0.35 * unit);

export const addClasses = (a: SpeedClass, b: SpeedClass, sign: 1 | -1): SpeedClass => ({
  sum: a.sum + sign * b.sum,
  runs: a.runs + sign * b.runs,
});

/**
 * The same worker with another benchmark. What it was learnt to be stays where both differ by no
 * more than benchmarks do; otherwise it has become another machine.
 */
export function rebased(speed: WorkerSpeed, before: number, after: number): WorkerSpeed {
  const shift = inUnits(before / after);
  if (Math.abs(shift) > benchmarkNoise) return emptySpeed();
  return {
    residuals: speed.residuals.map((residual) => residual + shift),
    correction: speed.correction + shift,
  };
}

const benchmarkNoise = Math.round(Math.log(1.15) * unit);

const inUnits = (ratio: number): number => whole(Math.log(ratio) * unit);

/** Without a negative zero, which JSON does not know. */
const whole = (value: number): number => Math.round(value) + 0;

/** Runs that are enough to say what is so now. */
const recentRuns = 8;
/** So many runs of others are enough to say what has become of the work. */
const elsewhereRuns = 5;
const elsewhereMin = 3;
/** So much longer or shorter than predicted is the work, where nobody says otherwise. */
const smallMax = Math.round(0.2 * unit);

function partOfWork(comparison: Comparison, run: SpeedRun, beyond: number): number {
  if (!isRunElsewhere(comparison, run)) return clamp(beyond, smallMax);
  const elsewhere = comparison.latest
    .filter(({ worker }) => worker !== run.worker)
    .slice(-elsewhereRuns);
  if (elsewhere.length < elsewhereMin) return 0;
  const shared = medianOf(elsewhere.map((other) => other.beyond));
  // Much that only others show is theirs: one that has become slow does not make the rest fast.
  const isOurs = 2 * Math.abs(beyond - shared) < Math.abs(beyond);
  return Math.abs(shared) <= smallMax || isOurs ? shared : 0;
}

/**
 * A little towards where corrections have no mean: whatever is left in it that all workers have in
 * common, the statistics take up as it goes.
 */
function pull(comparison: Comparison, run: SpeedRun): number {
  if (!isRunElsewhere(comparison, run)) return 0;
  const { latest } = comparison;
  const sum = latest.reduce((total, { correction }) => total + correction, 0);
  return whole((pullShare * sum) / Math.max(1, latest.length));
}

const pullShare = 0.1;

const isRunElsewhere = ({ ranBy }: Comparison, { worker, kind }: SpeedRun): boolean =>
  (findIn(ranBy, kind) ?? []).some((other) => other !== worker);

/** Whether the last runs are of another worker than those before, in all but name. */
function hasChanged(residuals: readonly number[]): boolean {
  const before = residuals.slice(0, -recentRuns);
  if (before.length < recentRuns / 2) return false;
  const level = medianOf(before);
  const last = residuals.slice(-recentRuns);
  const isOneSided = last.every((each) => each > level) || last.every((each) => each < level);
  const limit = Math.max(changeMin, 2 * deviationOf(before, level));
  return isOneSided && Math.abs(medianOf(last) - level) > limit;
}

const changeMin = Math.round(0.2 * unit);

/** The median, shrunk. */
function levelOf(residuals: readonly number[], others: SpeedClass): number {
  const ofClass = others.sum / (others.runs + classShrinkage);
  const runs = residuals.length;
  if (runs === 0) return ofClass;
  const level = medianOf(residuals);
  const deviation = (1.4826 * deviationOf(residuals, level)) / unit;
  // A few runs that happen to agree are no proof of little noise.
  const variance = (priorRuns * usualDeviation ** 2 + runs * deviation ** 2) / (priorRuns + runs);
  const shrinkage = Math.max(1, (medianVariance * variance) / benchmarkDeviation ** 2);
  return (runs * level + shrinkage * ofClass) / (runs + shrinkage);
}

/** The benchmark counts as this many runs of a class. */
const classShrinkage = 8;
const priorRuns = 4;
/** Of runs, and of benchmarks, in natural logarithms. */
const usualDeviation = 0.5;
const benchmarkDeviation = 0.25;
/** Of a median of n normal numbers, times n: pi / 2. */
const medianVariance = 1.5708;

/** Whole; 0 of nothing. */
function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : whole(((sorted[middle - 1] ?? high) + high) / 2);
}

const deviationOf = (values: readonly number[], level: number): number =>
  medianOf(values.map((value) => Math.abs(value - level)));

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

/** For snapshots: only arrays, numbers and strings, so that no name can do harm. */
export interface PlainComparison {
  readonly latest: readonly LatestRun[];
  readonly young: readonly (readonly [kind: string, by: readonly string[]])[];
  readonly old: readonly (readonly [kind: string, by: readonly string[]])[];
}

export const plainComparison = ({ latest, ranBy }: Comparison): PlainComparison => ({
  latest: [...latest],
  young: Array.from(ranBy.young, ([kind, by]) => [kind, [...by]]),
  old: Array.from(ranBy.old, ([kind, by]) => [kind, [...by]]),
});

/** `plainComparison` undone. */
export function comparisonOf({ latest, young, old }: PlainComparison): Comparison {
  const ranBy = (rows: PlainComparison["young"]): Map<string, string[]> =>
    new Map(rows.map(([kind, by]) => [kind, [...by]]));
  return { latest: [...latest], ranBy: { young: ranBy(young), old: ranBy(old) } };
}
