/**
 * What has come of the finish times that were foreseen for jobs, and how later ones are corrected
 * by it. Roll-outs know what the estimates doubt. They do not know what will be submitted next,
 * what fails, and how a plan that is made anew all the time does better than the one that was
 * played: all of that is in how jobs really ended.
 *
 * A job's score is where its end fell between the median that was rolled out and the p90, both in
 * logarithms of the time from then on: 0 at the median, 1 at the p90. The corrected median stands at
 * the median of the scores, the corrected p90 at the quantile that covers nine of ten (coverage.ts).
 */
import { coveringQuantile, nextLevel, wantedCoverage } from "./coverage.js";
import { quantileOf, type Ring, remember, ringOf } from "./ring.js";

/** Milliseconds from when it is foreseen; the p90 is not below the median. */
export interface FinishRange {
  readonly p50Ms: number;
  readonly p90Ms: number;
}

/** What roll-outs say of a job, before any correction by what came of earlier ones. */
export interface RolledFinish {
  readonly fromMs: number;
  readonly range: FinishRange;
}

export interface FinishOutcomes {
  /** Of the last jobs; logarithms and scores in 1024ths, the same after any way of writing down. */
  readonly scores: Ring;
  /** ln(actual / foreseen), of the median and of the p90 as they were given out. */
  readonly overP50: Ring;
  readonly overP90: Ring;
  /** Of the quantile that gives the p90. */
  level: number;
}

export const outcomesMax = 300;
/** A miss by one job says more than one by a task, of which there are many. */
const levelStep = 0.01;
/** The median is believed to be right as if so many jobs had said so. */
const priorJobs = 10;
/** Before enough jobs have ended: they will be later than the estimates alone can make them. */
const widthDefault = 1.5;
/** What claims to be certain is still taken with so much doubt, as a logarithm. */
const spreadMin = 0.1;
/** Corrections beyond this, as a factor, say that nothing is known. */
const factorMax = 1_000;

export const noOutcomes = (): FinishOutcomes => ({
  scores: ringOf([]),
  overP50: ringOf([]),
  overP90: ringOf([]),
  level: wantedCoverage,
});

/** How many spreads above its median the p90 of a job stands; 1: roll-outs are right. */
export const widthOf = ({ scores, level }: FinishOutcomes): number =>
  coveringQuantile(scores, level, widthDefault);

export function corrected(outcomes: FinishOutcomes, rolled: FinishRange): FinishRange {
  const spread = spreadOf(rolled);
  const at = (score: number): number => {
    const log = Math.min(Math.log(factorMax), Math.max(-Math.log(factorMax), score * spread));
    return Math.max(1, Math.round(Math.max(1, rolled.p50Ms) * Math.exp(log)));
  };
  const p50Ms = at(shiftOf(outcomes));
  return { p50Ms, p90Ms: Math.max(p50Ms, at(widthOf(outcomes))) };
}

/** Takes in one job that has ended well, in place. `given` is what was told of it at the start. */
export function takeOutcome(
  outcomes: FinishOutcomes,
  { rolled, given }: { readonly rolled: FinishRange; readonly given: FinishRange },
  actualMs: number,
): void {
  const actual = Math.max(1, actualMs);
  const log = (claimedMs: number): number => Math.log(actual / Math.max(1, claimedMs));
  outcomes.level = nextLevel(outcomes.level, actual <= given.p90Ms, levelStep);
  remember(outcomes.scores, rounded(log(rolled.p50Ms) / spreadOf(rolled)), outcomesMax);
  remember(outcomes.overP50, rounded(log(given.p50Ms)), outcomesMax);
  remember(outcomes.overP90, rounded(log(given.p90Ms)), outcomesMax);
}

const rounded = (value: number): number => Math.round(value * 1024) / 1024;

const spreadOf = ({ p50Ms, p90Ms }: FinishRange): number =>
  Math.max(spreadMin, Math.log(Math.max(1, p90Ms) / Math.max(1, p50Ms)));

function shiftOf({ scores }: FinishOutcomes): number {
  const seen = scores.recent.length;
  return seen === 0 ? 0 : (quantileOf(scores, 0.5) * seen) / (seen + priorJobs);
}
