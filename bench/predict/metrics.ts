/**
 * How good predictions were. Errors are of natural logarithms: |ln(predicted / actual)|, so that
 * twice too long counts as much as half. Cold are tasks of whose kind nothing had ended.
 */
import { quantile } from "../report.js";

export interface Score {
  readonly rows: number;
  readonly meanLogError: number;
  /** The same of seconds + 1, which forgives what whole seconds cannot tell: |ln((p + 1) / (a + 1))|. */
  readonly meanLogSecondsError: number;
  /** Median of |predicted - actual| / actual, in percent. */
  readonly medianPercentError: number;
  /** Of predictions between half and twice the actual. */
  readonly withinTwo: number;
  /** Of logarithms, at the quantiles that p50 and p90 claim to be. */
  readonly pinball50: number;
  readonly pinball90: number;
  /** Share of runs that took at most p90. */
  readonly coverage90: number;
  /** Mean of ln(p90 / p50): how wide the range was that covered so much. */
  readonly meanLogSpread: number;
}

export interface Scores {
  readonly all: Score;
  readonly cold: Score;
  readonly warm: Score;
}

export interface Scorer {
  add(p50Ms: number, p90Ms: number, actualMs: number, isCold: boolean): void;
  scores(): Scores;
}

export function createScorer(): Scorer {
  const cold = createSums();
  const warm = createSums();
  return {
    add(p50Ms, p90Ms, actualMs, isCold) {
      addTo(isCold ? cold : warm, p50Ms, p90Ms, actualMs);
    },
    scores: () => ({ all: scoreOf([cold, warm]), cold: scoreOf([cold]), warm: scoreOf([warm]) }),
  };
}

interface Sums {
  readonly percentErrors: number[];
  logError: number;
  logSecondsError: number;
  withinTwo: number;
  pinball50: number;
  pinball90: number;
  covered: number;
  spread: number;
}

const createSums = (): Sums => ({
  percentErrors: [],
  logError: 0,
  logSecondsError: 0,
  withinTwo: 0,
  pinball50: 0,
  pinball90: 0,
  covered: 0,
  spread: 0,
});

function addTo(sums: Sums, p50Ms: number, p90Ms: number, actualMs: number): void {
  const over = Math.log(actualMs / p50Ms);
  const overMost = Math.log(actualMs / p90Ms);
  sums.percentErrors.push((100 * Math.abs(p50Ms - actualMs)) / actualMs);
  sums.logError += Math.abs(over);
  sums.logSecondsError += Math.abs(Math.log((p50Ms + 1_000) / (actualMs + 1_000)));
  if (Math.abs(over) <= Math.LN2) sums.withinTwo++;
  sums.pinball50 += pinball(over, 0.5);
  sums.pinball90 += pinball(overMost, 0.9);
  if (actualMs <= p90Ms) sums.covered++;
  sums.spread += Math.log(p90Ms / p50Ms);
}

/** Loss of a quantile that is `over` too low (Koenker & Bassett 1978). */
export const pinball = (over: number, of: number): number => Math.max(of * over, (of - 1) * over);

function scoreOf(parts: readonly Sums[]): Score {
  const errors = parts.flatMap(({ percentErrors }) => percentErrors);
  const rows = errors.length;
  const mean = (of: (sums: Sums) => number): number =>
    rows === 0 ? Number.NaN : parts.reduce((sum, part) => sum + of(part), 0) / rows;
  return {
    rows,
    meanLogError: mean(({ logError }) => logError),
    meanLogSecondsError: mean(({ logSecondsError }) => logSecondsError),
    medianPercentError: quantile(errors, 0.5),
    withinTwo: mean(({ withinTwo }) => withinTwo),
    pinball50: mean(({ pinball50 }) => pinball50),
    pinball90: mean(({ pinball90 }) => pinball90),
    coverage90: mean(({ covered }) => covered),
    meanLogSpread: mean(({ spread }) => spread),
  };
}
